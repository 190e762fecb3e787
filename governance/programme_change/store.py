"""Where the outcome of each executed programme vote is kept, attempt by attempt."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from governance.programme_change.model import ProgrammeVote, VoteOutcome
from governance.tables import programme_votes
from ledger.kernel.transaction import Work


def insert(work: Work, chain_key: int, attempt: int, vote: ProgrammeVote) -> None:
    """Keep what an attempt came to."""
    work.connection.execute(
        programme_votes.insert().values(
            chain_key=chain_key,
            number=vote.number,
            attempt=attempt,
            programme_hash=vote.programme_hash,
            effective_at=vote.effective_at,
            transaction_hash=vote.transaction_hash,
            outcome=vote.outcome,
            reason=vote.reason,
            recorded_at=work.now,
        )
    )


def latest(work: Work, chain_key: int) -> list[ProgrammeVote]:
    """The last attempt of every vote, newest vote first."""
    rows = work.connection.execute(_last(chain_key))
    return sorted((_vote(row) for row in rows), key=lambda vote: -vote.number)


def missing(work: Work, chain_key: int, limit: int) -> list[tuple[ProgrammeVote, int]]:
    """Votes whose file was missing at the last attempt, with that attempt, oldest first."""
    rows = work.connection.execute(_last(chain_key)).all()
    waiting = [row for row in rows if row.outcome == VoteOutcome.FILE_MISSING]
    return [(_vote(row), row.attempt) for row in waiting[:limit]]


def _last(chain_key: int) -> sa.Select[*tuple[Any, ...]]:
    return (
        sa.select(*programme_votes.c)
        .ext(pg.distinct_on(programme_votes.c.number))
        .where(programme_votes.c.chain_key == chain_key)
        .order_by(programme_votes.c.number, programme_votes.c.attempt.desc())
    )


def _vote(row: sa.Row[*tuple[Any, ...]]) -> ProgrammeVote:
    return ProgrammeVote(
        number=row.number,
        programme_hash=bytes(row.programme_hash),
        effective_at=row.effective_at,
        transaction_hash=bytes(row.transaction_hash),
        outcome=VoteOutcome(row.outcome),
        reason=row.reason,
    )
