"""The whole installation, killed while points are on their way and a vote is on."""

from __future__ import annotations

import importlib
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from api.supervisor.anvil import embedded_chain_port, free_port
from api.supervisor.process import recorded
from api.supervisor.state import StateFolder

ROOT = Path(__file__).resolve().parents[3]
LONG_S = 180
STEPS_TO_A_BALLOT = 10
ROUNDS = 3
UNIT = 10**18
PERSISTED_S = 2.0
"""Anvil writes its state once a second."""
pytestmark = [pytest.mark.deep, pytest.mark.chain]


class Installation:
    """One demo installation of its own: `vklad up`, its commands, and a kill of all of it."""

    def __init__(self, state: StateFolder) -> None:
        self.state = state
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.log = state.path.parent / "up.log"
        self.environment = {
            "PATH": os.defpath,
            "PYTHONUNBUFFERED": "1",
            "VKLAD_STATE_FOLDER": str(state.path),
            "VKLAD_PORT": str(self.port),
            "VKLAD_DEMO_ISSUER_PORT": str(free_port()),
            "VKLAD_WORKER_PROCESSES": "2",
            "VKLAD_DEMO": "true",
        }
        self.popen: subprocess.Popen[bytes] | None = None

    def up(self) -> None:
        """Start it, and wait until it says that it is up."""
        with self.log.open("wb") as log:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", "api.cli.main", "up"],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        for _ in range(LONG_S * 10):
            if "Ctrl-C stops everything" in self.log.read_text():
                return
            if self.popen.poll() is not None:
                break
            time.sleep(0.1)
        pytest.fail(self.log.read_text())

    def kill(self) -> None:
        """Everything at once, as when the power goes: only what this one has recorded."""
        assert self.popen is not None
        known = [recorded(path) for path in self.state.records().values()]
        parts = [part for part in known if part is not None]
        children = [child for part in parts for child in part.children(recursive=True)]
        assert len(parts) > 6
        for process in (psutil.Process(self.popen.pid), *parts, *children):
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        self.popen.wait()

    def stop(self) -> None:
        if self.popen is not None and self.popen.poll() is None:
            self.popen.terminate()
            self.popen.wait(LONG_S)

    def vklad(self, *arguments: str) -> str:
        """A command of this installation that must succeed."""
        done = subprocess.run(
            [sys.executable, "-m", "api.cli.main", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=LONG_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def proves_itself(self) -> None:
        """The ledger and the chain say that nothing is lost."""
        self.vklad("ledger", "verify")
        assert "Both sides are equal." in self.vklad("chain", "reconcile")


@pytest.fixture
def installation() -> Iterator[Installation]:
    """In a folder that other users may pass through."""
    top = Path(tempfile.mkdtemp(prefix="vklad-test-"))
    top.chmod(0o711)
    state = StateFolder(top / "state")
    made = Installation(state)
    yield made
    made.stop()
    for folder in (top, state.socket_folder("postgres"), state.socket_folder("valkey")):
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The demo's story, which knows the doors."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts/lib/demo"))
    return importlib.import_module("story")


@contextmanager
def closing_doors(story: Any) -> Iterator[None]:
    """Close everybody's browser in the end."""
    try:
        yield
    finally:
        for person in story.people.values():
            person.http.close()


def test_killed_halfway_everything_goes_on_where_it_was(
    installation: Installation, demo: Any
) -> None:
    installation.up()
    node = demo.Node(f"http://127.0.0.1:{embedded_chain_port(installation.state)}")
    story = demo.Story(installation.base_url, node, secrets.randbelow(10**9), 0)
    with closing_doors(story):
        _walk(installation, demo, story, node)


def _walk(installation: Installation, demo: Any, story: Any, node: Any) -> None:
    for number, step in enumerate(demo.STEPS[:STEPS_TO_A_BALLOT], start=1):
        story.step = number
        step(story)
    time.sleep(PERSISTED_S)
    bearer = story.voters[2]
    story.people[bearer].post("/v1/bridge/requests", {"points": 50})
    before = _seen(story, node)
    assert before["vote"]["voters"] == len(story.voters)

    installation.kill()
    installation.up()
    after = _seen(story, node)
    assert (after["vote"], after["balances"]) == (before["vote"], before["balances"])
    assert after["supply"] - before["supply"] in {0, 50 * UNIT}
    installation.vklad("ledger", "verify")
    _await_tokens(demo, story, node, before["supply"] + 50 * UNIT)
    demo.let_it_take_effect(story)
    installation.proves_itself()

    for _ in range(ROUNDS):
        supply = node.call(story.seen["token"], demo.TOTAL_SUPPLY)
        for subject in story.voters:
            story.people[subject].post("/v1/bridge/requests", {"points": 10})
        balances = _seen(story, node)["balances"]
        time.sleep(secrets.randbelow(8000) / 1000)
        installation.kill()
        installation.up()
        _await_tokens(demo, story, node, supply + 30 * UNIT)
        assert _seen(story, node)["balances"] == balances
        installation.proves_itself()


def _seen(story: Any, node: Any) -> dict[str, Any]:
    """Supply, votes, balances and the programme, by the doors of the API and of the node."""
    proposal = story.get(f"/v1/proposals/{story.seen['proposal']}")
    vote = {
        name: proposal["standing"][name]
        for name in ("voters", "for", "against", "abstain", "deadline_at", "snapshot_at")
    }
    balances = {
        subject: (found["available"], found["held"])
        for subject in story.voters
        for found in [story.balance(subject)]
    }
    return {
        "supply": node.call(story.seen["token"], "0x18160ddd"),
        "vote": vote,
        "balances": balances,
    }


def _await_tokens(demo: Any, story: Any, node: Any, supply: int) -> None:
    token = story.seen["token"]
    demo.wait_for("the tokens", lambda: node.call(token, demo.TOTAL_SUPPLY) >= supply)
    assert node.call(token, demo.TOTAL_SUPPLY) == supply
