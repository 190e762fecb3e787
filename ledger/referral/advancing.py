"""Moving passes on by time and facts: lapse, qualify, reward, take back.

    look (a read) ──anything to do?──▶ lock members, journal, pass ─▶ look again ─▶ write

Each pass is a transaction of its own. Its row is locked and its state decides, so run twice, by two
hosts or cut short, nothing is done twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from ledger.emission import service as emission
from ledger.inactivity import store as inactivity
from ledger.journal import service as journal
from ledger.journal.model import AccountKey, AccountKind, EntryKind
from ledger.kernel.transaction import Database, Work, execute
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.lots.model import ISSUANCE, ClawBack, GrantLot
from ledger.members import store as members
from ledger.members.model import MemberStatus
from ledger.members.persons import store as persons
from ledger.programme import service as programmes
from ledger.programme.model import Attribute, Programme
from ledger.programme.model_referral import ORDER_PAID, ORDER_REFUNDED
from ledger.readiness import service as readiness
from ledger.referral import facts as read
from ledger.referral import reward_store as rewards
from ledger.referral import store
from ledger.referral.fingerprints import Fingerprints
from ledger.referral.model import (
    ZERO,
    Payment,
    Reason,
    Referral,
    ReferralState,
    Shares,
    Side,
    Velocity,
    Waits,
    advance,
    is_lapsed,
    may_reward,
    shares,
)
from ledger.referral.reward_store import Reward
from ledger.referral.service import Referrals, in_force_then, programme_of
from ledger.referral.terms import (
    REFERRAL_CAUSE,
    budget_since,
    cause_of,
    life_of,
    section_of,
    terms_of,
    terms_when_rewarded,
    why,
)

PAGE: Final = 200
_FIRST: Final = UUID(int=0)
_PAID: Final = frozenset({ReferralState.REWARDED, ReferralState.REVERSED})
_JUDGED: Final = frozenset({ReferralState.CLAIMED, ReferralState.QUALIFYING})
_ENDS: Final = frozenset({ReferralState.LAPSED, ReferralState.REJECTED, ReferralState.REVERSED})


@dataclass(frozen=True, slots=True)
class Advance:
    """Move one pass on as far as it goes now."""

    referral_id: UUID
    prints: Fingerprints


def run(database: Database, prints: Fingerprints) -> int:
    """Move on every pass that is due; how many changed."""
    changed, after = 0, _FIRST
    while True:
        with database.read() as work:
            page = store.moving(work, after, PAGE)
            due = [each for each in page if _is_due(work, each)]
        for each in due:
            changed += execute(database, move_on, Advance(each.referral_id, prints))
        if len(page) < PAGE:
            break
        after = page[-1].referral_id
    execute(database, _forget_networks, None)
    return changed


def move_on(work: Work, command: Advance) -> bool:
    """Bring one pass to where it belongs now; whether anything changed."""
    seen = store.find(work, command.referral_id)
    if seen is None:
        return False
    for member_id in sorted(each for each in (seen.inviter, seen.guest) if each is not None):
        members.lock_member(work, member_id)
    journal.lock_head(work)
    referral = store.lock(work, command.referral_id)
    assert referral is not None, "a pass stays"
    if referral.guest != seen.guest:
        return False  # Used meanwhile: the next time, with both members locked.
    after = _next(work, referral)
    if after.state is ReferralState.QUALIFIED:
        after = _rewarded(work, after, Referrals(command.prints))
    if after.state in _PAID and after.payment is not None:
        _level(work, after)
    if after == referral:
        return False
    store.update(work, after)
    return True


def _is_due(work: Work, referral: Referral) -> bool:
    after = _next(work, referral)
    return after != referral or after.state is ReferralState.QUALIFIED


def _next(work: Work, referral: Referral) -> Referral:
    """Where time and facts bring a pass, but for its reward."""
    if is_lapsed(referral, work.now):
        return replace(referral, state=ReferralState.LAPSED)
    if referral.state in _ENDS or referral.guest is None or referral.claimed_at is None:
        return referral
    broken = _broken_off(work, referral, referral.guest)
    if broken is not None:
        return _ended(referral, broken)
    programme = programme_of(work, referral)
    section = section_of(programme)
    attribute = programme.attributes[section.attribute]
    facts = store.facts_of(work, referral.guest, attribute.event_type)
    if read.paid_before(facts, referral.claimed_at):
        return _ended(referral, Reason.GUEST_NOT_NEW)
    payment = _payment(referral, read.first_payment(facts))
    if referral.state in _PAID and referral.payment is not None:
        stated = read.payment_of(facts, referral.payment.event_id)
        payment = _never_less(referral.payment, stated)
    known = replace(referral, payment=payment)
    if payment is None:
        return replace(known, state=ReferralState.CLAIMED, waits=None)
    if known.state is ReferralState.QUALIFIED and _is_another(referral.payment, payment):
        known = replace(known, state=ReferralState.QUALIFYING, waits=None)
    terms = terms_of(programme, payment.paid_at)
    matures_at = payment.paid_at + terms.payment_age
    subscribed = None
    if known.state in _JUDGED and _is_known(work, attribute, matures_at):
        subscribed = read.is_subscribed(facts, attribute, section.subscribed, matures_at)
    state, reason = advance(known, terms, subscribed=subscribed, now=work.now)
    waits = known.waits if state is ReferralState.QUALIFIED else None
    if state is ReferralState.QUALIFYING and matures_at <= work.now:
        waits = Waits.SOURCE
    return replace(known, state=state, reason=reason or known.reason, waits=waits)


def _is_known(work: Work, attribute: Attribute, moment: datetime) -> bool:
    """Whether a moment is over, and no source has to tell yet what it knows up to it, inclusive."""
    if moment > work.now:
        return False
    known = readiness.known_until(work, (ORDER_PAID, ORDER_REFUNDED, attribute.event_type))
    return known is None or moment < known


def _payment(referral: Referral, first: Payment | None) -> Payment | None:
    return None if referral.under_review else first


def _is_another(judged: Payment | None, first: Payment) -> bool:
    """Whether what a pass qualified by is not the guest's first payment any more."""
    return judged is None or judged.event_id != first.event_id


def _never_less(known: Payment, stated: Payment | None) -> Payment:
    """A reward's payment: gone if it is not stated any more; what was refunded stays so."""
    refunded = known.paid if stated is None else stated.refunded
    return replace(known, refunded=max(known.refunded, refunded))


def _ended(referral: Referral, reason: Reason) -> Referral:
    if referral.state in _PAID:
        assert referral.payment is not None, "rewards are of a payment"
        nothing = replace(referral.payment, refunded=referral.payment.paid)
        return replace(referral, state=ReferralState.REVERSED, reason=reason, payment=nothing)
    return replace(referral, state=ReferralState.REJECTED, reason=reason, waits=None)


def _broken_off(work: Work, referral: Referral, guest: UUID) -> Reason | None:
    """Why nothing can come of a pass by what became of the two: a merge may make them one.

    Or make the guest of two passes one, who is the guest of the first that was used.
    """
    stand = persons.persons_of(work, {referral.inviter, guest})
    if len(set(stand.values())) == 1:
        return Reason.SELF_REFERRAL
    if store.was_guest_before(work, referral, stand[guest]):
        return Reason.GUEST_NOT_NEW
    if referral.state not in _PAID and MemberStatus.ERASED in _statuses(work, referral):
        return Reason.PERSON_ERASED
    return None


def _statuses(work: Work, referral: Referral) -> set[MemberStatus]:
    both = [each for each in (referral.inviter, referral.guest) if each]
    standing = persons.persons_of(work, both).values()
    found = [members.find_member(work, each) for each in standing]
    return {each.status for each in found if each is not None}


def _rewarded(work: Work, referral: Referral, referrals: Referrals) -> Referral:
    """A qualified pass rewarded, or why not yet."""
    if referrals.shared(work, referral):
        return _ended(referral, Reason.SHARED_IDENTIFIER)
    programme = programme_of(work, referral)
    assert referral.payment is not None, "nothing qualifies without"
    terms = terms_of(programme, referral.payment.paid_at)
    due = _bound(work, referral, work.now)
    waits = None
    if _statuses(work, referral) != {MemberStatus.ACTIVE}:
        waits = Waits.MEMBER
    elif not due.total:
        waits = Waits.MARGIN
    elif not may_reward(rewards.rewarded_at(work, referral.inviter), terms, work.now):
        waits = Waits.LIMIT
    else:
        waits = _lacks_money(work, programme, due.total)
    if waits is not None:
        return replace(referral, waits=waits)
    _grant(work, referral, programme, due)
    return replace(referral, state=ReferralState.REWARDED, waits=None)


def _lacks_money(work: Work, programme: Programme, total: Points) -> Waits | None:
    section = section_of(programme)
    used = rewards.spent_since(work, budget_since(programme, work.now))
    if (used + total).amount > section.budget_points:
        return Waits.BUDGET
    if programme.emission is not None:
        emission.emit_due(work)
        pool = _pays(programme)
        if journal.balances(work, [pool])[pool] < total:
            return Waits.POOL
    return None


def _pays(programme: Programme) -> AccountKey:
    if programme.emission is None:
        return ISSUANCE
    pool = section_of(programme).pool
    assert pool is not None, "checked with the programme"
    return AccountKey(AccountKind(pool))


def _grant(work: Work, referral: Referral, programme: Programme, due: Shares) -> None:
    for side in Side:
        member_id = referral.inviter if side is Side.INVITER else referral.guest
        points = due.of(side)
        if not points or member_id is None:
            continue
        activates_at, expires_at = life_of(programme, side, work.now)
        (lot,) = lots.grant_lots(
            work,
            [
                GrantLot(
                    member_id=member_id,
                    amount=points,
                    kind=EntryKind.REFERRAL,
                    key=(REFERRAL_CAUSE, str(referral.referral_id), side),
                    effective_at=work.now,
                    activates_at=activates_at,
                    expires_at=expires_at,
                    cause=cause_of(referral.referral_id, side),
                    why=why(programme, referral.referral_id, side),
                    paid_from=_pays(programme),
                )
            ],
        )
        rewards.insert_reward(
            work,
            Reward(referral.referral_id, side, member_id, lot.lot_id, points, ZERO, ZERO, work.now),
        )


def _bound(work: Work, referral: Referral, rewarded_at: datetime) -> Shares:
    """What a reward of that moment may come to, by the payment as it stands."""
    assert referral.payment is not None, "rewards are of a payment"
    then = in_force_then(programmes.activations(work), rewarded_at)
    programme = programme_of(work, referral)
    terms = terms_when_rewarded(programme, referral.payment, then, rewarded_at)
    return shares(referral.payment, terms)


def _level(work: Work, referral: Referral) -> None:
    """Take back what is above the bound that the payment, as it stands, sets."""
    for reward in rewards.rewards_of(work, referral.referral_id):
        bound = _bound(work, referral, reward.rewarded_at).of(reward.side)
        excess = reward.points - reward.taken_back - bound
        if excess > ZERO:
            _take_back(work, programme_of(work, referral), reward, excess)


def _take_back(work: Work, programme: Programme, reward: Reward, points: Points) -> None:
    cause = cause_of(reward.referral_id, reward.side)
    decayed = inactivity.decayed_of(work, cause.kind, [cause.cause_id])
    gone = decayed.get(cause.cause_id, ZERO) - reward.gone
    before = str(reward.taken_back.amount)
    clawed = lots.claw_back(
        work,
        ClawBack(
            member_id=reward.member_id,
            amount=points,
            cause=cause,
            key=(REFERRAL_CAUSE, str(reward.referral_id), reward.side, before),
            key_at=reward.rewarded_at,
            at=work.now,
            why=why(programme, reward.referral_id, reward.side),
            gone=gone,
        ),
    )
    rewards.take_back(work, reward, points, clawed.gone)


def _forget_networks(work: Work, _: None) -> int:
    """Networks live for the window of the version in force, whether or not anybody claims."""
    within = Velocity().within
    try:
        section = programmes.in_force(work, work.now).programme.referral
    except programmes.NoProgrammeInForce:
        section = None
    if section is not None:
        within = timedelta(minutes=section.review_minutes)
    return store.forget_networks(work, work.now - within)
