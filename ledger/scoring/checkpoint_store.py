"""Where checkpoints of folds are kept: one a member, replaced and dropped at will."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.clock import Instant
from ledger.kernel.transaction import Work
from ledger.scoring.tables import scoring_checkpoints


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A fact's place in the order of facts."""

    time: Instant
    source: str
    id: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the folds of a plan remembered after the fact at ``position``.

    ``kept`` are the facts of which they go on to speak; awards earned before ``horizon`` are no
    more theirs. ``states`` is JSON, one state for each fold.
    """

    plan_digest: bytes
    position: Position
    horizon: datetime
    kept: Sequence[UUID]
    states: str


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
        "states": checkpoint.states,
        "recorded_at": work.now,
    }
    new = pg.insert(scoring_checkpoints).values(member_id=member_id, **row)
    work.connection.execute(new.on_conflict_do_update(index_elements=["member_id"], set_=row))


def drop(work: Work, member_id: UUID) -> None:
    """Forget a member's checkpoint, if there is one."""
    mine = scoring_checkpoints.c.member_id == member_id
    work.connection.execute(scoring_checkpoints.delete().where(mine))
