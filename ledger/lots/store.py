"""Statements about lots and holds. Callers hold the journal head's lock when they decide."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ledger.journal import store as journal_store
from ledger.journal.model import AccountKind
from ledger.journal.tables import accounts
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.lots.granting_store import debts_of
from ledger.lots.model import (
    STAGE_BY_ACCOUNT,
    ZERO,
    Cause,
    HeldLot,
    Hold,
    HoldPart,
    HoldPurpose,
    HoldState,
    Lot,
    Position,
    Returned,
    Stage,
)
from ledger.lots.tables import hold_parts, hold_returns, holds, lots, vesting_decisions, vestings
from ledger.members.persons.store import of_person


def position(
    work: Work,
    member_id: UUID,
    *,
    also: Collection[UUID] = (),
    causes: Collection[Cause] = (),
) -> Position:
    """The debt and lots with points of who stands for a member, and named lots even if empty.

    ``also``: lots by id, whosever they are; ``causes``: theirs by cause, with what has expired.
    """
    member_id, debt = debts_of(work, [member_id])[member_id]
    stages: dict[UUID, dict[Stage, Points]] = {}
    terms: dict[UUID, Lot] = {}
    waiting: set[UUID] = set()
    for row in work.connection.execute(_live_lots(member_id, also)):
        terms[row.lot_id] = _lot(row)
        if row.waits:
            waiting.add(row.lot_id)
        stage = STAGE_BY_ACCOUNT[AccountKind(row.kind)]
        stages.setdefault(row.lot_id, {})[stage] = Points(row.balance)
    empty = _named_lots(work, member_id, set(also) - terms.keys(), causes)
    terms.update((lot.lot_id, lot) for lot in empty if lot.lot_id not in terms)
    wanted = set(causes)
    caused = {lot_id: lot.entry_id for lot_id, lot in terms.items() if lot.cause in wanted}
    flows = journal_store.read_flows_of(work, caused) if caused else {}
    return Position(
        member_id=member_id,
        lots=tuple(
            HeldLot(
                lot,
                pending=stages.get(lot_id, {}).get(Stage.PENDING, ZERO),
                available=stages.get(lot_id, {}).get(Stage.AVAILABLE, ZERO),
                held=stages.get(lot_id, {}).get(Stage.HELD, ZERO),
                expired=flows.get(lot_id, {}).get(AccountKind.EXPIRED, ZERO),
                waits=lot_id in waiting,
            )
            for lot_id, lot in terms.items()
        ),
        debt=debt,
    )


def _live_lots(member_id: UUID, also: Collection[UUID]) -> sa.Select[Any]:
    points = (
        sa.select(accounts.c.kind, accounts.c.balance)
        .where(accounts.c.owner == lots.c.lot_id, accounts.c.balance > 0)
        .offset(0)  # Lot by lot by the index: joined freely, all accounts there are get read.
        .lateral("points")
    )
    whose = [of_person(lots.c.member_id, member_id)]
    if also:
        whose.append(lots.c.lot_id.in_(list(also)))
    live = sa.select(lots, points.c.kind, points.c.balance, waits_for_condition())
    return live.join(points, sa.true()).where(sa.or_(*whose))


def _named_lots(
    work: Work, member_id: UUID, lot_ids: Collection[UUID], causes: Collection[Cause]
) -> list[Lot]:
    conditions: list[sa.ColumnElement[bool]] = []
    if lot_ids:
        conditions.append(lots.c.lot_id.in_(list(lot_ids)))
    by_kind: dict[str, list[str]] = {}
    for cause in causes:
        by_kind.setdefault(cause.kind, []).append(cause.cause_id)
    for kind, cause_ids in by_kind.items():
        conditions.append(
            sa.and_(
                of_person(lots.c.member_id, member_id),
                lots.c.cause_kind == kind,
                lots.c.cause_id.in_(cause_ids),
            )
        )
    if not conditions:
        return []
    return [
        _lot(row) for row in work.connection.execute(sa.select(lots).where(sa.or_(*conditions)))
    ]


def read_lots(work: Work, lot_ids: Collection[UUID]) -> dict[UUID, Lot]:
    """The terms of these lots."""
    query = sa.select(lots).where(lots.c.lot_id.in_(list(lot_ids)))
    return {row.lot_id: _lot(row) for row in work.connection.execute(query)}


def _lot(row: sa.Row[Any]) -> Lot:
    return Lot(
        lot_id=row.lot_id,
        member_id=row.member_id,
        granted=Points(row.granted),
        activates_at=row.activates_at,
        expires_at=row.expires_at,
        cause=Cause(row.cause_kind, row.cause_id),
        entry_id=row.entry_id,
        continues=row.continues,
        cites=row.cites,
    )


def lots_of_member(
    work: Work, member_id: UUID, *, before: UUID | None = None, limit: int | None = None
) -> list[Lot]:
    """Lots a person ever had, newest id first; ``before`` is exclusive, no limit is all."""
    mine = of_person(lots.c.member_id, member_id)
    query = sa.select(lots).where(mine).order_by(lots.c.lot_id.desc())
    if before is not None:
        query = query.where(lots.c.lot_id < before)
    return [_lot(row) for row in work.connection.execute(query.limit(limit))]


def read_hold(work: Work, hold_id: UUID) -> Hold | None:
    """A hold with its parts in spending order."""
    found = read_holds(work, [hold_id])
    return found[0] if found else None


def read_holds(work: Work, hold_ids: Collection[UUID]) -> list[Hold]:
    """These holds with their parts in spending order, by id; those that do not exist are absent."""
    if not hold_ids:
        return []
    ids = list(hold_ids)
    returned = (
        sa.select(
            hold_returns.c.hold_id,
            hold_returns.c.lot_id,
            sa.func.sum(hold_returns.c.amount).label("returned"),
        )
        .where(hold_returns.c.hold_id.in_(ids))
        .group_by(hold_returns.c.hold_id, hold_returns.c.lot_id)
        .subquery()
    )
    p = hold_parts.c
    query = (
        sa.select(p.hold_id, p.lot_id, p.amount, p.captured, returned.c.returned)
        .join_from(hold_parts, lots, lots.c.lot_id == p.lot_id)
        .outerjoin(
            returned, sa.and_(returned.c.hold_id == p.hold_id, returned.c.lot_id == p.lot_id)
        )
        .where(p.hold_id.in_(ids))
        .order_by(lots.c.expires_at.asc().nulls_last(), lots.c.activates_at, lots.c.lot_id)
    )
    parts: dict[UUID, list[HoldPart]] = {}
    for row in work.connection.execute(query):
        part = HoldPart(
            row.lot_id, Points(row.amount), Points(row.captured), Points(int(row.returned or 0))
        )
        parts.setdefault(row.hold_id, []).append(part)
    rows = work.connection.execute(
        sa.select(holds).where(holds.c.hold_id.in_(ids)).order_by(holds.c.hold_id)
    )
    return [_hold(row, tuple(parts.get(row.hold_id, ()))) for row in rows]


def _hold(row: sa.Row[Any], parts: tuple[HoldPart, ...]) -> Hold:
    return Hold(
        hold_id=row.hold_id,
        member_id=row.member_id,
        purpose=HoldPurpose(row.purpose),
        state=HoldState(row.state),
        amount=Points(row.amount),
        captured=Points(row.captured),
        placed_at=row.placed_at,
        expires_at=row.expires_at,
        resolved_at=row.resolved_at,
        entry_id=row.entry_id,
        resolution_entry_id=row.resolution_entry_id,
        parts=parts,
        gone_on_to_expired=Points(row.gone_on_to_expired),
    )


def insert_hold(work: Work, hold: Hold) -> None:
    """Store a new hold and its parts."""
    work.connection.execute(
        holds.insert().values(
            hold_id=hold.hold_id,
            member_id=hold.member_id,
            purpose=hold.purpose,
            state=hold.state,
            amount=hold.amount.amount,
            captured=hold.captured.amount,
            gone_on_to_expired=hold.gone_on_to_expired.amount,
            placed_at=hold.placed_at,
            expires_at=hold.expires_at,
            resolved_at=hold.resolved_at,
            entry_id=hold.entry_id,
            resolution_entry_id=hold.resolution_entry_id,
        )
    )
    work.connection.execute(
        hold_parts.insert(),
        [
            {
                "hold_id": hold.hold_id,
                "lot_id": part.lot_id,
                "amount": part.amount.amount,
                "captured": part.captured.amount,
            }
            for part in hold.parts
        ],
    )


def resolve_hold(work: Work, hold: Hold) -> None:
    """Store how a hold was resolved."""
    work.connection.execute(
        holds.update()
        .where(holds.c.hold_id == hold.hold_id)
        .values(
            state=hold.state,
            captured=hold.captured.amount,
            gone_on_to_expired=hold.gone_on_to_expired.amount,
            resolved_at=hold.resolved_at,
            resolution_entry_id=hold.resolution_entry_id,
        )
    )
    for part in hold.parts:
        if part.captured:
            work.connection.execute(
                hold_parts.update()
                .where(hold_parts.c.hold_id == hold.hold_id, hold_parts.c.lot_id == part.lot_id)
                .values(captured=part.captured.amount)
            )


def insert_returns(work: Work, return_id: UUID, entry_id: UUID, parts: Sequence[Returned]) -> None:
    """Store which captured points came back, and to which lots."""
    rows = [
        {
            "return_id": return_id,
            "hold_id": part.hold_id,
            "lot_id": part.from_lot_id,
            "to_lot_id": part.to_lot_id,
            "amount": part.amount.amount,
            "entry_id": entry_id,
        }
        for part in parts
        if part.hold_id is not None
    ]
    if rows:
        work.connection.execute(hold_returns.insert(), rows)


def read_returns(work: Work, return_id: UUID) -> tuple[UUID, tuple[Returned, ...]] | None:
    """The entry that brought points back under this id, and its parts; ``None`` if none did."""
    query = (
        sa.select(hold_returns, lots.c.expires_at)
        .join(lots, lots.c.lot_id == hold_returns.c.to_lot_id)
        .where(hold_returns.c.return_id == return_id)
        .order_by(hold_returns.c.hold_id, hold_returns.c.lot_id)
    )
    rows = work.connection.execute(query).all()
    parts = tuple(
        Returned(row.hold_id, row.lot_id, row.to_lot_id, Points(row.amount), row.expires_at)
        for row in rows
    )
    return (rows[0].entry_id, parts) if rows else None


def members_due(
    work: Work, *, since: datetime | None, until: datetime, steps: Collection[str], limit: int
) -> list[UUID]:
    """Members with something to ``activate`` or ``expire`` by ``until`` (inclusive), some of them.

    Looks at lots whose time came after ``since``; ``None`` looks at all there ever were.
    """
    pending = sa.and_(
        accounts.c.kind == AccountKind.LOT_PENDING,
        _between(lots.c.activates_at, since, until),
        sa.not_(waits_for_condition()),
    )
    available = sa.and_(
        accounts.c.kind == AccountKind.LOT_AVAILABLE, _between(lots.c.expires_at, since, until)
    )
    queries = [
        sa.select(lots.c.member_id)
        .distinct()
        .join(accounts, accounts.c.owner == lots.c.lot_id)
        .where(accounts.c.balance > 0, condition)
        for step, condition in (("activate", pending), ("expire", available))
        if step in steps
    ]
    union = sa.union(*queries).limit(limit)
    return list(work.connection.execute(union).scalars())


def waits_for_condition() -> sa.ColumnElement[bool]:
    """Whether a lot of the enclosing query activates only when somebody has looked."""
    decided = sa.exists().where(vesting_decisions.c.lot_id == vestings.c.lot_id)
    return (
        sa.exists()
        .where(vestings.c.lot_id == lots.c.lot_id, sa.not_(decided))
        .correlate(lots)
        .label("waits")
    )


def _between(
    column: sa.Column[Any], since: datetime | None, until: datetime
) -> sa.ColumnElement[bool]:
    return column <= until if since is None else sa.and_(column > since, column <= until)


def holds_due(work: Work, until: datetime, limit: int) -> list[UUID]:
    """Open holds whose time limit is ``until`` or before, the oldest limit first."""
    query = (
        sa.select(holds.c.hold_id)
        .where(holds.c.state == HoldState.HELD, holds.c.expires_at <= until)
        .order_by(holds.c.expires_at, holds.c.hold_id)
        .limit(limit)
    )
    return list(work.connection.execute(query).scalars())
