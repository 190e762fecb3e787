"""The origin of a page that embeds us on behalf of a source, as it is written. Pure.

An origin is scheme, host and port (RFC 6454, 6.2): ``https://lms.example`` or
``https://lms.example:8443``. It is written into a header of ours as it stands, so nothing is taken
that could mean anything else there: no star, no path, no second spelling of one origin.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from ledger.events.credentials.model import State
from ledger.kernel.errors import ErrorKind, VkladError

ORIGIN_LENGTH_MAX: Final = 255
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ORIGIN: Final = re.compile(
    rf"(?P<scheme>https?)://(?P<host>{_LABEL}(?:\.{_LABEL})*)(?::(?P<port>[1-9][0-9]{{0,4}}))?\Z",
    re.ASCII,
)
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1"})
_DEFAULT_PORTS: Final = {"https": "443", "http": "80"}
_PORT_MAX: Final = 65_535


class OriginInvalid(VkladError):
    """A text that is no origin from which a page may embed us."""

    code = "embed_origin_invalid"
    kind = ErrorKind.INVALID


class OriginProposedBefore(VkladError):
    """An origin that this source has, or that waits for approval."""

    code = "embed_origin_proposed_before"
    kind = ErrorKind.CONFLICT


class UnknownOrigin(VkladError):
    """An origin's id that is unknown, or of one that was ended before."""

    code = "unknown_embed_origin"
    kind = ErrorKind.NOT_FOUND


class OriginNotRegistered(VkladError):
    """A page of an origin that two persons have not agreed on for this source."""

    code = "embed_origin_not_registered"
    kind = ErrorKind.FORBIDDEN


@dataclass(frozen=True, slots=True)
class ProposeOrigin:
    """Ask that pages of ``origin`` may embed us on behalf of the source of this name."""

    source_name: str
    origin: str
    proposed_by: UUID


@dataclass(frozen=True, slots=True)
class EndOrigin:
    """Stop showing anything there; ``ended_by``: the admin, nobody is the operator."""

    origin_id: UUID
    ended_by: UUID | None = None


@dataclass(frozen=True, slots=True)
class EmbedOrigin:
    """An origin of a source, and who stands for it."""

    origin_id: UUID
    source: str
    source_name: str
    origin: str
    state: State
    content_digest: bytes
    proposed_by: UUID | None
    proposed_at: datetime
    announced_until: datetime | None
    decided_by: UUID | None
    decided_at: datetime | None
    ended_by: UUID | None
    ended_at: datetime | None

    @property
    def is_live(self) -> bool:
        """Whether pages there may embed us, as far as this row goes."""
        return self.state == "approved" and self.ended_at is None


def read_origin(text: str) -> str:
    """The origin itself, if it is written as browsers write it.

    Raises:
        OriginInvalid: anything else; unencrypted ones are for this machine alone.
    """
    found = _ORIGIN.match(text) if len(text) <= ORIGIN_LENGTH_MAX else None
    if found is None:
        raise OriginInvalid(
            "An origin is written as browsers write it: https://lms.example, with :port if it "
            "has one, in small letters, without a path."
        )
    port = found["port"]
    if port is not None and (port == _DEFAULT_PORTS[found["scheme"]] or int(port) > _PORT_MAX):
        raise OriginInvalid("The port is the usual one, which browsers leave out, or is none.")
    if found["scheme"] == "http" and found["host"] not in _LOOPBACK:
        raise OriginInvalid("A page that shows points is served by https.")
    return text
