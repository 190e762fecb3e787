"""Keeping the journal equal to the projection, one member at a time.

    facts + activations ──project──▶ entitlements ─┐
                                                   ├─ compare ──▶ settlements ──▶ lots, journal
    awards as they stand ──────────────────────────┘                    └──▶ award revisions

Nothing here decides what anything is worth: that is the projection's. Late and retracted facts,
stated attributes, new links and new versions all take this one way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final
from uuid import UUID

from ledger.events import store as events_store
from ledger.events.telling import News, news_of
from ledger.kernel import outbox
from ledger.kernel.canonical import Json, digest
from ledger.kernel.clock import Instant
from ledger.kernel.ids import derived_id
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.members import store as members_store
from ledger.members.model import SCORE_TOPIC, MemberStatus
from ledger.programme import service as programmes
from ledger.programme import store as programmes_store
from ledger.programme.model import Programme
from ledger.quarantine import withheld_store
from ledger.quarantine.withholding import withheld
from ledger.readiness import service as readiness
from ledger.scoring import store
from ledger.scoring.checkpoints import service as checkpoints
from ledger.scoring.checkpoints import store as checkpoint_store
from ledger.scoring.entitlements.service import Advanced, advanced, projection
from ledger.scoring.eras import last_close
from ledger.scoring.model import (
    Activation,
    ActivationMode,
    Entitlement,
)
from ledger.scoring.plan import Plan
from ledger.scoring.store import AwardKey, NewAward, NewRevision, StoredAward
from ledger.settlement import service as settlement
from ledger.settlement.model import Settled, Worth
from ledger.switches import service as switches
from ledger.switches.model import Switch

SWITCHED_OFF_PAUSE: Final = timedelta(seconds=30)
"""How long waiting awards are left before somebody looks whether earning is on again."""
NOTHING_LEFT: Final[Json] = {"points": 0, "because": "no_longer_earned"}
"""The receipt of an award whose facts no longer earn it (retracted, unlinked, re-ordered)."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What scoring a member changed: awards with a new revision, and the points they moved."""

    member_id: UUID
    revised: int
    difference: Points


@dataclass(frozen=True, slots=True)
class _Change:
    """One award that is worth something else than before."""

    award_id: UUID
    member_id: UUID
    key: AwardKey
    earned_at: datetime
    before: StoredAward | None
    points: int
    excess: int
    receipt: Json
    programme: Programme | None

    @property
    def revision(self) -> int:
        return 1 if self.before is None else self.before.revision + 1

    @property
    def difference(self) -> int:
        return self.points - (0 if self.before is None else self.before.points)


def score_waiting(work: Work, member_id: UUID) -> Scored | None:
    """Do what waits for a member on the outbox's topic ``score``; ``None`` if nothing does.

    While the school has switched earning off, facts are taken in and awards wait.
    """
    status = members_store.lock_member(work, member_id)
    if status is None:
        return None
    if status is MemberStatus.MERGED:  # Who stands for both was asked for by the merge.
        outbox.take(work, SCORE_TOPIC, str(member_id))
        return None
    if not switches.position(work, Switch.EARNING).is_on:
        outbox.defer(work, SCORE_TOPIC, str(member_id), work.now + SWITCHED_OFF_PAUSE)
        return None
    rows = outbox.take(work, SCORE_TOPIC, str(member_id))
    if not rows:
        return None
    return score_locked(work, member_id, news_of(rows))


def score_member(work: Work, member_id: UUID) -> Scored:
    """Project a member's facts again and post the differences; a merged one has none."""
    if members_store.lock_member(work, member_id) is MemberStatus.MERGED:
        return Scored(member_id, 0, Points(0))
    return score_locked(work, member_id)


def score_locked(work: Work, member_id: UUID, news: News | None = None) -> Scored:
    """As :func:`score_member`, of a member whose row this transaction holds.

    ``news``: the facts that are new to scoring; ``None``: anything may have changed.
    """
    scored = _post_differences(work, member_id, news)
    withhold_locked(work, member_id)
    return scored


def withhold_locked(work: Work, member_id: UUID) -> None:
    """Keep back what facts under review account for, of a member whose row is held."""
    before = withheld_store.withheld_awards(work, member_id)
    if before or withheld_store.facts_under_review(work, member_id):
        now = withheld_now(work, member_id)
        if now != before:
            withheld_store.withhold(work, member_id, now)


def withheld_now(work: Work, member_id: UUID) -> dict[UUID, Points]:
    """By award of a member, what of it the facts that are not under review do not earn."""
    plan = current_plan(work)
    if plan is None:
        return {}
    doubted = withheld_store.facts_under_review(work, member_id)
    facts = events_store.facts_of_member(work, member_id)
    undoubted = [fact for fact in facts if fact.event_id not in doubted]
    entitled = projection(work, plan, member_id, undoubted).entitlements
    awards = store.awards_of(work, member_id)
    by_award = withheld(
        {key: Points(award.points) for key, award in awards.items()},
        {key: each.points for key, each in entitled.items()},
    )
    return {awards[key].award_id: points for key, points in by_award.items()}


def _post_differences(work: Work, member_id: UUID, news: News | None) -> Scored:
    plan = current_plan(work)
    if plan is None:
        return Scored(member_id, 0, Points(0))
    released_until = readiness.watermarks(work)
    start = checkpoints.resumed(work, plan, member_id, news, released_until)
    now = advanced(work, plan, member_id, start, released_until)
    compared_from = None
    if start is not None:
        periods = [key.period for key in now.entitlements if key.period is not None]
        compared_from = store.ComparedFrom(start.checkpoint.horizon, periods)
    awards, overtaken = store.standing_of(work, member_id, compared_from)
    _keep_checkpoint(work, member_id, now, awards)
    changes = _changes(member_id, now.entitlements, awards, overtaken)
    if not changes:
        return Scored(member_id, 0, Points(0))
    store.insert_awards(
        work,
        [
            NewAward(c.award_id, c.member_id, c.key, c.earned_at)
            for c in changes
            if c.before is None
        ],
    )
    settled = settlement.settle(work, member_id, [_worth(c) for c in changes])
    store.insert_revisions(work, [_revision(change, settled) for change in changes])
    return Scored(member_id, len(changes), Points(sum(c.difference for c in changes)))


def _keep_checkpoint(
    work: Work,
    member_id: UUID,
    now: Advanced,
    awards: Mapping[AwardKey, StoredAward],
) -> None:
    """Keep the next checkpoint, if there is one.

    An award that is to be left alone from now on must not look like one to be compared.
    """
    next_one = now.checkpoint
    if next_one is not None and all(
        awards[key].earned_at < next_one.horizon for key in now.frozen if key in awards
    ):
        checkpoint_store.replace(work, member_id, next_one)


def current_plan(work: Work) -> Plan | None:
    """Every activation made ready for the fold; ``None`` before the first."""
    activations = programmes_store.activations(work)
    if not activations:
        return None
    return _plan(tuple((a.source_text, a.effective_at, a.mode) for a in activations))


def close_periods(work: Work) -> datetime | None:
    """Close every period that is over and have everybody scored; the new close, if there is one."""
    plan = current_plan(work)
    if plan is None or not plan.is_periodic:
        return None
    programmes_store.lock_activations(work)
    close = last_close(plan.eras, Instant.of(work.now))
    if close is None:
        return None
    moment = close.floor_datetime()
    before = programmes_store.closed_until(work)
    if before is not None and before >= moment:
        return None
    programmes_store.insert_close(work, moment)
    store.ask_to_score_everybody(work, SCORE_TOPIC)
    return moment


def score_everybody(work: Work, activation_id: UUID) -> bool:
    """Do what waits after an activation: ask that every member's facts be projected again."""
    if not outbox.take(work, programmes.ACTIVATED_TOPIC, str(activation_id)):
        return False
    store.ask_to_score_everybody(work, SCORE_TOPIC)
    return True


def _changes(
    member_id: UUID,
    entitled: Mapping[AwardKey, Entitlement],
    awards: Mapping[AwardKey, StoredAward],
    overtaken: Sequence[StoredAward],
) -> list[_Change]:
    """What is worth something else now: losses first, so that a correction finds its points."""
    found = []
    for key, entitlement in entitled.items():
        before = awards.get(key)
        receipt = entitlement.receipt.to_json()
        points, excess = entitlement.points.amount, entitlement.excess.amount
        if before and (before.points, before.excess, before.receipt) == (points, excess, receipt):
            continue
        earned_at = entitlement.earned_at.floor_datetime()
        award_id = before.award_id if before else _award_id(member_id, key, earned_at)
        found.append(
            _Change(
                award_id=award_id,
                member_id=before.member_id if before else member_id,
                key=key,
                earned_at=before.earned_at if before else earned_at,
                before=before,
                points=points,
                excess=excess,
                receipt=receipt,
                programme=entitlement.receipt.programme,
            )
        )
    left = [award for key, award in awards.items() if key not in entitled]
    found += [
        _Change(
            *(award.award_id, award.member_id, award.key, award.earned_at, award),
            *(0, 0, NOTHING_LEFT, None),
        )
        for award in (*left, *overtaken)
        if award.receipt != NOTHING_LEFT
    ]
    return sorted(found, key=lambda c: (c.difference > 0, c.earned_at, c.award_id))


def _worth(change: _Change) -> Worth:
    return Worth(
        award_id=change.award_id,
        member_id=change.member_id,
        rule_id=change.key.rule_id,
        revision=change.revision,
        difference=change.difference,
        earned_at=change.earned_at,
        programme=change.programme,
        why={
            "rule": change.key.rule_id,
            "programme": None if change.programme is None else change.programme.hash_text,
            "receipt": digest(change.receipt).hex(),
        },
    )


def _revision(change: _Change, settled: Settled) -> NewRevision:
    return NewRevision(
        change.award_id,
        change.revision,
        change.points,
        change.excess,
        change.receipt,
        settled.entries.get(change.award_id),
    )


def _award_id(member_id: UUID, key: AwardKey, earned_at: datetime) -> UUID:
    return derived_id(
        earned_at, "award", str(member_id), key.rule_id, str(key.event_id), str(key.period)
    )


@lru_cache(maxsize=8)
def _plan(versions: tuple[tuple[str, datetime, str], ...]) -> Plan:
    return Plan(
        [
            Activation(
                programmes.read_programme(text), Instant.of(effective_at), ActivationMode(mode)
            )
            for text, effective_at, mode in versions
        ]
    )
