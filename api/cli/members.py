"""`vklad members`: who takes part. Gives nobody a role: that is for admins, in pairs."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final

import typer

from api.blocking import block_and_sign_out
from api.cli.composed import composed
from api.erasing import EraseMember, Told, erase_and_list, reapply, tell, write_list
from ledger.events import store as events_store
from ledger.events.model import StoredFact
from ledger.kernel.canonical import Json
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import execute
from ledger.members import service, store
from ledger.members.blocks import service as blocking
from ledger.members.blocks.model import Block, Unblock
from ledger.members.erasures.model import from_lines
from ledger.members.model import CreateMember
from ledger.promotion.service import rewards_of_year

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
    locale: Annotated[str, typer.Option(help="Tag of a language, such as ru.")] = "ru",
) -> None:
    """Take somebody in; prints the member's id."""
    with composed() as composition:
        spoken = composition.catalogue.languages
        if locale not in spoken:
            raise typer.BadParameter(f"{locale!r} is none of {', '.join(spoken)}.")
        command = CreateMember(locale, name or None)
        member = execute(composition.database, service.create_member, command)
    typer.echo(format_id("mem", member.member_id))


@app.command("block")
def block(
    member: Annotated[str, typer.Argument(help="Who shall no longer take part.")],
    *,
    by: Annotated[str, typer.Option(help="The admin who does it.")],
    reason: Annotated[str, typer.Option(help="Why; kept apart and erased with the member.")],
) -> None:
    """Keep a member from taking part, and end their sessions."""
    command = Block(parse_id("mem", member), parse_id("mem", by), reason)
    with composed() as composition:
        execute(composition.database, block_and_sign_out, command)
    typer.echo(f"{member} is blocked. Another admin can lift it.")


@app.command("unblock")
def unblock(
    member: Annotated[str, typer.Argument(help="Who shall take part again.")],
    *,
    by: Annotated[str, typer.Option(help="An admin other than who blocked.")],
    reason: Annotated[str, typer.Option(help="Why; kept apart and erased with the member.")],
) -> None:
    """Lift a block that another person set."""
    command = Unblock(parse_id("mem", member), parse_id("mem", by), reason)
    with composed() as composition:
        execute(composition.database, blocking.unblock, command)
    typer.echo(f"{member} takes part again.")


@app.command("facts")
def facts(member: Annotated[str, typer.Argument(help="The member's id.")]) -> None:
    """Print the raw facts in which a member takes part: CloudEvents, one a line, in order.

    What the member is called in them goes to standard error. Without retracted ones.
    """
    member_id = parse_id("mem", member)
    with composed() as composition, composition.database.read() as work:
        references = [
            format_id("idn", each) for each in service.references_of_member(work, member_id)
        ]
        for fact in events_store.facts_of_member(work, member_id):
            typer.echo(json.dumps(_cloud_event(fact), ensure_ascii=False))
    typer.echo(",".join(references), err=True)


@app.command("erase")
def erase(
    member: Annotated[str, typer.Argument(help="The member's id.")],
    *,
    confirm: Annotated[
        str, typer.Option(help="What this command printed: the person has read it.")
    ] = "",
) -> None:
    """Forget who a member is. Says first what stays on chain for ever; then asks for --confirm."""
    member_id = parse_id("mem", member)
    with composed() as composition:
        with composition.database.read() as work:
            told = tell(work, member_id)
        _say_what_stays(told)
        if not confirm:
            typer.echo(f"\nThis cannot be undone. To do it: --confirm {told.confirm}", err=True)
            raise typer.Exit(1)
        command = EraseMember(member_id, confirm, "operator")
        erase_and_list(composition.database, composition.state, command)
        path = composition.state.path
    typer.echo(f"Forgotten. Keep {path}/erasures.jsonl apart from backups of the database.")


@app.command("erasures")
def erasures() -> None:
    """Print the list of erasures, random ids only, and bring its file up to date."""
    with composed() as composition:
        typer.echo(write_list(composition.database, composition.state).read_text(), nl=False)


@app.command("reapply-erasures")
def reapply_erasures(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="erasures.jsonl")],
) -> None:
    """Forget everybody on a list again: after an older backup was restored, before anything else.

    Run twice it does nothing more.
    """
    with composed() as composition:
        listed = list(from_lines(file.read_text("utf-8").splitlines()))
        again, alone = reapply(composition.database, listed)
        write_list(composition.database, composition.state)
    typer.echo(f"{len(listed)} on the list; {again} members and {alone} identities forgotten now.")


def _cloud_event(fact: StoredFact) -> dict[str, Json]:
    subject = fact.subject_reference
    told: dict[str, Json] = {
        name: float(value) if isinstance(value, Decimal) else value
        for name, value in fact.data.items()
    }
    return {
        "specversion": "1.0",
        "source": fact.source,
        "id": fact.source_event_id,
        "type": fact.type,
        **({} if subject is None else {"subject": format_id("idn", subject)}),
        "time": fact.occurred.isoformat(),
        "data": told,
    }


def _say_what_stays(told: Told) -> None:
    typer.echo("Deleted: name, accounts elsewhere, wallets, roles, sessions, what sources sent.")
    typer.echo("Kept under a random id: facts, points and entries, so that every proof holds.")
    if not told.stays:
        typer.echo("On chain: nothing.")
        return
    typer.echo(f"On chain for ever, for all to see, of {', '.join(told.wallets)}:")
    for kind, count in told.on_chain.items():
        if count:
            typer.echo(f"  {kind}: {count}")
    typer.echo("Nobody can delete these. They name a wallet, not a person; who links it, knows.")


@app.command("promotion")
def promotion(
    year: Annotated[int, typer.Argument(help="A calendar year, in the programme's zone.")],
) -> None:
    """Print what each person got for promotion in a year, as CSV: for whoever has to report it."""
    with composed() as composition, composition.database.read() as work:
        found = rewards_of_year(work, year)
    typer.echo("member,points,by_rules,by_passes")
    for one in found:
        member = format_id("mem", one.person)
        typer.echo(f"{member},{one.points},{one.by_rules},{one.by_passes}")
