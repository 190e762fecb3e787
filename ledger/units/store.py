"""Statements over versions in force beside."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ledger.kernel.transaction import Work
from ledger.programme.tables import programmes
from ledger.units.model import UnitChange
from ledger.units.tables import unit_approvals, unit_changes, unit_closures


def insert_change(work: Work, change: UnitChange) -> None:
    """Keep a proposal."""
    work.connection.execute(
        unit_changes.insert().values(
            change_id=change.change_id,
            unit=change.unit,
            programme_hash=change.programme_hash,
            effective_at=change.effective_at,
            proposed_by=change.proposed_by,
            proposed_at=work.now,
        )
    )


def insert_approval(work: Work, change_id: UUID, effective_at: datetime, approved_by: UUID) -> None:
    """Put a proposal in force."""
    work.connection.execute(
        unit_approvals.insert().values(
            change_id=change_id,
            effective_at=effective_at,
            approved_by=approved_by,
            approved_at=work.now,
        )
    )


def insert_closure(work: Work, change_id: UUID, closed_by: UUID) -> None:
    """Write down that a proposal was withdrawn or rejected."""
    work.connection.execute(
        unit_closures.insert().values(change_id=change_id, closed_by=closed_by, closed_at=work.now)
    )


def lock_change(work: Work, change_id: UUID) -> UnitChange | None:
    """One proposal; another approval of it waits."""
    held = sa.select(unit_changes.c.change_id).where(unit_changes.c.change_id == change_id)
    if work.connection.execute(held.with_for_update()).one_or_none() is None:
        return None
    row = work.connection.execute(_query().where(unit_changes.c.change_id == change_id)).one()
    return _change(row)


def in_force(work: Work, unit: str | None = None) -> list[UnitChange]:
    """Versions in force, of one unit or of all, in order of effect."""
    query = _query().where(unit_approvals.c.approved_at.is_not(None))
    if unit is not None:
        query = query.where(unit_changes.c.unit == unit)
    ordered = query.order_by(
        unit_changes.c.unit, unit_approvals.c.effective_at, unit_approvals.c.approved_at
    )
    return [_change(row) for row in work.connection.execute(ordered)]


def waiting(work: Work, limit: int) -> list[UnitChange]:
    """Proposals that nobody has approved or closed, newest first."""
    query = _query().where(
        unit_approvals.c.approved_at.is_(None), unit_closures.c.closed_at.is_(None)
    )
    ordered = query.order_by(unit_changes.c.change_id.desc()).limit(limit)
    return [_change(row) for row in work.connection.execute(ordered)]


def _query() -> sa.Select[Any]:
    effective = sa.func.coalesce(unit_approvals.c.effective_at, unit_changes.c.effective_at)
    return sa.select(
        unit_changes.c.change_id,
        unit_changes.c.unit,
        unit_changes.c.programme_hash,
        unit_changes.c.proposed_by,
        effective.label("effective_at"),
        unit_approvals.c.approved_by,
        unit_closures.c.closed_by,
        programmes.c.source_text,
    ).select_from(
        unit_changes.join(programmes, programmes.c.programme_hash == unit_changes.c.programme_hash)
        .outerjoin(unit_approvals, unit_approvals.c.change_id == unit_changes.c.change_id)
        .outerjoin(unit_closures, unit_closures.c.change_id == unit_changes.c.change_id)
    )


def _change(row: sa.Row[Any]) -> UnitChange:
    return UnitChange(
        row.change_id,
        row.unit,
        row.programme_hash,
        row.source_text,
        row.proposed_by,
        row.effective_at,
        row.approved_by,
        row.closed_by,
    )
