"""`vklad programme`: look at programme files before anybody activates them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Final

import typer

from api.cli import programme_change as change
from api.cli.score import read_programme
from ledger.programme.faults import ProgrammeInvalid
from ledger.programme.reference import reference as rendered
from ledger.programme.schema import json_schema

app: Final = typer.Typer(help="Programme files.", no_args_is_help=True)
for _command in (
    change.diff,
    change.preview,
    change.explain,
    change.activate,
    change.consent,
    change.approve,
):
    app.command()(_command)


@app.callback()
def programme() -> None:
    """Programme files."""


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(help="Programmes, YAML files.")],
) -> None:
    """Say everything that is wrong with programme files, or the hash of each."""
    wrong = False
    for path in files:
        try:
            found = read_programme(path, is_new=True)
        except ProgrammeInvalid as error:
            wrong = True
            for fault in error.found:
                typer.echo(f"{path}:{fault}", err=True)
        else:
            typer.echo(f"{path}: {found.name} {found.version} {found.hash_text}")
    if wrong:
        raise typer.Exit(1)


@app.command()
def schema() -> None:
    """Print the JSON Schema of programme files, as in ledger/programme/schema.json."""
    typer.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


@app.command()
def reference() -> None:
    """Print the reference of the language in Markdown, as in docs/programme.md."""
    typer.echo(rendered(), nl=False)
