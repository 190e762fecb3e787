"""`vklad programme diff | preview | explain | activate | consent | approve`.

A file of events is looked at without a database; without one, the installation's own history is.
The commands that change something take two persons, as the pages do.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from api.cli.composed import composed
from api.cli.score import read_events, read_programme
from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import execute
from ledger.preview import explaining
from ledger.preview import service as previews
from ledger.preview.model import document, document_bytes, document_csv, document_digest
from ledger.preview.project import comparison, of_facts
from ledger.preview.store import StoredPreview
from ledger.programme import service as programmes
from ledger.programme.difference import differences
from ledger.programme.faults import ProgrammeInvalid
from ledger.programme.model import Programme
from ledger.scoring.explain import Outcome, why_not
from ledger.scoring.model import FROM_THE_BEGINNING, Activation, ActivationMode, EventCause

Person = Annotated[str, typer.Option("--as", help="The admin who acts: a member id.")]
Since = Annotated[
    datetime | None,
    typer.Option("--from", formats=["%Y-%m-%dT%H:%M:%S%z"], help="E.g. 2026-03-02T00:00:00Z."),
]
Mode = Annotated[ActivationMode, typer.Option(help="What it does to what was earned before.")]
Events = Annotated[
    str | None, typer.Option(help="CloudEvents, one JSON a line; without it, the database.")
]
_SHOWN_MAX: Final = 10
_LONG: Final = 10_000
"""From so many events on somebody waits who should see why."""


def diff(
    one: Annotated[Path, typer.Argument(help="A programme.")],
    other: Annotated[Path, typer.Argument(help="Another version.")],
) -> None:
    """Say what another version says otherwise, field by field; exit status 1 if anything."""
    found = differences(_programme(one), _programme(other))
    for each in found:
        typer.echo(str(each))
    if found:
        raise typer.Exit(1)


def preview(
    programme: Annotated[Path, typer.Argument(help="The proposed version.")],
    *,
    events: Events = None,
    in_force: Annotated[
        Path | None, typer.Option(help="With --events: the version in force so far.")
    ] = None,
    mode: Mode = ActivationMode.RESTATEMENT,
    since: Since = None,
    person: Annotated[str | None, typer.Option("--as", help="Without --events: an admin.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The whole document.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="A line for each member.")] = False,
) -> None:
    """Say what a version would do to every member, over the whole history."""
    proposed = _programme(programme)
    if events is not None:
        activation = Activation(proposed, _since(since), mode)
        before = [] if in_force is None else [Activation(_programme(in_force))]
        asked = comparison(before, activation)
        facts = read_events(events)
        tell = _tell_of_file(len(facts))
        content = document_bytes(document(asked.question, of_facts(asked, facts, tell)))
    else:
        content = _of_database(programme, mode, since, person)
    if as_json:
        typer.echo(content)
    elif as_csv:
        typer.echo(document_csv(json.loads(content)), nl=False)
    else:
        _say(json.loads(content))
    typer.echo(f"digest {document_digest(content).hex()}", err=True)


def explain(
    event: Annotated[str, typer.Argument(help="An event's id, or SOURCE ID with a slash between.")],
    member: Annotated[str, typer.Argument(help="Whom it could have paid.")],
    *,
    events: Events = None,
    programme: Annotated[Path | None, typer.Option(help="With --events: the programme.")] = None,
) -> None:
    """Say why an event earned a member what it did, and why not more."""
    if events is None:
        with composed() as composition, composition.database.read() as work:
            outcomes = explaining.explain_event(
                work, parse_id("evt", event), parse_id("mem", member)
            )
    elif programme is None:
        raise typer.BadParameter("With --events say which --programme.")
    else:
        facts = read_events(events)
        known = [each.cause for each in facts if event in {each.id, f"{each.source}/{each.id}"}]
        cause = known[0] if known else EventCause("", event)
        activations = [Activation(_programme(programme))]
        outcomes = why_not(cause, member, facts, activations, closed_until=None)
    for outcome in outcomes:
        typer.echo(_outcome(outcome))


def activate(
    programme: Annotated[Path, typer.Argument(help="The version, a YAML file.")],
    person: Person,
    *,
    mode: Mode = ActivationMode.FORWARD,
    since: Since = None,
) -> None:
    """Store a version and ask that it come into force; another admin approves."""
    with composed() as composition:
        member = parse_id("mem", person)
        text = programme.read_text("utf-8")
        command = programmes.StoreProgramme(text, person)
        stored = execute(composition.database, programmes.store_programme, command)
        moment = composition.database.clock.now() if since is None else since
        asked = programmes.ProposeActivation(stored.programme_hash, moment, member, mode.value)
        change = execute(composition.database, programmes.propose_activation, asked)
    change_id = format_id(programmes.CHANGE_PREFIX, change.change_id)
    typer.echo(f"{change_id}  {stored.name} {stored.version}  {mode}  from {moment.isoformat()}")
    typer.echo(f"Another admin: vklad programme approve {change_id} {change.content_hash.hex()}")


def consent(
    change: Annotated[str, typer.Argument(help="The proposed activation, pch_….")],
    digest: Annotated[str, typer.Argument(help="The digest of the preview you have seen.")],
    person: Person,
) -> None:
    """Agree that a version reaches back, having seen its preview."""
    command = previews.ConsentToChange(
        parse_id(programmes.CHANGE_PREFIX, change), bytes.fromhex(digest), parse_id("mem", person)
    )
    with composed() as composition:
        execute(composition.database, previews.consent, command)
    typer.echo("Agreed.")


def approve(
    change: Annotated[str, typer.Argument(help="The proposed activation, pch_….")],
    content: Annotated[str, typer.Argument(help="The hash of what you approve.")],
    person: Person,
) -> None:
    """Approve an activation that another admin proposed; it takes effect."""
    command = programmes.DecideActivation(
        parse_id(programmes.CHANGE_PREFIX, change),
        "approved",
        bytes.fromhex(content),
        parse_id("mem", person),
    )
    with composed() as composition:
        execute(composition.database, programmes.decide_activation, command)
    typer.echo("Approved.")


def _of_database(
    path: Path, mode: ActivationMode, since: datetime | None, person: str | None
) -> bytes:
    """Ask for a preview and work it out here and now, telling how far it is."""
    if person is None:
        raise typer.BadParameter("Without --events say who asks: --as mem_….")
    with composed() as composition:
        database = composition.database
        text = path.read_text("utf-8")
        command = programmes.StoreProgramme(text, person)
        stored = execute(database, programmes.store_programme, command)
        member = parse_id("mem", person)
        asked = previews.AskPreview(stored.programme_hash, mode.value, since, member)
        waiting = execute(database, previews.ask, asked)
        preview_id, in_all = waiting.preview_id, waiting.members_in_all
        previews.work_out(database, preview_id, lambda done: _tell(done, in_all))
        with database.read() as work:
            return _result(previews.require_preview(work, preview_id))


def _tell(done: int, in_all: int) -> None:
    """How far it is, on a line of its own that a document written to a file does not have."""
    typer.echo(f"{done} of {in_all} members worked out", err=True)


def _tell_of_file(events: int) -> Callable[[int], None] | None:
    """For a long file: that it is read, and how many of the two projections are done."""
    if events < _LONG:
        return None
    typer.echo(f"{events} events read; working them out under both versions", err=True)
    return lambda done: typer.echo(f"{done} of 2 projections done", err=True)


def _result(found: StoredPreview) -> bytes:
    if found.result is None:
        typer.echo(found.failure or "The preview was worked out elsewhere; ask again.", err=True)
        raise typer.Exit(1)
    return found.result


def _programme(path: Path) -> Programme:
    try:
        return read_programme(path)
    except ProgrammeInvalid as error:
        for fault in error.found:
            typer.echo(f"{path}:{fault}", err=True)
        raise typer.Exit(1) from error


def _since(moment: datetime | None) -> Instant:
    return FROM_THE_BEGINNING if moment is None else Instant.of(moment)


def _say(preview: dict[str, Json]) -> None:
    totals, rows = preview["totals"], preview["members"]
    assert isinstance(totals, dict), "a document has totals"
    assert isinstance(rows, list), "a document has members"
    typer.echo(
        f"{totals['members']} members: {totals['before']} becomes {totals['after']} "
        f"({totals['difference']:+d}); {totals['gain']} gain, {totals['lose']} lose"
    )
    typer.echo(f"Gini {totals['gini_before']} becomes {totals['gini_after']}")
    _say_liability(totals)
    crossing = preview["cross_a_level"]
    assert isinstance(crossing, list), "a document says who crosses a level"
    typer.echo(f"{len(crossing)} cross a level")
    movers = preview["top_movers"]
    assert isinstance(movers, list), "a document has movers"
    by_member = {row["member"]: row for row in rows}
    for member in movers[:_SHOWN_MAX]:
        row = by_member[member]
        typer.echo(
            f"{member}: {row['before']} becomes {row['after']} ({row['difference']:+d}), "
            f"most by {row['reason']} ({row['reason_difference']})"
            + ("" if row["level_before"] == row["level_after"] else _levels(row))
        )


def _levels(row: dict[str, Any]) -> str:
    return f", level {row['level_before'] or 'none'} becomes {row['level_after'] or 'none'}"


def _say_liability(totals: dict[str, Any]) -> None:
    basis = totals["liability_basis"]
    if basis == "outstanding":
        typer.echo(
            f"outstanding points {totals['outstanding_before']} become "
            f"{totals['outstanding_after']}"
        )
    for when in ("before", "after"):
        for currency, minor in totals[f"liability_{when}"].items():
            typer.echo(
                f"liability {when}: {minor} minor units of {currency} "
                f"({basis} points at the stated rate, rounded {totals['liability_rounding']})"
            )


def _outcome(outcome: Outcome) -> str:
    said = outcome.to_json()
    receipt = said.pop("receipt", None)
    words = ", ".join(f"{name} {value}" for name, value in said.items() if value is not None)
    if isinstance(receipt, dict):
        words += f"\n  {json.dumps(receipt, ensure_ascii=False)}"
    return words
