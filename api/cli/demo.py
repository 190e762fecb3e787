"""`vklad demo`: fill a fresh installation with the demo community, through the public doors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from api.demo.filling import PROGRAMME, fill, welcome
from api.demo.sandbox import open_sandbox
from api.settings import load_settings

app: Final = typer.Typer(help="The demo community.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """The demo community."""


@app.command(name="load")
def load_community(
    programme: Annotated[Path, typer.Option(help="The rules to put in force.")] = PROGRAMME,
) -> None:
    """Sign everybody in, link their accounts, deliver weeks of activity, activate the rules."""
    settings = load_settings()
    undone = fill(settings, lambda stage: typer.echo(f"  {stage} …"), programme)
    if undone is not None:
        typer.echo(undone, err=True)
        raise typer.Exit(1)
    typer.echo("The demo community is there.")
    typer.echo(welcome(settings))


@app.command(name="key")
def sandbox_key() -> None:
    """Make a source to try with, and print its secret and key as variables of a shell."""
    typer.echo(open_sandbox(load_settings()).as_shell())
