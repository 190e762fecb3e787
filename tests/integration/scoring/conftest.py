"""A community with nothing in force yet."""

from __future__ import annotations

import pytest

from ledger.kernel.transaction import Database
from ledger.scoring.checkpoints import model as checkpoints
from tests.world import World


@pytest.fixture(autouse=True)
def _checkpoints_all_along(monkeypatch: pytest.MonkeyPatch) -> None:
    """Histories here are short: each is gone on from its last fact but one."""
    monkeypatch.setattr(checkpoints, "TAIL", 1)


@pytest.fixture
def world(database: Database) -> World:
    return World.make(database)
