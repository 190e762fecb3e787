"""CloudEvents 1.0 in JSON: one event, a batch, or HTTP headers and data.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md

``time`` and ``source`` are optional there and are not here: an event without a time cannot be put
in order, and ``source`` must be the credential's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote_to_bytes

from api.webhooks.exact_json import read_json
from ledger.events.admission import check_data
from ledger.events.errors import BatchTooLarge, EventInvalid, PersonalField, SourceNotYours
from ledger.events.model import BATCH_EVENTS_MAX, ExactJson, IncomingEvent
from ledger.events.personal import is_personal
from ledger.kernel.clock import Instant
from ledger.kernel.errors import VkladError

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
_PLAIN_ATTRIBUTES: Final = frozenset(
    {"specversion", "id", "source", "type", "subject", "time", "data"}
)
_JSON_TYPE: Final = re.compile(r"(application/json|[a-z]+/[a-z0-9.+-]+\+json)(;.*)?\Z", re.ASCII)


def read_event(value: ExactJson, source_uri: str | None) -> IncomingEvent:
    """An event in structured form. ``source_uri`` absent: any source (the caller looks at it).

    Raises:
        EventInvalid, BadInstant: an attribute is missing or cannot be.
        PersonalField: an extension attribute says who somebody is.
        SourceNotYours: another source than the credential's.
    """
    if not isinstance(value, dict):
        raise EventInvalid("An event is an object.", field="body")
    if value.get("specversion") != "1.0":
        raise EventInvalid("specversion is 1.0.", field="specversion")
    if not value.keys() <= _PLAIN_ATTRIBUTES:
        _check_others(value)
    source = required_text(value, "source")
    if source_uri is not None and source != source_uri:
        raise SourceNotYours(
            f"This credential is of the source {source_uri}. Name that, and no other.",
            source=source_uri,
        )
    subject = value.get("subject")
    if subject is not None and not isinstance(subject, str):
        raise EventInvalid("subject is text.", field="subject")
    return IncomingEvent(
        required_text(value, "id"),
        required_text(value, "type"),
        subject,
        Instant.parse(required_text(value, "time")),
        check_data(value.get("data")),
    )


def read_batch(value: ExactJson, source_uri: str) -> list[IncomingEvent]:
    """The events of a batch, which may be empty.

    Raises:
        BatchTooLarge: more than ``BATCH_EVENTS_MAX``.
        VkladError: as :func:`read_event`, with the event's ``index``.
    """
    if not isinstance(value, list):
        raise EventInvalid("A batch is a list of events.", field="body")
    if len(value) > BATCH_EVENTS_MAX:
        raise BatchTooLarge(
            f"A batch has {BATCH_EVENTS_MAX} events at most, not {len(value)}.",
            limit_name="batch_events_max",
            limit_events=BATCH_EVENTS_MAX,
        )
    events = []
    for index, item in enumerate(value):
        try:
            events.append(read_event(item, source_uri))
        except VkladError as error:
            error.operands["index"] = index
            raise
    return events


def read_binary(headers: Mapping[str, str], body: bytes, source_uri: str) -> IncomingEvent:
    """An event whose attributes are ``ce-`` headers and whose body is its data.

    Raises:
        MalformedJson: the data is not JSON.
        VkladError: as :func:`read_event`.
    """
    attributes: dict[str, ExactJson] = {
        name.removeprefix("ce-"): _header_text(name, value)
        for name, value in headers.items()
        if name.startswith("ce-")
    }
    if "data" in attributes or "datacontenttype" in attributes:
        raise EventInvalid("Data and its content type are the body's.", field="ce-data")
    data = read_json(body) if body else None
    return read_event({**attributes, "data": data}, source_uri)


def required_text(value: Mapping[str, ExactJson], name: str) -> str:
    """An attribute that every event has.

    Raises:
        EventInvalid: it is missing, empty or no text.
    """
    found = value.get(name)
    if not isinstance(found, str) or not found:
        raise EventInvalid(f"{name} is missing or no text.", field=name)
    return found


def _check_others(value: Mapping[str, ExactJson]) -> None:
    """Attributes beyond those that every event has."""
    if "data_base64" in value:
        raise EventInvalid("data is JSON, not data_base64.", field="data_base64")
    content_type = value.get("datacontenttype", "application/json")
    if not isinstance(content_type, str) or not _JSON_TYPE.match(content_type.lower()):
        raise EventInvalid("datacontenttype is application/json.", field="datacontenttype")
    for name in value:
        if is_personal(name):
            raise PersonalField(
                f"The attribute {name} says who somebody is. Leave it out.", pointer=f"/{name}"
            )


def _header_text(name: str, value: str) -> str:
    """A header's value, percent-decoded once (HTTP binding, 3.1.3.2)."""
    try:
        return unquote_to_bytes(value.encode("latin-1")).decode("utf-8")
    except UnicodeDecodeError as error:
        raise EventInvalid(f"{name} is not UTF-8.", field=name) from error
