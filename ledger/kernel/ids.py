"""Ids: UUIDv7 inside (RFC 9562), prefixed and sortable outside (``mem_06aqm3…``).

The text after the prefix is the 128 bits in Crockford's base32, 26 characters, lower case: it sorts
as the number does. The only module that may draw random ids.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from ledger.kernel.errors import ErrorKind, VkladError

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES: Final = {letter: value for value, letter in enumerate(_ALPHABET)}
_TEXT_LENGTH: Final = 26
_PAIRS: Final = [first + second for first in _ALPHABET for second in _ALPHABET]
"""Two letters, ten bits, at a time: ids are written on every hot path."""
_THIRTY: Final = (1 << 30) - 1


class BadId(VkladError):
    """An id with the wrong prefix, length or alphabet."""

    code = "bad_id"
    kind = ErrorKind.NOT_FOUND


class Ids(Protocol):
    """The port from which a use case takes new ids and secrets."""

    def new(self, now: datetime) -> UUID:
        """A fresh time-ordered id."""
        ...

    def secret(self) -> str:
        """A fresh URL-safe secret of 256 bits."""
        ...


class RandomIds:
    """UUIDv7 from the operating system's randomness, increasing within one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def new(self, now: datetime) -> UUID:
        """A fresh UUIDv7; two of one process never sort against their order of creation."""
        value = _version_7(now, secrets.randbits(74))
        with self._lock:
            self._last = max(value, self._last + 1)
            return UUID(int=self._last)

    def secret(self) -> str:
        """256 random bits, URL-safe."""
        return secrets.token_urlsafe(32)


def derived_id(now: datetime, *parts: str) -> UUID:
    """The id that belongs to these parts at this time, the same for ever.

    A UUIDv7 whose random bits are SHA-256 over the parts (each preceded by its length, so no two
    lists collide by shifting a boundary). It makes an idempotency key double as the primary key.
    """
    raws = [part.encode() for part in parts]
    digest = hashlib.sha256(b"".join([len(raw).to_bytes(8, "big") + raw for raw in raws])).digest()
    return UUID(int=_version_7(now, int.from_bytes(digest[:10], "big") >> 6))


def format_id(prefix: str, value: UUID) -> str:
    """``("mem", UUID)`` → ``mem_`` and 26 characters."""
    number, pair = value.int, _PAIRS
    # Thirty bits at a time, which Python holds in one digit: then shifting makes nothing long.
    a, b = number >> 100, number >> 70 & _THIRTY
    c, d = number >> 40 & _THIRTY, number >> 10 & _THIRTY
    return (
        f"{prefix}_{pair[a >> 20]}{pair[a >> 10 & 1023]}{pair[a & 1023]}"
        f"{pair[b >> 20]}{pair[b >> 10 & 1023]}{pair[b & 1023]}"
        f"{pair[c >> 20]}{pair[c >> 10 & 1023]}{pair[c & 1023]}"
        f"{pair[d >> 20]}{pair[d >> 10 & 1023]}{pair[d & 1023]}{pair[number & 1023]}"
    )


def parse_id(prefix: str, text: str) -> UUID:
    """Back from :func:`format_id`.

    Raises:
        BadId: another prefix, another length, a letter outside the alphabet, over 128 bits.
    """
    head, _, tail = text.partition("_")
    if head != prefix or len(tail) != _TEXT_LENGTH or any(c not in _VALUES for c in tail):
        raise BadId(f"{text[:64]!r} is not an id of the form {prefix}_….", id=text[:64])
    number = 0
    for letter in tail:
        number = number << 5 | _VALUES[letter]
    if number >> 128:
        raise BadId(f"{text!r} is not an id of the form {prefix}_….", id=text)
    return UUID(int=number)


def _version_7(now: datetime, random_74: int) -> int:
    milliseconds = int(now.timestamp() * 1000) & (1 << 48) - 1
    high, low = random_74 >> 62, random_74 & (1 << 62) - 1
    return milliseconds << 80 | 7 << 76 | high << 64 | 2 << 62 | low
