"""Canonical JSON (RFC 8785) and its digest: what is hashed, signed or compared is this."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

import orjson
import rfc8785

ExactJson = (
    str | int | bool | float | Decimal | None | Sequence["ExactJson"] | Mapping[str, "ExactJson"]
)
"""JSON as it is read exactly: a number with a point is a ``Decimal``."""
Json = str | int | bool | float | None | Sequence["Json"] | Mapping[str, "Json"]

_INTEGER_MAX: Final = 2**53 - 1


def canonical_json(value: Json) -> bytes:
    """The one byte form of a JSON value.

    Raises:
        ValueError: an integer beyond 2^53, a float that is not finite, a key that is not a string.
    """
    if _is_plain(value):
        try:
            return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        except orjson.JSONEncodeError:
            pass  # Nested too deep for it, or text that is not Unicode.
    try:
        return rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as error:
        raise ValueError(str(error)) from error


def _is_plain(value: object) -> bool:
    """Whether compiled code writes the same bytes, which it does where nothing is left to choose.

    That is: no floats, no subclasses, whole numbers within 2^53, and ASCII keys, whose order by
    code points is that by UTF-16.
    """
    of = type(value)
    if of is dict:
        assert isinstance(value, dict)
        for name, each in value.items():
            if type(name) is not str or not name.isascii():
                return False
            if type(each) is not str and not _is_plain(each):
                return False
        return True
    if of is int:
        assert isinstance(value, int)
        return -_INTEGER_MAX <= value <= _INTEGER_MAX
    if of is list or of is tuple:
        assert isinstance(value, list | tuple)
        return all(map(_is_plain, value))
    return of is str or value is None or of is bool


def plain_json(value: ExactJson) -> Json:
    """Exact JSON with JSON's own numbers (RFC 8785: doubles), for whoever knows no others."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Mapping):
        return {name: plain_json(each) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain_json(each) for each in value]
    return value


def digest(value: Json) -> bytes:
    """SHA-256 over the canonical form, 32 bytes."""
    return hashlib.sha256(canonical_json(value)).digest()
