"""`scripts/contracts`: what it plants can still be planted, what it explains is still there."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
FAULTS_MIN = 20
PARTS = ("--forge", "--hardhat", "--slither", "--halmos", "--planted", "--mutate")


@pytest.fixture
def part(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Modules of the tool, which is a program of its own, by name."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts/lib/contracts_check"))
    return importlib.import_module


def test_every_planted_fault_stands_where_it_says_and_names_its_tests(part: Any) -> None:
    faults = part("planted_faults").FAULTS
    folder = ROOT / "tests/contracts/solidity"
    tests = "".join(path.read_text("utf-8") for path in folder.glob("*.t.sol"))
    assert len(faults) >= FAULTS_MIN
    assert len({(fault.contract, fault.name) for fault in faults}) == len(faults)
    for fault in faults:
        source = (ROOT / f"contracts/{fault.contract}.sol").read_text("utf-8")
        assert source.count(fault.old) == 1, f"{fault.contract}: {fault.name}: state it anew"
        assert fault.tests
        assert all(f"function {name}(" in tests for name in fault.tests), fault.name


def test_what_is_explained_of_mutants_is_of_lines_that_stand(part: Any) -> None:
    for name in part("explained_mutants").EXPLAINED:
        contract, change = name.split(": ", 1)
        before = change.split(" => ")[0]
        text = (ROOT / f"contracts/{contract}.sol").read_text("utf-8")
        joined = " ".join(line.strip() for line in text.splitlines())
        assert before in joined, f"explained for a line that is gone: {name}"


def test_a_sample_takes_some_of_each_operator_and_the_same_for_a_seed(part: Any) -> None:
    mutate = part("mutate")
    mutants = [_mutant(mutate, str(number), "ROR" if number % 2 else "AOR") for number in range(40)]
    drawn = [mutate._drawn(mutants, mutate.Choice("", False, 3, seed)) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert sorted(each.mutator for each in drawn[0]) == ["AOR"] * 3 + ["ROR"] * 3
    assert mutate._drawn(mutants, mutate.Choice("", False, 0, 1)) == mutants


def test_what_was_settled_is_taken_over_and_what_last_survived_is_not(
    part: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutate = part("mutate")
    verdicts = [("a", "killed"), ("b", "killed"), ("b", "survived"), ("c", "does not compile")]
    lines = [
        {"name": f"Anchors: x => {after}", "verdict": said, "why": "a test fails"}
        for after, said in verdicts
    ]
    slow = {"name": "Anchors: x => d", "verdict": "killed", "why": f"{mutate.NO_END} within 1 s"}
    monkeypatch.setattr(mutate, "_lines", lambda: [*lines, slow])
    mutants = [_mutant(mutate, after, "ROR") for after in "abcd"]
    carried = mutate._carried(mutants)
    assert [carried.get(mutate._key(each)) for each in mutants] == [
        "killed",
        None,
        "does not compile",
        None,
    ]


def _mutant(mutate: Any, after: str, operator: str) -> Any:
    return mutate.Mutant("Anchors", operator, 1, "x", after, 0, f"text with {after}")


def test_every_test_of_the_threat_model_is_there() -> None:
    said = (ROOT / "docs/threat-model.md").read_text("utf-8")
    folder = ROOT / "tests"
    files = [*folder.glob("contracts/**/*.sol"), *folder.rglob("test_*.py")]
    there = "".join(path.read_text("utf-8") for path in files)
    named = set(re.findall(r"`((?:test|testFuzz|check)_\w+)`", said))
    assert named
    assert {name for name in named if not re.search(rf"\b{name}\(", there)} == set()
    of_files = re.findall(r"`(tests/[\w/]+\.py)`: ((?:`test_\w+`[ ✂]*,? ?)+)", said)
    assert of_files
    for path, tests in of_files:
        text = (ROOT / path).read_text("utf-8")
        for name in re.findall(r"`(test_\w+)`", tests):
            assert f"def {name}(" in text, f"{path} has no {name}"


@pytest.mark.deep
@pytest.mark.parametrize("asked", PARTS)
def test_nothing_is_open(asked: str) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts/lib/contracts_check/main.py"), asked],
        capture_output=True,
        text=True,
        timeout=14_400,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-1_000:]
