"""`vklad demo`: fill a fresh installation with the demo community, through the public doors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from api.demo.filling import PROGRAMME, fill, welcome
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
    if fill(settings, lambda stage: typer.echo(f"  {stage} …"), programme):
        typer.echo("The demo community is loaded.")
    else:
        typer.echo("The demo community is there already.")
    typer.echo(welcome(settings))
