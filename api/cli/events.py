"""`vklad events`: look at events before they are sent, and at the types there are."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Final
from uuid import UUID

import typer
import yaml

from api.cli.composed import composed
from api.cli.openapi import DescriptionStale
from api.event_types import whole
from api.linting.linting import lint
from api.linting.model import FAULTS_SHOWN_MAX, EventsUnreadable, Linted
from api.settings import PROJECT_FOLDER
from ledger.events.errors import SourceSpecInvalid
from ledger.events.model import Source
from ledger.events.sources.model import SourceSpec, read_spec
from ledger.events.sources.service import require_source
from ledger.kernel.clock import SystemClock
from ledger.kernel.errors import VkladError

app: Final = typer.Typer(help="Events before they are sent.", no_args_is_help=True)
PATH: Final = PROJECT_FOLDER / "docs" / "event-types.json"
STANDARD_INPUT: Final = "-"
WRONG, UNREADABLE = 1, 2
"""Exit statuses: an event would be refused; the file or what it is checked against is not there."""


@app.callback()
def _group() -> None:
    """Events before they are sent."""


def catalogue_text() -> str:
    """The catalogue as the file keeps it."""
    return json.dumps(whole(), indent=1, ensure_ascii=False) + "\n"


@app.command("types")
def types(*, check: Annotated[bool, typer.Option("--check", help="Compare only.")] = False) -> None:
    """Write docs/event-types.json, or with --check say whether it is current."""
    wanted = catalogue_text()
    if not check:
        PATH.write_text(wanted, encoding="utf-8")
    elif not PATH.exists() or PATH.read_text(encoding="utf-8") != wanted:
        raise DescriptionStale(f"{PATH} is stale: run vklad events types.")


@app.command("lint")
def lint_file(
    file: Annotated[
        str,
        typer.Argument(help="A CloudEvent, a batch of them, or one a line, as JSON; - is input."),
    ],
    *,
    source: Annotated[
        str, typer.Option(help="Check what this source of the installation may assert.")
    ] = "",
    registration: Annotated[
        Path | None,
        typer.Option(help="The same of a registration in a YAML file; needs no installation."),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="What would be lost counts as wrong, too.")
    ] = False,
) -> None:
    """Say what is wrong with events: line, field, and an example that is right.

    Exit status 0: all would be taken; 1: some would be refused; 2: nothing could be checked.
    Without a source only what is wrong for every source is found; then no event is too old.
    """
    try:
        known = _source(source, registration)
        found = lint(_content(file), SystemClock().now(), known)
    except VkladError as error:
        typer.echo(error.message, err=True)
        raise typer.Exit(UNREADABLE) from error
    _tell(file, found)
    if found.wrong or (strict and found.notices):
        raise typer.Exit(WRONG)


def _tell(file: str, found: Linted) -> None:
    for fault in found.faults[:FAULTS_SHOWN_MAX]:
        typer.echo(f"{file}:{fault}", err=True)
    unshown = len(found.faults) - FAULTS_SHOWN_MAX
    if unshown > 0:
        typer.echo(f"{file}: and {unshown} more.", err=True)
    typer.echo(
        f"{file}: {found.form}; events: {found.events}, wrong: {found.wrong}, "
        f"notices: {found.notices}"
    )


def _content(file: str) -> bytes:
    if file == STANDARD_INPUT:
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise EventsUnreadable(f"{file} cannot be read: {error.strerror}.") from error


def _source(name: str, registration: Path | None) -> Source | None:
    """What events are checked against, if anything is named."""
    if name and registration is not None:
        raise SourceSpecInvalid("Name a source or a registration, not both.", field="body")
    if registration is not None:
        return _of_spec(_spec(registration))
    if not name:
        return None
    with composed() as composition, composition.database.read() as work:
        return require_source(work, name)


def _spec(path: Path) -> SourceSpec:
    try:
        return read_spec(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SourceSpecInvalid(f"{path} cannot be read: {error}.", field="body") from error


def _of_spec(spec: SourceSpec) -> Source:
    return Source(
        UUID(int=0),  # Of no installation.
        spec.uri,
        spec.name,
        spec.profile,
        spec.state,
        spec.authority,
        spec.lateness_days,
        spec.hourly_budget,
    )
