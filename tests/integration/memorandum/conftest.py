"""Four members and a memorandum."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.kernel.transaction import Database
from tests.support.memorandum import Assembly

NAMES = ("ann", "bob", "cid", "dan")


@pytest.fixture
def assembly(database: Database, tmp_path: Path) -> Assembly:
    return Assembly.make(database, tmp_path / "state", *NAMES)
