"""Bringing what awards paid to what they are worth.

Scoring says what an award is worth, which is pure; here it is settled: which lots, with what life,
and what of it is not moved at all. For each revision

    difference = what its entry moved + its gaps

holds, which ``ledger verify`` looks at. What was settled is never projected again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from ledger.emission import service as emission
from ledger.inactivity import store as inactivity_store
from ledger.journal import service as journal
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.lots import granting, vesting_store
from ledger.lots.clawing import AWARD_CAUSE
from ledger.lots.model import ISSUANCE, REWARDS, SettleAward
from ledger.settlement import funds_store, store
from ledger.settlement.allot import Allotment, Funds, allot, budgets_of
from ledger.settlement.model import ZERO, Gap, Reason, Settled, Worth, life_of

_NOTHING: Final = Settled({})


def settle(work: Work, member_id: UUID, changes: Sequence[Worth]) -> Settled:
    """Settle one member's awards in the order given; losses first finds their points."""
    changes = [change for change in changes if change.difference]
    if not changes:
        return _NOTHING
    journal.lock_head(work)
    funds = _funds(work, changes)
    allotted = allot(changes, funds)
    moving = [each for each in allotted if each.moves]
    gone = _gone(work, [each.worth.award_id for each in moving if each.moves < 0], funds)
    commands = [_command(each, gone) for each in moving]
    results = granting.settle_awards(work, member_id, commands) if commands else []
    gaps = [gap for each in allotted for gap in each.gaps]
    gaps += [
        Gap(each.worth.award_id, each.worth.revision, Reason.GONE, -result.gone.amount)
        for each, result in zip(moving, results, strict=True)
        if result.gone
    ]
    store.insert_gaps(work, gaps)
    earned = {change.award_id: change.earned_at for change in changes}
    for gap in gaps:
        if gap.reason is Reason.POOL:
            funds_store.waits(work, gap.award_id, earned[gap.award_id], gap.change)
    funds_store.charge(work, allotted, funds.used)
    return Settled({result.award_id: result.entry_id for result in results})


def _funds(work: Work, changes: Sequence[Worth]) -> Funds:
    funds = Funds()
    if any(each.programme is not None and each.programme.emission for each in changes):
        emission.emit_due(work)
        funds.pool = journal.balances(work, [REWARDS])[REWARDS].amount
        funds.others_wait = funds_store.anybody_waits(work)
    losing = [change.award_id for change in changes if change.difference < 0]
    if losing:
        funds.unpaid = store.gaps_of(work, losing)
        funds.charged = funds_store.charges_of(work, losing)
    spans = {span for change in changes for span, _ in budgets_of(change)}
    funds.used = funds_store.uses_of(work, spans | {span for _, span in funds.charged})
    return funds


def _command(allotment: Allotment, gone: Mapping[UUID, Points]) -> SettleAward:
    worth = allotment.worth
    activates_at, expires_at, vesting, paid_from = worth.earned_at, None, None, ISSUANCE
    if worth.programme is not None and allotment.moves > 0:
        life = life_of(worth.programme, worth.rule_id, worth.earned_at, worth.earned_at)
        activates_at, expires_at, vesting = life.activates_at, life.expires_at, life.waits_for
        paid_from = ISSUANCE if worth.programme.emission is None else REWARDS
    return SettleAward(
        member_id=worth.member_id,
        award_id=worth.award_id,
        revision=worth.revision,
        difference=Points(allotment.moves),
        effective_at=worth.earned_at,
        activates_at=activates_at,
        expires_at=expires_at,
        why=worth.why,
        paid_from=paid_from,
        vesting=vesting,
        gone=gone.get(worth.award_id, ZERO),
    )


def _gone(work: Work, award_ids: Sequence[UUID], funds: Funds) -> dict[UUID, Points]:
    """What of these awards' lots was taken back for good, and no correction has counted on yet."""
    if not award_ids:
        return {}
    causes = [str(each) for each in award_ids]
    cancelled = vesting_store.cancelled_of(work, AWARD_CAUSE, causes)
    decayed = inactivity_store.decayed_of(work, AWARD_CAUSE, causes)
    return {
        award_id: cancelled.get(str(award_id), ZERO)
        + decayed.get(str(award_id), ZERO)
        + Points(funds.unpaid.get((award_id, Reason.GONE), 0))
        for award_id in award_ids
    }
