"""The one base of expected failures.

An error says what is wrong in a sentence with the values in it; its ``code`` never changes once
published, its ``kind`` alone decides the HTTP status (one table, in ``api/http/problems.py``), its
operands are attributes. Programmer errors are assertions and are not here.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar


class ErrorKind(StrEnum):
    """What sort of failure it is, independent of how it is delivered."""

    MALFORMED = "malformed"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    GONE = "gone"
    STALE = "stale"
    TOO_LARGE = "too_large"
    UNSUPPORTED_MEDIA = "unsupported_media"
    INVALID = "invalid"
    PRECONDITION_REQUIRED = "precondition_required"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"


Operand = str | int | bool | None | list["Operand"] | dict[str, "Operand"]


class VkladError(Exception):
    """Base of every expected failure.

    Subclasses set ``code`` (stable, snake_case) and ``kind``. ``operands`` are JSON values that a
    client may act on; they are also readable as attributes.
    """

    code: ClassVar[str] = "error"
    kind: ClassVar[ErrorKind] = ErrorKind.INVALID

    def __init__(self, message: str, /, **operands: Operand) -> None:
        """Keep the sentence and the values in it."""
        super().__init__(message)
        self.message = message
        self.operands: dict[str, Operand] = operands

    def __getattr__(self, name: str) -> Operand:
        """Read an operand as an attribute."""
        operands = self.__dict__.get("operands", {})
        if name in operands:
            value: Operand = operands[name]
            return value
        raise AttributeError(name)
