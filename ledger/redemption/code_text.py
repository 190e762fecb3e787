"""What a single-use code looks like: 80 random bits that a person can read out. Pure.

Sixteen letters and digits of Crockford's Base32 (no I, L, O, U) in groups of four. What is typed
is forgiving: small letters, spaces and dashes, O for 0, I and L for 1. Only its SHA-256 is kept; 80
random bits need no slow hash, and nobody guesses one.
"""

from __future__ import annotations

import hashlib
from typing import Final

CODE_BITS: Final = 80
TYPED_LENGTH_MAX: Final = 64

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH: Final = CODE_BITS // 5
_GROUP: Final = 4
_FORGIVEN: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


def code_of(secret: str) -> str:
    """The code that a fresh secret of at least 80 bits comes to."""
    number = int.from_bytes(hashlib.sha256(secret.encode()).digest()[: CODE_BITS // 8], "big")
    letters = "".join(_ALPHABET[number >> (5 * place) & 31] for place in range(_LENGTH))
    return "-".join(letters[place : place + _GROUP] for place in range(0, _LENGTH, _GROUP))


def digest_of_code(typed: str) -> bytes | None:
    """What is kept of a code; ``None`` if what was typed cannot be one."""
    plain = typed.upper().translate(_FORGIVEN) if len(typed) <= TYPED_LENGTH_MAX else ""
    if len(plain) != _LENGTH or not set(plain) <= set(_ALPHABET):
        return None
    return hashlib.sha256(f"vklad-code:{plain}".encode()).digest()
