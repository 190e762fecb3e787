"""What final events of the bridge contract do. The only place where the chain's word counts.

A handler runs in the transaction that marks the event handled, so each happens once.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from ledger.journal import service as journal
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points, TokenUnits
from ledger.lots import service as lots
from ledger.lots.model import Credited, CreditRedeemed
from ledger.members import service as members
from ledger.members.model import MemberStatus
from oracle.bindings import points_bridge
from oracle.bridge import foreign, foreign_store, gaps, redeeming_store, store
from oracle.bridge.errors import ForeignBatch, RedemptionGap
from oracle.bridge.model import (
    Batch,
    BatchState,
    BridgePolicy,
    ParkedReason,
    Redemption,
    RedemptionState,
    Reference,
    StopReason,
)
from oracle.bridge.stops import require_trusted, stop
from oracle.bridge.terms import others_life
from oracle.indexer.handlers import EventHandler, Handlers
from oracle.indexer.model import ChainEvent

CONTRACT: Final = foreign.CONTRACT


def handlers(policy: BridgePolicy) -> Handlers:
    """Every handler of this room, by contract and event."""

    def redeemed(work: Work, chain_key: int, event: ChainEvent) -> None:
        on_redeemed(work, chain_key, event, policy)

    by_name: dict[str, EventHandler] = {
        "BatchCommitted": on_committed,
        "BatchExecuted": on_executed,
        "BatchVetoed": on_vetoed,
        "BatchExpired": on_expired,
        "Redeemed": redeemed,
    }
    return {(CONTRACT, name): handler for name, handler in by_name.items()}


def on_committed(work: Work, chain_key: int, event: ChainEvent) -> None:
    """Our batch is on the chain; from now on its number is used.

    Raises:
        ForeignBatch: it is not ours, or not as we made it, and no admin has acknowledged that.
    """
    said = points_bridge.BatchCommitted.of(event)
    if foreign_store.is_foreign(work, chain_key, said.sequence):
        return
    batch = _require_batch(work, chain_key, said.sequence)
    if not foreign.is_as_made(batch, said):
        raise ForeignBatch(
            f"Batch {said.sequence} on the chain is not the one we made.", sequence=said.sequence
        )
    _become(
        work,
        batch,
        BatchState.COMMITTED,
        executable_at=datetime.fromtimestamp(said.executable_at, UTC),
        expires_at=datetime.fromtimestamp(said.expires_at, UTC),
    )


def on_executed(work: Work, chain_key: int, event: ChainEvent) -> None:
    """Its tokens exist; if the batch is somebody else's, the bridge stands still anew."""
    sequence = points_bridge.BatchExecuted.of(event).sequence
    if foreign.settle(work, chain_key, sequence, BatchState.EXECUTED):
        message = f"Batch {sequence}, which we did not make, was executed: its tokens are stolen."
        stop(work, StopReason.FOREIGN_BATCH, message)
        return
    batch = _require_batch(work, chain_key, sequence)
    _become(work, batch, BatchState.EXECUTED, settled_at=work.now)
    store.mark_minted(work, batch.batch_id)


def on_vetoed(work: Work, chain_key: int, event: ChainEvent) -> None:
    """It will never be minted; the next tick gives the points back."""
    sequence = points_bridge.BatchVetoed.of(event).sequence
    if foreign.settle(work, chain_key, sequence, BatchState.VETOED):
        return
    batch = _require_batch(work, chain_key, sequence)
    _become(work, batch, BatchState.VETOED, settled_at=work.now)


def on_expired(work: Work, chain_key: int, event: ChainEvent) -> None:
    """As :func:`on_vetoed`."""
    sequence = points_bridge.BatchExpired.of(event).sequence
    if foreign.settle(work, chain_key, sequence, BatchState.EXPIRED):
        return
    batch = _require_batch(work, chain_key, sequence)
    _become(work, batch, BatchState.EXPIRED, settled_at=work.now)


def on_redeemed(work: Work, chain_key: int, event: ChainEvent, policy: BridgePolicy) -> None:
    """Burnt tokens become the points of whoever the reference was given to.

    Raises:
        BridgeStopped: what the chain says is not trusted now.
        RedemptionGap: a burn before this one was never read, and no two admins acknowledged that.
    """
    require_trusted(work)
    said = points_bridge.Redeemed.of(event)
    journal.lock_head(work)
    _require_next(work, chain_key, said.sequence)
    reference = redeeming_store.find_reference(work, said.credit_reference)
    parked = _why_parked(work, chain_key, reference, said.holder)
    credited = None
    if parked is None:
        assert reference is not None, "without a reference it is parked"
        credited = _credit(work, event, reference, policy)
    redemption = Redemption(
        chain_key=chain_key,
        sequence=said.sequence,
        reference=said.credit_reference,
        holder=said.holder,
        points=_points_burnt(event),
        state=RedemptionState.PARKED if credited is None else RedemptionState.CREDITED,
        parked_reason=parked,
        member_id=reference.member_id if reference and credited else None,
        entry_id=credited.entry_id if credited else None,
        block_number=event.block_number,
        transaction_hash=event.transaction_hash,
        recorded_at=work.now,
    )
    redeeming_store.insert_redemption(work, redemption, event.address)


def _require_next(work: Work, chain_key: int, sequence: int) -> None:
    expected = gaps.next_burn(work, chain_key)
    if sequence != expected:
        raise RedemptionGap(
            f"Burn {sequence} was read where {expected} is next.",
            sequence=sequence,
            expected=expected,
        )


def _credit(work: Work, event: ChainEvent, reference: Reference, policy: BridgePolicy) -> Credited:
    life = others_life(work, reference.member_id, policy)
    sequence = points_bridge.Redeemed.of(event).sequence
    command = CreditRedeemed(
        member_id=reference.member_id,
        key=(str(reference.chain_key), event.address, str(sequence)),
        key_at=event.block_time,
        amount=_points_burnt(event),
        at=work.now,
        minted_claims=store.minted_claims(work, reference.chain_key, reference.member_id),
        others_expire_at=life.expires_at,
        others_room=life.rooms,
        why={"bridge": "redeemed", "reference": f"0x{reference.reference.hex()}"},
    )
    return lots.credit_redeemed(work, command)


def _points_burnt(event: ChainEvent) -> Points:
    """The contract takes whole points only."""
    return TokenUnits(points_bridge.Redeemed.of(event).amount).to_points_exact()


def _why_parked(
    work: Work, chain_key: int, reference: Reference | None, holder: str
) -> ParkedReason | None:
    if reference is None or reference.chain_key != chain_key:
        return ParkedReason.UNKNOWN_REFERENCE
    if not reference.is_of(holder):
        return ParkedReason.OTHER_HOLDER  # Seen on its way: its own holder may still burn.
    if redeeming_store.credited_under(work, reference.reference) is not None:
        return ParkedReason.REFERENCE_USED
    member = members.require_member(work, reference.member_id)
    return ParkedReason.MEMBER_ERASED if member.status is MemberStatus.ERASED else None


def _become(work: Work, batch: Batch, state: BatchState, **moments: datetime) -> None:
    changed = store.change_batch(work, batch, state=state, **moments)
    assert changed, f"batch {batch.sequence} is changed by events alone, and they come in order"


def _require_batch(work: Work, chain_key: int, sequence: int) -> Batch:
    batch = store.batch_of_sequence(work, chain_key, sequence)
    if batch is None:
        raise ForeignBatch(
            f"The chain has batch {sequence}, which we did not make.", sequence=sequence
        )
    return batch
