"""`vklad governance`: recounting votes from files, and the guardian's cancelling on chain."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import typer

from api.cli import guardian
from governance.recount import memorandum, polls, proposals

app: Final = typer.Typer(
    help="Count votes again from what everybody has; cancel one as guardian.", no_args_is_help=True
)
app.command()(guardian.cancel)

KINDS: Final[dict[str, Callable[[Sequence[str]], int]]] = {
    "poll": polls.main,
    "poll-receipt": polls.main,
    "proposal": proposals.main,
    "memorandum": memorandum.main,
    "memorandum-receipt": memorandum.main,
}
"""What recounts an export, by its ``kind``: each takes the arguments of the command."""
_SIZE_MAX: Final = 512 * 1024 * 1024


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def verify(context: typer.Context, export: Path) -> None:
    """Recount the poll or proposal of an EXPORT file, or check a receipt; its kind says which.

    Options go on to the program that recounts that kind, which can also be run by itself:
    governance/recount/polls.py takes --receipt, --opening, --key and --rpc, proposals.py --rpc
    and --governor, without which it says which Governor it asked.
    """
    try:
        whole = polls.parse(export.read_bytes()) if export.stat().st_size <= _SIZE_MAX else None
        kind = whole.get("kind") if isinstance(whole, dict) else None
    except (OSError, ValueError, RecursionError, polls.Fault) as error:
        typer.echo(f"NOT VERIFIED: {export} cannot be read: {error}.", err=True)
        raise typer.Exit(1) from error
    recount = KINDS.get(kind) if isinstance(kind, str) else None
    if recount is None:
        known = ", ".join(KINDS)
        typer.echo(f"NOT VERIFIED: {export} is of no kind that is known ({known}).", err=True)
        raise typer.Exit(1)
    sys.exit(recount([str(export), *context.args]))
