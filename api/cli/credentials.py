"""`vklad credentials`: the second person's yes to secrets and keys of sources.

They are made by `vklad sources secret` and `vklad admin key`.
"""

from __future__ import annotations

from typing import Annotated, Final

import typer

from api.cli.composed import composed
from ledger.events.credentials import service, store
from ledger.events.credentials.model import (
    ApproveCredential,
    Credential,
    RejectCredential,
    id_of,
    id_text,
)
from ledger.events.errors import CredentialNotAsRead
from ledger.kernel.canonical import canonical_json
from ledger.kernel.ids import parse_id
from ledger.kernel.transaction import execute

app: Final = typer.Typer(
    help="Secrets and keys of sources: what waits for a second admin.", no_args_is_help=True
)
Person = Annotated[str, typer.Option("--as", help="The admin who acts: a member id.")]
Wanted = Annotated[str, typer.Argument(help="Its id: sec_…, key_… or org_….")]
_SHOWN: Final = 20


@app.command("list")
def list_credentials() -> None:
    """Show what waits, then what was decided, with the digest that approving one takes."""
    with composed() as composition, composition.database.read() as work:
        for one in store.list_credentials(work, _SHOWN):
            typer.echo(
                f"{id_text(one)}  {one.state}  {one.source}\n"
                f"  digest {one.content_digest.hex()}\n"
                f"  {canonical_json(one.content).decode()}"
            )


@app.command("approve")
def approve(
    credential: Wanted,
    digest: Annotated[str, typer.Argument(help="The digest shown with it.")],
    person: Person,
) -> None:
    """Let a secret or key work, as another admin than the one who has it."""
    try:
        content_digest = bytes.fromhex(digest)
    except ValueError as error:
        raise CredentialNotAsRead("A digest is hexadecimal.") from error
    command = ApproveCredential(id_of(credential), content_digest, parse_id("mem", person))
    with composed() as composition:
        approved = execute(composition.database, service.approve, command)
    typer.echo(f"{id_text(approved)} works.")


@app.command("reject")
def reject(credential: Wanted, person: Person) -> None:
    """See to it that a proposed secret or key never works, or take it back."""
    command = RejectCredential(id_of(credential), parse_id("mem", person))
    with composed() as composition:
        execute(composition.database, service.reject, command)
    typer.echo(f"{credential} is rejected.")


def say_what_it_takes(credential: Credential) -> None:
    """Tell, beside the secret and not with it, how it comes to work."""
    typer.echo(
        "It works once another admin approves it: vklad credentials approve "
        f"{id_text(credential)} {credential.content_digest.hex()} --as mem_…",
        err=True,
    )
    if credential.announced_until is not None:
        until = f"{credential.announced_until:%Y-%m-%d %H:%M} UTC"
        typer.echo(f"You are the only admin: you may approve it after {until}.", err=True)
