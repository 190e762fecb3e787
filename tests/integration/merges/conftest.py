"""A community with nothing in force yet, and two of whom somebody finds that they are one."""

from __future__ import annotations

import pytest

from ledger.kernel.transaction import Database
from tests.world import World


@pytest.fixture
def world(database: Database) -> World:
    return World.make(database)
