"""`scripts/mutants`: its faults can still be planted, and the tests notice each of them."""

from __future__ import annotations

import ast
import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
FAULTS_MIN = 30
FOLDERS = (
    *("ledger/scoring/", "ledger/lots/", "ledger/redemption/", "ledger/journal/"),
    *("ledger/scoring/checkpoints/", "ledger/merges/", "ledger/grants/imports/"),
    *("ledger/quarantine/", "governance/polls/", "governance/recount/"),
    *("governance/calendar/", "governance/reminders/", "governance/analytics/"),
)

ROOMS = (
    *("lots", "journal", "scoring", "scoring/checkpoints", "settlement", "redemption", "emission"),
    *("inactivity", "standing", "purchases", "referral", "thanks", "readiness", "grants"),
    *("grants/taking_back", "grants/budgets", "grants/imports", "quarantine", "merges"),
    *("preview", "events", "members", "kernel", "programme", "log", "verify"),
)


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
        for test in fault.tests:
            path, _, name = test.partition("::")
            assert (ROOT / path).exists(), test
            assert not name or f"def {name}(" in (ROOT / path).read_text("utf-8"), test


def test_mutants_differ_in_one_place_and_parse(mutants: Any) -> None:
    made = mutants("generated").mutants_of(
        "one.py",
        "def f(a, b):\n    assert a < b\n    return a + 1 < b and not a\n"
        "class C:\n    LIMIT: int = 5\n    def g(self, c: int | None = 3) -> int | None:\n"
        "        total: int = 0\n        if c:\n            total *= min(1 < c <= 7, c)\n",
    )
    assert [(one.within, one.after) for one in made if one.within == "f"] == [
        ("f", "return a + 1 < b or not a"),
        ("f", "return a + 1 <= b and not a"),
        ("f", "return a - 1 < b and not a"),
        ("f", "return a + 2 < b and not a"),
        ("f", "return a + 1 < b and a"),
    ]
    assert [(one.first, one.line, one.after) for one in made if one.within == "C.g"] == [
        (7, 7, "total: int = 1"),
        (8, 8, "if (not c):"),
        (9, 9, "total //= min(1 < c <= 7, c)"),
        (9, 9, "total *= max(1 < c <= 7, c)"),
        (9, 9, "total *= min(1 <= c <= 7, c)"),
        (9, 9, "total *= min(1 < c < 7, c)"),
        (9, 9, "total *= min(2 < c <= 7, c)"),
        (9, 9, "total *= min(1 < c <= 8, c)"),
    ]
    assert {one.within for one in made} == {"f", "C.g"}
    for one in made:
        ast.parse(one.source)


def test_what_is_explained_is_still_made(mutants: Any) -> None:
    explained = mutants("explained").EXPLAINED
    made = {
        one.key
        for file in {one.file for one in explained}
        for one in mutants("generated").mutants_of(file, (ROOT / file).read_text("utf-8"))
    }
    for one in explained:
        assert one.key in made, f"{one.file}: {one.before}"
        assert one.why
    assert len({one.key for one in explained}) == len(explained)


def test_rooms_name_what_there_is(mutants: Any) -> None:
    for room in mutants("domain").ROOMS:
        assert all((ROOT / path).exists() for path in (*room.files, *room.tests)), room.name
        assert all(f"{Path(file).parent}" == f"ledger/{room.name}" for file in room.files)


def judged(mutants: Any, folder: Path, source: str, test: str) -> dict[str, str]:
    """The verdict on each mutant of a module, named from its function on."""
    (folder / "sum.py").write_text(source)
    (folder / "test_sum.py").write_text(f"from sum import *\n\n\ndef test_it():\n    {test}\n")
    (folder / "conftest.py").write_text(
        "import sys\n\nfrom hypothesis import settings\n\n"
        "settings.register_profile('mutants')\nsys.setrecursionlimit(10**6)\n"
    )
    copies, tool = mutants("copies"), ROOT / "scripts/lib/mutants"
    made = mutants("generated").mutants_of("sum.py", source)
    asked, out = folder / "asked.json", folder / "out.jsonl"
    asked.write_text(json.dumps({"sum.py": [str(one) for one in made]}))
    subprocess.run(
        [sys.executable, str(tool / "forked.py"), "2", str(out), str(asked), "test_sum.py"],
        cwd=folder,
        env={**copies.environment_of(folder), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": ""},
        capture_output=True,
        timeout=100,
        check=True,
    )
    found = copies.read_judged(out).items()
    return {name.partition(" in ")[2]: verdict.value for name, (verdict, _) in found}


def test_a_mutant_is_judged_by_the_tests_of_its_room(mutants: Any, tmp_path: Path) -> None:
    source = "def least(a, b):\n    return a if a < b else b + 0\n\n\nclass Kept:\n    limit = 4\n"
    before = "least: return a if a < b else b + 0  →  return"
    assert judged(mutants, tmp_path, source, "assert least(2, 1) == 1") == {
        f"{before} a if a <= b else b + 0": "survived",
        f"{before} a if a < b else b - 0": "survived",
        f"{before} a if a < b else b + 1": "killed",
        "Kept: limit = 4  →  limit = 5": "could not run",
    }


def test_a_mutant_without_an_end_is_ended(mutants: Any, tmp_path: Path) -> None:
    source = (
        "def same(a, b):\n    while a != b:\n        a = b\n    return a\n\n\n"
        "def zero(a):\n    return a if a == 0 else zero(a)\n"
    )
    assert judged(mutants, tmp_path, source, "assert same(2, 2) == 2 + zero(0)") == {
        "same: while a != b:  →  while a == b:": "timed out",
        "zero: return a if a == 0 else zero(a)  →  return a if a != 0 else zero(a)": "killed",
        "zero: return a if a == 0 else zero(a)  →  return a if a == 1 else zero(a)": "killed",
    }


def test_the_deep_run_judges_every_room(mutants: Any) -> None:
    assert [room.name for room in mutants("domain").ROOMS] == list(ROOMS)


@pytest.mark.deep
@pytest.mark.parametrize("given", [(), *(("--generated", "--room", room) for room in ROOMS)])
def test_every_fault_is_noticed(given: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts/lib/mutants/main.py"), *given],
        capture_output=True,
        text=True,
        timeout=7_200,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-1_000:]
