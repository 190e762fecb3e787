"""A file of events: a CloudEvent, a batch, or one event a line; and all that is wrong with them.

bytes ─▶ which form ─▶ values with their lines ─▶ each put to the door ─▶ repeated ids
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from api.http.problems import MalformedJson
from api.linting.model import FILE_BYTES_MAX, EventsUnreadable, Fault, Linted, Path, field_text
from api.linting.places import Places
from api.linting.repairs import Asked, Event, Found, check, losses
from api.webhooks.exact_json import read_json
from ledger.events.admission import Gate
from ledger.events.errors import EventInvalid
from ledger.events.model import (
    ANY,
    BATCH_EVENTS_MAX,
    AdmittedEvent,
    Authority,
    ExactJson,
    Source,
)

SINGLE: Final = "one CloudEvent"
BATCH: Final = "a batch"
LINES: Final = "one event a line"
_OWN_FORM: Final[Mapping[Path, Path]] = {
    ("subject",): ("data", "subject"),
    ("time",): ("timestamp",),
}
"""How a webhook's own form (``{type, timestamp, data}``) names what a CloudEvent names."""
_AN_EVENT: Final = '{"specversion": "1.0", "id": "read-81", …}'
ANYBODY: Final = Source(
    UUID(int=0),
    "https://lms.example",
    "anybody",
    "standard_webhooks",
    "active",
    Authority(types=(ANY,), issuers={ANY: "anybody"}, attributes=(ANY,)),
)
"""A source that may state everything, at any time: what is left is wrong for every source."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A value of the file that should be an event; ``path`` is where in its text it stands."""

    value: ExactJson
    places: Places
    path: Path


@dataclass(frozen=True, slots=True)
class _NotJson:
    """A line, or the whole file, that is not JSON."""

    line: int
    wrong: str


def lint(raw: bytes, now: datetime, source: Source | None = None) -> Linted:
    """All that is wrong with the events of a file, for one source or for any.

    Raises:
        EventsUnreadable: too big, or nothing in it.
    """
    if len(raw) > FILE_BYTES_MAX:
        raise EventsUnreadable(f"A file has {FILE_BYTES_MAX} bytes at most.")
    if not raw.strip():
        raise EventsUnreadable("There is nothing in the file.")
    named = ANYBODY if source is None else source
    gate = Gate(named, any_age=source is None)
    asked = Asked(named, None if source is None else source.uri, gate, now)
    form, found = _form_of(raw)
    faults: list[Fault] = []
    known: dict[tuple[str, str], AdmittedEvent] = {}
    count = 0
    for count, each in enumerate(found, 1):
        faults += _faults_of(count, each, asked, known)
    if form == BATCH and count > BATCH_EVENTS_MAX:
        wrong = f"A batch has {BATCH_EVENTS_MAX} events at most, not {count}."
        faults.append(Fault(1, count, "the batch", wrong, "several batches"))
    return Linted(form, count, faults)


def _form_of(raw: bytes) -> tuple[str, Iterator[_Read | _NotJson]]:
    start = raw.lstrip()[:1]
    lines = [line for line in raw.splitlines() if line.strip()]
    if start == b"[":
        return BATCH, _batch(raw)
    if len(lines) == 1 or not all(line.lstrip().startswith(b"{") for line in lines):
        return SINGLE, iter([_read(raw, 1)])
    return LINES, _lines(raw)


def _batch(raw: bytes) -> Iterator[_Read | _NotJson]:
    read = _read(raw, 1)
    if isinstance(read, _NotJson) or not isinstance(read.value, list):
        yield read
        return
    for place, value in enumerate(read.value):
        yield _Read(value, read.places, (place,))


def _lines(raw: bytes) -> Iterator[_Read | _NotJson]:
    for number, line in enumerate(raw.split(b"\n"), 1):
        if line.strip():
            yield _read(line, number)


def _read(raw: bytes, line: int) -> _Read | _NotJson:
    try:
        value = read_json(raw)
    except MalformedJson as error:
        before = raw[: int(str(error.operands["position"]))]
        column = len(before) - before.rfind(b"\n")
        wrong = f"It stops being JSON at character {column}."
        return _NotJson(line + before.count(b"\n"), wrong)
    except EventInvalid as error:
        return _NotJson(line, error.message)
    return _Read(value, Places(raw.decode("utf-8"), line), ())


def _faults_of(
    number: int,
    read: _Read | _NotJson,
    asked: Asked,
    known: dict[tuple[str, str], AdmittedEvent],
) -> list[Fault]:
    if isinstance(read, _NotJson):
        return [Fault(read.line, number, "the event", read.wrong, _AN_EVENT)]
    line = read.places.line_of(read.path)
    if not isinstance(read.value, dict):
        return [Fault(line, number, "the event", "An event is an object.", _AN_EVENT)]
    if "actor" in read.value and "specversion" not in read.value:
        wrong = "This is an xAPI statement, which vklad import takes and judges."
        return [Fault(line, number, "actor", wrong, _AN_EVENT)]
    own = "specversion" not in read.value and "timestamp" in read.value
    event = _of_own_form(read.value, asked) if own else dict(read.value)
    found, kept = check(event, asked)
    refused = {one.path for one in found}
    if kept is not None and kept.type == event["type"]:
        found += [one for one in losses(event, kept, asked) if one.path not in refused]
    if kept is not None and not refused and not own:
        found += _repeated(kept, event, known)
    depth = len(read.path)
    twice = [path[depth:] for path in read.places.twice if path[:depth] == read.path]
    found += [Found(path, "It is stated twice; the last one counts.", "", False) for path in twice]
    faults = [_fault(number, read, one, own=own) for one in found]
    return sorted(faults, key=lambda fault: fault.line)


def _fault(number: int, read: _Read, one: Found, *, own: bool) -> Fault:
    path, example = one.path, one.example
    if own and path in _OWN_FORM:
        path = _OWN_FORM[path]
        example = example.replace(f'"{one.path[0]}"', f'"{path[-1]}"', 1)
    line = read.places.line_of((*read.path, *path))
    return Fault(line, number, field_text(path), one.wrong, example, one.is_wrong)


def _of_own_form(value: Mapping[str, ExactJson], asked: Asked) -> Event:
    """A webhook's own form as a CloudEvent; its id is the header's, so none is looked for."""
    data = value.get("data")
    event: Event = {
        "specversion": "1.0",
        "id": "webhook-id",
        "source": asked.source.uri,
        "type": value.get("type"),
        "time": value.get("timestamp"),
        "data": data,
    }
    if isinstance(data, dict):
        event["data"] = {name: each for name, each in data.items() if name != "subject"}
        if "subject" in data:
            event["subject"] = data["subject"]
    return event


def _repeated(
    kept: AdmittedEvent, event: Event, known: dict[tuple[str, str], AdmittedEvent]
) -> list[Found]:
    first = known.setdefault((str(event["source"]), kept.id), kept)
    if first is kept:
        return []
    if first.says_the_same(kept):
        return [Found(("id",), "The same event came before; it counts once.", "", False)]
    wrong = "Another event before has this id and says something else."
    return [Found(("id",), wrong, f'"id": "{kept.id}-2"')]
