"""Starting, watching and stopping, with toy parts in a supervisor of its own process."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from api.supervisor.process import recorded
from api.supervisor.state import StateFolder

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
LONG_S = 60


class Run:
    """One running supervisor and what it has said so far."""

    def __init__(self, state: StateFolder, scenario: str) -> None:
        self.state = state
        self.said = ""
        self.popen = subprocess.Popen(
            [sys.executable, str(HERE / "toy_installation.py"), str(state.path), scenario],
            cwd=ROOT,
            env={"PATH": os.defpath, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def wait_for(self, text: str) -> None:
        """Read until it has said ``text``."""
        assert self.popen.stdout is not None
        while text not in self.said:
            ready, _, _ = select.select([self.popen.stdout], [], [], LONG_S)
            assert ready, f"never said {text!r}: {self.said}"
            chunk = os.read(self.popen.stdout.fileno(), 4096)
            assert chunk, f"ended without saying {text!r}: {self.said}"
            self.said += chunk.decode()

    def end(self) -> int:
        """Wait for its end; what it said is complete then."""
        rest, _ = self.popen.communicate(timeout=LONG_S)
        self.said += rest.decode()
        return self.popen.returncode

    def parts(self) -> dict[str, psutil.Process]:
        """The processes it has recorded."""
        found = {}
        for path in (self.state.path / "run").glob("*.pid.json"):
            known = recorded(path)
            if known is not None:
                found[path.name.removesuffix(".pid.json")] = known
        return found


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "state")


@pytest.fixture
def runs() -> Iterator[list[Run]]:
    started: list[Run] = []
    yield started
    for run in started:
        if run.popen.poll() is None:
            os.killpg(run.popen.pid, signal.SIGKILL)
            run.popen.wait()
        if run.popen.stdout is not None:
            run.popen.stdout.close()


def begin(runs: list[Run], state: StateFolder, scenario: str) -> Run:
    runs.append(Run(state, scenario))
    return runs[-1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_everything_starts_in_order_and_a_signal_stops_it_all(
    runs: list[Run], state: StateFolder, number: signal.Signals
) -> None:
    run = begin(runs, state, "good")
    run.wait_for("Ctrl-C stops everything")
    assert run.said.index("✓ two") < run.said.index("✓ between") < run.said.index("✓ three")
    assert "note of between" in run.said
    parts = run.parts()
    assert set(parts) == {"one", "two", "three"}
    run.popen.send_signal(number)
    assert run.end() == 0
    assert not any(part.is_running() for part in parts.values())
    assert run.parts() == {}


def test_a_second_one_in_the_same_folder_is_refused(runs: list[Run], state: StateFolder) -> None:
    first = begin(runs, state, "good")
    first.wait_for("Ctrl-C stops everything")
    second = begin(runs, state, "good")
    assert second.end() == 1
    assert "already_up: Vklad is already up" in second.said
    assert f"(process {first.popen.pid})" in second.said
    assert len(first.parts()) == 3
    first.popen.send_signal(signal.SIGTERM)
    assert first.end() == 0


def test_killing_it_takes_its_parts_along(runs: list[Run], state: StateFolder) -> None:
    """By the kernel's signal at a parent's death, which Linux has; else by the next run."""
    run = begin(runs, state, "good")
    run.wait_for("Ctrl-C stops everything")
    parts = list(run.parts().values())
    run.popen.kill()
    run.popen.wait()
    if sys.platform != "linux":
        begin(runs, state, "good").wait_for("left behind by an earlier run")
    _, alive = psutil.wait_procs(parts, timeout=LONG_S)
    assert alive == []


def test_what_survives_a_kill_is_stopped_by_the_next_run(
    runs: list[Run], state: StateFolder
) -> None:
    first = begin(runs, state, "deaf")
    first.wait_for("Ctrl-C stops everything")
    deaf = first.parts()["deaf"]
    first.popen.kill()
    first.popen.wait()
    assert deaf.is_running()
    second = begin(runs, state, "good")
    second.wait_for(f"Stopped deaf (process {deaf.pid}), left behind")
    assert not deaf.is_running()
    second.wait_for("Ctrl-C stops everything")


def test_children_that_outlive_a_part_and_its_supervisor_are_stopped_by_the_next_run(
    runs: list[Run], state: StateFolder
) -> None:
    first = begin(runs, state, "parent")
    first.wait_for("Ctrl-C stops everything")
    parent = first.parts()["parent"]
    (child,) = parent.children()
    for process in (first.popen, parent):
        process.kill()
    first.popen.wait()
    assert child.is_running()
    second = begin(runs, state, "good")
    second.wait_for("Ctrl-C stops everything")
    assert not child.is_running()


def test_a_signal_while_starting_stops_what_was_started(
    runs: list[Run], state: StateFolder
) -> None:
    run = begin(runs, state, "slow")
    run.wait_for("✓ one")
    parts = list(run.parts().values())
    run.popen.send_signal(signal.SIGINT)
    assert run.end() == 0, run.said
    assert "Vklad is up" not in run.said
    assert not any(part.is_running() for part in parts)
    assert run.parts() == {}


def test_a_part_that_cannot_start_is_named_with_its_last_words_and_all_stop(
    runs: list[Run], state: StateFolder
) -> None:
    run = begin(runs, state, "dies-starting")
    assert run.end() == 1
    assert "part_failed: dying ended with status 1 while starting" in run.said
    assert "no luck" in run.said
    assert run.parts() == {}


def test_a_part_that_dies_is_named_and_started_again(runs: list[Run], state: StateFolder) -> None:
    run = begin(runs, state, "dies-once")
    run.wait_for("✓ shaky runs again")
    assert "shaky ended with status 0" in run.said
    assert "gone" in run.said
    assert set(run.parts()) == {"one", "shaky"}
    run.popen.send_signal(signal.SIGTERM)
    assert run.end() == 0


def test_a_part_that_keeps_dying_stops_everything(runs: list[Run], state: StateFolder) -> None:
    run = begin(runs, state, "dies-always")
    assert run.end() == 1
    assert "my last words" in run.said
    assert "part_failed" in run.said
    assert run.parts() == {}
