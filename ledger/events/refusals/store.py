"""Statements of the log of refused requests."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from ledger.events.refusals.model import KEPT_FOR, KEPT_OF_EACH, NotedRefusal, Refusal
from ledger.events.tables import refused_requests
from ledger.kernel.transaction import Work


def insert(work: Work, refusal: Refusal) -> None:
    """Keep one more."""
    work.connection.execute(
        refused_requests.insert().values(
            refusal_id=work.ids.new(work.now),
            source=refusal.source,
            received_at=work.now,
            door=refusal.door,
            status=refusal.status,
            code=refusal.code,
            reason=refusal.reason,
            detail=dict(refusal.detail),
            body_bytes=refusal.body_bytes,
            body_start=refusal.body_start,
        )
    )


def delete_beyond(work: Work, refusal: Refusal) -> None:
    """Delete the oldest of its sort, those beyond ``KEPT_OF_EACH``."""
    same = (
        refused_requests.c.source.is_not_distinct_from(refusal.source),
        refused_requests.c.code == refusal.code,
        refused_requests.c.reason.is_not_distinct_from(refusal.reason),
    )
    newest = (
        sa.select(refused_requests.c.refusal_id)
        .where(*same)
        .order_by(refused_requests.c.refusal_id.desc())
        .offset(KEPT_OF_EACH)
    )
    work.connection.execute(
        refused_requests.delete().where(refused_requests.c.refusal_id.in_(newest))
    )


def delete_old(work: Work) -> int:
    """Delete those kept for long enough; how many."""
    old = refused_requests.c.received_at <= work.now - KEPT_FOR
    return work.connection.execute(refused_requests.delete().where(old)).rowcount


def page(work: Work, *, source: str | None, before: UUID | None, limit: int) -> list[NotedRefusal]:
    """Newest first, those before ``before``; without ``source``, all."""
    query = (
        sa.select(refused_requests)
        .where(refused_requests.c.received_at > work.now - KEPT_FOR)
        .order_by(refused_requests.c.refusal_id.desc())
        .limit(limit)
    )
    if source is not None:
        query = query.where(refused_requests.c.source == source)
    if before is not None:
        query = query.where(refused_requests.c.refusal_id < before)
    return [
        NotedRefusal(
            row.refusal_id,
            row.received_at,
            Refusal(
                row.source,
                row.door,
                row.status,
                row.code,
                row.reason,
                row.detail,
                row.body_bytes,
                row.body_start,
            ),
        )
        for row in work.connection.execute(query)
    ]
