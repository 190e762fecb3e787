"""CloudEvents as JSON Lines, read into facts: good lines kept, bad ones and conflicts named.

For scoring a file by itself; events that arrive over HTTP are received in ``ledger.events``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NoReturn

from ledger.kernel.canonical import canonical_json, plain_json
from ledger.kernel.clock import BadInstant, Instant
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.programme.calendar import is_scorable
from ledger.scoring.model import RETRACTED, EventCause, Fact

LINE_BYTES_MAX: Final = 1_048_576
DEPTH_MAX: Final = 32
"""Brackets inside brackets: counted before parsing, which recurses."""
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.?)*"?', re.DOTALL)
# Matches wherever it starts, to the end if the text is not closed: nothing is tried again.
_BRACKET: Final = re.compile(rb"[\[\]{}]")


class BadLine(VkladError):
    """A line that holds no event, or an event that contradicts an earlier line."""

    code = "bad_line"
    kind = ErrorKind.INVALID


@dataclass(frozen=True, slots=True)
class Line:
    """A fact and the line, counted from 1, that stated it first."""

    number: int
    fact: Fact


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file came to; ``faults`` are line numbers with the reason."""

    lines: tuple[Line, ...]
    faults: tuple[tuple[int, str], ...]


def read_lines(raw_lines: Iterable[bytes]) -> Reading:
    """Read events, one a line, in the order received; blank lines are passed over.

    The same event again is dropped; the same (source, id) with other content is a fault, and the
    first received stays.
    """
    first: dict[EventCause, Line] = {}
    faults: list[tuple[int, str]] = []
    for number, raw in enumerate(raw_lines, start=1):
        if not raw.strip():
            continue
        try:
            fact = fact_of_line(raw)
            known = first.setdefault(fact.cause, Line(number, fact))
            if known.number != number:
                _refuse_conflict(fact, known)
        except BadLine as error:
            faults.append((number, error.message))
    return Reading(tuple(first.values()), tuple(faults))


def fact_of_line(raw: bytes) -> Fact:
    """The fact that one line states.

    Raises:
        BadLine: not JSON as I-JSON (RFC 7493) has it, or not an event that can be scored.
    """
    if len(raw) > LINE_BYTES_MAX:
        _refuse(f"the line is longer than {LINE_BYTES_MAX} bytes")
    if _is_too_deep(raw):
        _refuse(f"the JSON is nested more than {DEPTH_MAX} deep")
    try:
        event = json.loads(
            raw.decode("utf-8-sig"),
            object_pairs_hook=_no_repeats,
            parse_float=_exact_number,
            parse_constant=_no_constant,
        )
        if not isinstance(event, dict):
            _refuse("the line is not a JSON object")
        canonical_json(plain_json(event))
    except ValueError as error:
        raise BadLine(f"the line is not JSON that can be scored: {error}") from error
    return _fact(event)


def _fact(event: Mapping[str, Any]) -> Fact:
    if event.get("specversion", "1.0") != "1.0":
        _refuse(f"specversion {event['specversion']!r} is not 1.0")
    source, event_id = _text(event, "source"), _text(event, "id")
    event_type, time = _text(event, "type"), _text(event, "time")
    subject = event.get("subject")
    if subject is not None and (not isinstance(subject, str) or not subject):
        _refuse("subject is not a text")
    content = event.get("data")
    if content is None:
        content = {}
    if not isinstance(content, dict):
        _refuse("data is not an object")
    if event_type == RETRACTED and not isinstance(content.get("id"), str):
        _refuse(f"{RETRACTED} names no event in data.id")
    try:
        moment = Instant.parse(time)
    except BadInstant as error:
        raise BadLine(f"time: {error.message}") from error
    if not is_scorable(moment):
        _refuse(f"time {time} is outside the years 1900 to 8999")
    return Fact(source, event_id, event_type, subject, moment, content)


def _text(event: Mapping[str, Any], name: str) -> str:
    value = event.get(name)
    if not isinstance(value, str) or not value:
        _refuse(f"{name} is missing" if value is None else f"{name} is not a text")
    return value


def _refuse_conflict(fact: Fact, known: Line) -> None:
    if _content(fact) != _content(known.fact):
        _refuse(
            f"({fact.source}, {fact.id}) was stated otherwise in line {known.number}, which stays"
        )


def _content(fact: Fact) -> bytes:
    return canonical_json(
        {
            "type": fact.type,
            "subject": fact.subject,
            "time": fact.time.isoformat(),
            "data": plain_json(fact.data),
        }
    )


def _is_too_deep(raw: bytes) -> bool:
    """Whether brackets nest more than ``DEPTH_MAX`` deep, those inside texts left out."""
    if raw.count(b"{") + raw.count(b"[") <= DEPTH_MAX:
        return False
    depth = deepest = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", raw)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest > DEPTH_MAX


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is stated twice in one object")
    return found


def _exact_number(text: str) -> Decimal:
    if not math.isfinite(float(text)):
        raise ValueError(f"{text[:40]} is too great a number")
    return Decimal(text)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number of JSON")


def _refuse(why: str) -> NoReturn:
    raise BadLine(why)
