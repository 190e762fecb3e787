"""Remembering what visitors came by, and finding who has reached which stage.

    visitor agrees ──▶ touch (digest of a cookie) ──sign-in──▶ the member's
                            │ 90 days                            │ forgotten
                            ▼                                    ▼
                   a first visit of nobody's, by the day       nothing

Nobody is remembered who did not agree. Stages are looked for as a whole, ever again: a late fact,
one taken back and two members who turn out to be one then all come out right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from ledger.funnel import stages_store, touches_store
from ledger.funnel.model import Found, Journey, Stage, StageEvent
from ledger.funnel.touches import (
    ANONYMOUS_LIFE,
    DIRECT,
    VISITOR_LIFE,
    LinkTouches,
    RecordTouch,
)
from ledger.kernel.transaction import Work


def record_first(work: Work, command: RecordTouch) -> None:
    """Remember what a visitor came by, who has just agreed to it."""
    touches_store.upsert(work, command.visitor, command.channel, is_first=True)


def record_again(work: Work, command: RecordTouch) -> bool:
    """Remember what a visitor came by this time; ``False`` for one of whom nothing is known.

    Who comes by no link comes because of what brought them before.
    """
    if not touches_store.is_known(work, command.visitor):
        return False
    if command.channel != DIRECT:
        touches_store.upsert(work, command.visitor, command.channel, is_first=False)
    return True


def link_touches(work: Work, command: LinkTouches) -> None:
    """Make what a visitor came by the member's, up to when the member signed up; forget the rest.

    A member who was one before has nothing to be brought here for.
    """
    until = touches_store.signed_up_at(work, command.member_id)
    if until is not None:
        touches_store.link(work, command.visitor, command.member_id, until)
    touches_store.delete_visitor(work, command.visitor)


def forget_visitor(work: Work, visitor: bytes) -> None:
    """A visitor does not agree any more."""
    touches_store.delete_visitor(work, visitor)


def forget_old(work: Work) -> int:
    """Of visitors who did not sign in keep a count by the day, and that for two years."""
    touches_store.delete_later(work, work.now - VISITOR_LIFE)
    anonymous = touches_store.make_anonymous(work, work.now - VISITOR_LIFE)
    return anonymous + touches_store.delete_anonymous(work, work.now - ANONYMOUS_LIFE)


def refresh(work: Work, queries: Sequence[stages_store.Query]) -> list[StageEvent]:
    """Look for the first fact of every stage; those stages that somebody has newly reached.

    Who has no identity has not signed up, and is on no journey. Two of these at once do it once.
    ``queries``: of the rooms above the ledger, as in ``stages_store``.
    """
    if not stages_store.lock_refreshing(work):
        return []
    kept = {(each.member_id, each.stage): each for each in stages_store.kept(work)}
    if any(each.recorded_at > work.now for each in kept.values()):
        return []  # Somebody looked since this began; ids have to follow on theirs.
    found = stages_store.found(work, [*stages_store.ledger_stages(), *queries])
    signed_up = {each.member_id for each in found if each.stage is Stage.SIGN_UP}
    new, moved = [], []
    for each in sorted(found, key=_in_order):
        if each.member_id not in signed_up:
            continue
        before = kept.pop((each.member_id, each.stage), None)
        if before is None:
            new.append(
                StageEvent(work.new_id(), each.member_id, each.stage, each.reached_at, work.now)
            )
        elif before.reached_at != each.reached_at:
            moved.append(replace(before, reached_at=each.reached_at))
    if new:
        stages_store.insert(work, new)
    if moved:
        stages_store.move(work, moved)
    if kept:
        stages_store.delete(work, [each.event_id for each in kept.values()])
    return new


def _in_order(each: Found) -> tuple[datetime, UUID, int]:
    return each.reached_at, each.member_id, list(Stage).index(each.stage)


def journeys(work: Work) -> list[Journey]:
    """Everybody's, as last looked for, and those of visitors who agreed and have not signed up.

    Of the latter nothing but their number is told for each month and what they came by.
    """
    touches = touches_store.touches_of(work)
    found = []
    for member_id, stages in stages_store.reached(work).items():
        touch = touches.get(member_id)
        first, last = (touch.first, touch.last) if touch else (None, None)
        found.append(Journey(stages, first, last))
    return found + [
        Journey({Stage.FIRST_VISIT: month}, first, last, count)
        for month, first, last, count in touches_store.visits(work)
    ]


def forget(work: Work, member_id: UUID) -> int:
    """Forget what a member came by and which stages they reached; how many those were."""
    touches_store.forget(work, member_id)
    return stages_store.forget(work, member_id)
