"""What is found out about a signature that is not good, mistake by mistake; and no value of it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from api.webhooks import standard_webhooks
from api.webhooks.diagnosis import (
    BODY_LOOKED_AT_BYTES_MAX,
    Diagnosis,
    KnownSecret,
    Mistake,
    diagnose,
)
from api.webhooks.model import BadSignature, Delivered

NOW = datetime(2026, 3, 2, 9, 1, tzinfo=UTC)
STAMP = int(NOW.timestamp())
SECRET = standard_webhooks.new_secret("0" * 43)
OTHER = standard_webhooks.new_secret("1" * 43)
BODY = '{"type":"lms.section.read","data":{"section":"седьмой","b":1,"a":2}}'.encode()
KEY = standard_webhooks.key_of(SECRET)


def mac(key: bytes, signed: bytes) -> str:
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def signed(body: bytes = BODY, head: str = f"msg_1.{STAMP}.") -> bytes:
    return head.encode() + body


def found(
    others: tuple[KnownSecret, ...] = (),
    live: tuple[str, ...] = (SECRET,),
    body: bytes = BODY,
    **changes: str | None,
) -> Diagnosis:
    headers: dict[str, Any] = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(STAMP),
        "webhook-signature": mac(KEY, signed()),
    } | {name.replace("_", "-"): value for name, value in changes.items()}
    delivered = Delivered({n: v for n, v in headers.items() if v is not None}, body, NOW)
    with pytest.raises(BadSignature):
        standard_webhooks.verify(delivered, live)
    return diagnose("standard_webhooks", delivered, live, others)


@pytest.mark.parametrize("header", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_header_that_is_missing_is_named(header: str) -> None:
    for nothing in (None, ""):
        told = found(**{header.replace("-", "_"): nothing})
        assert told == Diagnosis(Mistake.HEADER_MISSING, {"header": header})


@pytest.mark.parametrize(
    ("header", "value", "looks_like"),
    [
        ("webhook-id", "a.b", None),
        ("webhook-id", "я", None),
        ("webhook-timestamp", f"{STAMP}000", "milliseconds"),
        ("webhook-timestamp", "2026-03-02T09:01:00Z", None),
        ("webhook-signature", "v1," + hmac.digest(KEY, signed(), "sha256").hex(), "hex"),
        ("webhook-signature", mac(KEY, signed()).replace("v1", "v1a"), "v1a"),
        ("webhook-signature", "v1," + "-" * 43, "base64url"),
        ("webhook-signature", mac(KEY, signed()).removeprefix("v1,"), None),
        ("webhook-signature", "v1,c2hvcnQ=", None),
    ],
)
def test_a_header_that_is_written_otherwise_is_named_and_what_it_looks_like(
    header: str, value: str, looks_like: str | None
) -> None:
    told = found(**{header.replace("-", "_"): value})
    assert told.mistake is Mistake.HEADER_MALFORMED
    expected = {"header": header} | ({} if looks_like is None else {"looks_like": looks_like})
    assert told.detail == expected


@pytest.mark.parametrize("skew_s", [-301, 301, 86_400])
def test_the_skew_is_told_in_seconds_theirs_minus_ours(skew_s: int) -> None:
    told = found(webhook_timestamp=str(STAMP + skew_s))
    assert told == Diagnosis(Mistake.TIMESTAMP_SKEW, {"skew_s": skew_s, "limit_s": 300})


def test_the_mistakes_that_the_true_key_makes() -> None:
    plain = SECRET.removeprefix("whsec_")
    for text in (SECRET, plain):
        told = found(webhook_signature=mac(text.encode(), signed()))
        assert told == Diagnosis(Mistake.KEY_NOT_DECODED, {})
    assert found(webhook_signature=mac(KEY, BODY)).mistake is Mistake.SIGNED_BODY_ONLY
    value = json.loads(BODY)
    for written in (
        json.dumps(value),
        json.dumps(value, separators=(",", ":")),
        json.dumps(value, ensure_ascii=False),
        json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")),
        BODY.decode() + "\n",
    ):
        told = found(webhook_signature=mac(KEY, signed(written.encode())))
        assert told.mistake is Mistake.BODY_DIFFERS, written
    several = f"{mac(b'x' * 32, b'')} {mac(KEY, BODY)}"
    assert found(webhook_signature=several).mistake is Mistake.SIGNED_BODY_ONLY


def test_a_secret_that_does_not_work_is_told_by_why() -> None:
    by_other = mac(standard_webhooks.key_of(OTHER), signed())
    for why in (Mistake.SECRET_ENDED, Mistake.SECRET_WAITS, Mistake.SECRET_REJECTED):
        assert found((KnownSecret(OTHER, why),), webhook_signature=by_other).mistake is why
        nothing_live = found((KnownSecret(OTHER, why),), (), webhook_signature=by_other)
        assert nothing_live.mistake is why
    assert found(live=(), webhook_signature=by_other).mistake is Mistake.NO_SECRET
    told = found((KnownSecret(SECRET, Mistake.SECRET_ENDED),), (OTHER,), b"{}")
    assert told.mistake is Mistake.SIGNATURE_DIFFERS


def test_what_nothing_explains_is_another_secret_unless_the_body_says_of_itself() -> None:
    wrong = mac(b"x" * 32, signed())
    assert found(webhook_signature=wrong) == Diagnosis(Mistake.SIGNATURE_DIFFERS, {})
    digests = {
        each: f"sha-256=:{base64.b64encode(hashlib.sha256(each).digest()).decode()}:"
        for each in (BODY, b"another")
    }
    assert found(content_digest=digests[BODY], webhook_signature=wrong).mistake is (
        Mistake.SIGNATURE_DIFFERS
    )
    told = found(content_digest=digests[b"another"], webhook_signature=wrong)
    assert told == Diagnosis(Mistake.BODY_DIFFERS, {"header": "content-digest"})
    big = b" " * (BODY_LOOKED_AT_BYTES_MAX + 1)
    told = found(body=big, webhook_signature=mac(KEY, big))
    assert told.mistake is Mistake.SIGNATURE_DIFFERS, "too big to try anything with"
    assert found(body=b"no JSON").mistake is Mistake.SIGNATURE_DIFFERS


def test_a_forum_of_discourse() -> None:
    def told(
        header: str | None, *, live: tuple[str, ...], others: tuple[KnownSecret, ...] = ()
    ) -> Mistake:
        headers = {} if header is None else {"x-discourse-event-signature": header}
        delivered = Delivered(headers, BODY, NOW)
        return diagnose("discourse", delivered, live, others).mistake

    def made(secret: str) -> str:
        return "sha256=" + hmac.digest(secret.encode(), BODY, "sha256").hex()

    live = ("a secret of the forum",)
    ended = (KnownSecret("an older one of it", Mistake.SECRET_ENDED),)
    assert told(None, live=live) is Mistake.HEADER_MISSING
    assert told("sha1=00", live=live) is Mistake.HEADER_MALFORMED
    assert told(made("of nobody"), live=()) is Mistake.NO_SECRET
    assert told(made("an older one of it"), live=live, others=ended) is Mistake.SECRET_ENDED
    assert told(made("of nobody"), live=live, others=ended) is Mistake.SIGNATURE_DIFFERS
