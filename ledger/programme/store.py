"""Where programme versions, proposed changes, activations and closed periods are kept.

Deliberately knows nothing of what a programme says: versions go in and out as text and hash.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.canonical import Json
from ledger.kernel.transaction import Work
from ledger.programme.tables import (
    period_closes,
    programme_activations,
    programme_changes,
    programme_consents,
    programme_decisions,
    programmes,
)


@dataclass(frozen=True, slots=True)
class StoredProgramme:
    """One immutable version as it was handed in."""

    programme_hash: bytes
    name: str
    version: str
    source_text: str
    stored_at: datetime


@dataclass(frozen=True, slots=True)
class StoredActivation:
    """The fact that a version is in force from ``effective_at`` (inclusive)."""

    activation_id: UUID
    programme_hash: bytes
    source_text: str
    name: str
    version: str
    effective_at: datetime
    mode: str
    cause: Json
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class StoredChange:
    """A proposed activation and, once there is one, the decision on it."""

    change_id: UUID
    programme_hash: bytes
    name: str
    version: str
    effective_at: datetime
    mode: str
    content_hash: bytes
    proposed_by: UUID
    proposed_at: datetime
    decision: str | None
    decided_by: UUID | None
    consented_by: UUID | None = None
    preview_digest: bytes | None = None


def insert_programme(work: Work, programme: StoredProgramme, canonical: str, by: str) -> bool:
    """Keep a version; False if these bytes of meaning were already kept."""
    result = work.connection.execute(
        pg.insert(programmes)
        .values(
            programme_hash=programme.programme_hash,
            name=programme.name,
            version=programme.version,
            source_text=programme.source_text,
            canonical=canonical,
            stored_at=programme.stored_at,
            stored_by=by,
        )
        .on_conflict_do_nothing(index_elements=[programmes.c.programme_hash])
        .returning(programmes.c.programme_hash)
    )
    return result.first() is not None


def programme(work: Work, programme_hash: bytes) -> StoredProgramme | None:
    """One version by its hash."""
    row = work.connection.execute(
        _select_programmes().where(programmes.c.programme_hash == programme_hash)
    ).one_or_none()
    return None if row is None else _programme(row)


def all_programmes(work: Work) -> list[StoredProgramme]:
    """Every version, newest first."""
    rows = work.connection.execute(_select_programmes().order_by(programmes.c.stored_at.desc()))
    return [_programme(row) for row in rows]


def insert_change(work: Work, change: StoredChange) -> None:
    """Keep a proposed activation."""
    work.connection.execute(
        programme_changes.insert().values(
            change_id=change.change_id,
            programme_hash=change.programme_hash,
            effective_at=change.effective_at,
            mode=change.mode,
            content_hash=change.content_hash,
            proposed_by=change.proposed_by,
            proposed_at=change.proposed_at,
        )
    )


def changes(work: Work, change_id: UUID | None = None) -> list[StoredChange]:
    """Proposed activations, newest first; one of them if ``change_id`` is given."""
    query = (
        sa.select(
            programme_changes,
            programmes.c.name,
            programmes.c.version,
            programme_decisions.c.decision,
            programme_decisions.c.decided_by,
            programme_consents.c.consented_by,
            programme_consents.c.preview_digest,
        )
        .join(programmes, programmes.c.programme_hash == programme_changes.c.programme_hash)
        .outerjoin(
            programme_decisions,
            programme_decisions.c.change_id == programme_changes.c.change_id,
        )
        .outerjoin(
            programme_consents,
            programme_consents.c.change_id == programme_changes.c.change_id,
        )
        .order_by(programme_changes.c.proposed_at.desc(), programme_changes.c.change_id.desc())
    )
    if change_id is not None:
        query = query.where(programme_changes.c.change_id == change_id)
    return [
        StoredChange(
            change_id=row.change_id,
            programme_hash=bytes(row.programme_hash),
            name=row.name,
            version=row.version,
            effective_at=row.effective_at,
            mode=row.mode,
            content_hash=bytes(row.content_hash),
            proposed_by=row.proposed_by,
            proposed_at=row.proposed_at,
            decision=row.decision,
            decided_by=row.decided_by,
            consented_by=row.consented_by,
            preview_digest=None if row.preview_digest is None else bytes(row.preview_digest),
        )
        for row in work.connection.execute(query)
    ]


def insert_consent(work: Work, change_id: UUID, consented_by: UUID, preview_digest: bytes) -> bool:
    """Keep the consent to a change; False if it was given before."""
    result = work.connection.execute(
        pg.insert(programme_consents)
        .values(
            change_id=change_id,
            consented_by=consented_by,
            preview_digest=preview_digest,
            consented_at=work.now,
        )
        .on_conflict_do_nothing(index_elements=[programme_consents.c.change_id])
        .returning(programme_consents.c.change_id)
    )
    return result.first() is not None


def insert_decision(
    work: Work, change_id: UUID, decided_by: UUID, decision: str, content_hash: bytes
) -> bool:
    """Keep the decision on a change; False if it was decided before."""
    result = work.connection.execute(
        pg.insert(programme_decisions)
        .values(
            change_id=change_id,
            decided_by=decided_by,
            decision=decision,
            content_hash=content_hash,
            decided_at=work.now,
        )
        .on_conflict_do_nothing(index_elements=[programme_decisions.c.change_id])
        .returning(programme_decisions.c.change_id)
    )
    return result.first() is not None


def lock_activations(work: Work) -> None:
    """Let one transaction at a time add an activation or a closed period."""
    work.connection.execute(sa.text("LOCK TABLE programme_activations IN SHARE ROW EXCLUSIVE MODE"))


def insert_activation(
    work: Work, programme_hash: bytes, effective_at: datetime, mode: str, cause: Json
) -> UUID:
    """Put a version in force from ``effective_at``."""
    activation_id = work.ids.new(work.now)
    work.connection.execute(
        programme_activations.insert().values(
            activation_id=activation_id,
            programme_hash=programme_hash,
            effective_at=effective_at,
            mode=mode,
            cause=cause,
            recorded_at=work.now,
        )
    )
    return activation_id


def activations(work: Work) -> Sequence[StoredActivation]:
    """Every activation, in the order decided: of two in force the later one counts."""
    rows = work.connection.execute(
        sa.select(
            programme_activations,
            programmes.c.source_text,
            programmes.c.name,
            programmes.c.version,
        )
        .join(programmes, programmes.c.programme_hash == programme_activations.c.programme_hash)
        .order_by(programme_activations.c.number)
    )
    return [
        StoredActivation(
            activation_id=row.activation_id,
            programme_hash=bytes(row.programme_hash),
            source_text=row.source_text,
            name=row.name,
            version=row.version,
            effective_at=row.effective_at,
            mode=row.mode,
            cause=row.cause,
            recorded_at=row.recorded_at,
        )
        for row in rows
    ]


def closed_until(work: Work) -> datetime | None:
    """The moment up to which periods are closed; ``None`` before the first close."""
    return work.connection.execute(sa.select(sa.func.max(period_closes.c.closed_until))).scalar()


def insert_close(work: Work, moment: datetime) -> bool:
    """Close every period that ends at or before ``moment``; False if that was done before."""
    result = work.connection.execute(
        pg.insert(period_closes)
        .values(closed_until=moment, recorded_at=work.now)
        .on_conflict_do_nothing()
        .returning(period_closes.c.closed_until)
    )
    return result.first() is not None


def _select_programmes() -> sa.Select[bytes, str, str, str, datetime]:
    return sa.select(
        programmes.c.programme_hash,
        programmes.c.name,
        programmes.c.version,
        programmes.c.source_text,
        programmes.c.stored_at,
    )


def _programme(row: sa.Row[bytes, str, str, str, datetime]) -> StoredProgramme:
    return StoredProgramme(bytes(row[0]), row[1], row[2], row[3], row[4])
