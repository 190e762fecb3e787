"""`scripts/demo` as a program: what it may be asked, and what its exit status says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

MAIN = Path(__file__).resolve().parents[3] / "scripts/lib/demo/main.py"
STEPS = 15


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(MAIN), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_it_lists_its_steps() -> None:
    done = _run("--list")
    assert (done.returncode, done.stderr) == (0, "")
    numbers = [int(line.split(".")[0]) for line in done.stdout.splitlines()]
    assert numbers == list(range(1, STEPS + 1))


@pytest.mark.parametrize("number", ["0", "-1", str(STEPS + 1), "99", "x", ""])
def test_only_a_step_can_be_sabotaged(
    demo: Any, number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        demo("main").main([f"--sabotage={number}"])
    assert refused.value.code == 2
    assert "argument --sabotage: invalid" in capsys.readouterr().err


def _story(sabotaged_step: int, *, blind: int = 0, broken: int = 0) -> Any:
    """A story of three steps; a damaged one fails unless it is the blind one."""

    class Told(SimpleNamespace):
        @property
        def sabotaged(self) -> bool:
            return bool(self.step == self.sabotaged_step)

    return Told(sabotaged_step=sabotaged_step, step=0, blind=blind, broken=broken)


@pytest.mark.parametrize(
    ("sabotaged", "blind", "broken", "status"),
    [
        (0, 0, 0, 0),
        (0, 0, 2, 1),
        (1, 0, 0, 1),
        (3, 0, 0, 1),
        (1, 1, 0, 3),
        (3, 3, 0, 3),
        (3, 0, 1, 3),
        (9, 0, 0, 3),
    ],
)
def test_a_sabotaged_story_never_ends_well(
    demo: Any, sabotaged: int, blind: int, broken: int, status: int
) -> None:
    def step(story: Any) -> str:
        """A step."""
        damaged = story.sabotaged and story.step != story.blind
        if damaged or story.step == story.broken:
            raise demo("doors").StepFailed("as it should")
        return "seen"

    story = _story(sabotaged, blind=blind, broken=broken)
    assert demo("main").tell(story, (step, step, step)) == status


def test_damage_that_could_not_be_done_is_no_failure_of_the_step(demo: Any) -> None:
    doors = demo("doors")

    def step(_: Any) -> str:
        """A step."""
        with doors.damaging():
            raise doors.StepFailed("no such method")

    assert demo("main").tell(_story(1), (step,)) == 3


class Hours:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


@pytest.mark.parametrize(("patience", "waited_s", "said"), [(1, 90, 5), (10, 900, 59)])
def test_a_long_wait_says_what_for_and_ends(
    demo: Any,
    patience: float,
    waited_s: int,
    said: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    doors, hours = demo("doors"), Hours()
    monkeypatch.setattr(doors, "time", hours)
    monkeypatch.setattr(doors.PATIENCE, "times", patience)
    with pytest.raises(doors.StepFailed, match=f"waited {waited_s} s in vain for a bus"):
        doors.wait_for("a bus", lambda: None)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == said
    assert lines[0].strip() == f"… waiting for a bus: 15 s of at most {waited_s}"
    assert doors.wait_for("the sun", lambda: "it is here") == "it is here"


@pytest.mark.parametrize(
    ("chain", "arguments", "times"),
    [("", (), 1), ("http://127.0.0.1:9", (), 10), ("http://127.0.0.1:9", ("--patience", "20"), 20)],
)
def test_a_chain_of_others_is_waited_for_longer(
    demo: Any, chain: str, arguments: tuple[str, ...], times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VKLAD_CHAIN_RPC_URL", chain)
    monkeypatch.setattr(demo("doors").PATIENCE, "times", 0)
    assert demo("main").main(["--list", *arguments]) == 0
    assert demo("doors").PATIENCE.times == times
