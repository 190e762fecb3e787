"""`vklad members`: who takes part. Gives nobody a role: that is for admins, in pairs."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from api.cli.composed import composed
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import execute
from ledger.members import service, store
from ledger.members.model import CreateMember

app: Final = typer.Typer(help="Members and what they may do.", no_args_is_help=True)
_SHOWN_MAX: Final = 100


@app.command("list")
def list_members(
    after: Annotated[str, typer.Option(help="Show those after this member id.")] = "",
) -> None:
    """Show members in the order they came, at most 100."""
    start = parse_id("mem", after) if after else None
    with composed() as composition, composition.database.read() as work:
        for member in store.list_members(work, after=start, limit=_SHOWN_MAX):
            roles = ",".join(sorted(service.roles_of(work, member.member_id))) or "-"
            name = member.display_name or "-"
            typer.echo(f"{format_id('mem', member.member_id)}  {member.status}  {roles}  {name}")


@app.command("create")
def create(
    name: Annotated[str, typer.Option(help="Shown name.")] = "",
    locale: Annotated[str, typer.Option(help="en or ru.")] = "ru",
) -> None:
    """Take somebody in; prints the member's id."""
    command = CreateMember("en" if locale == "en" else "ru", name or None)
    with composed() as composition:
        member = execute(composition.database, service.create_member, command)
    typer.echo(format_id("mem", member.member_id))
