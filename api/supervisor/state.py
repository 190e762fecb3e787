"""Where an installation keeps its state: `.vklad/`, readable by its owner alone.

.vklad/secrets.json   passwords and keys, generated on first need
.vklad/ports.json     the free ports that were chosen
.vklad/logs/          one log a part
.vklad/run/           records of running processes, the lock, sockets if the path is short
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from api.supervisor.errors import StateFolderUnusable
from ledger.kernel.ids import RandomIds

SOCKET_PATH_BYTES_MAX: Final = 107
"""``sun_path`` less its zero byte on Linux."""
_RECORD: Final = ".pid.json"
_SOCKET_NAME_BYTES: Final = len("/.s.PGSQL.5432.lock")


@dataclass(frozen=True, slots=True)
class StateFolder:
    """One installation's folder."""

    path: Path

    def prepare(self) -> None:
        """Create what is missing. Under root others may pass through to their own, not list.

        Raises:
            StateFolderUnusable: it is another user's, or the disk does not take it.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.path.chmod(0o711 if os.geteuid() == 0 else 0o700)
            for name in ("logs", "run"):
                (self.path / name).mkdir(exist_ok=True)
                (self.path / name).chmod(0o700)
        except OSError as error:
            raise StateFolderUnusable(
                f"The state folder {self.path} cannot be used: {error}. Become its owner, or name "
                "another folder by VKLAD_STATE_FOLDER.",
                folder=str(self.path),
            ) from error

    def log(self, name: str) -> Path:
        """Where a part writes."""
        return self.path / "logs" / f"{name}.log"

    def record(self, name: str) -> Path:
        """Where a part's pid is kept."""
        return self.path / "run" / f"{name}{_RECORD}"

    def records(self) -> dict[str, Path]:
        """The records there are, youngest first, by the name of the part."""
        found = sorted(
            (self.path / "run").glob(f"*{_RECORD}"), key=lambda path: -path.stat().st_mtime_ns
        )
        return {path.name.removesuffix(_RECORD): path for path in found}

    def ready(self, name: str) -> Path:
        """What a process of ours touches once it works."""
        return self.path / "run" / f"{name}.ready"

    def socket_folder(self, name: str) -> Path:
        """A folder for a Unix socket whose path fits the system's limit; not created here.

        Beside the state if that is short enough, else under the system's temporary folder, named
        by user and by a digest of the state's path.
        """
        near = self.path / "sockets" / name
        if len(os.fsencode(near)) + _SOCKET_NAME_BYTES <= SOCKET_PATH_BYTES_MAX:
            return near
        digest = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"vklad-{os.geteuid()}-{digest}-{name}"

    def secret(self, name: str, generate: Callable[[], str] | None = None) -> str:
        """The secret of this name, generated the first time it is asked for."""
        with self._exclusive("secrets"):
            known = self._read("secrets.json")
            if name not in known:
                known[name] = (generate or RandomIds().secret)()
                self._write("secrets.json", known)
            return known[name]

    def remembered(self, name: str) -> str | None:
        """A plain value kept between runs, such as a chosen port."""
        return self._read("remembered.json").get(name)

    def remember(self, name: str, value: str) -> None:
        """Keep a plain value for the next run."""
        with self._exclusive("remembered"):
            self._write("remembered.json", {**self._read("remembered.json"), name: value})

    @contextmanager
    def _exclusive(self, name: str) -> Iterator[None]:
        with (self.path / "run" / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _read(self, name: str) -> dict[str, str]:
        try:
            content: dict[str, str] = json.loads((self.path / name).read_text())
        except FileNotFoundError:
            return {}
        return content

    def _write(self, name: str, content: dict[str, str]) -> None:
        fresh = self.path / f"{name}.new"
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path / name)


def make_passable(folder: Path) -> None:
    """Create a folder and those above it, so that others may pass through, whatever the umask."""
    if not folder.exists():
        make_passable(folder.parent)
        folder.mkdir(exist_ok=True)
        folder.chmod(0o711)


def own_folder(folder: Path, account_uid: int | None = None) -> None:
    """Create a folder of mode 0700, or make sure that the one there is ours or the account's.

    One in the system's temporary folder could have been laid there by anybody.

    Raises:
        StateFolderUnusable: it is another user's, or no folder.
    """
    make_passable(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    ours = found.st_uid in {os.geteuid(), account_uid}
    if not ours or not stat.S_ISDIR(found.st_mode):
        raise StateFolderUnusable(
            f"{folder} belongs to user {found.st_uid} or is no folder. Remove it, or choose "
            "another place by VKLAD_STATE_FOLDER.",
            folder=str(folder),
        )
    folder.chmod(0o700)
