"""Why a signature was not good, for the admins who look at the log of refused requests. Pure.

The sender is told as before: that it is not good. What is found here is told to nobody who could
not read the secrets' owners' pages, and helps only who has the secret: each guess at a mistake is
the true key used in another way. No value that came is part of what is said.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from api.webhooks import standard_webhooks
from api.webhooks.model import Delivered
from ledger.kernel.errors import Operand

BODY_LOOKED_AT_BYTES_MAX: Final = 65_536
"""Above it only headers are looked at, so that refusing stays cheap."""
SECRETS_LOOKED_AT_MAX: Final = 5
_MAC_BYTES: Final = 32
_HEX: Final = re.compile(r"(v1,|sha256=)?[0-9a-fA-F]{64}\Z", re.ASCII)
_SHA256: Final = re.compile(r"sha-256=:([A-Za-z0-9+/=]{44}):", re.ASCII)
_MILLISECONDS: Final = re.compile(r"[0-9]{13}\Z", re.ASCII)
_MADE_BY: Final = {"discourse": "x-discourse-event-signature"}


class Mistake(StrEnum):
    """What was wrong, by name."""

    HEADER_MISSING = "header_missing"
    HEADER_MALFORMED = "header_malformed"
    TIMESTAMP_SKEW = "timestamp_skew"
    NO_SECRET = "no_secret"  # noqa: S105 - a mistake's name
    SECRET_ENDED = "secret_ended"  # noqa: S105 - a mistake's name
    SECRET_WAITS = "secret_waits"  # noqa: S105 - a mistake's name
    SECRET_REJECTED = "secret_rejected"  # noqa: S105 - a mistake's name
    KEY_NOT_DECODED = "key_not_decoded"
    SIGNED_BODY_ONLY = "signed_body_only"
    BODY_DIFFERS = "body_differs"
    SIGNATURE_DIFFERS = "signature_differs"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A mistake and its values."""

    mistake: Mistake
    detail: Mapping[str, Operand]


@dataclass(frozen=True, slots=True)
class KnownSecret:
    """A secret of the source that does not work: ``mistake`` says why."""

    secret: str
    mistake: Mistake


def diagnose(
    profile: str, delivered: Delivered, live: Sequence[str], others: Sequence[KnownSecret]
) -> Diagnosis:
    """Why a delivery that was refused is not signed as it should be."""
    if profile in _MADE_BY:
        return _discourse(delivered, live, others)
    found = _headers(delivered)
    return _signature(delivered, live, others) if found is None else found


def _headers(delivered: Delivered) -> Diagnosis | None:
    """What is wrong with the headers of Standard Webhooks, before any key is looked at."""
    headers = delivered.headers
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        if not headers.get(name):
            return Diagnosis(Mistake.HEADER_MISSING, {"header": name})
    if not standard_webhooks.is_id(headers["webhook-id"]):
        return Diagnosis(Mistake.HEADER_MALFORMED, {"header": "webhook-id"})
    return _timestamp(delivered) or _written(headers["webhook-signature"].split(" "))


def _timestamp(delivered: Delivered) -> Diagnosis | None:
    stamp = delivered.headers["webhook-timestamp"]
    if not standard_webhooks.is_timestamp(stamp):
        looks: dict[str, Operand] = {"header": "webhook-timestamp"}
        if _MILLISECONDS.match(stamp):
            looks["looks_like"] = "milliseconds"
        return Diagnosis(Mistake.HEADER_MALFORMED, looks)
    skew_s = int(stamp) - int(delivered.received_at.timestamp())
    limit_s = int(standard_webhooks.TOLERANCE.total_seconds())
    if abs(skew_s) <= limit_s:
        return None
    return Diagnosis(Mistake.TIMESTAMP_SKEW, {"skew_s": skew_s, "limit_s": limit_s})


def _written(given: Sequence[str]) -> Diagnosis | None:
    """How signatures are written, if none of them is written as it should be."""
    if any(_is_written_well(one) for one in given):
        return None
    detail: dict[str, Operand] = {"header": "webhook-signature"}
    if any(_HEX.match(one) for one in given):
        detail["looks_like"] = "hex"
    elif any(one.startswith("v1a,") for one in given):
        detail["looks_like"] = "v1a"
    elif any("-" in one or "_" in one for one in given):
        detail["looks_like"] = "base64url"
    return Diagnosis(Mistake.HEADER_MALFORMED, detail)


def _is_written_well(signature: str) -> bool:
    version, _, text = signature.partition(",")
    try:
        mac = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return version == "v1" and len(mac) == _MAC_BYTES


def _signature(
    delivered: Delivered, live: Sequence[str], others: Sequence[KnownSecret]
) -> Diagnosis:
    """Which mistake with a key of the source makes the signature that came."""
    if not live and not others:
        return Diagnosis(Mistake.NO_SECRET, {})
    given = [one.encode() for one in delivered.headers["webhook-signature"].split(" ")]
    head = f"{delivered.headers['webhook-id']}.{delivered.headers['webhook-timestamp']}.".encode()

    def made(key: bytes, signed: bytes) -> bool:
        expected = b"v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
        return any(hmac.compare_digest(expected, one) for one in given)

    if len(delivered.body) <= BODY_LOOKED_AT_BYTES_MAX:
        found = _tried(made, delivered, head, live, others)
        if found is not None:
            return Diagnosis(found, {})
    return _else(delivered, live)


def _tried(
    made: Callable[[bytes, bytes], bool],
    delivered: Delivered,
    head: bytes,
    live: Sequence[str],
    others: Sequence[KnownSecret],
) -> Mistake | None:
    for other in others[:SECRETS_LOOKED_AT_MAX]:
        if made(standard_webhooks.key_of(other.secret), head + delivered.body):
            return other.mistake
    for secret in live[:SECRETS_LOOKED_AT_MAX]:
        key = standard_webhooks.key_of(secret)
        texts = (secret, secret.removeprefix(standard_webhooks.SECRET_PREFIX))
        if any(made(text.encode(), head + delivered.body) for text in texts):
            return Mistake.KEY_NOT_DECODED
        if made(key, delivered.body):
            return Mistake.SIGNED_BODY_ONLY
        if any(made(key, head + written) for written in _other_writings(delivered.body)):
            return Mistake.BODY_DIFFERS
    return None


def _discourse(
    delivered: Delivered, live: Sequence[str], others: Sequence[KnownSecret]
) -> Diagnosis:
    header = _MADE_BY["discourse"]
    given = delivered.headers.get(header, "")
    named: dict[str, Operand] = {"header": "X-Discourse-Event-Signature"}
    if not given:
        return Diagnosis(Mistake.HEADER_MISSING, named)
    if not given.startswith("sha256=") or not _HEX.match(given):
        return Diagnosis(Mistake.HEADER_MALFORMED, named)
    if not live and not others:
        return Diagnosis(Mistake.NO_SECRET, {})
    if len(delivered.body) <= BODY_LOOKED_AT_BYTES_MAX:
        for other in others[:SECRETS_LOOKED_AT_MAX]:
            mac = hmac.digest(other.secret.encode(), delivered.body, hashlib.sha256).hex()
            if hmac.compare_digest(f"sha256={mac}", given.lower()):
                return Diagnosis(other.mistake, {})
    return _else(delivered, live)


def _else(delivered: Delivered, live: Sequence[str]) -> Diagnosis:
    """Nothing fits: the body that was hashed may say of itself that it was another."""
    stated = _SHA256.search(delivered.headers.get("content-digest", ""))
    if stated is not None:
        here = base64.b64encode(hashlib.sha256(delivered.body).digest()).decode()
        if stated[1] != here:
            return Diagnosis(Mistake.BODY_DIFFERS, {"header": "content-digest"})
    return Diagnosis(Mistake.SIGNATURE_DIFFERS if live else Mistake.NO_SECRET, {})


def _other_writings(body: bytes) -> Iterator[bytes]:
    """The same JSON written in the other ways that libraries write it."""
    yield body.strip()
    yield body + b"\n"
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return
    for separators in ((",", ":"), (", ", ": ")):
        for is_ascii in (True, False):
            for is_sorted in (True, False):
                text = json.dumps(
                    value, separators=separators, ensure_ascii=is_ascii, sort_keys=is_sorted
                )
                yield text.encode("utf-8", "surrogatepass")
