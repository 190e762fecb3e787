"""`vklad score`: what a file of events is worth under a programme, without a database.

Reads files, prints, decides nothing: reading lines is ``ledger.scoring.lines``, points are
``ledger.scoring.project``. The clock is never read.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.errors import VkladError
from ledger.kernel.units import sum_points
from ledger.programme.faults import ProgrammeInvalid
from ledger.programme.load import load_programme
from ledger.programme.model import Programme
from ledger.scoring.history import identity_at, settle
from ledger.scoring.lines import Reading, read_lines
from ledger.scoring.model import Activation, Entitlement, EventCause, Fact
from ledger.scoring.plan import Plan
from ledger.scoring.project import project, quarantined
from ledger.standing.model import level, merit_of, standing, voice

_STDIN: Final = "-"


def score(
    *,
    programme: Annotated[Path, typer.Option(help="The programme, a YAML file.")],
    events: Annotated[
        str, typer.Option(help="CloudEvents, one JSON a line; - for standard input.")
    ],
    until: Annotated[
        str | None,
        typer.Option(help="Score as of this moment, e.g. 2026-03-02T00:00:00Z (exclusive)."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="JSON Lines, one a member, every award with its receipt.")
    ] = False,
    with_standing: Annotated[
        bool, typer.Option("--standing", help="Standing, level and voice too, at that moment.")
    ] = False,
) -> None:
    """Score a file of events under a programme, without a database."""
    try:
        version = read_programme(programme)
        plan = Plan([Activation(version)])
        moment = None if until is None else Instant.parse(until)
    except ProgrammeInvalid as error:
        for fault in error.found:
            typer.echo(f"{programme}:{fault}", err=True)
        raise typer.Exit(1) from error
    except VkladError as error:
        typer.echo(error.message, err=True)
        raise typer.Exit(1) from error
    reading = _read(events)
    faults = list(reading.faults)
    facts = [line.fact for line in reading.lines]
    counted = settle(facts, moment)
    numbers = {line.fact.cause: line.number for line in reading.lines}
    faults += [
        (numbers[each.cause], f"rule {each.rule}: {each.reason}")
        for each in quarantined(counted, plan)
    ]
    entitlements = project(counted, plan, closed_until=moment)
    members = _members(facts, counted, plan)
    at = (moment or _last(facts)) if with_standing else None
    for row in _rows(members, entitlements, version, at):
        # Bytes, so that a terminal's encoding cannot stop a name from being written.
        typer.echo((json.dumps(row, ensure_ascii=False) if as_json else _plain(row)).encode())
    for number, reason in sorted(faults):
        typer.echo(f"{events}:{number}: {reason}", err=True)
    if faults:
        raise typer.Exit(1)


def read_programme(path: Path, *, is_new: bool = False) -> Programme:
    """The programme in a file; an unreadable file is a sentence and exit status 1.

    ``is_new``: as where it is to be kept; a version kept before is scored as it is.

    Raises:
        ProgrammeInvalid: with every fault.
    """
    try:
        return load_programme(path.read_text("utf-8"), is_new=is_new)
    except (OSError, UnicodeDecodeError) as error:
        typer.echo(f"{path} cannot be read: {error}", err=True)
        raise typer.Exit(1) from error


def _read(events: str) -> Reading:
    if events == _STDIN:
        return read_lines(sys.stdin.buffer)
    try:
        with Path(events).open("rb") as file:
            return read_lines(file)
    except OSError as error:
        typer.echo(f"{events} cannot be read: {error}", err=True)
        raise typer.Exit(1) from error


def read_events(events: str) -> list[Fact]:
    """The facts of a file; bad lines are named on standard error and end the command."""
    reading = _read(events)
    for number, reason in reading.faults:
        typer.echo(f"{events}:{number}: {reason}", err=True)
    if reading.faults:
        raise typer.Exit(1)
    return [line.fact for line in reading.lines]


def _members(facts: Iterable[Fact], counted: Iterable[Fact], plan: Plan) -> list[str]:
    """Every identity seen as a subject, or that a rule could have paid."""
    seen = {fact.subject for fact in facts if fact.subject is not None}
    for fact in counted:
        version = plan.version_for(fact, plan.day_of(fact.time))
        for planned in () if version is None else version.rules_by_type.get(fact.type, ()):
            if planned.to is not None and (owner := identity_at(fact, planned.to)) is not None:
                seen.add(owner)
    return sorted(seen)


def _last(facts: Sequence[Fact]) -> Instant | None:
    """The time of the last event: without a clock, the latest that is known."""
    return max((fact.time for fact in facts), default=None)


def _rows(
    members: Sequence[str],
    entitlements: Sequence[Entitlement],
    programme: Programme,
    at: Instant | None,
) -> list[dict[str, Json]]:
    """A row a member; ``at`` is the moment of standing and voice, ``None`` for neither."""
    own: dict[str, list[Entitlement]] = {member: [] for member in members}
    for entitlement in entitlements:
        own[entitlement.beneficiary].append(entitlement)
    return [
        {
            "member": member,
            "points": sum_points(each.points for each in awards).amount,
            "excess": sum_points(each.excess for each in awards).amount,
            **({} if at is None else _merits(programme, awards, at)),
            "awards": [_award(each) for each in awards],
        }
        for member, awards in own.items()
    ]


def _merits(programme: Programme, awards: Sequence[Entitlement], at: Instant) -> dict[str, Json]:
    """What awards come to beside points, by the formulas that the programme states."""
    merits = [merit_of(each) for each in awards]
    stood = standing(merits, programme.standing)
    reached = level(stood.points, programme.levels)
    spoken = voice(merits, programme.voice, programme.zone, at)
    return {
        "standing": stood.points.amount,
        "level": None if reached.level is None else reached.level.level_id,
        "missing": None if reached.following is None else reached.missing.amount,
        "voice": spoken.points.amount,
    }


def _award(entitlement: Entitlement) -> dict[str, Json]:
    cause = entitlement.cause
    named: dict[str, Json] = (
        {"event": cause.id} if isinstance(cause, EventCause) else {"period": cause.period}
    )
    return {
        "rule": entitlement.rule,
        **named,
        "points": entitlement.points.amount,
        "excess": entitlement.excess.amount,
        "receipt": entitlement.receipt.to_json(),
    }


def _plain(row: dict[str, Json]) -> str:
    over = f" (and {row['excess']} above the cap)" if row["excess"] else ""
    said = f"{row['member']}: {row['points']}{over}"
    if "standing" not in row:
        return said
    reached = f", level {row['level']}" if row["level"] else ""
    return f"{said}, standing {row['standing']}{reached}, voice {row['voice']}"


if __name__ == "__main__":
    typer.run(score)
