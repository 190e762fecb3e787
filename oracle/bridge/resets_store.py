"""Rows of chain resets and who confirmed them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.canonical import Json
from ledger.kernel.transaction import Work
from oracle.bridge.tables import chain_reset_confirmations, chain_resets


@dataclass(frozen=True, slots=True)
class ChainReset:
    """A chain that is to be given up: what would be returned, and its hash."""

    reset_id: UUID
    chain_key: int
    content: Json
    content_digest: bytes
    prepared_at: datetime


def insert_reset(work: Work, reset: ChainReset) -> None:
    """Keep what two persons are to confirm."""
    work.connection.execute(
        chain_resets.insert().values(
            reset_id=reset.reset_id,
            chain_key=reset.chain_key,
            content=reset.content,
            content_digest=reset.content_digest,
            prepared_at=reset.prepared_at,
        )
    )


def open_reset(work: Work) -> ChainReset | None:
    """The reset that is not finished, locked."""
    row = (
        work.connection.execute(
            sa.select(chain_resets).where(chain_resets.c.finished_at.is_(None)).with_for_update()
        )
        .mappings()
        .one_or_none()
    )
    return None if row is None else _reset(row)


def shown_reset(work: Work) -> ChainReset | None:
    """The reset that is not finished, only to look at."""
    row = (
        work.connection.execute(sa.select(chain_resets).where(chain_resets.c.finished_at.is_(None)))
        .mappings()
        .one_or_none()
    )
    return None if row is None else _reset(row)


def finish_reset(work: Work, reset_id: UUID) -> None:
    """It is done, or was given up itself."""
    work.connection.execute(
        chain_resets.update()
        .where(chain_resets.c.reset_id == reset_id)
        .values(finished_at=work.now)
    )


def insert_confirmation(work: Work, reset: ChainReset, member_id: UUID) -> None:
    """One person's yes to this very content; again changes nothing."""
    work.connection.execute(
        pg.insert(chain_reset_confirmations)
        .values(
            reset_id=reset.reset_id,
            member_id=member_id,
            content_digest=reset.content_digest,
            confirmed_at=work.now,
        )
        .on_conflict_do_nothing()
    )


def confirmed_by(work: Work, reset: ChainReset) -> list[UUID]:
    """Who said yes to this content."""
    query = (
        sa.select(chain_reset_confirmations.c.member_id)
        .where(
            chain_reset_confirmations.c.reset_id == reset.reset_id,
            chain_reset_confirmations.c.content_digest == reset.content_digest,
        )
        .order_by(chain_reset_confirmations.c.confirmed_at)
    )
    return list(work.connection.execute(query).scalars())


def _reset(row: sa.RowMapping) -> ChainReset:
    return ChainReset(
        reset_id=row["reset_id"],
        chain_key=row["chain_key"],
        content=row["content"],
        content_digest=bytes(row["content_digest"]),
        prepared_at=row["prepared_at"],
    )
