"""EIP-4361: what is composed is read back, and nothing makes the parser crash or guess."""

from __future__ import annotations

import string

from eth_utils.address import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from api.auth.siwe import SiweMalformed, SiweMessage, compose_message, parse_message
from ledger.kernel.clock import Instant

STATEMENT = string.ascii_letters + string.digits + " -._~:/?#[]@!$&'()*+,;="
TIMES = st.integers(0, 4_000_000_000).map(Instant)
URIS = st.sampled_from(
    ["https://a.example/x?y=1#z", "ipfs://Qm", "urn:isbn:1", "http://[::1]:8000/", "a:"]
)
MESSAGES = st.builds(
    SiweMessage,
    domain=st.sampled_from(["a.example", "localhost:8000", "u@h", "[::1]:80", "a.b-c.example:"]),
    address=st.binary(min_size=20, max_size=20).map(to_checksum_address),
    uri=URIS,
    chain_id=st.integers(0, 10**18),
    nonce=st.text(string.ascii_letters + string.digits, min_size=8, max_size=40),
    issued_at=TIMES,
    scheme=st.sampled_from([None, "https", "http"]),
    statement=st.none() | st.text(STATEMENT, min_size=1, max_size=80),
    expiration_time=st.none() | TIMES,
    not_before=st.none() | TIMES,
    request_id=st.none() | st.sampled_from(["", "a-1", "%41"]),
    resources=st.none() | st.lists(URIS, max_size=3).map(tuple),
)


def _reads(text: str) -> SiweMessage | None:
    try:
        return parse_message(text)
    except SiweMalformed:
        return None


@given(MESSAGES)
def test_what_is_composed_is_read_back(message: SiweMessage) -> None:
    assert parse_message(compose_message(message)) == message


@given(MESSAGES, st.data())
def test_a_changed_character_is_refused_or_changes_what_is_read(
    message: SiweMessage, data: st.DataObject
) -> None:
    text = compose_message(message)
    at = data.draw(st.integers(0, len(text) - 1))
    # RFC 3339 lets "T" and "Z" of a time be lower case: the same moment, so the same message.
    letter = data.draw(st.characters(exclude_characters=["t", "z", text[at]]))
    read = _reads(text[:at] + letter + text[at + 1 :])
    assert read is None or read != message


@given(MESSAGES, st.data())
def test_no_line_may_be_added_doubled_or_dropped_unnoticed(
    message: SiweMessage, data: st.DataObject
) -> None:
    lines = compose_message(message).split("\n")
    at = data.draw(st.integers(0, len(lines) - 1))
    dropped = "\n".join(lines[:at] + lines[at + 1 :])
    doubled = "\n".join([*lines[: at + 1], *lines[at:]])
    for text in (dropped, doubled):
        read = _reads(text)
        assert read is None or read != message


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused_and_never_a_crash(text: str) -> None:
    _reads(text)
