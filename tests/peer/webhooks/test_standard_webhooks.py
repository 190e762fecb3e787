"""Standard Webhooks: the specification's vector, its library, and everything that may be wrong."""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from api.webhooks import standard_webhooks
from api.webhooks.model import BadSignature, Delivered
from tests.peer.material import material

VECTORS: list[dict[str, Any]] = json.loads(material("standard-webhooks/vector.json").read_text())
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + base64.b64encode(b"another secret of 32 bytes here!").decode()


def now() -> datetime:
    """The library looks at the machine's clock, so these tests sign for it."""
    return datetime.fromtimestamp(int(time.time()), UTC)  # noqa: TID251 - see above


def headers(message_id: str, timestamp: str, signature: str) -> dict[str, str]:
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": signature,
    }


def passes(delivered: Delivered, *secrets: str) -> bool:
    try:
        standard_webhooks.verify(delivered, secrets or (SECRET,))
    except BadSignature:
        return False
    return True


@pytest.mark.parametrize("vector", VECTORS)
def test_the_specifications_vector_verifies(vector: dict[str, Any]) -> None:
    at = datetime.fromtimestamp(int(vector["webhook-timestamp"]), UTC)
    signed = {name: vector[name] for name in vector if name.startswith("webhook-")}
    delivered = Delivered(signed, vector["payload"].encode(), at)
    assert passes(delivered, vector["secret"])
    assert (
        standard_webhooks.sign(
            vector["secret"],
            vector["webhook-id"],
            int(vector["webhook-timestamp"]),
            vector["payload"].encode(),
        )
        == vector["webhook-signature"]
    )


@given(body=st.text(max_size=200), message_id=st.from_regex(r"[A-Za-z0-9_-]{1,40}", fullmatch=True))
def test_what_the_library_signs_we_take_and_the_other_way(body: str, message_id: str) -> None:
    at = now()
    stamp = str(int(at.timestamp()))
    theirs = Webhook(SECRET).sign(message_id, at, body)
    assert passes(Delivered(headers(message_id, stamp, theirs), body.encode(), at))
    ours = standard_webhooks.sign(SECRET, message_id, int(stamp), body.encode())
    Webhook(SECRET).verify(body, headers(message_id, stamp, ours), json_parse=False)


def _delivered(**changes: str) -> Delivered:
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    stamp = str(int(at.timestamp()))
    body = b'{"type":"lms.section.read"}'
    signed = headers("msg_1", stamp, standard_webhooks.sign(SECRET, "msg_1", int(stamp), body))
    renamed = {name.replace("_", "-"): value for name, value in changes.items()}
    return Delivered({**signed, **renamed}, body, at)


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "v1",
        "v1,",
        "garbage",
        "v1,a,b",
        "v1,é",
        "v1,====",
        "v1a,AAAA",
        "v2," + "A" * 44,
        "\x00",
        "\ud800",
        "v1,☃",
        "v1, ",
        " ".join(["v1,AAAA"] * 17),
    ],
)
def test_a_malformed_signature_is_one_refusal(signature: str) -> None:
    assert not passes(_delivered(webhook_signature=signature))


@pytest.mark.parametrize(
    "changes",
    [
        {"webhook_id": ""},
        {"webhook_id": "msg.1"},
        {"webhook_id": "msg_2"},
        {"webhook_id": "é"},
        {"webhook_id": "a b"},
        {"webhook_id": "m" * 257},
        {"webhook_timestamp": ""},
        {"webhook_timestamp": "now"},
        {"webhook_timestamp": "-1"},
        {"webhook_timestamp": " 1772442000"},
        {"webhook_timestamp": "1772442000.9"},
        {"webhook_timestamp": "1772442001"},
        {"webhook_timestamp": "9" * 30},
        {"webhook_timestamp": "١٧٧٢٤٤٢٠٠٠"},
    ],
)
def test_malformed_or_changed_headers_are_refused(changes: dict[str, str]) -> None:
    assert not passes(_delivered(**changes))


def test_missing_headers_are_refused() -> None:
    whole = _delivered()
    for name in whole.headers:
        rest = {key: value for key, value in whole.headers.items() if key != name}
        assert not passes(Delivered(rest, whole.body, whole.received_at))


def test_any_byte_of_body_or_signature_changed_is_refused() -> None:
    whole = _delivered()
    body = bytearray(whole.body)
    for place in range(len(body)):
        body[place] ^= 1
        assert not passes(Delivered(whole.headers, bytes(body), whole.received_at))
        body[place] ^= 1
    signature = whole.headers["webhook-signature"]
    for place in range(len(signature)):
        for other in "Aa0+/=, ":
            changed = signature[:place] + other + signature[place + 1 :]
            if changed != signature:
                assert not passes(_delivered(webhook_signature=changed)), (place, other)


def test_the_clock_may_differ_by_five_minutes_and_no_more() -> None:
    whole = _delivered()
    for seconds, good in ((300, True), (-300, True), (301, False), (-301, False)):
        at = whole.received_at + timedelta(seconds=seconds)
        assert passes(Delivered(whole.headers, whole.body, at)) is good


def test_secrets_rotate_on_both_sides() -> None:
    whole = _delivered()
    assert passes(whole, OTHER, SECRET)
    assert not passes(whole, OTHER)
    stamp = int(whole.headers["webhook-timestamp"])
    by_other = standard_webhooks.sign(OTHER, "msg_1", stamp, whole.body)
    both = f"v1a,AAAA {by_other} {whole.headers['webhook-signature']}"
    assert passes(_delivered(webhook_signature=both))
    assert passes(_delivered(webhook_signature=both), OTHER)
