from __future__ import annotations

from dataclasses import replace

import pytest

from ledger.kernel.transaction import Database
from tests.support.lots import ANNA, BORIS, AtClock, add_members


@pytest.fixture
def database(database: Database) -> Database:
    """The clock stands at ``AT``, and two members exist."""
    add_members(database, ANNA, BORIS)
    return replace(database, clock=AtClock())
