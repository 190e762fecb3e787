"""`vklad sources`: propose, approve and look at sources, and rotate their secrets.

The same path as the pages: one admin proposes a registration, another approves it as read.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

import typer
import yaml

from api.cli.composed import composed
from api.cli.credentials import say_what_it_takes
from api.webhooks.profiles import WEBHOOK_PROFILES, check_profile
from api.webhooks.secret_box import FernetBox
from api.webhooks.standard_webhooks import new_secret
from ledger.events.credentials.model import Credential
from ledger.events.errors import SourceSpecInvalid
from ledger.events.listing import store as listing
from ledger.events.origins import service as origins
from ledger.events.origins import store as origin_store
from ledger.events.origins.model import EndOrigin, ProposeOrigin
from ledger.events.sources import service, store
from ledger.events.sources.model import (
    AddSecret,
    DecideSource,
    ProposeSource,
    SourceChange,
    read_spec,
)
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Work, execute

app: Final = typer.Typer(
    help="Who may state events, and what each may assert.", no_args_is_help=True
)
Person = Annotated[str, typer.Option("--as", help="The admin who acts: a member id.")]
_CHANGES_SHOWN: Final = 20
_ORIGINS_SHOWN: Final = 100


@app.command("list")
def list_sources() -> None:
    """Show every source and when it was last heard of."""
    with composed() as composition, composition.database.read() as work:
        active = {one.source: one for one in listing.source_activity(work)}
        for source in store.list_sources(work):
            heard = active.get(source.uri)
            last = heard.last_received_at.isoformat() if heard else "never"
            parked = heard.parked if heard else 0
            typer.echo(
                f"{source.name}  {source.profile}  {source.state}  {source.uri}  "
                f"last heard {last}, {parked} waiting for a link"
            )


@app.command("changes")
def list_changes() -> None:
    """Show the newest proposals with the digest that approving one takes."""
    with composed() as composition, composition.database.read() as work:
        for change in store.list_changes(work, _CHANGES_SHOWN):
            _show(change)


@app.command("propose")
def propose(
    file: Annotated[Path, typer.Argument(help="The registration, as YAML or JSON.")], person: Person
) -> None:
    """Propose a registration or a change of one."""
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SourceSpecInvalid(f"{file} cannot be read: {error}.", field="body") from error
    spec = read_spec(content)
    check_profile(spec.profile)
    command = ProposeSource(spec, parse_id("mem", person))
    with composed() as composition:
        _show(execute(composition.database, service.propose_source, command))


@app.command("approve")
def approve(
    change: Annotated[str, typer.Argument(help="The proposal's id.")],
    digest: Annotated[str, typer.Argument(help="The digest shown with it.")],
    person: Person,
) -> None:
    """Put a proposal into force, as another admin than the one who made it."""
    try:
        content_digest = bytes.fromhex(digest)
    except ValueError as error:
        raise SourceSpecInvalid("A digest is hexadecimal.", field="digest") from error
    command = DecideSource(parse_id("srx", change), content_digest, parse_id("mem", person))
    with composed() as composition:
        source = execute(composition.database, service.approve_source, command)
    typer.echo(f"{source.name} is {source.state}.")


@app.command("suspend")
def suspend(name: str) -> None:
    """Stop accepting from a source at once."""
    with composed() as composition:
        execute(composition.database, service.suspend_source, name)
    typer.echo(f"{name} is suspended.")


@app.command("secret")
def add_secret(
    name: str,
    person: Person,
    given: Annotated[
        str, typer.Option("--secret", help="Theirs, if they made it; else one is made.")
    ] = "",
    overlap_hours: Annotated[
        int, typer.Option(min=0, max=24 * 30, help="How long the ones before are still good.")
    ] = 24,
) -> None:
    """Propose one more signing secret of a source and print it, once; another admin approves."""
    overlap, proposer = timedelta(hours=overlap_hours), parse_id("mem", person)
    with composed() as composition:
        box = FernetBox(composition.secret)

        def add(work: Work, chosen: str) -> tuple[str, Credential]:
            source = service.require_source(work, name)
            secret = chosen or new_secret(work.ids.secret())
            profile = WEBHOOK_PROFILES.get(source.profile)
            if profile is not None:
                profile.check_secret(secret)
            command = AddSecret(name, secret, proposer, overlap)
            return secret, service.propose_secret(work, command, box=box)

        secret, credential = execute(composition.database, add, given)
    typer.echo(secret)
    say_what_it_takes(credential)


@app.command("end-secrets")
def end_secrets(name: str) -> None:
    """End every secret of a source that works: one got known to others."""
    with composed() as composition:
        execute(composition.database, service.end_secrets, name)
    typer.echo(f"No secret of {name} is good any more.")


@app.command("origins")
def list_origins() -> None:
    """Show the origins whose pages may show points, on behalf of which source."""
    with composed() as composition, composition.database.read() as work:
        for one in origin_store.list_origins(work, _ORIGINS_SHOWN):
            state = "ended" if one.ended_at is not None else one.state
            typer.echo(
                f"{format_id('org', one.origin_id)}  {state}  {one.source_name}  {one.origin}"
            )


@app.command("origin")
def propose_origin(name: str, origin: str, person: Person) -> None:
    """Propose that pages of an origin may show points; another admin approves."""
    command = ProposeOrigin(name, origin, parse_id("mem", person))
    with composed() as composition:
        credential = execute(composition.database, origins.propose_origin, command)
    say_what_it_takes(credential)


@app.command("end-origin")
def end_origin(origin: Annotated[str, typer.Argument(help="Its id: org_….")]) -> None:
    """Let pages of an origin show nothing any more, at once."""
    with composed() as composition:
        command = EndOrigin(parse_id("org", origin))
        execute(composition.database, origins.end_origin, command)
    typer.echo(f"Nothing is shown at {origin} any more.")


def _show(change: SourceChange) -> None:
    typer.echo(
        f"{format_id('srx', change.change_id)}  {change.state}  proposed by {change.proposed_by}\n"
        f"  digest {change.content_digest.hex()}\n"
        f"  {json.dumps(change.spec.content(), ensure_ascii=False)}"
    )
