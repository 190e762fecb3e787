"""SQL of single-use codes: what was issued, and what each was used for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ledger.kernel.canonical import Json
from ledger.kernel.transaction import Work
from ledger.members.persons.store import of_person
from ledger.redemption.tables import code_listings, code_uses, codes, redemptions


@dataclass(frozen=True, slots=True)
class StoredCode:
    """An issued code. ``products`` are patterns; ``None``: it is for the order it was held on."""

    code_id: UUID
    redemption_id: UUID
    digest: bytes
    products: tuple[str, ...] | None
    expires_at: datetime
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class CodeUse:
    """What a code was used for, once; ``content`` is the order without the buyer."""

    code_id: UUID
    order_number: str
    net_minor: int
    content: Json
    used_at: datetime


def insert_code(work: Work, code: StoredCode) -> None:
    """Write a fresh code down."""
    work.connection.execute(
        codes.insert().values(
            code_id=code.code_id,
            redemption_id=code.redemption_id,
            digest=code.digest,
            products=None if code.products is None else list(code.products),
            expires_at=code.expires_at,
            issued_at=code.issued_at,
        )
    )


def insert_use(work: Work, use: CodeUse) -> None:
    """Write down what a code was used for; a second time is refused by the database."""
    work.connection.execute(
        code_uses.insert().values(
            code_id=use.code_id,
            order_number=use.order_number,
            net_minor=use.net_minor,
            content=use.content,
            used_at=use.used_at,
        )
    )


def find_by_digest(work: Work, digest: bytes) -> StoredCode | None:
    """The code of this digest."""
    return _one(work, codes.c.digest == digest)


def find(work: Work, code_id: UUID) -> StoredCode | None:
    """The code of this id."""
    return _one(work, codes.c.code_id == code_id)


def find_use(work: Work, code_id: UUID) -> CodeUse | None:
    """What a code was used for; ``None`` if it was not."""
    row = work.connection.execute(
        sa.select(code_uses).where(code_uses.c.code_id == code_id)
    ).one_or_none()
    return None if row is None else _use(row)


def codes_of_member(work: Work, member_id: UUID, limit: int) -> list[StoredCode]:
    """A member's newest codes."""
    query = (
        sa.select(codes)
        .join(redemptions, redemptions.c.redemption_id == codes.c.redemption_id)
        .where(of_person(redemptions.c.member_id, member_id))
        .order_by(codes.c.code_id.desc())
        .limit(limit)
    )
    return [_code(row) for row in work.connection.execute(query)]


def of_redemptions(
    work: Work, redemption_ids: Sequence[UUID]
) -> dict[UUID, tuple[StoredCode, CodeUse | None]]:
    """The codes of these redemptions and their uses, by redemption."""
    found = [
        _code(row)
        for row in work.connection.execute(
            sa.select(codes).where(codes.c.redemption_id.in_(list(redemption_ids)))
        )
    ]
    query = sa.select(code_uses).where(code_uses.c.code_id.in_([each.code_id for each in found]))
    uses = {row.code_id: _use(row) for row in work.connection.execute(query)}
    return {code.redemption_id: (code, uses.get(code.code_id)) for code in found}


def listed(work: Work, redemption_id: UUID) -> StoredCode | None:
    """The code of a redemption, if a till may honour it from a list."""
    query = (
        sa.select(codes)
        .join(code_listings, code_listings.c.code_id == codes.c.code_id)
        .where(codes.c.redemption_id == redemption_id)
    )
    row = work.connection.execute(query).one_or_none()
    return None if row is None else _code(row)


def _one(work: Work, condition: sa.ColumnElement[bool]) -> StoredCode | None:
    row = work.connection.execute(sa.select(codes).where(condition)).one_or_none()
    return None if row is None else _code(row)


def _code(row: sa.Row[Any]) -> StoredCode:
    return StoredCode(
        code_id=row.code_id,
        redemption_id=row.redemption_id,
        digest=bytes(row.digest),
        products=None if row.products is None else tuple(row.products),
        expires_at=row.expires_at,
        issued_at=row.issued_at,
    )


def _use(row: sa.Row[Any]) -> CodeUse:
    return CodeUse(row.code_id, row.order_number, row.net_minor, row.content, row.used_at)
