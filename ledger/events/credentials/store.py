"""Statements over what was decided about secrets and keys of sources."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa

from ledger.events.credentials.model import Credential, ProposeCredential, content_of
from ledger.events.tables import source_credentials
from ledger.kernel.canonical import digest
from ledger.kernel.transaction import Work


def insert_credential(
    work: Work, command: ProposeCredential, announced_until: datetime | None
) -> None:
    """Keep a proposal."""
    content = content_of(command)
    work.connection.execute(
        source_credentials.insert().values(
            credential_id=command.credential_id,
            kind=command.kind,
            source=command.source,
            content=content,
            content_digest=digest(content),
            state="draft",
            inherited=False,
            proposed_by=command.proposed_by,
            proposed_at=work.now,
            announced_until=announced_until,
        )
    )


def lock_credential(work: Work, credential_id: UUID) -> Credential | None:
    """One of them, locked."""
    query = sa.select(source_credentials).where(source_credentials.c.credential_id == credential_id)
    row = work.connection.execute(query.with_for_update()).one_or_none()
    return None if row is None else _credential(row)


def decide_credential(
    work: Work, credential_id: UUID, state: Literal["approved", "rejected"], decided_by: UUID
) -> None:
    """Write a decision."""
    work.connection.execute(
        source_credentials.update()
        .where(source_credentials.c.credential_id == credential_id)
        .values(state=state, decided_by=decided_by, decided_at=work.now)
    )


def list_credentials(work: Work, limit: int) -> Sequence[Credential]:
    """What waits before what was decided; of each, newest first."""
    waits = source_credentials.c.state == "draft"
    query = sa.select(source_credentials).order_by(
        waits.desc(), source_credentials.c.credential_id.desc()
    )
    return [_credential(row) for row in work.connection.execute(query.limit(limit))]


def open_drafts(work: Work, limit: int) -> Sequence[Credential]:
    """What waits for a decision, oldest first."""
    query = (
        sa.select(source_credentials)
        .where(source_credentials.c.state == "draft")
        .order_by(source_credentials.c.credential_id)
    )
    return [_credential(row) for row in work.connection.execute(query.limit(limit))]


def open_notices(work: Work, limit: int) -> Sequence[Credential]:
    """What one admin alone announced and is not decided, oldest first."""
    query = (
        sa.select(source_credentials)
        .where(
            source_credentials.c.state == "draft",
            source_credentials.c.announced_until.is_not(None),
        )
        .order_by(source_credentials.c.credential_id)
    )
    return [_credential(row) for row in work.connection.execute(query.limit(limit))]


def _credential(row: sa.Row[Any]) -> Credential:
    return Credential(
        credential_id=row.credential_id,
        kind=row.kind,
        source=row.source,
        content=row.content,
        content_digest=bytes(row.content_digest),
        state=row.state,
        inherited=row.inherited,
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        announced_until=row.announced_until,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
    )
