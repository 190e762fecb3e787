from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Modules of the demo, which is a program of its own, by name."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts/lib/demo"))
    return importlib.import_module
