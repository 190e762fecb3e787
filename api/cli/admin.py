"""`vklad admin`: what only somebody at the machine may do: the first admin's link, keys, expiry."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from api.auth.first_admin import first_admin_url, issue_first_admin_link
from api.auth.keys import CreateKey, create_key
from api.cli.credentials import say_what_it_takes
from api.composition import compose
from api.settings import load_settings
from ledger.kernel.ids import parse_id
from ledger.kernel.transaction import execute

app: Final = typer.Typer(help="The first admin, and keys for machines.", no_args_is_help=True)


@app.command()
def link() -> None:
    """Print a link that makes whoever opens it, signed in, an admin: for the first two only."""
    composition = compose(load_settings())
    try:
        issued = execute(composition.database, issue_first_admin_link, None)
    finally:
        composition.close()
    typer.echo(first_admin_url(composition.public_url, issued.token))
    typer.echo(f"Good once, until {issued.expires_at:%Y-%m-%d %H:%M} UTC.", err=True)


@app.command()
def key(
    name: Annotated[str, typer.Argument(help="What people call this key.")],
    scope: Annotated[list[str], typer.Option(help="What it may do; repeat for several.")],
    source: Annotated[str | None, typer.Option(help="URI of the source it speaks for.")] = None,
    person: Annotated[
        str, typer.Option("--as", help="The admin who proposes a source's key: a member id.")
    ] = "",
) -> None:
    """Make an API key for a machine and print it, once.

    One that speaks for a source works once another admin approved it.
    """
    proposer = parse_id("mem", person) if person else None
    composition = compose(load_settings())
    try:
        command = CreateKey(name, frozenset(scope), source, created_by=proposer)
        created = execute(composition.database, create_key, command)
    finally:
        composition.close()
    typer.echo(created.text)
    if created.credential is not None:
        say_what_it_takes(created.credential)
