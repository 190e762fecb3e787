"""Ask the database and the chain at one final block, and compare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ledger.journal import service as journal
from ledger.journal.model import AccountKey, AccountKind
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.transaction import Database, Work, execute
from ledger.kernel.units import Points, TokenUnits
from oracle.bindings import points_bridge, vkl_token
from oracle.bridge import gaps_store, redeeming_store, store
from oracle.bridge.errors import BridgeStopped
from oracle.bridge.events import CONTRACT
from oracle.bridge.model import RedemptionState, RequestState, StopReason
from oracle.bridge.service import require_chain
from oracle.bridge.stops import stop
from oracle.chain.port import BlockHeader, Chain, QuestionRefused, read
from oracle.contracts.abi import Address, FunctionCall
from oracle.indexer import store as indexer_store
from oracle.indexer.model import ChainEvent
from oracle.reconcile.model import ChainSide, LedgerSide, Reconciliation

EVENTS_MAX: Final = 10_000
_ESCROW: Final = AccountKey(AccountKind.ESCROW)


class NothingFinalYet(VkladError):
    """The indexer has not reached a final block, so there is nothing to compare."""

    code = "nothing_final_yet"
    kind = ErrorKind.UNAVAILABLE


class FinalBlockMissing(VkladError):
    """The node does not have the final block that the indexer read, or has another one there."""

    code = "final_block_missing"
    kind = ErrorKind.UNAVAILABLE


@dataclass(frozen=True, slots=True)
class Reconciler:
    """What a comparison works with."""

    database: Database
    chain: Chain
    bridge: Address
    token: Address


def reconcile(reconciler: Reconciler) -> Reconciliation:
    """Both sides at the newest block that is final to the indexer.

    Raises:
        NothingFinalYet: nothing is final.
        FinalBlockMissing: the node's chain is not the one that was read.
        ChainUnavailable: the node does not answer.
    """
    with reconciler.database.read() as work:
        final, read_to = _final_block(work), _quiet_head(work)
        ledger = ledger_side(work)
    header = _require_block(reconciler.chain, final)
    try:
        chain = _chain_side(reconciler, header)
    except QuestionRefused:
        if read_to is None:
            raise
        chain = _chain_side(reconciler, _require_block(reconciler.chain, read_to))
    return Reconciliation(ledger, chain)


def check(reconciler: Reconciler) -> list[str]:
    """What is off, in sentences; stops the bridge if anything is.

    Nothing is said before anything is final.
    """
    try:
        findings = reconcile(reconciler).findings()
    except NothingFinalYet:
        return []
    if findings:
        message = " ".join(findings)
        execute(
            reconciler.database,
            lambda work, _: stop(work, StopReason.RESERVE_MISMATCH, message),
            None,
        )
    return findings


def missing_burns(reconciler: Reconciler) -> Points:
    """What the contract has burnt and no event that was read accounts for, at one final block.

    Raises:
        NothingFinalYet, FinalBlockMissing, ChainUnavailable: the chain cannot say now.
    """
    found = reconcile(reconciler)
    known = found.ledger.credited + found.ledger.parked + found.ledger.unread_burns
    return found.chain.redeemed - known if found.chain.redeemed > known else Points(0)


def require_mismatch_gone(reconciler: Reconciler) -> None:
    """Before the stop for a reserve that is off is lifted: see whether it still is.

    A chain that does not answer, or has nothing final, cannot say.

    Raises:
        BridgeStopped: it is still off.
    """
    with reconciler.database.read() as work:
        reasons = [found.reason for found in redeeming_store.stops(work)]
    if StopReason.RESERVE_MISMATCH not in reasons:
        return
    try:
        findings = reconcile(reconciler).findings()
    except VkladError as error:
        if error.kind is not ErrorKind.UNAVAILABLE:
            raise
        return
    if findings:
        raise BridgeStopped(
            f"The reserve is still off: {' '.join(findings)}",
            reason=StopReason.RESERVE_MISMATCH.value,
        )


def ledger_side(work: Work) -> LedgerSide:
    """What the database says, with final events that wait to be acted on counted apart."""
    known = require_chain(work)
    checkpoint = indexer_store.checkpoint(work, known.chain_key)
    final = checkpoint.block_number_final if checkpoint else -1
    requests = store.points_by_state(work, known.chain_key)
    burns = redeeming_store.points_by_state(work, known.chain_key)
    waiting = indexer_store.events_waiting(work, known.chain_key, final, EVENTS_MAX)
    head = journal.head(work)
    return LedgerSide(
        position=head.sequence,
        position_hash=head.hash,
        escrow=journal.balances(work, [_ESCROW])[_ESCROW],
        outgoing=requests[RequestState.ESCROWED] + requests[RequestState.BATCHED],
        minted=requests[RequestState.MINTED],
        credited=burns[RedemptionState.CREDITED],
        parked=burns[RedemptionState.PARKED]
        + gaps_store.points_acknowledged(work, known.chain_key),
        unread_mints=_unread(waiting, "BatchExecuted"),
        unread_burns=_unread(waiting, "Redeemed"),
    )


def _unread(waiting: list[ChainEvent], name: str) -> Points:
    total = 0
    for event in waiting:
        if (event.contract, event.name) == (CONTRACT, name):
            if name == "Redeemed":
                burnt = TokenUnits(points_bridge.Redeemed.of(event).amount)
                total += burnt.to_points_exact().amount
            else:
                total += points_bridge.BatchExecuted.of(event).points
    return Points(total)


def _require_block(chain: Chain, expected: BlockHeader) -> BlockHeader:
    found = chain.block(expected.number)
    if found is None or found.block_hash != expected.block_hash:
        raise FinalBlockMissing(
            f"Block {expected.number} was read, and the node has "
            f"{'none' if found is None else 'another one'} there.",
            block_number=expected.number,
        )
    return found


def _quiet_head(work: Work) -> BlockHeader | None:
    """The newest block read, if nothing of ours happened after the final one.

    Then the contracts' state is the same in both. A local node that was restarted has lost the
    state of all blocks but its newest.
    """
    known = require_chain(work)
    at = indexer_store.checkpoint(work, known.chain_key)
    if at is None or indexer_store.events_between(
        work, known.chain_key, at.block_number_final + 1, at.block_number
    ):
        return None
    return indexer_store.block_at(work, known.chain_key, at.block_number)


def _final_block(work: Work) -> BlockHeader:
    known = require_chain(work)
    checkpoint = indexer_store.checkpoint(work, known.chain_key)
    header = (
        indexer_store.block_at(work, known.chain_key, checkpoint.block_number_final)
        if checkpoint
        else None
    )
    if header is None:
        raise NothingFinalYet("No block is final yet; the indexer has to read on first.")
    return header


def _chain_side(reconciler: Reconciler, header: BlockHeader) -> ChainSide:
    def ask(call: FunctionCall[int], contract: Address) -> int:
        return read(reconciler.chain, contract, call, header.number)

    return ChainSide(
        block_number=header.number,
        block_hash=header.block_hash,
        supply=TokenUnits(ask(vkl_token.total_supply(), reconciler.token)),
        executed=Points(ask(points_bridge.executed_points(), reconciler.bridge)),
        redeemed=Points(ask(points_bridge.redeemed_points(), reconciler.bridge)),
    )
