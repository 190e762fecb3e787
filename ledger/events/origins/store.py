"""Statements over origins of pages that may embed us."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ledger.events.credentials.model import Credential
from ledger.events.origins.model import EmbedOrigin
from ledger.events.origins.tables import embed_origins
from ledger.events.tables import source_credentials, sources
from ledger.kernel.transaction import Work


def insert_origin(work: Work, credential: Credential, origin: str) -> None:
    """Keep an origin that two persons may agree on."""
    work.connection.execute(
        embed_origins.insert().values(
            origin_id=credential.credential_id, source=credential.source, origin=origin
        )
    )


def list_origins(work: Work, limit: int) -> list[EmbedOrigin]:
    """Every origin there was, newest first."""
    query = _origins().order_by(embed_origins.c.origin_id.desc()).limit(limit)
    return [_origin(row) for row in work.connection.execute(query)]


def find_open(work: Work, source: str, origin: str) -> EmbedOrigin | None:
    """An origin of a source, if it works or waits for approval."""
    query = _origins().where(
        embed_origins.c.source == source,
        embed_origins.c.origin == origin,
        embed_origins.c.ended_at.is_(None),
        source_credentials.c.state != "rejected",
    )
    row = work.connection.execute(query.limit(1)).one_or_none()
    return None if row is None else _origin(row)


def is_registered(work: Work, origin: str, source: str | None = None) -> bool:
    """Whether pages there may embed us now: on behalf of this active source, or of any."""
    query = _origins().where(
        embed_origins.c.origin == origin,
        embed_origins.c.ended_at.is_(None),
        source_credentials.c.state == "approved",
        sources.c.state == "active",
    )
    if source is not None:
        query = query.where(embed_origins.c.source == source)
    return work.connection.execute(query.limit(1)).one_or_none() is not None


def end_origin(work: Work, origin_id: UUID, ended_by: UUID | None) -> int:
    """End one that has not ended; 0 if there is none."""
    return work.connection.execute(
        embed_origins.update()
        .where(embed_origins.c.origin_id == origin_id, embed_origins.c.ended_at.is_(None))
        .values(ended_by=ended_by, ended_at=work.now)
    ).rowcount


def _origins() -> sa.Select[Any]:
    return (
        sa.select(embed_origins, source_credentials, sources.c.name)
        .join(source_credentials, source_credentials.c.credential_id == embed_origins.c.origin_id)
        .join(sources, sources.c.uri == embed_origins.c.source)
    )


def _origin(row: sa.Row[Any]) -> EmbedOrigin:
    found = row._mapping  # noqa: SLF001 - the documented access by column
    return EmbedOrigin(
        origin_id=found[embed_origins.c.origin_id],
        source=found[embed_origins.c.source],
        source_name=found[sources.c.name],
        origin=found[embed_origins.c.origin],
        state=found[source_credentials.c.state],
        content_digest=bytes(found[source_credentials.c.content_digest]),
        proposed_by=found[source_credentials.c.proposed_by],
        proposed_at=found[source_credentials.c.proposed_at],
        announced_until=found[source_credentials.c.announced_until],
        decided_by=found[source_credentials.c.decided_by],
        decided_at=found[source_credentials.c.decided_at],
        ended_by=found[embed_origins.c.ended_by],
        ended_at=found[embed_origins.c.ended_at],
    )
