"""What the tests of scoring share: events in short, and one call for either scorer."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ledger.kernel.clock import Instant
from ledger.programme.load import load_programme
from ledger.scoring.history import settle
from ledger.scoring.lines import fact_of_line
from ledger.scoring.model import (
    FROM_THE_BEGINNING,
    Activation,
    ActivationMode,
    Entitlement,
    EventCause,
    Fact,
)
from ledger.scoring.project import project
from tests.naive_scorer import (
    FOREVER_AGO,
    Awards,
    Version,
    naive_score,
    read_programme,
    seconds,
)

_EXAMPLES = Path(__file__).parent.parent / "examples" / "programmes"
WEEKLY = (_EXAMPLES / "weekly.yaml").read_text("utf-8")
DAILY = (_EXAMPLES / "daily.yaml").read_text("utf-8")

Event = dict[str, Any]
Versions = list[tuple[str, str | None] | tuple[str, str | None, str]]
"""Programme texts, each with the time from which it is in force (None: always), maybe the mode."""


def event(
    event_type: str,
    subject: str | None,
    time: str,
    data: dict[str, Any] | None = None,
    *,
    id: str | None = None,  # noqa: A002 - the event's own word
    source: str = "lms",
) -> Event:
    """One event; without an id it gets one that says what it is."""
    return {
        "specversion": "1.0",
        "source": source,
        "id": id or f"{event_type}/{subject}/{time}/{json.dumps(data, sort_keys=True)}",
        "type": event_type,
        "subject": subject,
        "time": time,
        "data": data or {},
    }


def several(count: int, event_type: str, subject: str, day: str, **data: Any) -> list[Event]:
    """That many alike, a minute apart from 10:00 UTC on."""
    return [
        event(event_type, subject, f"{day}T10:{minute:02d}:00Z", data) for minute in range(count)
    ]


def level(subject: str, time: str, value: Any, **more: Any) -> Event:
    """A stated qualification."""
    return event("member.qualification.changed", subject, time, {"level": value}, **more)


def retraction(target: Event, time: str = "2026-12-31T00:00:00Z", **more: Any) -> Event:
    """Takes ``target`` back."""
    more.setdefault("source", target["source"])
    return event("activity.retracted", None, time, {"id": target["id"]}, **more)


def facts_of(events: Iterable[Event]) -> list[Fact]:
    """Events as facts, read as a file of them is."""
    return [fact_of_line(json.dumps(each).encode()) for each in events]


def activations_of(versions: Versions) -> list[Activation]:
    """Programme texts as activations."""
    return [
        Activation(
            load_programme(text),
            FROM_THE_BEGINNING if since is None else Instant.parse(since),
            *map(ActivationMode, mode),
        )
        for text, since, *mode in versions
    ]


def awards_of(entitlements: Iterable[Entitlement]) -> Awards:
    """Entitlements in the naive scorer's form."""
    found: Awards = {}
    for each in entitlements:
        cause = each.cause
        name = (cause.source, cause.id) if isinstance(cause, EventCause) else cause.period
        key = each.beneficiary, each.rule, name
        assert key not in found, f"entitled twice: {key}"
        found[key] = each.points.amount, each.excess.amount
    return found


def score(
    scorer: str,
    programme: str | Versions,
    events: Iterable[Event],
    *,
    until: str | None = None,
    resolve: dict[str, str] | None = None,
    closed_until: str | None = None,
) -> Awards:
    """What ``events`` are worth, by the "naive" or the "real" scorer."""
    versions: Versions = [(programme, None)] if isinstance(programme, str) else programme
    received = list(events)
    if scorer == "naive":
        naive = [
            Version(read_programme(text), FOREVER_AGO if since is None else seconds(since), *mode)
            for text, since, *mode in versions
        ]
        return naive_score(naive, received, until=until, resolve=resolve, closed_until=closed_until)
    facts = facts_of(received)
    moment = None if until is None else Instant.parse(until)
    closed = moment if closed_until is None else Instant.parse(closed_until)
    entitlements = project(
        settle(facts, moment), activations_of(versions), closed_until=closed, resolve=resolve
    )
    return awards_of(entitlements)


def totals(awards: Awards) -> dict[str, tuple[int, int]]:
    """Member → (points, excess)."""
    found: dict[str, tuple[int, int]] = {}
    for (member, _, _), (points, excess) in awards.items():
        so_far = found.get(member, (0, 0))
        found[member] = so_far[0] + points, so_far[1] + excess
    return found
