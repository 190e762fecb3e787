"""Statements over stages: the first facts of each in the ledger, and what was found of them.

Each of the queries gives ``member_id`` (who stands for the person), ``stage``, ``reached_at``. The
stages of rooms above the ledger come from those rooms.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.events.tables import events, retractions
from ledger.funnel.model import STAGES, Found, Stage, StageEvent
from ledger.funnel.tables import funnel_stages, funnel_touches
from ledger.kernel.arrays import TEXT, TIME, UUID_, any_uuid, table_of
from ledger.kernel.transaction import Work
from ledger.lots.tables import holds
from ledger.members.persons.store import PERSON
from ledger.members.tables import identities, identity_links, members
from ledger.redemption.tables import redemptions
from ledger.scoring.tables import award_revisions, awards

Query = sa.Select[Any, Any, Any]

_REFRESH_LOCK: Final = 0x766B_6C61_6400_0063
"""Advisory lock of whoever looks for stages."""
_ORDER_PAID: Final = "shop.order.paid"
_NO_ACTS: Final = ("shop.order.%", "member.%.changed", "activity.retracted")
_NO_ACTS_EITHER: Final = (
    "club.user.registered",
    "lms.course.registered",
    "lms.course.unregistered",
    "reminder.delivered",
)
"""What is stated of somebody without anything done for learning or for one another."""
_SPENDING: Final = ("redemption", "purchase", "goods")


def firsts(
    stage: Stage,
    member: sa.Column[Any],
    moment: sa.Column[Any],
    rows: Callable[[Query], Query],
) -> Query:
    """The first moment of each person; ``rows`` says from which rows that name a member."""
    query = (
        sa.select(
            PERSON.label("member_id"),
            sa.literal(stage.value).label("stage"),
            sa.func.min(moment).label("reached_at"),
        )
        .select_from(members)
        .join(member.table, member == members.c.member_id)
        .group_by(PERSON)
    )
    return rows(query)


def ledger_stages() -> list[Query]:
    """The queries of all stages whose facts are in the ledger."""
    hold, facts = holds.c, _first_facts()
    return [
        firsts(
            Stage.FIRST_VISIT,
            funnel_touches.c.member_id,
            funnel_touches.c.touched_at,
            lambda query: query,
        ),
        firsts(
            Stage.SIGN_UP,
            identity_links.c.member_id,
            identity_links.c.recorded_at,
            lambda query: query.where(identity_links.c.action == "linked"),
        ),
        _of_facts(Stage.ACTIVATION, facts, facts.c.acted_at),
        _of_facts(Stage.PURCHASE, facts, facts.c.paid_at),
        _first_earn(),
        firsts(
            Stage.FIRST_REDEMPTION,
            hold.member_id,
            hold.resolved_at,
            lambda query: query.where(hold.state == "captured", hold.purpose.in_(_SPENDING)),
        ),
        firsts(
            Stage.PURCHASE,
            redemptions.c.member_id,
            redemptions.c.captured_at,
            lambda query: query.where(
                redemptions.c.captured_at.is_not(None),
                redemptions.c.captured_minor < redemptions.c.net_minor,
            ),
        ),
    ]


def _first_facts() -> sa.CTE:
    """Of each identity the first act and the first paid order that nobody took back: one look."""
    kind = events.c.type
    is_act = sa.and_(kind.not_in(_NO_ACTS_EITHER), *(kind.not_like(each) for each in _NO_ACTS))
    is_paid = kind == _ORDER_PAID
    taken_back = sa.exists().where(
        retractions.c.source == events.c.source,
        retractions.c.source_event_id == events.c.source_event_id,
    )
    return (
        sa.select(
            events.c.subject_reference.label("reference"),
            sa.func.min(events.c.occurred_at).filter(is_act).label("acted_at"),
            sa.func.min(events.c.occurred_at).filter(is_paid).label("paid_at"),
        )
        .where(sa.or_(is_act, is_paid), ~taken_back)
        .group_by(events.c.subject_reference)
        .cte("first_facts")
    )


def _of_facts(stage: Stage, facts: sa.CTE, moment: sa.ColumnElement[Any]) -> Query:
    return (
        sa.select(
            PERSON.label("member_id"),
            sa.literal(stage.value).label("stage"),
            sa.func.min(moment).label("reached_at"),
        )
        .select_from(facts)
        .join(identities, identities.c.reference == facts.c.reference)
        .join(members, members.c.member_id == identities.c.member_id)
        .where(moment.is_not(None))
        .group_by(PERSON)
    )


def _first_earn() -> Query:
    """The first award that is worth something now: a look into the index for each member."""
    award = awards.alias("award")
    worth = (
        sa.select(award_revisions.c.points)
        .where(award_revisions.c.award_id == award.c.award_id)
        .order_by(award_revisions.c.revision.desc())
        .limit(1)
        .scalar_subquery()
    )
    first = (
        sa.select(award.c.earned_at)
        .where(award.c.member_id == members.c.member_id, worth > 0)
        .order_by(award.c.earned_at)
        .limit(1)
        .lateral("first_award")
    )
    return (
        sa.select(
            PERSON.label("member_id"),
            sa.literal(Stage.FIRST_EARN.value).label("stage"),
            sa.func.min(first.c.earned_at).label("reached_at"),
        )
        .select_from(members)
        .join(first, sa.true())
        .group_by(PERSON)
    )


def lock_refreshing(work: Work) -> bool:
    """Look alone until this transaction ends; ``False`` if somebody else is looking."""
    query = sa.select(sa.func.pg_try_advisory_xact_lock(_REFRESH_LOCK))
    return bool(work.connection.execute(query).scalar_one())


def found(work: Work, queries: Sequence[Query]) -> list[Found]:
    """The first fact of every stage of every person who was not forgotten."""
    every = sa.union_all(*queries).subquery("every")
    erased = sa.exists().where(
        members.c.member_id == every.c.member_id, members.c.status == "erased"
    )
    query = (
        sa.select(
            every.c.member_id, every.c.stage, sa.func.min(every.c.reached_at).label("reached_at")
        )
        .where(~erased)
        .group_by(every.c.member_id, every.c.stage)
    )
    return [
        Found(row.member_id, Stage(row.stage), row.reached_at)
        for row in work.connection.execute(query)
    ]


def kept(work: Work) -> list[StageEvent]:
    """Every stage as it was found before."""
    return [_event(row) for row in work.connection.execute(sa.select(funnel_stages))]


def reached(work: Work) -> dict[UUID, dict[Stage, datetime]]:
    """Which stages each person has reached, and when."""
    moments = [
        sa.func.min(funnel_stages.c.reached_at).filter(funnel_stages.c.stage == stage.value)
        for stage in STAGES
    ]
    query = sa.select(funnel_stages.c.member_id, *moments).group_by(funnel_stages.c.member_id)
    return {
        member_id: {stage: at for stage, at in zip(STAGES, those, strict=True) if at is not None}
        for member_id, *those in work.connection.execute(query)
    }


def stamp(work: Work) -> tuple[object, ...]:
    """What changes with every stage and touch: their number, and a sum of their hashes."""
    told: list[object] = []
    for table in (funnel_stages, funnel_touches):
        row = sa.func.hash_record_extended(sa.literal_column(table.name), 0, type_=sa.BigInteger)
        query = sa.select(sa.func.count(), sa.func.sum(row)).select_from(table)
        told += work.connection.execute(query).one()
    return tuple(told)


def page(work: Work, after: UUID | None, limit: int) -> list[StageEvent]:
    """Stage events in the order in which they were found, those after ``after``."""
    query = sa.select(funnel_stages).order_by(funnel_stages.c.event_id).limit(limit)
    if after is not None:
        query = query.where(funnel_stages.c.event_id > after)
    return [_event(row) for row in work.connection.execute(query)]


def insert(work: Work, new: Sequence[StageEvent]) -> None:
    """Keep stages that were reached."""
    rows = table_of(
        "new",
        event_id=(UUID_, [each.event_id for each in new]),
        member_id=(UUID_, [each.member_id for each in new]),
        stage=(TEXT, [each.stage.value for each in new]),
        reached_at=(TIME, [each.reached_at for each in new]),
        recorded_at=(TIME, [each.recorded_at for each in new]),
    )
    names = ["event_id", "member_id", "stage", "reached_at", "recorded_at"]
    statement = pg.insert(funnel_stages).from_select(names, sa.select(*(rows.c[n] for n in names)))
    work.connection.execute(statement)


def move(work: Work, moved: Sequence[StageEvent]) -> None:
    """Say that stages were reached at another moment: by an earlier fact, or a later one."""
    rows = table_of(
        "moved",
        event_id=(UUID_, [each.event_id for each in moved]),
        reached_at=(TIME, [each.reached_at for each in moved]),
    )
    work.connection.execute(
        funnel_stages.update()
        .where(funnel_stages.c.event_id == rows.c.event_id)
        .values(reached_at=rows.c.reached_at)
    )


def delete(work: Work, event_ids: Collection[UUID]) -> None:
    """Forget stages of which no fact is left."""
    work.connection.execute(
        funnel_stages.delete().where(funnel_stages.c.event_id == any_uuid("gone", event_ids))
    )


def forget(work: Work, member_id: UUID) -> int:
    """Forget a member's stages; how many there were."""
    return work.connection.execute(
        funnel_stages.delete().where(funnel_stages.c.member_id == member_id)
    ).rowcount


def _event(row: sa.Row[Any]) -> StageEvent:
    return StageEvent(
        row.event_id, row.member_id, Stage(row.stage), row.reached_at, row.recorded_at
    )
