"""`vklad polls`: signal polls on this installation, and the files that a recount takes."""

from __future__ import annotations

import json
from typing import Any, Final

import typer

from api import polling
from api.cli.composed import composed
from governance.polls import service, store
from governance.polls.model import PREFIX
from ledger.kernel.ids import parse_id

app: Final = typer.Typer(help="Signal polls and their files.", no_args_is_help=True)

LISTED_MAX: Final = 100


@app.command(name="list")
def list_polls() -> None:
    """Print the newest polls: id, state, ballots, title."""
    with composed() as composition, composition.database.read() as work:
        for poll in store.page(work, None, LISTED_MAX):
            shown = polling.poll_json(poll, work)
            title = poll.definition.title
            typer.echo(f"{shown['id']}  {shown['state']:<9}  {shown['ballots']:>6}  {title}")


@app.command()
def opening(poll: str) -> None:
    """Print the announcement of a POLL, signed: keep it, and recount against it."""
    with composed() as composition, composition.database.read() as work:
        _print(polling.opening_file(composition, work, parse_id(PREFIX, poll)))


@app.command()
def export(poll: str) -> None:
    """Print the export of a counted POLL, to be checked by `vklad governance verify`."""
    with composed() as composition, composition.database.read() as work:
        _print(polling.export_file(composition, work, parse_id(PREFIX, poll)))


@app.command()
def count() -> None:
    """Count the polls whose voting is over, which a running installation does by itself."""
    with composed() as composition:
        counted = service.count_due(composition.database)
    typer.echo(f"{counted} counted.")


def _print(document: Any) -> None:
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
