"""Where the material that others wrote lies: beside the checkout, or where PEER_FIXTURES says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

FOLDER = Path(
    os.environ.get(  # noqa: TID251 - a place for tests, no setting of ours
        "PEER_FIXTURES", Path(__file__).resolve().parents[3] / "shared" / "fixtures"
    )
)


def material(name: str) -> Path:
    """A folder or file of it; skips the module if it is absent."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"{path} is absent", allow_module_level=True)
    return path
