"""One child process: started in a session of its own, stopped whole, never left behind.

A child asks the kernel to be signalled when its supervisor dies (Linux), and its pid with the time
it was created is kept in a record, so that the next supervisor can stop what survived a kill. A pid
alone would not do: the system gives it to another process sooner or later.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

from api.supervisor.errors import PartFailed

STOP_GRACE_S: Final = 15.0
LEFTOVER_GRACE_S: Final = 5.0
"""A leftover was asked to stop by the kernel already, when its supervisor died."""
LOG_LINES_SHOWN: Final = 15
_LOG_TAIL_BYTES: Final = 16_384
_LOG_BYTES_MAX: Final = 32 * 1024 * 1024
_PR_SET_PDEATHSIG: Final = 1
_CREATED_TOLERANCE_S: Final = 1.0
_STARTED: Final = b"---- started ----\n"
_LIBC: Final = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Program:
    """What to run: arguments, where, as whom, and where its output and its record go."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    directory: Path
    log_path: Path
    record_path: Path
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM


@dataclass(frozen=True, slots=True)
class Account:
    """The unprivileged account that a part runs under when the supervisor is root."""

    name: str
    uid: int
    gid: int


@dataclass(slots=True)
class Process:
    """A started program."""

    program: Program
    popen: subprocess.Popen[bytes] = field(repr=False)

    @property
    def pid(self) -> int:
        """The operating system's id of the child."""
        return self.popen.pid

    def exit_status(self) -> int | None:
        """``None`` while it runs."""
        return self.popen.poll()

    def stop(self, grace_s: float = STOP_GRACE_S) -> None:
        """Ask it to stop; after ``grace_s`` kill its whole session. Safe to call again."""
        if self.popen.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self.popen.send_signal(self.program.stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.popen.wait(grace_s)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()
        self.program.record_path.unlink(missing_ok=True)


def start(program: Program) -> Process:
    """Start a program; its output is appended to its log.

    Raises:
        PartFailed: the program cannot be executed.
    """
    program.log_path.parent.mkdir(parents=True, exist_ok=True)
    if program.log_path.exists() and program.log_path.stat().st_size > _LOG_BYTES_MAX:
        program.log_path.replace(program.log_path.with_suffix(".old.log"))
    account = program.account
    try:
        with program.log_path.open("ab") as log:
            log.write(_STARTED)
            log.flush()
            popen = subprocess.Popen(  # noqa: S603 - our own argument lists, no shell
                program.argv,
                env=dict(program.environment),
                cwd=program.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
                preexec_fn=_die_with(os.getpid(), program.stop_signal),  # noqa: PLW1509 - see there
            )
    except OSError as error:
        raise PartFailed(
            f"{program.name} cannot be started: {error}.", part=program.name
        ) from error
    _write_record(program, popen.pid)
    return Process(program, popen)


def last_lines(program: Program, count: int = LOG_LINES_SHOWN) -> str:
    """The end of what a program has logged since it was last started."""
    try:
        with program.log_path.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _LOG_TAIL_BYTES))
            text = log.read().rpartition(_STARTED)[2].decode(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-count:])


def failed(program: Program, what: str) -> PartFailed:
    """The error that names a part and shows its last log lines."""
    lines = last_lines(program)
    return PartFailed(
        f"{program.name} {what}. Its log is {program.log_path}; it ends:\n{lines or '(empty)'}",
        part=program.name,
        log=str(program.log_path),
    )


def wait_healthy(process: Process, healthy: Callable[[], bool], timeout_s: float) -> None:
    """Return once ``healthy()``.

    Raises:
        PartFailed: the process ended, or was not healthy within ``timeout_s``.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        status = process.exit_status()
        if status is not None:
            raise failed(process.program, f"ended with status {status} while starting")
        if healthy():
            return
        if time.monotonic() > deadline:
            raise failed(process.program, f"was not ready within {timeout_s:.0f} s")
        time.sleep(0.05)


def stop_leftover(record_path: Path, grace_s: float = LEFTOVER_GRACE_S) -> int | None:
    """Stop the process of a record that an earlier supervisor left; its pid if there was one."""
    found = recorded(record_path)
    if found is not None:
        process, stop_signal = found
        members = [process, *_descendants(process)]
        with contextlib.suppress(psutil.Error):
            process.send_signal(stop_signal)
        _, alive = psutil.wait_procs(members, timeout=grace_s)
        for one in alive:
            with contextlib.suppress(psutil.Error):
                one.kill()
        psutil.wait_procs(alive, timeout=grace_s)
    record_path.unlink(missing_ok=True)
    return found[0].pid if found is not None else None


def recorded(record_path: Path) -> tuple[psutil.Process, int] | None:
    """The process a record speaks of, if that very one still runs, and how it is asked to stop."""
    try:
        record = json.loads(record_path.read_text())
        process = psutil.Process(record["pid"])
        same = abs(process.create_time() - record["created"]) < _CREATED_TOLERANCE_S
        if not same or process.status() == psutil.STATUS_ZOMBIE:
            return None
        return process, int(record["stop_signal"])
    except (OSError, ValueError, KeyError, psutil.Error):
        return None


def _write_record(program: Program, pid: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        record = {
            "pid": pid,
            "created": psutil.Process(pid).create_time(),
            "stop_signal": int(program.stop_signal),
        }
        program.record_path.parent.mkdir(parents=True, exist_ok=True)
        program.record_path.write_text(json.dumps(record))


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        found: list[psutil.Process] = process.children(recursive=True)
    except psutil.Error:
        return []
    return found


def _die_with(supervisor: int, with_signal: signal.Signals) -> Callable[[], None] | None:
    """Run in the child between fork and exec, after it has changed its user.

    Only async-signal-safe calls: the supervisor may have threads. The parent is compared because it
    may have died before the request was made.
    """
    if _LIBC is None:
        return None
    libc = _LIBC

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(with_signal), 0, 0, 0)
        if os.getppid() != supervisor:
            os._exit(1)

    return ask
