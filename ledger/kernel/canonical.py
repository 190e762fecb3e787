"""Canonical JSON (RFC 8785) and its digest: what is hashed, signed or compared is this."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal

import rfc8785

ExactJson = (
    str | int | bool | float | Decimal | None | Sequence["ExactJson"] | Mapping[str, "ExactJson"]
)
"""JSON as it is read exactly: a number with a point is a ``Decimal``."""
Json = str | int | bool | float | None | Sequence["Json"] | Mapping[str, "Json"]


def canonical_json(value: Json) -> bytes:
    """The one byte form of a JSON value.

    Raises:
        ValueError: an integer beyond 2^53, a float that is not finite, a key that is not a string.
    """
    try:
        return rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as error:
        raise ValueError(str(error)) from error


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
