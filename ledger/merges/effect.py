"""What a merge or split would do, looked at before anybody decides. Writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from uuid import UUID

from ledger.kernel.transaction import Work
from ledger.kernel.units import sum_points
from ledger.lots import store as lots_store
from ledger.lots.model import ZERO, HeldLot
from ledger.members import store as members_store
from ledger.merges import facts_store, service, store
from ledger.merges.model import DIFFERENCES_MAX, Difference, Effect, Merge, Side
from ledger.scoring import service as scoring
from ledger.scoring import store as awards
from ledger.scoring.entitlements.service import projection
from ledger.scoring.store import AwardKey, StoredAward

_Worths = Mapping[AwardKey, int]


def effect_of_merge(work: Work, survivor: UUID, absorbed: UUID) -> Effect:
    """What merging these two would do.

    Raises:
        UnknownMember, MemberNotActive, MergeWithOneself, MergeOfOfficer, MergeUnderReview,
        MergeWouldPayOneself: as ``propose_merge``.
    """
    service.refuse_merge(work, survivor, absorbed)
    sides = []
    standing: list[StoredAward] = []
    together: list[UUID] = []
    for member_id in (survivor, absorbed):
        own = list(awards.awards_of(work, member_id).values())
        references = members_store.references_of_member(work, member_id)
        position = lots_store.position(work, member_id)
        side = _side(member_id, position.lots, own, len(references))
        sides.append(replace(side, debt=position.debt))
        standing += own
        together += references
    return _effect(sides, standing, _worths(work, {survivor: together}))


def effect_of_split(work: Work, merge: Merge) -> Effect:
    """What undoing a merge would do.

    Raises:
        NotMerged, MemberNotActive, MergeUnderReview: as ``propose_split``.
    """
    person = service.refuse_split(work, merge)
    going = set(service.branch_of(work, merge.absorbed))
    standing = list(awards.awards_of(work, person).values())
    position = lots_store.position(work, person)
    leaving = store.identities_gone_over(work, merge.merge_id, person)
    staying = [
        each for each in members_store.references_of_member(work, person) if each not in leaving
    ]
    sides = [
        _side(
            member_id,
            [held for held in position.lots if (held.lot.member_id in going) is goes],
            [award for award in standing if (award.member_id in going) is goes],
            len(references),
        )
        for member_id, references, goes in (
            (person, staying, False),
            (merge.absorbed, leaving, True),
        )
    ]
    sides[0] = replace(sides[0], debt=position.debt)
    return _effect(sides, standing, _worths(work, {person: staying, merge.absorbed: leaving}))


def effect_of(work: Work, merge: Merge) -> Effect:
    """What approving a proposal would do.

    Raises:
        As :func:`effect_of_merge` or :func:`effect_of_split`.
    """
    if merge.undoes is None:
        return effect_of_merge(work, merge.survivor, merge.absorbed)
    return effect_of_split(work, service.find(work, merge.undoes))


def _worths(work: Work, whose: Mapping[UUID, Collection[UUID]]) -> _Worths:
    """What all facts entitle to, were these identities these members', by award."""
    found: Counter[AwardKey] = Counter()
    plan = scoring.current_plan(work)
    if plan is None:
        return found
    as_if = {each: member_id for member_id, references in whose.items() for each in references}
    for member_id, references in whose.items():
        facts = facts_store.facts_of_references(work, references) if references else []
        projected = projection(work, plan, member_id, facts, as_if)
        for key, entitlement in projected.entitlements.items():
            found[key] += entitlement.points.amount
    return found


def _effect(sides: list[Side], standing: Iterable[StoredAward], after: _Worths) -> Effect:
    before: Counter[AwardKey] = Counter()
    for award in standing:
        before[award.key] += award.points
    differing = [
        Difference(key.rule_id, key.event_id, key.period, before[key], after.get(key, 0))
        for key in sorted(before.keys() | after.keys(), key=str)
        if before[key] != after.get(key, 0)
    ]
    survivor, absorbed = sides
    return Effect(
        survivor,
        absorbed,
        awarded_after=sum(after.values()),
        differing=len(differing),
        differences=tuple(differing[:DIFFERENCES_MAX]),
    )


def _side(
    member_id: UUID, lots: Iterable[HeldLot], own: Iterable[StoredAward], identities: int
) -> Side:
    held = list(lots)
    return Side(
        member_id=member_id,
        pending=sum_points(each.pending for each in held),
        available=sum_points(each.available for each in held),
        held=sum_points(each.held for each in held),
        debt=ZERO,
        awarded=sum(award.points for award in own),
        identities=identities,
    )
