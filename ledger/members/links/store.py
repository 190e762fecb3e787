"""Statements over one-time links: kept by the digest of their token."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from ledger.kernel.canonical import Json
from ledger.kernel.transaction import Work
from ledger.members.tables import one_time_links


def insert_one_time_link(
    work: Work, token_digest: bytes, purpose: str, payload: Json, expires_at: datetime
) -> None:
    """Keep a link by its token's digest."""
    work.connection.execute(
        one_time_links.insert().values(
            token_digest=token_digest,
            purpose=purpose,
            payload=payload,
            created_at=work.now,
            expires_at=expires_at,
        )
    )


def lock_one_time_link(
    work: Work, token_digest: bytes, purpose: str
) -> tuple[Json, datetime, datetime | None] | None:
    """(payload, expires_at, used_at) of a link, locked."""
    row = work.connection.execute(
        sa.select(one_time_links)
        .where(one_time_links.c.token_digest == token_digest, one_time_links.c.purpose == purpose)
        .with_for_update()
    ).one_or_none()
    return None if row is None else (row.payload, row.expires_at, row.used_at)


def mark_one_time_link(work: Work, token_digest: bytes) -> None:
    """Remember that a link was used, and forget what it carried."""
    work.connection.execute(
        one_time_links.update()
        .where(one_time_links.c.token_digest == token_digest)
        .values(used_at=work.now, payload=None)
    )
