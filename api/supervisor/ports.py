"""Whether what we listen on is free, and if not, who has it."""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass
from typing import Final

import psutil

from api.supervisor.errors import PartFailed, PortTaken

LOOPBACK: Final = "127.0.0.1"
_EVERYWHERE: Final = {"0.0.0.0", "::"}  # noqa: S104 - compared with, not listened on


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part listens, and the setting that chooses another place."""

    port: int
    setting: str
    host: str = LOOPBACK


def refuse_taken_port(place: Place, part: str) -> None:
    """Make sure that ``part`` can listen there.

    Raises:
        PortTaken: another program does.
        PartFailed: nobody can: the address is not this machine's, or the port is not for this user.
    """
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((place.host, place.port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise PartFailed(
                    f"{part} cannot listen on port {place.port} of {place.host}: "
                    f"{error.strerror or error}. Choose another place by {place.setting}.",
                    part=part,
                ) from error
            raise PortTaken(
                f"Port {place.port}, where {part} should listen, is taken by {holder(place)}. Stop "
                f"that program, or choose another place by {place.setting}.",
                part=part,
                port=place.port,
            ) from error


def holder(place: Place) -> str:
    """Who listens there, as far as the kernel tells this user: a process and its name, never more.

    Arguments are not told: they may hold secrets.
    """
    try:
        found = {
            connection.pid
            for connection in psutil.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
            and connection.laddr
            and connection.laddr.port == place.port
            and _share(connection.laddr.ip, place.host)
        }
        named = [f"{psutil.Process(pid).name()}, process {pid}" for pid in found if pid]
    except (psutil.Error, OSError):
        named = []
    return f"another program ({'; '.join(sorted(named))})" if named else "another program"


def _share(held: str, wanted: str) -> bool:
    return held == wanted or not _EVERYWHERE.isdisjoint((held, wanted))
