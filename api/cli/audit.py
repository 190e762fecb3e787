"""`vklad audit export`: the journal of a period and what persons with power did, to take away."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from api.audit.model import parse_period
from api.audit.service import export
from api.cli.composed import composed
from api.log_keys import open_log_signer

app: Final = typer.Typer(help="What an auditor takes home.", no_args_is_help=True)


@app.callback()
def _audit() -> None:
    """What an auditor takes home."""


@app.command(name="export")
def export_command(
    period: Annotated[
        str, typer.Argument(help="2026, 2026-Q1, 2026-03, or 2026-03-01..2026-03-15 (UTC).")
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="A folder, or a file ending in .zip; new.")
    ],
) -> None:
    """Write the journal, privileged acts, heads and keys of a period; `vklad log verify` checks."""
    wanted = parse_period(period)
    with composed() as composition:
        signer = open_log_signer(composition.state)
        place = export(composition.database, signer, wanted, output.resolve())
    typer.echo(f"{place}\nTo check it, anywhere: python verifier.py {place.name}")
