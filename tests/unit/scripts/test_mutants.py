"""`scripts/mutants`: its faults can still be planted, and the tests notice each of them."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
FAULTS_MIN = 30
FOLDERS = ("ledger/scoring/", "ledger/lots/", "ledger/redemption/", "ledger/journal/")


@pytest.fixture
def mutants(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Modules of the tool, which is a program of its own, by name."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts/lib/mutants"))
    return importlib.import_module


def test_every_planted_fault_stands_where_it_says_and_still_parses(mutants: Any) -> None:
    faults = mutants("faults").FAULTS
    assert len(faults) >= FAULTS_MIN
    assert len({fault.name for fault in faults}) == len(faults)
    for folder in FOLDERS:
        assert any(fault.file.startswith(folder) for fault in faults)
    for fault in faults:
        source = (ROOT / fault.file).read_text("utf-8")
        assert source.count(fault.old) == 1, f"{fault.file}: {fault.name}: state it anew"
        ast.parse(source.replace(fault.old, fault.new))
        assert all((ROOT / path).exists() for path in fault.tests)


def test_mutants_differ_in_one_place_and_parse(mutants: Any) -> None:
    made = mutants("generated").mutants_of(
        "one.py", "def f(a, b):\n    assert a < b\n    return a + 1 < b and not a\n", ()
    )
    assert sorted(fault.name.split("  →  ")[1] for fault in made) == [
        "return a + 1 < b and a",
        "return a + 1 < b or not a",
        "return a + 1 <= b and not a",
        "return a + 2 < b and not a",
        "return a - 1 < b and not a",
    ]
    for fault in made:
        ast.parse(fault.new)


def test_what_is_explained_still_stands_there(mutants: Any) -> None:
    for one in mutants("explained").EXPLAINED:
        lines = [line.strip() for line in (ROOT / one.file).read_text("utf-8").splitlines()]
        assert one.before in lines, f"{one.file}: {one.before}"
        assert one.why


@pytest.mark.deep
@pytest.mark.parametrize("given", [(), ("--generated",)])
def test_every_fault_is_noticed(given: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts/lib/mutants/main.py"), *given],
        capture_output=True,
        text=True,
        timeout=7_200,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-1_000:]
