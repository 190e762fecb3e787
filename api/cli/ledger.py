"""`vklad ledger`: the ledger proves itself."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from api.bridging import chain_parts
from api.cli.composed import composed
from api.composition import Composition
from api.dumps import restored
from governance.goods.verify import GOODS_CHECKS
from governance.mandates.verify import MANDATE_CHECKS
from governance.memorandum.verify import MEMORANDUM_CHECKS
from governance.polls.verify import POLL_CHECKS
from governance.projects.verify import PROJECT_CHECKS
from governance.staking.verify import STAKING_CHECKS
from ledger.emission.verify import EMISSION_CHECKS
from ledger.grants.imports.verify import IMPORT_CHECKS
from ledger.inactivity.verify import INACTIVITY_CHECKS
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.transaction import Database
from ledger.log.verify import (
    SIGNATURE_CHECK,
    StatedHead,
    held_elsewhere,
    log_check,
    stated_head,
)
from ledger.merges.verify import MERGE_CHECKS
from ledger.programme.verify import PROGRAMME_CHECKS
from ledger.purchases.verify import PURCHASE_CHECKS
from ledger.quarantine.verify import QUARANTINE_CHECKS
from ledger.redemption.verify import REDEMPTION_CHECKS
from ledger.referral.verify import REFERRAL_CHECKS
from ledger.reports.keeping import count_again
from ledger.scoring.verify import SCORING_CHECKS
from ledger.settlement.verify import SETTLEMENT_CHECKS
from ledger.standing.verify import LEVEL_CHECKS
from ledger.thanks.verify import THANKS_CHECKS
from ledger.verify.award_ids import AWARD_ID_CHECK
from ledger.verify.checks import Check
from ledger.verify.model import Report
from ledger.verify.service import AWARD_CHECKS, GRANT_CHECKS, JOURNAL_CHECKS, check_refusals, verify
from ledger.verify.taken_twice import TAKEN_CHECKS
from ledger.verify.triggers import LEDGER_REFUSALS
from ledger.verify.words import WORD_CHECKS
from oracle.anchors.service import read_anchored, recorded_anchors
from oracle.bridge.verify import BRIDGE_CHECKS
from oracle.chain.port import BlockTag
from oracle.indexer import store as indexer_store

app: Final = typer.Typer(help="The journal and what rests on it.", no_args_is_help=True)


class HeadUnreadable(VkladError):
    """A file that was given as a saved head and is none."""

    code = "head_unreadable"
    kind = ErrorKind.INVALID


APPEND_ONLY: Final = (
    *("events", "event_participants", "event_conflicts", "retractions", "identity_links"),
    *("terms_versions", "consents"),
    *("role_changes", "member_blocks", "review_members", "review_events", "review_acts"),
    *("programmes", "programme_changes", "programme_decisions", "programme_activations"),
    "programme_consents",
    *("period_closes", "awards", "award_revisions", "award_gaps"),
    *("vestings", "vesting_decisions", "emissions"),
    *("inactivity_warnings", "inactivity_decays", "inactivity_checks"),
    *("orders", "refunds", "programme_switches", "discount_ceilings"),
    *(
        "redemption_codes",
        "redemption_code_uses",
        "redemption_code_listings",
        "redemption_code_conflicts",
        "thanks",
        "source_syncs",
    ),
    *("source_acts", "member_levels"),
    *("member_merges", "member_merge_decisions"),
    *("member_merge_identities", "member_merge_entries"),
    *("unit_changes", "unit_approvals", "unit_closures"),
    *("proposals", "programme_votes", "chain_reset_confirmations", "erasures"),
    *("log_nodes", "log_keys", "log_heads", "log_anchors"),
    *("poll_voters", "poll_ballots"),
    *("memorandum_versions", "memorandum_decisions"),
    *("memorandum_registers", "memorandum_entries"),
    *("reminder_rounds", "token_changes"),
    *("mandate_orders", "mandate_results"),
    *("project_approvals", "project_shares", "project_payments", "project_acts"),
    *("good_changes", "stakes", "guardian_reasons"),
)
"""Append-only tables of the other rooms; a test compares all of them with the database."""

REFUSALS: Final = (
    LEDGER_REFUSALS
    | {(table, f"{table}_append_only") for table in APPEND_ONLY}
    | {("delegations", "delegations_kept"), ("delegations", "delegations_fixed")}
    | {("permits", "permits_kept"), ("permits", "permits_fixed")}
    | {("polls", "polls_kept"), ("polls", "polls_fixed")}
    | {
        (table, f"{table}_{suffix}")
        for table in ("projects", "project_tasks", "good_orders")
        for suffix in ("kept", "fixed")
    }
)
"""Every refusal of the database; an erasure may blank the addresses of delegations and permits."""

CHECKS: Final[tuple[Check, ...]] = (
    check_refusals(REFUSALS),
    *JOURNAL_CHECKS,
    *TAKEN_CHECKS,
    *AWARD_CHECKS,
    AWARD_ID_CHECK,
    *PROGRAMME_CHECKS,
    *SCORING_CHECKS,
    *LEVEL_CHECKS,
    *MERGE_CHECKS,
    *EMISSION_CHECKS,
    *SETTLEMENT_CHECKS,
    *INACTIVITY_CHECKS,
    *GRANT_CHECKS,
    *WORD_CHECKS,
    *IMPORT_CHECKS,
    *REDEMPTION_CHECKS,
    *PURCHASE_CHECKS,
    *THANKS_CHECKS,
    *QUARANTINE_CHECKS,
    *REFERRAL_CHECKS,
    *BRIDGE_CHECKS,
    *PROJECT_CHECKS,
    *MANDATE_CHECKS,
    *GOODS_CHECKS,
    *STAKING_CHECKS,
    *POLL_CHECKS,
    *MEMORANDUM_CHECKS,
    log_check(recorded_anchors),
    SIGNATURE_CHECK,
)
"""Every check there is, in the order they run; a room adds its own here."""

PROCESSES_MAX: Final = 4
"""Checks at a time: the longest takes about a quarter of all."""


@app.command(name="verify")
def verify_command(
    *,
    heads: Annotated[
        list[Path] | None,
        typer.Option("--head", exists=True, dir_okay=False, help="A head that somebody saved."),
    ] = None,
    dump: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Check this dump (pg_dump -Fc) instead."),
    ] = None,
) -> None:
    """Check every rule that can be checked from what is stored; exit status 1 if one is broken.

    Where the chain holds heads of the log, or somebody gives some, the journal has to fit them.
    """
    saved = [_saved(path) for path in heads or []]
    with composed() as composition:
        if dump is None:
            held = [*saved, *_on_chain(composition)]
            report = _verified(composition.database, _checks(held))
        else:
            with restored(dump) as database:
                report = _verified(database, _checks(saved))
    for finding in report.findings:
        typer.echo(str(finding))
    if report.findings:
        raise typer.Exit(1)
    typer.echo(f"{report.transfers} transfers, {len(report.checks)} checks: every rule holds.")


@app.command("recount")
def recount_command() -> None:
    """Drop what was counted for reports and count the whole journal again."""
    with composed() as composition:
        counted = count_again(composition.database)
    typer.echo(f"{counted} transfers counted.")


def _verified(database: Database, checks: Sequence[Check]) -> Report:
    processes = min(os.cpu_count() or 1, PROCESSES_MAX)
    return verify(database, checks, progress=_say, processes=processes)


def _checks(held: Sequence[StatedHead]) -> tuple[Check, ...]:
    return (*CHECKS, held_elsewhere(held)) if held else CHECKS


def _saved(path: Path) -> StatedHead:
    try:
        return stated_head(f"the head in {path.name}", json.loads(path.read_bytes()))
    except (ValueError, KeyError, TypeError) as error:
        raise HeadUnreadable(f"{path} is not a head of the log.", file=str(path)) from error


def _on_chain(composition: Composition) -> Sequence[StatedHead]:
    """The heads on the chain in use. That they could not be asked for is said, and no finding."""
    with composition.database.read() as work:
        if not composition.chain_is_on or indexer_store.chain_in_use(work) is None:
            return ()
    try:
        parts = chain_parts(composition)
        address = parts.anchoring.contract
        found = read_anchored(parts.chain, address, BlockTag.LATEST)
    except VkladError as error:
        typer.echo(f"heads on chain were not compared: {error.message}", err=True)
        return ()
    typer.echo(f"comparing with {len(found)} heads on chain …", err=True)
    return found


def _say(name: str) -> None:
    typer.echo(f"checking {name} …", err=True)
