"""What a profile is: how deliveries are proved, and what they mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ledger.events.model import IncomingEvent
from ledger.kernel.errors import ErrorKind, VkladError


class BadSignature(VkladError):
    """A delivery that its source did not sign: missing, malformed, stale or simply wrong."""

    code = "bad_signature"
    kind = ErrorKind.UNAUTHENTICATED


@dataclass(frozen=True, slots=True)
class Delivered:
    """A delivery as it came; header names in small letters."""

    headers: Mapping[str, str]
    body: bytes
    received_at: datetime

    @property
    def media_type(self) -> str:
        """The content type without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a delivery means: events, or the reason why it means none.

    ``kind`` is the vendor's word for it, for the log.
    """

    kind: str
    events: tuple[IncomingEvent, ...] = ()
    ignored: str | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """One way of signing and wording.

    ``verify`` raises ``BadSignature`` or returns; ``read`` raises what is wrong with the content;
    ``check_secret`` raises ``SecretInvalid`` for a secret that could never verify anything.
    """

    verify: Callable[[Delivered, Sequence[str]], None]
    read: Callable[[Delivered, str], Mapped]
    check_secret: Callable[[str], None]
    media_types: frozenset[str]
