"""`vklad chain reconcile | reserve | reset | gaps`: what the chain has to do with the ledger."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from api.bridging import chain_parts
from api.composition import Composition, compose
from api.settings import load_settings
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import execute
from oracle.bridge import gaps as redemption_gaps
from oracle.bridge import gaps_store, record_verifier, resets, resets_store
from oracle.bridge.batching import TURN
from oracle.bridge.errors import ResetNotConfirmed
from oracle.reconcile import verifier
from oracle.reconcile.model import Reconciliation
from oracle.reconcile.service import reconcile as compare
from oracle.turns.store import hold_turn

TRIES_MAX: Final = 10
GAPS_SHOWN_MAX: Final = 100
PAUSE_S: Final = 1.0


def reconcile() -> None:
    """Compare escrow with supply and what is in flight, at the newest final block."""
    composition = compose(load_settings())
    try:
        found = _patiently(composition)
    finally:
        composition.close()
    _print_sides(found)
    findings = found.findings()
    for finding in findings:
        typer.echo(finding, err=True)
    if findings:
        raise typer.Exit(1)
    typer.echo("Both sides are equal.")


def reserve(
    *, as_json: Annotated[bool, typer.Option("--json", help="The signed statement.")] = False
) -> None:
    """Proof of reserve: both sides at the newest final block, signed; keep it with --json."""
    composition = compose(load_settings())
    try:
        stated = chain_parts(composition).attest()
    finally:
        composition.close()
    if as_json:
        typer.echo(stated.as_file(), nl=False)
        return
    _print_sides(stated.found)
    typer.echo(f"Ledger position {stated.found.ledger.position}; signed by {stated.attester}")


def verify_reserve(
    file: Path,
    rpc: Annotated[str, typer.Option(help="A node of your own choice.")],
    bridge: Annotated[str | None, typer.Option(help="The bridge that you know.")] = None,
    anchors: Annotated[str | None, typer.Option(help="The Anchors that you know.")] = None,
) -> None:
    """Check a proof of reserve against the chain, without this installation.

    What does it is a program of its own: oracle/reconcile/verifier.py.
    """
    given = [("--rpc", rpc), ("--bridge", bridge), ("--anchors", anchors)]
    raise typer.Exit(verifier.main([str(file), *_options(given)]))


def verify_record(
    file: Path,
    wallet: Annotated[str | None, typer.Option(help="Yours.")] = None,
    rpc: Annotated[str | None, typer.Option(help="A node of your own choice.")] = None,
    bridge: Annotated[str | None, typer.Option(help="The bridge that you know.")] = None,
) -> None:
    """Check your own record in a batch, and that the chain committed to it.

    What does it is a program of its own: oracle/bridge/record_verifier.py.
    """
    given = [("--wallet", wallet), ("--rpc", rpc), ("--bridge", bridge)]
    raise typer.Exit(record_verifier.main([str(file), *_options(given)]))


def _options(given: Sequence[tuple[str, str | None]]) -> list[str]:
    return [part for name, value in given if value is not None for part in (name, value)]


def reset(
    *,
    forget: Annotated[
        bool, typer.Option("--forget", help="Forget a prepared reset; the bridge goes on.")
    ] = False,
) -> None:
    """Give up the chain in use: bridged and in-flight points go back to their lots.

    The first call stops the bridge and prints what two different admins have to confirm; a call
    after that does it.
    """
    composition = compose(load_settings())
    try:
        if forget:
            execute(composition.database, resets.give_up_reset, None)
            typer.echo("Forgotten. The bridge goes on.")
        else:
            _reset(composition)
    finally:
        composition.close()


def gaps() -> None:
    """Say which burns were never read; status 1 while they hold the bridge up."""
    composition = compose(load_settings())
    try:
        with composition.database.read() as work:
            found = redemption_gaps.find_gap(work)
            waiting = None if found is None else gaps_store.shown_gap(work, found.chain_key)
            confirmed = gaps_store.confirmed_gaps(work, GAPS_SHOWN_MAX)
    finally:
        composition.close()
    for gap in confirmed:
        typer.echo(f"Acknowledged: {_said(gap)}")
    if found is None:
        typer.echo("No burn is missing.")
        return
    typer.echo(f"Missing: burns {found.sequence_from} to {found.sequence_to}.", err=True)
    place = f"{composition.public_url}/v1/bridge/redemption-gaps"
    if waiting is None:
        typer.echo(f"An admin says why at {place}, or on the page {composition.public_url}/admin")
    else:
        gap_id = format_id(redemption_gaps.PREFIX, waiting.gap_id)
        typer.echo(f"Proposed: {_said(waiting)}")
        typer.echo(f"Another admin confirms it at {place}/{gap_id}/confirmations")
    raise typer.Exit(1)


def _said(gap: gaps_store.AcknowledgedGap) -> str:
    persons = [gap.proposed_by, gap.confirmed_by]
    named = " and ".join(format_id("mem", person) for person in persons if person is not None)
    return (
        f"burns {gap.sequence_from} to {gap.sequence_to}, {gap.points.amount} points, by {named}: "
        f"{gap.reason}"
    )


def _patiently(composition: Composition) -> Reconciliation:
    """Try again for a while: after a restart a local node cannot tell of old blocks at once."""
    for _ in range(TRIES_MAX - 1):
        try:
            return compare(chain_parts(composition).reconciler)
        except VkladError as error:
            if error.kind is not ErrorKind.UNAVAILABLE:
                raise
            typer.echo(f"{error.message} Trying again …", err=True)
            time.sleep(PAUSE_S)
    return compare(chain_parts(composition).reconciler)


def _reset(composition: Composition) -> None:
    prepared = execute(composition.database, resets.prepare, None)
    with hold_turn(composition.database, TURN):
        try:
            applied = execute(composition.database, resets.apply, None)
        except ResetNotConfirmed as error:
            _print_reset(composition, prepared)
            typer.echo(error.message, err=True)
            raise typer.Exit(1) from error
    typer.echo(
        f"{applied.points.amount} points of {applied.requests} requests are back in their lots. "
        "The next chain that is seen is the one in use."
    )


def _print_sides(found: Reconciliation) -> None:
    ledger, chain = found.ledger, found.chain
    typer.echo(f"At block {chain.block_number}, 0x{chain.block_hash.hex()}")
    typer.echo(f"  escrow (points)            {ledger.escrow.amount:>30}")
    typer.echo(f"  escrow x scale             {found.escrow_units.amount:>30}")
    typer.echo(f"  token supply               {chain.supply.amount:>30}")
    typer.echo(f"  to the chain (points)      {ledger.outgoing.amount:>30}")
    typer.echo(f"  minted, not read (points)  {-ledger.unread_mints.amount:>30}")
    typer.echo(f"  burnt, not read (points)   {ledger.unread_burns.amount:>30}")
    typer.echo(f"  burnt, parked (points)     {ledger.parked.amount:>30}")
    typer.echo(f"  supply + in flight         {found.owed_units.amount:>30}")


def _print_reset(composition: Composition, prepared: resets_store.ChainReset) -> None:
    with composition.database.read() as work:
        confirmed = resets_store.confirmed_by(work, prepared)
    content = resets.as_content(prepared)
    typer.echo(f"Chain {content.chain_id}, genesis {content.genesis}, bridge {content.bridge}")
    typer.echo(f"{content.requests} requests get back {content.points} points from escrow.")
    typer.echo(f"Reset {format_id(resets.PREFIX, prepared.reset_id)}")
    typer.echo(f"Hash of the content {prepared.content_digest.hex()}")
    for member in confirmed:
        typer.echo(f"Confirmed by {format_id('mem', member)}")
    typer.echo(
        f"Two different admins confirm it at {composition.public_url}"
        f"/v1/bridge/resets/{format_id(resets.PREFIX, prepared.reset_id)}/confirmations"
    )
