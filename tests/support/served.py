"""API processes as `vklad serve` starts them, on one database and loopback ports."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
import pytest

from api.settings import process_environment
from api.supervisor.anvil import free_port

START_ATTEMPTS_MAX: Final = 300


@contextmanager
def serving(count: int, database_url: str, secret: str, folder: Path) -> Iterator[list[str]]:
    """The addresses of so many processes; stopped again at the end."""
    started = []
    try:
        for number in range(count):
            port = free_port()
            environment = process_environment() | {
                "VKLAD_DATABASE_URL": database_url.replace("+psycopg", ""),
                "VKLAD_STATE_FOLDER": str(folder / str(number)),
                "VKLAD_SECRET": secret,
                "VKLAD_PORT": str(port),
            }
            command = [sys.executable, "-c", "from api.cli.up import serve; serve()"]
            process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)
            started.append((process, f"http://127.0.0.1:{port}"))
        for process, address in started:
            _wait_until_up(process, address)
        yield [address for _, address in started]
    finally:
        for process, _ in started:
            process.terminate()
        for process, _ in started:
            process.wait(timeout=30)


def _wait_until_up(process: subprocess.Popen[bytes], address: str) -> None:
    for _ in range(START_ATTEMPTS_MAX):
        assert process.poll() is None, "the API process ended"
        try:
            if httpx.get(f"{address}/readyz", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    pytest.fail(f"{address} did not come up")
