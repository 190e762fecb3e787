"""Statements about lots that activate only if a condition holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ledger.kernel.canonical import Json
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.lots.model import Cause, Lot
from ledger.lots.tables import lots, vesting_decisions, vestings
from ledger.lots.waiting import Vesting


@dataclass(frozen=True, slots=True)
class WaitingLot:
    """A lot whose condition nobody has looked at; ``granted_at`` is when that was recorded."""

    lot_id: UUID
    member_id: UUID
    matures_at: datetime
    cause: Cause
    vesting: Vesting


def insert_vestings(work: Work, new: Sequence[Lot], of_lots: Mapping[UUID, Vesting]) -> None:
    """Store what has to hold for those of these lots that wait."""
    rows = [
        {
            "lot_id": lot.lot_id,
            "member_id": lot.member_id,
            "matures_at": lot.activates_at,
            "condition": of_lots[lot.lot_id].condition,
            "to_rewards": of_lots[lot.lot_id].to_rewards,
        }
        for lot in new
        if lot.lot_id in of_lots
    ]
    if rows:
        work.connection.execute(vestings.insert(), rows)


Until = Mapping[str | None, datetime]
"""Up to when (inclusive) what matured is looked at, by the type that its condition looks for.

``None``: an act of any type. What is not among them is not looked at.
"""


def types_due(work: Work, now: datetime) -> list[str | None]:
    """What the conditions of lots look for that have matured and were not looked at."""
    query = sa.select(_type()).where(vestings.c.matures_at <= now, _undecided()).distinct()
    return list(work.connection.execute(query).scalars())


def count_after(work: Work, until: Until, now: datetime, member_id: UUID | None) -> int:
    """How many lots, of one member if given, have matured by now, and not by ``until``."""
    query = sa.select(sa.func.count()).where(
        vestings.c.matures_at <= now, sa.not_(_matured(until)), _undecided()
    )
    if member_id is not None:
        query = query.where(vestings.c.member_id == member_id)
    return int(work.connection.execute(query).scalar_one())


def due(work: Work, member_id: UUID, until: Until) -> list[WaitingLot]:
    """A member's lots that have matured by ``until``, in order."""
    query = (
        sa.select(vestings, lots.c.cause_kind, lots.c.cause_id)
        .join(lots, lots.c.lot_id == vestings.c.lot_id)
        .where(vestings.c.member_id == member_id, _matured(until), _undecided())
        .order_by(vestings.c.matures_at, vestings.c.lot_id)
    )
    return [_waiting(row) for row in work.connection.execute(query)]


def members_due(work: Work, until: Until, limit: int) -> list[UUID]:
    """Members with lots that have matured and were not looked at, the longest due first."""
    query = (
        sa.select(vestings.c.member_id)
        .where(_matured(until), _undecided())
        .group_by(vestings.c.member_id)
        .order_by(sa.func.min(vestings.c.matures_at), vestings.c.member_id)
        .limit(limit)
    )
    return list(work.connection.execute(query).scalars())


def insert_decision(
    work: Work, lot_id: UUID, basis: Json, cancelled: Points, entry_id: UUID | None, *, holds: bool
) -> None:
    """Store what was found."""
    work.connection.execute(
        vesting_decisions.insert().values(
            lot_id=lot_id,
            holds=holds,
            basis=basis,
            cancelled=cancelled.amount,
            entry_id=entry_id,
            recorded_at=work.now,
        )
    )


def cancelled_of(work: Work, cause_kind: str, cause_ids: Collection[str]) -> dict[str, Points]:
    """How much was cancelled of the lots of these causes, by cause id."""
    query = (
        sa.select(lots.c.cause_id, sa.func.sum(vesting_decisions.c.cancelled).label("cancelled"))
        .join(vesting_decisions, vesting_decisions.c.lot_id == lots.c.lot_id)
        .where(lots.c.cause_kind == cause_kind, lots.c.cause_id.in_(list(cause_ids)))
        .group_by(lots.c.cause_id)
    )
    return {row.cause_id: Points(int(row.cancelled)) for row in work.connection.execute(query)}


def _type() -> sa.ColumnElement[Any]:
    looks_for: sa.ColumnElement[Any] = vestings.c.condition[("happened", "type")].astext
    return looks_for


def _matured(until: Until) -> sa.ColumnElement[bool]:
    each = (
        sa.and_(_type().is_not_distinct_from(looks_for), vestings.c.matures_at <= moment)
        for looks_for, moment in until.items()
    )
    return sa.or_(sa.false(), *each)


def _undecided() -> sa.ColumnElement[bool]:
    return sa.not_(sa.exists().where(vesting_decisions.c.lot_id == vestings.c.lot_id))


def _waiting(row: sa.Row[Any]) -> WaitingLot:
    return WaitingLot(
        lot_id=row.lot_id,
        member_id=row.member_id,
        matures_at=row.matures_at,
        cause=Cause(row.cause_kind, row.cause_id),
        vesting=Vesting(row.condition, row.to_rewards),
    )
