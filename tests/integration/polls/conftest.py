"""Five members who are asked things."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.kernel.transaction import Database
from tests.support.polls import Electorate

NAMES = ("ann", "bob", "cid", "dan", "eve")


@pytest.fixture
def electorate(database: Database, tmp_path: Path) -> Electorate:
    return Electorate.make(database, tmp_path / "state", *NAMES)
