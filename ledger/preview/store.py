"""Previews asked for, how far each is, and what it came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ledger.journal.model import AccountKind
from ledger.journal.tables import accounts
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.lots.tables import lots
from ledger.members.persons.store import PERSON
from ledger.members.tables import members
from ledger.preview.money import Book, Held
from ledger.programme.tables import programme_previews as previews


@dataclass(frozen=True, slots=True)
class StoredPreview:
    """A preview; ``result`` is its document in bytes once it is finished."""

    preview_id: UUID
    programme_hash: bytes
    effective_at: datetime | None
    mode: str
    requested_by: UUID
    requested_at: datetime
    members_done: int
    members_in_all: int
    finished_at: datetime | None
    result: bytes | None
    digest: bytes | None
    failure: str | None


def insert(work: Work, preview: StoredPreview) -> None:
    """Keep what is asked for."""
    work.connection.execute(
        previews.insert().values(
            preview_id=preview.preview_id,
            programme_hash=preview.programme_hash,
            effective_at=preview.effective_at,
            mode=preview.mode,
            requested_by=preview.requested_by,
            requested_at=preview.requested_at,
            members_done=0,
            members_in_all=preview.members_in_all,
        )
    )


def find(work: Work, preview_id: UUID) -> StoredPreview | None:
    """One preview with its result."""
    row = work.connection.execute(
        sa.select(previews).where(previews.c.preview_id == preview_id)
    ).one_or_none()
    return None if row is None else _preview(row)


def newest(work: Work, limit: int) -> list[StoredPreview]:
    """The previews asked for last."""
    rows = work.connection.execute(
        sa.select(previews).order_by(previews.c.preview_id.desc()).limit(limit)
    )
    return [_preview(row) for row in rows]


def newest_of(work: Work, programme_hash: bytes, mode: str) -> StoredPreview | None:
    """The newest finished preview of a version, if it counted that way."""
    row = work.connection.execute(
        sa.select(previews)
        .where(
            previews.c.programme_hash == programme_hash,
            previews.c.mode == mode,
            previews.c.digest.is_not(None),
        )
        .order_by(previews.c.preview_id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else _preview(row)


def of_digest(work: Work, digest: bytes) -> StoredPreview | None:
    """A preview by its digest: previews of one digest are the same."""
    row = work.connection.execute(
        sa.select(previews).where(previews.c.digest == digest).limit(1)
    ).one_or_none()
    return None if row is None else _preview(row)


def update(work: Work, preview_id: UUID, values: Mapping[str, object]) -> None:
    """Write down progress or the end."""
    work.connection.execute(
        previews.update().where(previews.c.preview_id == preview_id).values(**values)
    )


def asked_for_at(
    work: Work, digest: bytes, programme_hash: bytes, effective_at: datetime, mode: str
) -> datetime | None:
    """When the newest finished preview of exactly this activation with the digest was asked for."""
    query = sa.select(sa.func.max(previews.c.requested_at)).where(
        previews.c.digest == digest,
        previews.c.programme_hash == programme_hash,
        previews.c.effective_at == effective_at,
        previews.c.mode == mode,
    )
    found: datetime | None = work.connection.execute(query).scalar_one()
    return found


def book(work: Work) -> Book:
    """What of their points persons have not spent, and what is carried to wallets."""
    in_lots = (AccountKind.LOT_PENDING, AccountKind.LOT_AVAILABLE, AccountKind.LOT_HELD)
    held = (
        sa.select(
            PERSON.label("person"),
            sa.func.sum(accounts.c.balance).label("outstanding"),
            sa.func.coalesce(
                sa.func.sum(accounts.c.balance).filter(accounts.c.kind != AccountKind.LOT_HELD), 0
            ).label("free"),
        )
        .join_from(lots, accounts, accounts.c.owner == lots.c.lot_id)
        .join(members, members.c.member_id == lots.c.member_id)
        .where(accounts.c.kind.in_(in_lots))
        .group_by(PERSON)
    )
    found = {
        row.person: Held(int(row.outstanding), int(row.free))
        for row in work.connection.execute(held)
    }
    debts = sa.select(accounts.c.owner, accounts.c.balance).where(
        accounts.c.kind == AccountKind.DEBT
    )
    for row in work.connection.execute(debts):
        found[row.owner] = replace(found.get(row.owner, Held()), debt=-row.balance)
    carried = sa.select(accounts.c.balance).where(accounts.c.kind == AccountKind.ESCROW)
    return Book(
        {format_id("mem", member_id): each for member_id, each in found.items()},
        work.connection.execute(carried).scalar() or 0,
    )


def _preview(row: sa.Row[*tuple[Any, ...]]) -> StoredPreview:
    return StoredPreview(
        preview_id=row.preview_id,
        programme_hash=bytes(row.programme_hash),
        effective_at=row.effective_at,
        mode=row.mode,
        requested_by=row.requested_by,
        requested_at=row.requested_at,
        members_done=row.members_done,
        members_in_all=row.members_in_all,
        finished_at=row.finished_at,
        result=None if row.result is None else bytes(row.result),
        digest=None if row.digest is None else bytes(row.digest),
        failure=row.failure,
    )
