"""One event before the door: a refusal becomes a fault, is put right, and the door asked again."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple, cast

from api.linting.model import Path
from api.webhooks.cloudevents import read_event
from ledger.events.admission import Gate
from ledger.events.catalogue import TYPES, fields_of, may_assert
from ledger.events.describing import sample_of
from ledger.events.errors import (
    EventInFuture,
    EventTooLate,
    IdentityNotAllowed,
    PersonalField,
    SourceNotYours,
    TypeNotAllowed,
)
from ledger.events.model import (
    ANY,
    RETRACTED,
    AdmittedEvent,
    ExactJson,
    FieldKind,
    Source,
)
from ledger.kernel.canonical import Json
from ledger.kernel.clock import BadInstant, Instant
from ledger.kernel.errors import VkladError

REPAIRS_MAX: Final = 64
_SIMILAR: Final = 0.6
_SAFE_TYPE: Final = "lms.section.read"
_BY_KIND: Final[Mapping[FieldKind, Json]] = {
    FieldKind.KEY: "s7",
    FieldKind.STRING: "text",
    FieldKind.INTEGER: 3,
    FieldKind.DECIMAL: 0.75,
    FieldKind.BOOLEAN: True,
    FieldKind.TIME: "2026-03-02T09:00:00Z",
    FieldKind.VALUE: 2,
    FieldKind.KEYED: "d-5f0c",
    FieldKind.NETWORK: "192.0.2.7",
}

Event = dict[str, ExactJson]


class Found(NamedTuple):
    """A fault of one event: the way to it, what is wrong, and what would be right."""

    path: Path
    wrong: str
    example: str
    is_wrong: bool = True


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom events are put to: a source as it is registered, or anybody (``uri`` absent)."""

    source: Source
    uri: str | None
    gate: Gate
    now: datetime


def check(stated: Event, asked: Asked) -> tuple[list[Found], AdmittedEvent | None]:
    """Every fault of an event, and what the door would keep of it once they are mended.

    At most ``REPAIRS_MAX`` faults are told; what remains shows once those are mended.
    """
    event: Event = {**stated}
    data = event.get("data")
    if isinstance(data, dict):
        event["data"] = {**data}
    found: list[Found] = []
    kept: AdmittedEvent | None = None
    while kept is None and len(found) < REPAIRS_MAX:
        try:
            (kept,) = asked.gate.admit([read_event(event, asked.uri)], asked.now)
        except VkladError as error:
            path = _path_of(error, event, asked)
            found.append(Found(path, error.message, _put_right(event, path, asked)))
    return found, kept


def losses(stated: Event, kept: AdmittedEvent, asked: Asked) -> list[Found]:
    """What the door would take and not keep."""
    authority = asked.source.authority
    fields = fields_of(kept.type, authority)
    if fields is None:
        near = _nearest(kept.type, [*TYPES, *authority.declared])
        wrong = f"Nothing declares {kept.type}: it is stored without its data."
        return [Found(("type",), wrong, "" if near is None else _pair("type", near), False)]
    data = stated.get("data")
    found = []
    for name in data if isinstance(data, Mapping) else ():
        if name not in fields:
            near = _nearest(name, list(fields))
            wrong = f"{kept.type} keeps no {name}, only {', '.join(fields) or 'no field at all'}."
            right = "" if near is None else _pair(near, _value(near, fields[near], asked))
            found.append(Found(("data", name), wrong, right, False))
    return found


def _path_of(error: VkladError, event: Event, asked: Asked) -> Path:
    """Where in the event the door found something wrong."""
    if isinstance(error, PersonalField):
        return _pointed(str(error.operands["pointer"]), event)
    if isinstance(error, BadInstant | EventTooLate | EventInFuture):
        return ("time",)
    if isinstance(error, TypeNotAllowed):
        return ("type",)
    if isinstance(error, SourceNotYours):
        return ("source",)
    if isinstance(error, IdentityNotAllowed):
        return _who_is_of(f"{error.operands['provider']}:", event, asked)
    return tuple(str(error.operands.get("field", "body")).split("."))


def _pointed(pointer: str, event: Event) -> Path:
    """A JSON pointer (RFC 6901) as a path into the event."""
    path: list[str | int] = []
    value: ExactJson = event
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list):
            path.append(int(name))
            value = value[int(name)]
        else:
            path.append(name)
            value = value.get(name) if isinstance(value, Mapping) else None
    return tuple(path)


def _who_is_of(prefix: str, event: Event, asked: Asked) -> Path:
    """The identity of a provider: the subject is looked at last, fields of data before it."""
    data = event.get("data")
    fields = fields_of(str(event["type"]), asked.source.authority) or {}
    for name, value in data.items() if isinstance(data, Mapping) else ():
        is_identity = fields.get(name) is FieldKind.IDENTITY
        if is_identity and isinstance(value, str) and value.startswith(prefix):
            return ("data", name)
    return ("subject",)


def _put_right(event: Event, path: Path, asked: Asked) -> str:
    """Replace what is wrong by something right; how that is written."""
    name = str(path[0])
    if path[:1] == ("data",) and len(path) > 1:
        return _put_data_right(event, path, asked)
    if name == "type":
        right = _allowed_type(event.get("type"), asked)
        event |= {"type": right, "data": {"id": "read-81"} if right == RETRACTED else {}}
        return _pair("type", right)
    attributes: dict[str, Json] = {
        "specversion": "1.0",
        "id": "read-81",
        "source": asked.source.uri,
        "subject": f"{_provider(asked)}:1042",
        "time": Instant.of(asked.now.replace(microsecond=0)).isoformat(),
        "data": {},
    }
    if name in attributes:
        event[name] = cast("ExactJson", attributes[name])
        return _pair(name, attributes[name])
    event.pop(name, None)
    return f"no {name}"


def _put_data_right(event: Event, path: Path, asked: Asked) -> str:
    data = cast("Event", event["data"])
    name = str(path[1])
    kind = (fields_of(str(event["type"]), asked.source.authority) or {}).get(name)
    if len(path) > 2 or kind is None:
        del data[name]  # A personal field: whatever holds it goes, so that others still show.
        return f"no {path[-1]}"
    right = _value(name, kind, asked)
    data[name] = Decimal(str(right)) if isinstance(right, float) else cast("ExactJson", right)
    return _pair(name, right)


def _value(name: str, kind: FieldKind, asked: Asked) -> Json:
    if kind is FieldKind.IDENTITY:
        return f"{_provider(asked)}:77"
    known = {each for fields in TYPES.values() for each, of in fields.items() if of is kind}
    return sample_of(name) if name in known else _BY_KIND[kind]


def _provider(asked: Asked) -> str:
    named = [each for each in asked.source.authority.issuers if each != ANY]
    return named[0] if named else "lms"


def _allowed_type(stated: ExactJson, asked: Asked) -> str:
    """The most similar type that the source may state."""
    authority = asked.source.authority
    exact = [each for each in authority.types if ANY not in each]
    attributes = [f"member.{one}.changed" for one in authority.attributes if one != ANY]
    known = [*exact, *authority.declared, *attributes, _SAFE_TYPE, *TYPES]
    below = [f"{each[:-1]}something" for each in authority.types if each.endswith(".*")]
    allowed = [each for each in known if each != RETRACTED and may_assert(each, authority)]
    return _nearest(str(stated), allowed) or next(iter([*allowed, *below, RETRACTED]))


def _nearest(word: str, known: list[str]) -> str | None:
    return next(iter(difflib.get_close_matches(word, known, 1, _SIMILAR)), None)


def _pair(name: str, value: Json) -> str:
    return f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}"
