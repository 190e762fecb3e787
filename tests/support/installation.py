"""A demo installation of a test's own: `vklad up`, its commands, the demo, and a kill of it all."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from api.supervisor.anvil import embedded_chain_port, free_port
from api.supervisor.process import recorded
from api.supervisor.state import StateFolder

ROOT = Path(__file__).resolve().parents[2]
LONG_S = 180
DEMO_S = 600
NO_OTHERS: Mapping[str, str] = {}


class Installation:
    """One demo installation of its own: `vklad up`, its commands, and a kill of all of it."""

    def __init__(self, state: StateFolder, settings: Mapping[str, str]) -> None:
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
            **settings,
        }
        self.popen: subprocess.Popen[bytes] | None = None

    def up(self, within_s: int = LONG_S) -> None:
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
        for _ in range(within_s * 10):
            if "Ctrl-C stops everything" in self.log.read_text():
                return
            if self.popen.poll() is not None:
                break
            time.sleep(0.1)
        pytest.fail(self.log.read_text())

    @property
    def chain_url(self) -> str:
        """Where the embedded chain answers."""
        return f"http://127.0.0.1:{embedded_chain_port(self.state)}"

    def freeze(self, part: str) -> None:
        """Let a part and its children do nothing more, as they are, until the kill."""
        process = recorded(self.state.records()[part])
        assert process is not None
        for one in (process, *process.children(recursive=True)):
            one.suspend()

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
        done = self.tried(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def tried(
        self, *arguments: str, settings: Mapping[str, str] = NO_OTHERS
    ) -> subprocess.CompletedProcess[str]:
        """A command of this installation, maybe with other settings, however it ends."""
        return subprocess.run(
            [sys.executable, "-m", "api.cli.main", *arguments],
            cwd=ROOT,
            env={**self.environment, **settings},
            capture_output=True,
            text=True,
            timeout=LONG_S,
            check=False,
        )

    def proves_itself(self) -> None:
        """The ledger and the chain say that nothing is lost."""
        self.vklad("ledger", "verify")
        assert "Both sides are equal." in self.vklad("chain", "reconcile")

    def demo(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`scripts/demo` on this installation, however it ends."""
        return subprocess.run(
            [sys.executable, "scripts/lib/demo/main.py", *arguments],
            cwd=ROOT,
            env=self.environment | {"VKLAD_PUBLIC_URL": self.base_url},
            capture_output=True,
            text=True,
            timeout=DEMO_S,
            check=False,
        )


@contextmanager
def an_installation(settings: Mapping[str, str]) -> Iterator[Installation]:
    """Not up yet, in a folder that other users may pass through; stopped and gone in the end."""
    top = Path(tempfile.mkdtemp(prefix="vklad-test-"))
    top.chmod(0o711)
    state = StateFolder(top / "state")
    made = Installation(state, settings)
    try:
        yield made
    finally:
        made.stop()
        for folder in (top, state.socket_folder("postgres"), state.socket_folder("valkey")):
            shutil.rmtree(folder, ignore_errors=True)
