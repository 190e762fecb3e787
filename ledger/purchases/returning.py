"""Taking a purchase back, whole.

recipients' lots (own, others, debt) ──▶ revoked ──┐
pools of the school, rewards ──────────────────────┴──▶ spent ──▶ the buyer's lots

What decayed of a recipient's share is in revoked already, or in the rewards' pool: nobody gives it
a second time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from ledger.inactivity import store as inactivity
from ledger.journal import service as journal
from ledger.journal.model import AccountKey, EntryKind, Posting
from ledger.kernel.ids import derived_id, format_id
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points, sum_points
from ledger.lots import service as lots
from ledger.lots.model import REFUND_GRACE, REVOKED, REWARDS, SPENT, ClawBack, ReturnToLots
from ledger.members.persons import store as persons
from ledger.programme import service as programmes
from ledger.programme import store as programmes_store
from ledger.purchases import store
from ledger.purchases.errors import PoolTooSmall, PurchaseNotFound, ReturnTooLate
from ledger.purchases.model import PaidShare, Purchase
from ledger.purchases.posting import post_split, why
from ledger.redemption.offers import Caller
from ledger.redemption.terms import parse_terms

_NONE: Final = Points(0)


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Undo a purchase, whole."""

    caller: Caller
    purchase_id: UUID


def take_back(work: Work, command: TakeBack) -> Purchase:
    """Undo a purchase: from recipients as far as debt, to the buyer's lots. Again: no change.

    Raises:
        PurchaseNotFound: none that the caller may settle.
        ReturnTooLate: its time is over.
        PoolTooSmall: a pool has spent its share, or what decayed into it.
    """
    journal.lock_head(work)
    purchase = store.find(work, command.purchase_id)
    if purchase is None or not command.caller.may_use(purchase.source):
        raise _not_found(command.purchase_id)
    if purchase.returned_at is not None:
        return purchase
    if work.now > purchase.refund_until:
        raise ReturnTooLate(
            f"This purchase could be taken back until {purchase.refund_until.isoformat()}.",
            until=purchase.refund_until.isoformat(),
        )
    to_rewards = [_claw_back(work, purchase, share) for share in purchase.shares]
    _collect(work, purchase, sum_points(to_rewards))
    lots.return_to_lots(
        work,
        ReturnToLots(
            hold_id=purchase.hold_id,
            return_id=derived_id(purchase.made_at, "purchase.return", str(purchase.purchase_id)),
            amount=purchase.points,
            at=work.now,
            grace=_grace(work, purchase),
            why=why(purchase.purchase_id),
        ),
    )
    store.mark_returned(work, purchase.purchase_id, work.now)
    found = store.find(work, purchase.purchase_id)
    assert found is not None, "a purchase stays"
    return found


def find(work: Work, caller: Caller, purchase_id: UUID) -> Purchase:
    """A purchase that the caller may see: the buyer's own, or of the machine's source.

    Raises:
        PurchaseNotFound: none such.
    """
    purchase = store.find(work, purchase_id)
    if purchase is None:
        raise _not_found(purchase_id)
    mine = caller.member_id == persons.person_of(work, purchase.buyer_id)
    if not (mine or caller.may_see(purchase.source)):
        raise _not_found(purchase_id)
    return purchase


def _grace(work: Work, purchase: Purchase) -> timedelta:
    """The least life of what comes back, of the version under which it was bought."""
    stored = programmes_store.programme(work, purchase.programme_hash)
    section = None if stored is None else programmes.read_programme(stored.source_text).redemption
    return REFUND_GRACE if section is None else parse_terms(section).refund_grace


def _claw_back(work: Work, purchase: Purchase, share: PaidShare) -> Points:
    """Take a member's share back, less what decayed of it; what of that went to rewards."""
    if share.member_id is None or not share.points:
        return _NONE
    cause = purchase.cause_of(share)
    decayed = inactivity.decayed_into(work, cause)
    lots.claw_back(
        work,
        ClawBack(
            member_id=share.member_id,
            amount=share.points,
            cause=cause,
            key=("purchase", str(purchase.purchase_id), share.to),
            key_at=purchase.made_at,
            at=work.now,
            why=why(purchase.purchase_id),
            gone=sum_points(decayed.values()),
        ),
    )
    return decayed.get(REWARDS.kind, _NONE)


def _collect(work: Work, purchase: Purchase, to_rewards: Points) -> None:
    """Everything that was shared back to spent, whence it goes to the buyer.

    What decayed of it is where it decayed to: revoked, as what was clawed back is, or rewards.
    """
    from_pools = [
        Posting(AccountKey(share.pool), SPENT, share.points)
        for share in purchase.shares
        if share.pool is not None and share.points
    ]
    if to_rewards:
        from_pools.append(Posting(REWARDS, SPENT, to_rewards))
    balances = journal.balances(work, [posting.debit for posting in from_pools])
    needed: dict[AccountKey, Points] = {}
    for posting in from_pools:
        needed[posting.debit] = needed.get(posting.debit, _NONE) + posting.amount
    for pool, points in needed.items():
        if balances[pool] < points:
            raise PoolTooSmall(
                f"The pool {pool.kind} has {balances[pool].amount} points, not {points.amount}.",
                pool=pool.kind,
                points=points.amount,
            )
    shared = sum_points(share.points for share in purchase.shares if share.pool is None)
    revoked = shared - to_rewards
    from_members = [Posting(REVOKED, SPENT, revoked)] if revoked else []
    post_split(work, EntryKind.SPLIT_RETURN, purchase.purchase_id, [*from_members, *from_pools])


def _not_found(purchase_id: UUID) -> PurchaseNotFound:
    text = format_id("pur", purchase_id)
    return PurchaseNotFound(f"There is no purchase {text}.", purchase=text)
