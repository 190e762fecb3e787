"""Rows of gaps among burns, as admins acknowledged them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from oracle.bridge.tables import bridge_redemption_gaps

_rows = bridge_redemption_gaps.c


@dataclass(frozen=True, slots=True)
class AcknowledgedGap:
    """Burns that were never read: numbers (both inclusive) and points; in force once confirmed."""

    gap_id: UUID
    chain_key: int
    sequence_from: int
    sequence_to: int
    points: Points
    reason: str
    proposed_by: UUID
    proposed_at: datetime
    confirmed_by: UUID | None = None
    confirmed_at: datetime | None = None


def insert_gap(work: Work, gap: AcknowledgedGap) -> None:
    """Keep what a second person is to confirm."""
    work.connection.execute(
        bridge_redemption_gaps.insert().values(
            gap_id=gap.gap_id,
            chain_key=gap.chain_key,
            sequence_from=gap.sequence_from,
            sequence_to=gap.sequence_to,
            points=gap.points.amount,
            reason=gap.reason,
            proposed_by=gap.proposed_by,
            proposed_at=gap.proposed_at,
        )
    )


def withdraw_open(work: Work, chain_key: int) -> None:
    """What was proposed of a chain and not confirmed is proposed no more."""
    work.connection.execute(
        bridge_redemption_gaps.update()
        .where(
            _rows.chain_key == chain_key,
            _rows.confirmed_at.is_(None),
            _rows.withdrawn_at.is_(None),
        )
        .values(withdrawn_at=work.now)
    )


def open_gap(work: Work, chain_key: int) -> AcknowledgedGap | None:
    """What waits for a second person, locked."""
    row = (
        work.connection.execute(_open(chain_key).with_for_update(of=bridge_redemption_gaps))
        .mappings()
        .one_or_none()
    )
    return None if row is None else _gap(row)


def shown_gap(work: Work, chain_key: int) -> AcknowledgedGap | None:
    """What waits for a second person, only to look at."""
    row = work.connection.execute(_open(chain_key)).mappings().one_or_none()
    return None if row is None else _gap(row)


def confirm_gap(work: Work, gap_id: UUID, confirmed_by: UUID) -> None:
    """A second person's yes."""
    work.connection.execute(
        bridge_redemption_gaps.update()
        .where(_rows.gap_id == gap_id)
        .values(confirmed_by=confirmed_by, confirmed_at=work.now)
    )


def confirmed_gaps(work: Work, limit: int) -> list[AcknowledgedGap]:
    """Those in force, newest first."""
    query = (
        sa.select(bridge_redemption_gaps)
        .where(_rows.confirmed_at.is_not(None))
        .order_by(_rows.confirmed_at.desc())
        .limit(limit)
    )
    return [_gap(row) for row in work.connection.execute(query).mappings()]


def last_acknowledged(work: Work, chain_key: int) -> int:
    """The highest number in a gap in force, 0 without any."""
    query = sa.select(sa.func.coalesce(sa.func.max(_rows.sequence_to), 0)).where(
        _rows.chain_key == chain_key, _rows.confirmed_at.is_not(None)
    )
    return int(work.connection.execute(query).scalar_one())


def points_acknowledged(work: Work, chain_key: int) -> Points:
    """Points burnt in gaps in force: in escrow, and nobody's."""
    query = sa.select(sa.func.coalesce(sa.func.sum(_rows.points), 0)).where(
        _rows.chain_key == chain_key, _rows.confirmed_at.is_not(None)
    )
    return Points(int(work.connection.execute(query).scalar_one()))


def _open(chain_key: int) -> sa.Select[tuple[object, ...]]:
    return sa.select(bridge_redemption_gaps).where(
        _rows.chain_key == chain_key, _rows.confirmed_at.is_(None), _rows.withdrawn_at.is_(None)
    )


def _gap(row: sa.RowMapping) -> AcknowledgedGap:
    return AcknowledgedGap(
        gap_id=row["gap_id"],
        chain_key=row["chain_key"],
        sequence_from=row["sequence_from"],
        sequence_to=row["sequence_to"],
        points=Points(row["points"]),
        reason=row["reason"],
        proposed_by=row["proposed_by"],
        proposed_at=row["proposed_at"],
        confirmed_by=row["confirmed_by"],
        confirmed_at=row["confirmed_at"],
    )
