"""`vklad merges`: two members found to be one person, and one found to be two.

The same path as over HTTP: one admin proposes, another approves by the content's hash.
"""

from __future__ import annotations

import json
from typing import Annotated, Final

import typer

from api.cli.composed import composed
from api.http.routes.merges import PREFIX, effect_json, merge_json
from api.merging import approve as approve_and_sign_out
from ledger.kernel.ids import parse_id
from ledger.kernel.transaction import execute
from ledger.merges import effect as effects
from ledger.merges import service
from ledger.merges.model import (
    ApproveMerge,
    CloseMerge,
    Merge,
    MergeContentDiffers,
    ProposeMerge,
    ProposeSplit,
)

app: Final = typer.Typer(help="Members who are one person.", no_args_is_help=True)

Survivor = Annotated[str, typer.Argument(help="The member who goes on for both.")]
Absorbed = Annotated[str, typer.Argument(help="The member who is the same person.")]
MergeId = Annotated[str, typer.Argument(help="The merge or split, mrg_….")]
By = Annotated[str, typer.Option(help="The admin who does it.")]
Reason = Annotated[str, typer.Option(help="Why; kept apart and erased with the member.")]


@app.command("effect")
def effect(survivor: Survivor, absorbed: Absorbed) -> None:
    """Print what merging two members would do, as JSON; writes nothing."""
    with composed() as composition, composition.database.read() as work:
        pair = parse_id("mem", survivor), parse_id("mem", absorbed)
        typer.echo(json.dumps(effect_json(effects.effect_of_merge(work, *pair)), indent=2))


@app.command("propose")
def propose(survivor: Survivor, absorbed: Absorbed, *, by: By, reason: Reason) -> None:
    """Propose that two members are one person."""
    command = ProposeMerge(
        parse_id("mem", survivor), parse_id("mem", absorbed), reason, parse_id("mem", by)
    )
    with composed() as composition:
        _show(execute(composition.database, service.propose_merge, command))


@app.command("split")
def split(merge: MergeId, *, by: By, reason: Reason) -> None:
    """Propose to undo a merge."""
    command = ProposeSplit(parse_id(PREFIX, merge), reason, parse_id("mem", by))
    with composed() as composition:
        _show(execute(composition.database, service.propose_split, command))


@app.command("approve")
def approve(
    merge: MergeId,
    *,
    content: Annotated[str, typer.Option(help="The hash that the proposal states.")],
    by: By,
) -> None:
    """Stand for exactly this merge or split, which is done at once."""
    try:
        digest = bytes.fromhex(content)
    except ValueError as error:
        raise MergeContentDiffers("A content's hash is 64 hexadecimal digits.") from error
    command = ApproveMerge(parse_id(PREFIX, merge), digest, parse_id("mem", by))
    with composed() as composition:
        _show(execute(composition.database, approve_and_sign_out, command))


@app.command("close")
def close(merge: MergeId, *, by: By) -> None:
    """Withdraw one's own proposal, or reject another's."""
    command = CloseMerge(parse_id(PREFIX, merge), parse_id("mem", by))
    with composed() as composition:
        _show(execute(composition.database, service.close, command))


def _show(merge: Merge) -> None:
    typer.echo(json.dumps(merge_json(merge), indent=2, ensure_ascii=False))
