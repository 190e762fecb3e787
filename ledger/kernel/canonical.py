"""Canonical JSON (RFC 8785) and its digest: what is hashed, signed or compared is this."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import rfc8785

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


def digest(value: Json) -> bytes:
    """SHA-256 over the canonical form, 32 bytes."""
    return hashlib.sha256(canonical_json(value)).digest()
