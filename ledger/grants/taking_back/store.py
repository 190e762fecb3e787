"""Statements about grants taken back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ledger.grants.model import GrantState
from ledger.grants.tables import grant_lines, grants
from ledger.grants.taking_back.model import Decided, TakeBack, TakeBackDecision
from ledger.grants.taking_back.tables import (
    grant_take_back_decisions,
    grant_take_back_reasons,
    grant_take_backs,
)
from ledger.kernel.arrays import any_uuid
from ledger.kernel.transaction import Work
from ledger.members.erasures.words_store import holds_any


def insert(work: Work, asked: TakeBack) -> None:
    """Keep what was asked for, and why."""
    assert asked.reason is not None, "who asks says why"
    work.connection.execute(
        grant_take_backs.insert().values(
            take_back_id=asked.take_back_id,
            grant_id=asked.grant_id,
            asked_by=asked.asked_by,
            asked_at=asked.asked_at,
            due_from=asked.due_from,
            reason_digest=asked.reason_digest,
            content_digest=asked.content_digest,
        )
    )
    work.connection.execute(
        grant_take_back_reasons.insert().values(
            take_back_id=asked.take_back_id, reason=asked.reason
        )
    )


def decide(work: Work, take_back_id: UUID, decided: Decided) -> None:
    """Write down how it ended."""
    work.connection.execute(
        grant_take_back_decisions.insert().values(
            take_back_id=take_back_id,
            decision=decided.decision,
            content_digest=decided.content_digest,
            decided_by=decided.decided_by,
            decided_at=decided.decided_at,
        )
    )


def set_state(work: Work, grant_id: UUID, state: GrantState) -> None:
    """How far taking a grant back has come."""
    work.connection.execute(
        grants.update().where(grants.c.grant_id == grant_id).values(state=state)
    )


def of_grants(work: Work, grant_ids: Collection[UUID]) -> dict[UUID, list[TakeBack]]:
    """Grant → what was asked for, oldest first."""
    query = _query().where(grant_take_backs.c.grant_id == any_uuid("grants", grant_ids))
    found: dict[UUID, list[TakeBack]] = {}
    for row in work.connection.execute(query.order_by(grant_take_backs.c.take_back_id)):
        found.setdefault(row.grant_id, []).append(_take_back(row))
    return found


def after(work: Work, take_back_id: UUID, limit: int) -> list[TakeBack]:
    """The next by id, for walking all of them."""
    query = _query().where(grant_take_backs.c.take_back_id > take_back_id)
    ordered = query.order_by(grant_take_backs.c.take_back_id).limit(limit)
    return [_take_back(row) for row in work.connection.execute(ordered)]


def count_waiting(work: Work) -> int:
    """How many wait for another person."""
    query = _query().where(grant_take_back_decisions.c.decision.is_(None)).subquery()
    return work.connection.execute(sa.select(sa.func.count()).select_from(query)).scalar_one()


def reasons_of(work: Work, take_back_ids: Collection[UUID]) -> dict[UUID, str]:
    """Why, where it was not erased."""
    table = grant_take_back_reasons
    query = sa.select(table).where(table.c.take_back_id == any_uuid("asked", take_back_ids))
    return {row.take_back_id: row.reason for row in work.connection.execute(query)}


def forget(work: Work, member_id: UUID, words: Sequence[str]) -> None:
    """Erase why, where a grant was to this member alone or a word stands in it."""
    lines = sa.select(grant_lines.c.grant_id).group_by(grant_lines.c.grant_id)
    alone = lines.having(sa.func.bool_and(grant_lines.c.member_id == member_id))
    theirs = sa.select(grant_take_backs.c.take_back_id).where(
        grant_take_backs.c.grant_id.in_(alone)
    )
    gone: sa.ColumnElement[bool] = grant_take_back_reasons.c.take_back_id.in_(theirs)
    if words:
        gone = sa.or_(gone, holds_any(grant_take_back_reasons.c.reason, words))
    work.connection.execute(grant_take_back_reasons.delete().where(gone))


def _query() -> sa.Select[Any]:
    asked, decided, reasons = grant_take_backs, grant_take_back_decisions, grant_take_back_reasons
    return sa.select(
        asked,
        reasons.c.reason,
        decided.c.decision,
        decided.c.content_digest.label("decided_digest"),
        decided.c.decided_by,
        decided.c.decided_at,
    ).select_from(
        asked.outerjoin(decided, decided.c.take_back_id == asked.c.take_back_id).outerjoin(
            reasons, reasons.c.take_back_id == asked.c.take_back_id
        )
    )


def _take_back(row: sa.Row[Any]) -> TakeBack:
    decided = None
    if row.decision is not None:
        decided = Decided(
            TakeBackDecision(row.decision),
            bytes(row.decided_digest),
            row.decided_by,
            row.decided_at,
        )
    return TakeBack(
        take_back_id=row.take_back_id,
        grant_id=row.grant_id,
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        due_from=row.due_from,
        reason=row.reason,
        reason_digest=bytes(row.reason_digest),
        content_digest=bytes(row.content_digest),
        decided=decided,
    )
