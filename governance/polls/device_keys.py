"""Keys that browsers make (WebCrypto, ECDSA on P-256 with SHA-256), and their signatures. Pure.

A key is its point, uncompressed, 65 bytes (``exportKey("raw")``); a signature is r and s, 64 bytes,
as WebCrypto writes it. The private half never leaves the browser.
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from governance.polls.errors import BadDeviceKey

KEY_BYTES: Final = 65
SIGNATURE_BYTES: Final = 64


def read_key(public_key: bytes) -> ec.EllipticCurvePublicKey:
    """A key from its bytes.

    Raises:
        BadDeviceKey: no such point.
    """
    said = f"A device key is a point of P-256 in {KEY_BYTES} bytes, uncompressed."
    if len(public_key) != KEY_BYTES:
        raise BadDeviceKey(said)
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public_key)
    except ValueError as error:
        raise BadDeviceKey(said) from error


def is_signed(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether ``signature`` is of ``message`` by the key.

    Raises:
        BadDeviceKey: the key is none.
    """
    key = read_key(public_key)
    if len(signature) != SIGNATURE_BYTES:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        key.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True
