"""Copies of the tree in which something is wrong, and whether the tests say so."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[3]
TESTS_TIMEOUT_S: Final = 300
PLAIN: Final = ("-x", "-q", "--no-header", "-p", "no:cacheprovider")
"""How pytest is run: until the first failure."""
_TOO_LARGE: Final = ("hardhat-local/node_modules",)


class Verdict(StrEnum):
    """What became of a fault. A run that ended in no verdict of its own is no kill."""

    KILLED = "killed"
    SURVIVED = "survived"
    TIMED_OUT = "timed out"
    BROKEN = "could not run"


@contextmanager
def copied_tree() -> Iterator[Path]:
    """What is checked out here, changes included, somewhere else; gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="vklad-mutants-"))
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
        for name in filter(None, listed.stdout.decode().split("\0")):
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        for name in _TOO_LARGE:
            if (ROOT / name).exists():
                (folder / name).symlink_to(ROOT / name)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def environment_of(tree: Path, *, on_chain: bool = False) -> dict[str, str]:
    """What processes in a copy are given: the copy's modules come before any that are installed."""
    inherited = os.environ.items()  # noqa: TID251 - a script's, handed on
    return {
        **{name: value for name, value in inherited if "VKLAD_" not in name},
        "PYTHONPATH": str(tree),
        "PYTHONDONTWRITEBYTECODE": "1",
        "VKLAD_CHAIN": "on" if on_chain else "off",
    }


def judge(tree: Path, tests: Sequence[str], *, on_chain: bool = False) -> tuple[Verdict, str]:
    """Run tests in a tree until the first fails; the verdict, and the line that says why."""
    command = ("-m", "pytest", *PLAIN, "--hypothesis-profile=unshrunk", *tests)
    try:
        done = subprocess.run(
            [sys.executable, *command],
            cwd=tree,
            env=environment_of(tree, on_chain=on_chain),
            capture_output=True,
            text=True,
            timeout=TESTS_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Verdict.TIMED_OUT, f"no end after {TESTS_TIMEOUT_S} s"
    said = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    why = said[0][:160] if said else done.stdout.strip().splitlines()[-1:][0][:160]
    if done.returncode == 0:
        return Verdict.SURVIVED, why
    failed = [line[:160] for line in said if line.startswith("FAILED")]
    if done.returncode == 1 and failed:
        return Verdict.KILLED, failed[0]
    return Verdict.BROKEN, why


def judged_line(mutant: str, verdict: Verdict, why: str) -> str:
    """How a verdict is kept."""
    return json.dumps({"mutant": mutant, "verdict": verdict, "why": why}) + "\n"


def read_judged(out: Path) -> dict[str, tuple[Verdict, str]]:
    """The verdicts kept so far; of several the last."""
    if not out.exists():
        return {}
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    return {line["mutant"]: (Verdict(line["verdict"]), line["why"]) for line in lines}
