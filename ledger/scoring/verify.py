"""Rule 6 as a check: awards say what replaying every fact says, member by member.

Memory is bounded by one member's history. A member with scoring still to do is left out: what
waits is not released yet. Where scoring has failed again and again, that is a finding itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from ledger.events import store as events_store
from ledger.kernel.transaction import Work
from ledger.members.model import SCORE_TOPIC
from ledger.scoring import service, store
from ledger.scoring.entitlements.service import Projection, projection
from ledger.verify.checks import Check
from ledger.verify.model import Finding

NAME: Final = "projection"
FAILURES_MAX: Final = 3


def check_projection(work: Work) -> Iterator[Finding]:
    """Awards that are worth something else than their facts entitle to, or that nothing earns."""
    plan = service.current_plan(work)
    if plan is None:
        return
    waiting = store.members_waiting(work, SCORE_TOPIC)
    for member_id, failures in waiting.items():
        if failures >= FAILURES_MAX:
            problem = f"cannot be scored: that has failed {failures} times; see the worker's log"
            yield Finding(NAME, "members", str(member_id), problem)
    seen: set[UUID] = set()
    for member_id, facts in events_store.facts_by_member(work):
        seen.add(member_id)
        if member_id not in waiting:
            entitled = projection(work, plan, member_id, facts)
            yield from _compare(work, member_id, entitled)
    nothing = Projection({})
    for member_id in store.members_with_awards(work):
        if member_id not in seen and member_id not in waiting:
            yield from _compare(work, member_id, nothing)


def _compare(work: Work, member_id: UUID, entitled: Projection) -> Iterator[Finding]:
    awards, overtaken = store.standing_of(work, member_id)
    for key, entitlement in entitled.entitlements.items():
        award = awards.get(key)
        stated = (0, 0) if award is None else (award.points, award.excess)
        wanted = (entitlement.points.amount, entitlement.excess.amount)
        if award is None or stated != wanted:
            yield Finding(
                NAME,
                "awards",
                f"of member {member_id} by rule {key.rule_id} for {key.event_id or key.period}",
                f"is worth {stated[0]} points and {stated[1]} above the cap; "
                f"its facts entitle to {wanted[0]} and {wanted[1]}",
            )
        elif award.receipt != entitlement.receipt.to_json():
            problem = "has a receipt that its facts do not give"
            yield Finding(NAME, "award_revisions", str(award.award_id), problem)
    left = [award for key, award in awards.items() if key not in entitled.entitlements]
    for award in left:
        if award.points or award.excess:
            problem = f"is worth {award.points} points; no facts earn it"
            yield Finding(NAME, "awards", str(award.award_id), problem)
    for award in overtaken:
        if award.points or award.excess:
            problem = "is worth something beside another award of the same person for the same"
            yield Finding(NAME, "awards", str(award.award_id), problem)


SCORING_CHECKS: Final = (Check(NAME, check_projection),)
