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
    """Stop what an earlier supervisor left of a part; the part's pid if there was anything.

    Also its children that outlived it: they are of the session it was started in.
    """
    record = _read_record(record_path)
    members = _survivors(record) if record is not None else []
    for member in members:
        with contextlib.suppress(psutil.Error):
            if record is not None and member.pid == record.pid:
                member.send_signal(record.stop_signal)
    _, alive = psutil.wait_procs(members, timeout=grace_s)
    for member in alive:
        with contextlib.suppress(psutil.Error):
            member.kill()
    psutil.wait_procs(alive, timeout=grace_s)
    record_path.unlink(missing_ok=True)
    return record.pid if record is not None and members else None


def recorded(record_path: Path) -> psutil.Process | None:
    """The process a record speaks of, if that very one still runs."""
    record = _read_record(record_path)
    found = _survivors(record) if record is not None else []
    return next((one for one in found if record is not None and one.pid == record.pid), None)


@dataclass(frozen=True, slots=True)
class _Record:
    pid: int
    created: float
    stop_signal: int


def _read_record(path: Path) -> _Record | None:
    try:
        return _Record(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _survivors(record: _Record) -> list[psutil.Process]:
    """The recorded process and those of its session that still run, the youngest last.

    No pid is given to another process while a session bears its number. So if the number belongs
    to a process of another time of creation, the session is gone and nothing here is ours.
    """
    if record.created < psutil.boot_time() - _CREATED_TOLERANCE_S:
        return []
    with contextlib.suppress(psutil.Error):
        leader = psutil.Process(record.pid)
        if abs(leader.create_time() - record.created) > _CREATED_TOLERANCE_S:
            return []
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            ours = process.pid == record.pid or os.getsid(process.pid) == record.pid
            if ours and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return sorted(found, key=lambda process: process.pid != record.pid)


def _write_record(program: Program, pid: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        record = {
            "pid": pid,
            "created": psutil.Process(pid).create_time(),
            "stop_signal": int(program.stop_signal),
        }
        program.record_path.parent.mkdir(parents=True, exist_ok=True)
        program.record_path.write_text(json.dumps(record))


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
