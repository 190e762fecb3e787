"""Where checkpoints of folds are kept: one a member, replaced and dropped at will."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.clock import Instant
from ledger.kernel.transaction import Work
from ledger.scoring.checkpoints.model import Checkpoint, Position
from ledger.scoring.tables import scoring_checkpoints


def read(work: Work, member_id: UUID) -> Checkpoint | None:
    """A member's checkpoint."""
    query = sa.select(scoring_checkpoints).where(scoring_checkpoints.c.member_id == member_id)
    row = work.connection.execute(query).one_or_none()
    if row is None:
        return None
    time = Instant(row.position_seconds, row.position_fraction)
    return Checkpoint(
        plan_digest=bytes(row.plan_digest),
        position=Position(time, row.position_source, row.position_id),
        horizon=row.horizon,
        kept=row.kept_events,
        first_after=row.first_after,
        states=row.states,
    )


def replace(work: Work, member_id: UUID, checkpoint: Checkpoint) -> None:
    """Keep a checkpoint instead of the one there is."""
    at = checkpoint.position
    row = {
        "plan_digest": checkpoint.plan_digest,
        "position_seconds": at.time.seconds,
        "position_fraction": at.time.fraction,
        "position_source": at.source,
        "position_id": at.id,
        "horizon": checkpoint.horizon,
        "kept_events": list(checkpoint.kept),
        "first_after": checkpoint.first_after,
        "states": checkpoint.states,
        "recorded_at": work.now,
    }
    new = pg.insert(scoring_checkpoints).values(member_id=member_id, **row)
    work.connection.execute(new.on_conflict_do_update(index_elements=["member_id"], set_=row))


def set_first_after(work: Work, member_id: UUID, first_after: UUID) -> None:
    """Facts after a member's checkpoint have ids from here on."""
    work.connection.execute(
        scoring_checkpoints.update()
        .where(scoring_checkpoints.c.member_id == member_id)
        .values(first_after=first_after)
    )


def drop(work: Work, member_id: UUID) -> None:
    """Forget a member's checkpoint, if there is one."""
    mine = scoring_checkpoints.c.member_id == member_id
    work.connection.execute(scoring_checkpoints.delete().where(mine))
