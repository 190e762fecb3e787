"""One supervisor for each installation: a lock that the kernel lets go of however it ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.supervisor.errors import AlreadyUp
from api.supervisor.state import StateFolder


@contextmanager
def held(state: StateFolder) -> Iterator[None]:
    """Hold the installation.

    Raises:
        AlreadyUp: another process does.
    """
    with _path(state).open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            other = _path(state).read_text().strip() or "unknown"
            raise AlreadyUp(
                f"Vklad is already up in {state.path.parent} (process {other}). Stop that one "
                "first, or name another folder by VKLAD_STATE_FOLDER.",
                process=other,
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def holder(state: StateFolder) -> str | None:
    """The process that keeps this installation up, if one does."""
    if not _path(state).exists():
        return None
    with _path(state).open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return lock.read().strip() or "unknown"
    return None


def _path(state: StateFolder) -> Path:
    return state.path / "run" / "up.lock"
