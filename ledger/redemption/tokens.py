"""Signed values in compact form: JSON Web Signatures with HS256 and nothing else (RFC 7515, 7518).

One algorithm, an explicit type against use of one token as another (RFC 8725, 3.11), one error for
everything that is wrong with a token. Does not read claims: time limits belong to who understands
them. Orders are made by others' JWT libraries; quotes by :func:`sign`.

    base64url({"alg":"HS256","kid":…,"typ":…}) . base64url(canonical JSON) . base64url(HMAC-SHA256)
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ledger.kernel.canonical import Json, canonical_json

TOKEN_LENGTH_MAX: Final = 64 * 1024
_ALGORITHM: Final = "HS256"


class NotGenuine(ValueError):
    """Not a token of this type signed with one of these secrets; the text says why."""


@dataclass(frozen=True, slots=True)
class OpenedToken:
    """A token taken apart, its signature not yet looked at.

    ``key_id`` may be believed only as a hint at which secrets to check with.
    """

    key_id: str
    payload: bytes
    signed: bytes
    signature: bytes


def sign(payload: Mapping[str, Json], *, token_type: str, key_id: str, secret: bytes) -> str:
    """The compact token over the canonical form of ``payload``."""
    header: dict[str, Json] = {"alg": _ALGORITHM, "kid": key_id, "typ": token_type}
    signed = f"{_encode(canonical_json(header))}.{_encode(canonical_json(payload))}"
    return f"{signed}.{_encode(_mac(secret, signed.encode('ascii')))}"


def open_token(token: str, *, token_type: str) -> OpenedToken:
    """Take a token apart without trusting it.

    Raises:
        NotGenuine: not three canonical base64url parts, another algorithm or type, no key id.
    """
    if len(token) > TOKEN_LENGTH_MAX:
        raise NotGenuine(f"longer than {TOKEN_LENGTH_MAX} characters")
    parts = token.split(".")
    if len(parts) != 3:
        raise NotGenuine("not three parts separated by dots")
    header = _json(_decode(parts[0]))
    if header.keys() - {"alg", "kid", "typ"}:
        raise NotGenuine("a header other than alg, kid and typ")
    if header.get("alg") != _ALGORITHM:
        raise NotGenuine(f"alg is not {_ALGORITHM}")
    if header.get("typ") != token_type:
        raise NotGenuine(f"typ is not {token_type}")
    key_id = header.get("kid")
    if not isinstance(key_id, str) or not key_id:
        raise NotGenuine("no kid")
    signed = f"{parts[0]}.{parts[1]}".encode("ascii")
    return OpenedToken(key_id, _decode(parts[1]), signed, _decode(parts[2]))


def verify(opened: OpenedToken, secrets: Sequence[bytes]) -> dict[str, Json]:
    """The claims, if one of ``secrets`` made the signature. Compares in constant time.

    Raises:
        NotGenuine: none of them did, or what is signed is no JSON object.
    """
    genuine = [hmac.compare_digest(_mac(each, opened.signed), opened.signature) for each in secrets]
    if not any(genuine):
        raise NotGenuine("the signature does not match")
    return _json(opened.payload)


def _mac(secret: bytes, signed: bytes) -> bytes:
    return hmac.new(secret, signed, hashlib.sha256).digest()


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotGenuine("a part is not base64url") from error
    if _encode(raw) != text:
        # The unused bits of the last letter would otherwise make a second spelling of one token.
        raise NotGenuine("a part is not canonical base64url")
    return raw


def _json(raw: bytes) -> dict[str, Json]:
    try:
        value = json.loads(raw, object_pairs_hook=_once_each, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise NotGenuine("a part is not a JSON object") from error
    if not isinstance(value, dict):
        raise NotGenuine("a part is not a JSON object")
    return value


def _once_each(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a field is stated twice")
    return found


def _refuse_constant(name: str) -> Json:
    raise ValueError(f"{name} is not JSON")
