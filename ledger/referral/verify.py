"""Guest passes against their rewards, lots and budgets."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Final
from uuid import UUID

from ledger.kernel.transaction import Work
from ledger.programme import service as programmes
from ledger.programme.model import Programme
from ledger.referral import reward_store as rewards
from ledger.referral import store
from ledger.referral.model import Referral, ReferralState, may_reward, shares
from ledger.referral.reward_store import Reward
from ledger.referral.service import in_force_then, programme_of
from ledger.referral.terms import (
    budget_since,
    cause_of,
    section_of,
    terms_of,
    terms_when_rewarded,
)
from ledger.verify.checks import Check
from ledger.verify.model import Finding

NAME: Final = "referrals"
_PAGE: Final = 500
_PAID: Final = frozenset({ReferralState.REWARDED, ReferralState.REVERSED})


def check_referrals(work: Work) -> Iterator[Finding]:
    """Lots have rewards, rewards lots and passes; no budget, limit or margin was passed."""
    passes = {each.referral_id: each for each in _passes(work)}
    given = rewards.every_reward(work)
    yield from _lots(work, given)
    yield from _states(passes, given)
    versions: dict[bytes, Programme] = {}
    for each in passes.values():
        if each.programme_hash not in versions:
            versions[each.programme_hash] = programme_of(work, each)
    known = [each for each in given if each.referral_id in passes]
    yield from _budgets(passes, known, versions)
    yield from _limits(passes, known, versions)
    yield from _margins(work, passes, known, versions)


def _passes(work: Work) -> Iterator[Referral]:
    after = UUID(int=0)
    while page := store.every(work, after, _PAGE):
        yield from page
        after = page[-1].referral_id


def _lots(work: Work, given: Sequence[Reward]) -> Iterator[Finding]:
    stated = {each.lot_id: each for each in given}
    found = set()
    for row in rewards.lots_of_referrals(work):
        reward = stated.get(row.lot_id)
        if reward is None:
            yield Finding(
                NAME, "lots", str(row.lot_id), "is of a guest pass, and no reward names it"
            )
            continue
        found.add(row.lot_id)
        expected = (
            reward.member_id,
            reward.points.amount,
            cause_of(reward.referral_id, reward.side).cause_id,
        )
        if (row.member_id, row.granted, row.cause_id) != expected:
            problem = "is another lot than its reward states"
            yield Finding(NAME, "lots", str(row.lot_id), problem)
    for lot_id in stated.keys() - found:
        reward = stated[lot_id]
        problem = f"names the lot {lot_id}, which is of no guest pass"
        yield Finding(NAME, "referral_rewards", _name(reward), problem)


def _states(passes: dict[UUID, Referral], given: Sequence[Reward]) -> Iterator[Finding]:
    rewarded = {each.referral_id for each in given}
    for each in passes.values():
        if (each.state in _PAID) != (each.referral_id in rewarded):
            problem = (
                f"is {each.state}, and was {'' if each.state not in _PAID else 'not '}rewarded"
            )
            yield Finding(NAME, "referrals", str(each.referral_id), problem)
    for reward in given:
        referral = passes.get(reward.referral_id)
        left = reward.points - reward.taken_back
        if referral is not None and referral.state is ReferralState.REVERSED and left:
            problem = f"is of a reversed pass, and {left.amount} points of it were left"
            yield Finding(NAME, "referral_rewards", _name(reward), problem)


def _budgets(
    passes: dict[UUID, Referral], given: Sequence[Reward], versions: dict[bytes, Programme]
) -> Iterator[Finding]:
    moments = [each.rewarded_at for each in given]
    sums = [0, *accumulate((each.points - each.taken_back).amount for each in given)]
    for place, reward in enumerate(given, start=1):
        if place < len(given) and given[place].rewarded_at == reward.rewarded_at:
            continue  # Both sides are one cost.
        programme = versions[passes[reward.referral_id].programme_hash]
        since = budget_since(programme, reward.rewarded_at)
        budget = section_of(programme).budget_points
        spent = sums[place] - sums[0 if since is None else bisect_left(moments, since)]
        if spent > budget:
            problem = f"brings what guest passes cost to {spent}; the budget is {budget}"
            yield Finding(NAME, "referral_rewards", _name(reward), problem)


def _limits(
    passes: dict[UUID, Referral], given: Sequence[Reward], versions: dict[bytes, Programme]
) -> Iterator[Finding]:
    before: dict[UUID, dict[UUID, datetime]] = defaultdict(dict)
    for reward in given:
        referral = passes[reward.referral_id]
        moments = before[referral.inviter]
        if referral.referral_id in moments:
            continue
        terms = terms_of(versions[referral.programme_hash], reward.rewarded_at)
        if not may_reward(tuple(moments.values()), terms, reward.rewarded_at):
            problem = f"is one more than {terms.rewards_per_year} in twelve months"
            yield Finding(NAME, "referral_rewards", _name(reward), problem)
        moments[referral.referral_id] = reward.rewarded_at


def _margins(
    work: Work,
    passes: dict[UUID, Referral],
    given: Sequence[Reward],
    versions: dict[bytes, Programme],
) -> Iterator[Finding]:
    decided = programmes.activations(work)
    thanked: dict[UUID, UUID] = {}
    for reward in given:
        referral = passes[reward.referral_id]
        left = reward.points - reward.taken_back
        if referral.payment is None:
            yield Finding(NAME, "referral_rewards", _name(reward), "is of no payment")
            continue
        own, event_id = referral.referral_id, referral.payment.event_id
        first = thanked.setdefault(event_id, own) if left else own
        if first != own:
            problem = f"is of the payment that the pass {first} was rewarded for"
            yield Finding(NAME, "referral_rewards", _name(reward), problem)
        then = in_force_then(decided, reward.rewarded_at)
        version = versions[referral.programme_hash]
        terms = terms_when_rewarded(version, referral.payment, then, reward.rewarded_at)
        most = shares(referral.payment, terms).of(reward.side)
        if left > most:
            problem = f"left {left.amount} points; the margin of its payment gives {most.amount}"
            yield Finding(NAME, "referral_rewards", _name(reward), problem)


def _name(reward: Reward) -> str:
    return f"{reward.referral_id}/{reward.side}"


REFERRAL_CHECKS: Final = (Check(NAME, check_referrals),)
"""The checks of this room, for ``vklad ledger verify``."""
