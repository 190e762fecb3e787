"""A real installation for the browser: `vklad up` with a state folder and ports of its own.

It has a pseudo-locale as its third language, by which clipping is found.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from api.demo.persons import PERSONS
from api.settings import PROJECT_FOLDER, process_environment
from api.supervisor.anvil import free_port
from tests.support.pseudo import write_pseudo

UP_S = 240
DOWN_S = 60
LMS_ID_BY_SUBJECT = {person.subject: person.lms_id for person in PERSONS}


@dataclass(frozen=True)
class Installation:
    """Where it is reached, and where its demo issuer and shop are."""

    url: str
    issuer_url: str

    def get(self, path: str) -> Any:
        """A public JSON answer."""
        return httpx.get(self.url + path, timeout=30).raise_for_status().json()


@contextmanager
def running(folder: Path) -> Iterator[Installation]:
    """Up and filled with the demo community; stopped whole at the end, whatever happens."""
    port, issuer_port = free_port(), free_port()
    write_pseudo(folder / "languages")
    environment = process_environment() | {
        "VKLAD_STATE_FOLDER": str(folder / "state"),
        "VKLAD_LANGUAGES_FOLDER": str(folder / "languages"),
        "VKLAD_DEMO": "true",
        "VKLAD_PORT": str(port),
        "VKLAD_DEMO_ISSUER_PORT": str(issuer_port),
        "VKLAD_WORKER_PROCESSES": "2",
        "PYTHONUNBUFFERED": "1",
    }
    found = Installation(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{issuer_port}")
    log = folder / "up.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "api.cli.main", "up"],
            cwd=PROJECT_FOLDER,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
    try:
        _wait_until_up(process, log)
        yield found
    finally:
        _stop(process, folder / "state", log)


def _wait_until_up(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + UP_S
    while "Vklad is up" not in log.read_text(encoding="utf-8"):
        assert process.poll() is None, f"vklad up ended:\n{log.read_text(encoding='utf-8')}"
        assert time.monotonic() < deadline, f"not up after {UP_S} s:\n{log.read_text()}"
        time.sleep(0.2)


def _stop(process: subprocess.Popen[bytes], state: Path, log: Path) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(DOWN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise
    assert process.returncode == 0, log.read_text(encoding="utf-8")
    left = [path.name for path in (state / "run").glob("*.json") if _is_alive(path)]
    assert not left, f"left running: {left}"


def _is_alive(record: Path) -> bool:
    pid = json.loads(record.read_text(encoding="utf-8")).get("pid")
    return pid is not None and Path(f"/proc/{pid}").exists()
