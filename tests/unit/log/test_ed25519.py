"""Signatures as RFC 8032 and another implementation make them."""

from __future__ import annotations

import random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.log.verifier import _ORDER, _P, is_signed

VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701"
            "cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d"
            "0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
]
"""RFC 8032, 7.1, tests 1 and 2."""


@pytest.mark.parametrize(("key", "message", "signature"), VECTORS)
def test_vectors(key: str, message: str, signature: str) -> None:
    given = (bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature))
    assert is_signed(*given)
    assert not is_signed(given[0], given[1] + b"x", given[2])


def test_what_another_implementation_signs_holds_and_any_changed_bit_does_not() -> None:
    chance = random.Random(9162)  # noqa: S311 - which bits to change
    private = Ed25519PrivateKey.generate()
    key = private.public_key().public_bytes_raw()
    message = chance.randbytes(96)
    signature = private.sign(message)
    assert is_signed(key, message, signature)
    for _ in range(40):
        parts = [bytearray(key), bytearray(message), bytearray(signature)]
        part = chance.choice(parts)
        part[chance.randrange(len(part))] ^= 1 << chance.randrange(8)
        assert not is_signed(*map(bytes, parts))


def test_malformed_keys_and_signatures_are_no_signatures() -> None:
    private = Ed25519PrivateKey.generate()
    key, signature = private.public_key().public_bytes_raw(), private.sign(b"m")
    assert not is_signed(key[:-1], b"m", signature)
    assert not is_signed(key, b"m", signature + b"\0")
    scalar = int.from_bytes(signature[32:], "little")
    again = signature[:32] + (scalar + _ORDER).to_bytes(32, "little")
    assert not is_signed(key, b"m", again), "a second form of the same signature"
    assert not is_signed(_P.to_bytes(32, "little"), b"m", signature), "a point not reduced"
    assert not is_signed((2).to_bytes(32, "little"), b"m", signature), "no point at all"
    assert not is_signed((1 | 1 << 255).to_bytes(32, "little"), b"m", signature)
