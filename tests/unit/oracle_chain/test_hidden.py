"""What of an address is kept out of sentences that others write."""

from __future__ import annotations

import base64

import pytest

from oracle.chain.hidden import hide, secrets_of

BASIC = base64.b64encode(b"us:pa:ss").decode()


@pytest.mark.parametrize(
    ("url", "secrets"),
    [
        ("http://127.0.0.1:8545", ()),
        ("http://127.0.0.1:8545/", ()),
        ("https://node.example/v3/0123456789abcdef", ("0123456789abcdef",)),
        ("https://node.example/rpc?apikey=0123456789&x=1", ("0123456789",)),
        ("https://us:p@node.example/", (base64.b64encode(b"us:p").decode(), "p")),
        ("https://us:pa%3Ass@node.example/", (BASIC, "pa%3Ass", "pa:ss")),
        ("https://0123456789@node.example/", ("0123456789",)),
        ("http://[bad/0123456789", ("http://[bad/0123456789",)),
        ("http://signer.example/{role}", ()),
        ("no address", ("no address",)),
    ],
)
def test_what_may_be_a_secret(url: str, secrets: tuple[str, ...]) -> None:
    assert secrets_of(url) == secrets


def test_it_is_replaced_wherever_it_stands() -> None:
    secrets = secrets_of("https://us:pa%3Ass@node.example/v3/0123456789?key=01234567")
    words = (
        f"no project 0123456789: Basic {BASIC}, us:pa:ss@node.example/v3/0123456789?key=01234567"
    )
    assert hide(words, secrets) == "no project …: Basic …, us:…@node.example/v3/…?key=…"
    assert hide("nonce too low", secrets) == "nonce too low"
