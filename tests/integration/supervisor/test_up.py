"""`vklad up` with the real database, broker, API, worker and scheduler, without a chain."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from api.supervisor.anvil import free_port
from api.supervisor.postgres import APPLICATION, PostgresServer
from api.supervisor.process import recorded
from api.supervisor.state import StateFolder

ROOT = Path(__file__).resolve().parents[3]
LONG_S = 90


class Up:
    """One `vklad up` and its output."""

    def __init__(self, state: StateFolder, port: int) -> None:
        self.state = state
        self.port = port
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "api.cli.main", "up"],
            cwd=ROOT,
            env={
                "PATH": os.defpath,
                "PYTHONUNBUFFERED": "1",
                "VKLAD_STATE_FOLDER": str(state.path),
                "VKLAD_PORT": str(port),
                "VKLAD_CHAIN": "off",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def wait_until_up(self) -> None:
        assert self.popen.stdout is not None
        said = []
        for line in self.popen.stdout:
            said.append(line)
            if "Ctrl-C stops everything" in line:
                return
        pytest.fail("".join(said))

    def end(self) -> str:
        said, _ = self.popen.communicate(timeout=LONG_S)
        return said

    def parts(self) -> list[psutil.Process]:
        known = [recorded(path) for path in self.state.records().values()]
        return [one for one in known if one is not None]


@pytest.fixture
def state() -> Iterator[StateFolder]:
    """In a folder whose path is too long for sockets, that other users may pass through."""
    top = Path(tempfile.mkdtemp(prefix="vklad-test-"))
    top.chmod(0o711)
    state = StateFolder(top / ("long" * 20) / "state")
    yield state
    for folder in (top, state.socket_folder("postgres"), state.socket_folder("valkey")):
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def ups() -> Iterator[list[Up]]:
    started: list[Up] = []
    yield started
    for one in started:
        if one.popen.poll() is None:
            one.popen.terminate()
            one.popen.communicate(timeout=LONG_S)
        if one.popen.stdout is not None:
            one.popen.stdout.close()


def _rows(state: StateFolder, statement: str) -> list[tuple[object, ...]]:
    url = PostgresServer.of(state).url(APPLICATION).replace("+psycopg", "")
    with psycopg.connect(url) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def test_up_is_refused_twice_survives_a_kill_and_keeps_the_data(
    ups: list[Up], state: StateFolder
) -> None:
    port = free_port()
    ups.append(first := Up(state, port))
    first.wait_until_up()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as answer:
        assert answer.status == 200
    _rows(
        state,
        "INSERT INTO outbox (topic, key, payload, created_at, not_before) "
        "VALUES ('kept', 'k', 'null', now(), now())",
    )

    ups.append(second := Up(state, port))
    assert "Vklad is already up" in second.end()
    assert second.popen.returncode == 1

    children = [child for part in first.parts() for child in (part, *part.children(recursive=True))]
    assert len(children) > 5
    for process in (psutil.Process(first.popen.pid), *children):
        with contextlib.suppress(psutil.NoSuchProcess):  # PostgreSQL's helpers come and go.
            process.kill()
    first.popen.wait()

    ups.append(third := Up(state, port))
    third.wait_until_up()
    assert _rows(state, "SELECT topic FROM outbox WHERE topic = 'kept'") == [("kept",)]
    parts = third.parts()
    third.popen.send_signal(signal.SIGTERM)
    assert "Stopping" in third.end()
    assert third.popen.returncode == 0
    assert not any(part.is_running() for part in parts)


def test_a_taken_port_is_named_and_nothing_stays_behind(ups: list[Up], state: StateFolder) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        ups.append(up := Up(state, port))
        said = up.end()
    assert up.popen.returncode == 1
    assert f"Port {port}" in said
    assert "VKLAD_PORT" in said
    assert f"process {os.getpid()})" in said
    assert "✓" not in said, "nothing was started first"
    assert list((state.path / "logs").glob("*")) == []
    assert up.parts() == []


def test_public_and_demo_is_refused_before_anything_starts(state: StateFolder) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "api.cli.main", "up"],
        cwd=ROOT,
        env={
            "PATH": os.defpath,
            "VKLAD_STATE_FOLDER": str(state.path),
            "VKLAD_PUBLIC_URL": "https://vklad.school.org",
            "VKLAD_DEMO": "true",
            "VKLAD_DEBUG": "true",
        },
        capture_output=True,
        text=True,
        timeout=LONG_S,
        check=False,
    )
    assert done.returncode == 1
    assert "VKLAD_DEMO" in done.stderr
    assert "VKLAD_DEBUG" in done.stderr
    assert not state.path.exists()
