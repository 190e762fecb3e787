"""Bringing what awards paid to what they are worth.

Scoring says what an award is worth, which is pure; here it is settled: which lots, with what life,
and what of it is not moved at all. For each revision

    difference = what its entry moved + its gaps

holds, which ``ledger verify`` looks at. What was settled is never projected again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from ledger.journal import service as journal
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.lots import granting, vesting_store
from ledger.lots.clawing import AWARD_CAUSE
from ledger.lots.model import SettleAward
from ledger.settlement import store
from ledger.settlement.model import ZERO, Gap, Reason, Settled, Worth, life_of


def settle(work: Work, member_id: UUID, changes: Sequence[Worth]) -> Settled:
    """Settle one member's awards in the order given; losses first finds their points."""
    changes = [change for change in changes if change.difference]
    if not changes:
        return Settled({})
    journal.lock_head(work)
    gone = _gone(work, [change.award_id for change in changes if change.difference < 0])
    commands = [_command(change, gone) for change in changes]
    results = granting.settle_awards(work, member_id, commands)
    gaps = [
        Gap(change.award_id, change.revision, Reason.GONE, -result.gone.amount)
        for change, result in zip(changes, results, strict=True)
        if result.gone
    ]
    store.insert_gaps(work, gaps)
    return Settled({result.award_id: result.entry_id for result in results})


def _command(change: Worth, gone: Mapping[UUID, Points]) -> SettleAward:
    activates_at, expires_at, vesting = change.earned_at, None, None
    if change.programme is not None:
        life = life_of(change.programme, change.rule_id, change.earned_at, change.earned_at)
        activates_at, expires_at, vesting = life.activates_at, life.expires_at, life.waits_for
    return SettleAward(
        member_id=change.member_id,
        award_id=change.award_id,
        revision=change.revision,
        difference=Points(change.difference),
        effective_at=change.earned_at,
        activates_at=activates_at,
        expires_at=expires_at,
        why=change.why,
        vesting=vesting if change.difference > 0 else None,
        gone=gone.get(change.award_id, ZERO),
    )


def _gone(work: Work, award_ids: Sequence[UUID]) -> dict[UUID, Points]:
    """What of these awards' lots was taken back for good, and no correction has counted on yet."""
    if not award_ids:
        return {}
    cancelled = vesting_store.cancelled_of(work, AWARD_CAUSE, [str(each) for each in award_ids])
    counted = store.gaps_of(work, award_ids)
    return {
        award_id: cancelled.get(str(award_id), ZERO)
        + Points(counted.get((award_id, Reason.GONE), 0))
        for award_id in award_ids
    }
