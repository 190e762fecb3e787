from __future__ import annotations

import base64
import json

import pytest
from joserfc import jws
from joserfc.jwk import OctKey

from ledger.redemption import tokens

SECRET = b"0123456789abcdef0123456789abcdef"
TYPE = "vklad-order+jwt"


def _open(token: str, *secrets: bytes) -> dict[str, object]:
    return dict(tokens.verify(tokens.open_token(token, token_type=TYPE), secrets or [SECRET]))


def _token(header: object, payload: bytes = b'{"a":1}', secret: bytes = SECRET) -> str:
    parts = [
        base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
        for raw in (json.dumps(header).encode(), payload)
    ]
    signature = tokens._mac(secret, ".".join(parts).encode())
    return ".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=").decode()])


def test_what_was_signed_is_read_back() -> None:
    token = tokens.sign({"b": 2, "a": "ё"}, token_type=TYPE, key_id="k1", secret=SECRET)
    assert _open(token) == {"a": "ё", "b": 2}
    assert tokens.open_token(token, token_type=TYPE).key_id == "k1"


def test_a_token_of_a_jwt_library_is_read() -> None:
    header = {"alg": "HS256", "kid": "lms", "typ": TYPE}
    token = jws.serialize_compact(header, b'{"order": "A-17"}', OctKey.import_key(SECRET))
    assert _open(token) == {"order": "A-17"}


def test_our_token_is_read_by_a_jwt_library() -> None:
    token = tokens.sign({"a": 1}, token_type=TYPE, key_id="k1", secret=SECRET)
    assert jws.deserialize_compact(token, OctKey.import_key(SECRET)).payload == b'{"a":1}'


def test_any_of_several_secrets_will_do() -> None:
    token = tokens.sign({"a": 1}, token_type=TYPE, key_id="k1", secret=SECRET)
    assert _open(token, b"old", SECRET) == {"a": 1}
    with pytest.raises(tokens.NotGenuine, match="does not match"):
        _open(token, b"old", b"new")


def test_every_changed_character_is_refused() -> None:
    token = tokens.sign({"points": 100}, token_type=TYPE, key_id="k1", secret=SECRET)
    for place, letter in enumerate(token):
        altered = token[:place] + ("A" if letter != "A" else "B") + token[place + 1 :]
        with pytest.raises(tokens.NotGenuine):
            _open(altered)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "kid": "k", "typ": TYPE},
        {"alg": "HS512", "kid": "k", "typ": TYPE},
        {"alg": "HS256", "kid": "k", "typ": "JWT"},
        {"alg": "HS256", "kid": "k"},
        {"alg": "HS256", "typ": TYPE},
        {"alg": "HS256", "kid": "", "typ": TYPE},
        {"alg": "HS256", "kid": 7, "typ": TYPE},
        {"alg": "HS256", "kid": "k", "typ": TYPE, "crit": ["b64"]},
        ["alg"],
        "HS256",
    ],
)
def test_another_header_is_refused(header: object) -> None:
    with pytest.raises(tokens.NotGenuine):
        _open(_token(header))


@pytest.mark.parametrize(
    "payload",
    [b"[]", b"{", b'{"a":1,"a":2}', b'{"a":NaN}', b"\xff", b"7", b'{"a":' * 5000],
)
def test_a_signed_payload_that_is_no_object_is_refused(payload: bytes) -> None:
    with pytest.raises(tokens.NotGenuine):
        _open(_token({"alg": "HS256", "kid": "k", "typ": TYPE}, payload))


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b",
        "a.b.c.d",
        "....",
        "é.é.é",
        "e30.e30.e30=",
        "e30 .e30.e30",
        "e31.e30.",
        "x" * 70_000,
    ],
)
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(tokens.NotGenuine):
        _open(token)
