"""Standard Webhooks: HMAC-SHA256 over ``{id}.{timestamp}.{body}``, rotation by a list.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md

The body is a CloudEvent (structured JSON) or the specification's own ``{type, timestamp, data}``;
then ``webhook-id`` is the event's id, which is the same on every retry. Asymmetric signatures
(``v1a``) are not spoken.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Final

from api.webhooks.cloudevents import read_event, required_text
from api.webhooks.exact_json import read_json
from api.webhooks.model import BadSignature, Delivered, Mapped, Profile
from ledger.events.admission import check_data
from ledger.events.errors import EventInvalid, SecretInvalid
from ledger.events.model import ExactJson, IncomingEvent
from ledger.kernel.clock import Instant

TOLERANCE: Final = timedelta(minutes=5)
"""How far the signed timestamp may be from our clock, either way."""
SIGNATURES_MAX: Final = 16
SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - a prefix, no secret
_SECRET_BYTES: Final = range(24, 65)
_REMEMBERED_KEYS: Final = 256
_ID: Final = re.compile(r"[!-\-/-~]{1,256}\Z", re.ASCII)
"""Visible ASCII but the full stop, which separates what is signed."""
_TIMESTAMP: Final = re.compile(r"[0-9]{1,11}\Z", re.ASCII)


def verify(delivered: Delivered, secrets: Sequence[str]) -> None:
    """Return if one of the signatures is by one of the secrets and fresh.

    Signatures are compared as text, so only the canonical base64 of one passes.

    Raises:
        BadSignature: anything else.
    """
    message_id = delivered.headers.get("webhook-id", "")
    timestamp = delivered.headers.get("webhook-timestamp", "")
    signatures = delivered.headers.get("webhook-signature", "").split(" ")
    if not is_id(message_id) or not is_timestamp(timestamp):
        raise BadSignature("The headers webhook-id and webhook-timestamp are missing or malformed.")
    if len(signatures) > SIGNATURES_MAX:
        raise BadSignature(f"There are more than {SIGNATURES_MAX} signatures.")
    if abs(delivered.received_at.timestamp() - int(timestamp)) > TOLERANCE.total_seconds():
        raise BadSignature(
            f"The timestamp is more than {TOLERANCE.seconds} seconds from our clock.",
            limit_s=TOLERANCE.seconds,
        )
    signed = f"{message_id}.{timestamp}.".encode() + delivered.body
    given = [signature.encode("utf-8", "replace") for signature in signatures]
    for secret in secrets:
        expected = b"v1," + base64.b64encode(hmac.digest(key_of(secret), signed, sha256))
        if any([hmac.compare_digest(expected, one) for one in given]):  # noqa: C419 - no early end
            return
    raise BadSignature("No signature matches.")


def is_id(text: str) -> bool:
    """Whether ``webhook-id`` may be this."""
    return _ID.match(text) is not None


def is_timestamp(text: str) -> bool:
    """Whether ``webhook-timestamp`` may be this: whole seconds."""
    return _TIMESTAMP.match(text) is not None


def read(delivered: Delivered, source_uri: str) -> Mapped:
    """The one event of a delivery.

    Raises:
        MalformedJson, EventInvalid, PersonalField, SourceNotYours: it is none.
    """
    body = read_json(delivered.body)
    if not isinstance(body, Mapping):
        raise EventInvalid("The body is an object.", field="body")
    if "specversion" in body:
        event = read_event(body, source_uri)
    else:
        event = _own_form(body, delivered.headers["webhook-id"])
    return Mapped(event.type, (event,))


@lru_cache(maxsize=_REMEMBERED_KEYS)
def key_of(secret: str) -> bytes:
    """The signing key of a secret; remembered, since every delivery is verified with it.

    Raises:
        SecretInvalid: not ``whsec_`` and base64 of 24 to 64 bytes.
    """
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _bad_secret() from error
    if len(key) not in _SECRET_BYTES or not secret.startswith(SECRET_PREFIX):
        raise _bad_secret()
    return key


def check_secret(secret: str) -> None:
    """As :func:`key_of`, without the key."""
    key_of(secret)


def new_secret(random: str) -> str:
    """A secret from 32 or more random characters, in a form that any profile takes."""
    return SECRET_PREFIX + base64.b64encode(random.encode()).decode()


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The header ``webhook-signature``."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key_of(secret), signed, sha256)).decode()


def _own_form(body: Mapping[str, ExactJson], message_id: str) -> IncomingEvent:
    data = dict(check_data(body.get("data")))
    subject = data.pop("subject", None)
    if subject is not None and not isinstance(subject, str):
        raise EventInvalid("data.subject is an identity as in lms:1042.", field="data.subject")
    return IncomingEvent(
        id=message_id,
        type=required_text(body, "type"),
        subject=subject,
        time=Instant.parse(required_text(body, "timestamp")),
        data=data,
    )


def _bad_secret() -> SecretInvalid:
    return SecretInvalid(
        f"A secret is {SECRET_PREFIX} and base64 of {_SECRET_BYTES[0]} to {_SECRET_BYTES[-1]} "
        "bytes.",
        bytes_min=_SECRET_BYTES[0],
        bytes_max=_SECRET_BYTES[-1],
    )


PROFILE: Final = Profile(
    verify=verify,
    read=read,
    check_secret=check_secret,
    media_types=frozenset({"application/json", "application/cloudevents+json"}),
)
