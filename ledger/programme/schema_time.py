"""The shape of ``time``, and what it must be to the rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Protocol

from pydantic import BeforeValidator, Field, WithJsonSchema

from ledger.kernel.canonical import Json
from ledger.programme.expressions import Expression
from ledger.programme.fields import EventType, Section, as_list
from ledger.programme.model import ACTOR
from ledger.programme.model_time import COUNTED, TimeTerms
from ledger.programme.source import Path

DAY_MINUTES: int = 24 * 60


class TimeFile(Section):
    """Minutes that somebody spent: which are plausible, and each of them once."""

    on: Annotated[
        list[EventType],
        BeforeValidator(as_list),
        Field(min_length=1, max_length=50),
        WithJsonSchema(
            {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
        ),
    ] = Field(
        description="Types of events that state `data.started` (a time) and `data.minutes`. What "
        "counts of them is `data.counted` for conditions and expressions.",
        examples=["lms.time.invested"],
    )
    session_max: Annotated[int, Field(strict=True, ge=1, le=DAY_MINUTES)] = Field(
        description="At most so many minutes of one event, its first ones.", examples=[180]
    )
    day_max: Annotated[int, Field(strict=True, ge=1, le=DAY_MINUTES)] = Field(
        description="At most so many minutes of one local day, in order of events.", examples=[480]
    )


class _Rule(Protocol):
    @property
    def on(self) -> list[str]: ...
    @property
    def to(self) -> str: ...
    @property
    def points(self) -> object: ...


def check_time(file: TimeFile | None, rules: Sequence[_Rule]) -> Iterator[tuple[Path, str, str]]:
    """Counted minutes are the actor's own, and only of measured types."""
    field = f"data.{COUNTED}"
    types = set() if file is None else set(file.on)
    for index, rule in enumerate(rules):
        points = rule.points
        if not isinstance(points, Expression) or field not in points.fields:
            continue
        path: Path = ("rules", index)
        if types.intersection(rule.on) and rule.to != ACTOR:
            yield (*path, "to"), "counted minutes are the actor's own", "to: actor"
    if file is not None and len(set(file.on)) < len(file.on):
        yield ("time", "on"), "a type is stated twice", "on: lms.time.invested"


def time_terms(file: TimeFile | None) -> TimeTerms | None:
    """The section as frozen values."""
    if file is None:
        return None
    return TimeTerms(tuple(sorted(file.on)), file.session_max, file.day_max)


def time_form(terms: TimeTerms | None) -> dict[str, Json]:
    """The canonical form; nothing where a file does not state the section."""
    if terms is None:
        return {}
    return {
        "time": {
            "on": list(terms.types),
            "session_max": terms.session_max,
            "day_max": terms.day_max,
        }
    }
