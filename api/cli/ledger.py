"""`vklad ledger`: the ledger proves itself."""

from __future__ import annotations

from typing import Final

import typer

from api.composition import compose
from api.settings import load_settings
from ledger.redemption.verify import REDEMPTION_CHECKS
from ledger.scoring.verify import SCORING_CHECKS
from ledger.verify.checks import Check
from ledger.verify.service import AWARD_CHECKS, GRANT_CHECKS, JOURNAL_CHECKS, check_refusals, verify
from ledger.verify.triggers import LEDGER_REFUSALS
from oracle.bridge.verify import BRIDGE_CHECKS

app: Final = typer.Typer(help="The journal and what rests on it.", no_args_is_help=True)

APPEND_ONLY: Final = (
    *("events", "event_participants", "event_conflicts", "retractions", "identity_links"),
    "role_changes",
    *("programmes", "programme_changes", "programme_decisions", "programme_activations"),
    *("period_closes", "awards", "award_revisions"),
    *("orders", "refunds", "programme_switches", "discount_ceilings"),
    *("proposals", "programme_votes", "delegations", "chain_reset_confirmations"),
)
"""Append-only tables of the other rooms; a test compares all of them with the database."""

CHECKS: Final[tuple[Check, ...]] = (
    check_refusals(LEDGER_REFUSALS | {(table, f"{table}_append_only") for table in APPEND_ONLY}),
    *JOURNAL_CHECKS,
    *AWARD_CHECKS,
    *SCORING_CHECKS,
    *GRANT_CHECKS,
    *REDEMPTION_CHECKS,
    *BRIDGE_CHECKS,
)
"""Every check there is, in the order they run; a room adds its own here."""


@app.command(name="verify")
def verify_command() -> None:
    """Check every rule that can be checked from what is stored; exit status 1 if one is broken."""
    composition = compose(load_settings())
    try:
        report = verify(composition.database, CHECKS, progress=_say)
    finally:
        composition.close()
    for finding in report.findings:
        typer.echo(str(finding))
    if report.findings:
        raise typer.Exit(1)
    typer.echo(f"{report.transfers} transfers, {len(report.checks)} checks: every rule holds.")


def _say(name: str) -> None:
    typer.echo(f"checking {name} …", err=True)
