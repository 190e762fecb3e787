"""Statements about budgets and grants."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.grants.imports.model import LIVE, USING_UP
from ledger.grants.imports.tables import (
    import_approvals,
    import_payments,
    import_reasons,
    import_words,
    imports,
)
from ledger.grants.model import (
    Approval,
    Budget,
    Grant,
    GrantLine,
    GrantState,
    Notice,
    budget_digest,
)
from ledger.grants.tables import budgets, grant_approvals, grant_lines, grant_reasons, grants
from ledger.grants.taking_back import store as taking_back
from ledger.grants.vesting import GrantVesting
from ledger.kernel.arrays import any_uuid
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.lots.tables import lots
from ledger.members.erasures.words_store import holds_any
from ledger.members.tables import members


def forget_reasons(work: Work, member_id: UUID, words: Sequence[str]) -> None:
    """Erase why points were granted, or taken back, to this member alone or with such a word."""
    lines = sa.select(grant_lines.c.grant_id).group_by(grant_lines.c.grant_id)
    alone = lines.having(sa.func.bool_and(grant_lines.c.member_id == member_id))
    gone: sa.ColumnElement[bool] = grant_reasons.c.grant_id.in_(alone)
    if words:
        gone = sa.or_(gone, holds_any(grant_reasons.c.reason, words))
    work.connection.execute(grant_reasons.delete().where(gone))
    taking_back.forget(work, member_id, words)


def reasons_of_entries(work: Work, entry_ids: Collection[UUID]) -> dict[UUID, str]:
    """Entry → why people gave it, for entries of grants and imports whose words were not erased.

    A line of an import says its own reason, or has that of the whole.
    """
    granted = (
        sa.select(lots.c.entry_id, grant_reasons.c.reason)
        .join(grant_reasons, sa.cast(grant_reasons.c.grant_id, sa.Text) == lots.c.cause_id)
        .where(lots.c.cause_kind == "grant", lots.c.entry_id == any_uuid("granted", entry_ids))
    )
    paid, words = import_payments.c, import_words.c
    own = sa.and_(words.import_id == paid.import_id, words.line == paid.line)
    brought = (
        sa.select(
            paid.entry_id,
            sa.func.coalesce(sa.func.nullif(words.reason, ""), import_reasons.c.reason),
        )
        .join_from(import_payments, import_words, own, isouter=True)
        .outerjoin(import_reasons, import_reasons.c.import_id == paid.import_id)
        .where(paid.entry_id == any_uuid("brought", entry_ids))
    )
    found = work.connection.execute(granted.union_all(brought))
    return {row.entry_id: row.reason for row in found if row.reason}


def insert_budget(work: Work, budget: Budget) -> bool:
    """Store a new budget; whether its name was free."""
    stored = work.connection.execute(
        pg.insert(budgets)
        .values(
            budget_id=budget.budget_id,
            name=budget.name,
            amount=budget.amount.amount,
            opened_by=budget.opened_by,
            opened_at=budget.opened_at,
            content_digest=budget_digest(budget),
        )
        .on_conflict_do_nothing(index_elements=[budgets.c.name])
        .returning(budgets.c.budget_id)
    ).scalar()
    return stored is not None


def read_budgets(work: Work, budget_id: UUID | None = None) -> list[Budget]:
    """All budgets by name, or the one."""
    paid = (
        sa.select(sa.func.coalesce(sa.func.sum(grants.c.points), 0))
        .where(
            grants.c.budget_id == budgets.c.budget_id,
            grants.c.state.in_([GrantState.PAID, GrantState.TAKING_BACK]),
        )
        .scalar_subquery()
    )
    brought = (
        sa.select(sa.func.coalesce(sa.func.sum(imports.c.points), 0))
        .where(imports.c.budget_id == budgets.c.budget_id, imports.c.state.in_(USING_UP))
        .scalar_subquery()
    )
    query = sa.select(budgets, (paid + brought).label("paid")).order_by(budgets.c.name)
    if budget_id is not None:
        query = query.where(budgets.c.budget_id == budget_id)
    return [
        Budget(
            budget_id=row.budget_id,
            name=row.name,
            amount=Points(row.amount),
            opened_by=row.opened_by,
            opened_at=row.opened_at,
            paid=Points(int(row.paid)),
        )
        for row in work.connection.execute(query)
    ]


def budget_digests(work: Work) -> dict[UUID, bytes]:
    """The digest each budget was opened with."""
    query = sa.select(budgets.c.budget_id, budgets.c.content_digest)
    return {row.budget_id: bytes(row.content_digest) for row in work.connection.execute(query)}


def insert_grant(work: Work, grant: Grant) -> None:
    """Store a new grant whole: content, reason, and its creator as the first to stand for it."""
    assert grant.reason is not None, "a new grant has a reason"
    work.connection.execute(
        grants.insert().values(
            grant_id=grant.grant_id,
            budget_id=grant.budget_id,
            created_by=grant.created_by,
            created_at=grant.created_at,
            activates_at=grant.activates_at,
            expires_at=grant.expires_at,
            points=grant.points.amount,
            reason_digest=grant.reason_digest,
            content_digest=grant.content_digest,
            persons_needed=grant.persons_needed,
            payable_from=grant.payable_from,
            state=grant.state,
            vesting=None if grant.vesting is None else grant.vesting.stated(),
        )
    )
    work.connection.execute(
        grant_lines.insert(),
        [
            {
                "grant_id": grant.grant_id,
                "line": number,
                "member_id": line.member_id,
                "points": line.points.amount,
            }
            for number, line in enumerate(grant.lines, start=1)
        ],
    )
    work.connection.execute(
        grant_reasons.insert().values(grant_id=grant.grant_id, reason=grant.reason)
    )
    for approval in grant.approvals:
        insert_approval(work, grant.grant_id, approval)


def insert_approval(work: Work, grant_id: UUID, approval: Approval) -> None:
    """Store that a person stands for a grant."""
    work.connection.execute(
        grant_approvals.insert().values(
            grant_id=grant_id,
            person_id=approval.person_id,
            content_digest=approval.content_digest,
            approved_at=approval.approved_at,
        )
    )


def close_grant(work: Work, grant_id: UUID, state: GrantState, closed_by: UUID) -> None:
    """Store how a grant ended."""
    work.connection.execute(
        grants.update()
        .where(grants.c.grant_id == grant_id, grants.c.state == GrantState.PROPOSED)
        .values(state=state, closed_by=closed_by, closed_at=work.now)
    )


def read_grant(work: Work, grant_id: UUID) -> Grant | None:
    """A grant with its lines and approvals."""
    found = _grants(work, sa.select(grants).where(grants.c.grant_id == grant_id))
    return found[0] if found else None


def list_grants(
    work: Work, *, state: GrantState | None, before: UUID | None, limit: int
) -> list[Grant]:
    """Grants, newest first; ``before`` is exclusive."""
    query = sa.select(grants).order_by(grants.c.grant_id.desc()).limit(limit)
    if state is not None:
        query = query.where(grants.c.state == state)
    if before is not None:
        query = query.where(grants.c.grant_id < before)
    return _grants(work, query)


def grants_after(work: Work, after: UUID, limit: int) -> list[Grant]:
    """The next grants by id, for walking all of them."""
    query = sa.select(grants).where(grants.c.grant_id > after)
    return _grants(work, query.order_by(grants.c.grant_id).limit(limit))


def _grants(work: Work, query: sa.Select[Any]) -> list[Grant]:
    rows = work.connection.execute(query).all()
    ids = [row.grant_id for row in rows]
    lines: dict[UUID, list[GrantLine]] = {}
    for line in work.connection.execute(
        sa.select(grant_lines)
        .where(grant_lines.c.grant_id == any_uuid("grants", ids))
        .order_by(grant_lines.c.grant_id, grant_lines.c.line)
    ):
        lines.setdefault(line.grant_id, []).append(GrantLine(line.member_id, Points(line.points)))
    approvals: dict[UUID, list[Approval]] = {}
    for row in work.connection.execute(
        sa.select(grant_approvals)
        .where(grant_approvals.c.grant_id == any_uuid("grants", ids))
        .order_by(grant_approvals.c.approved_at, grant_approvals.c.person_id)
    ):
        approval = Approval(row.person_id, bytes(row.content_digest), row.approved_at)
        approvals.setdefault(row.grant_id, []).append(approval)
    reasons = {
        row.grant_id: row.reason
        for row in work.connection.execute(
            sa.select(grant_reasons).where(grant_reasons.c.grant_id == any_uuid("grants", ids))
        )
    }
    return [
        Grant(
            grant_id=row.grant_id,
            budget_id=row.budget_id,
            created_by=row.created_by,
            created_at=row.created_at,
            activates_at=row.activates_at,
            expires_at=row.expires_at,
            lines=tuple(lines.get(row.grant_id, ())),
            points=Points(row.points),
            reason=reasons.get(row.grant_id),
            reason_digest=bytes(row.reason_digest),
            content_digest=bytes(row.content_digest),
            persons_needed=row.persons_needed,
            payable_from=row.payable_from,
            state=GrantState(row.state),
            closed_by=row.closed_by,
            closed_at=row.closed_at,
            approvals=tuple(approvals.get(row.grant_id, ())),
            vesting=None if row.vesting is None else GrantVesting.of_stated(row.vesting),
        )
        for row in rows
    ]


def stood_for(
    work: Work, persons: Collection[UUID], *, since: datetime, but_not: UUID | None
) -> dict[UUID, Points]:
    """Points of grants and imports that each person has stood for since then, unless refused."""
    granted = (
        sa.select(grant_approvals.c.person_id, grants.c.points)
        .join(grants, grants.c.grant_id == grant_approvals.c.grant_id)
        .where(
            grant_approvals.c.approved_at > since,
            grants.c.state.not_in([GrantState.REJECTED, GrantState.WITHDRAWN]),
            grants.c.grant_id.is_distinct_from(but_not),
        )
    )
    brought = (
        sa.select(import_approvals.c.person_id, imports.c.points)
        .join(imports, imports.c.import_id == import_approvals.c.import_id)
        .where(
            import_approvals.c.approved_at > since,
            imports.c.state.in_(LIVE),
            imports.c.import_id.is_distinct_from(but_not),
        )
    )
    both = granted.union_all(brought).subquery()
    query = (
        sa.select(both.c.person_id, sa.func.sum(both.c.points).label("points"))
        .where(both.c.person_id == any_uuid("persons", persons))
        .group_by(both.c.person_id)
    )
    found = {row.person_id: Points(int(row.points)) for row in work.connection.execute(query)}
    return {person: found.get(person, Points(0)) for person in persons}


def not_active(work: Work, member_ids: Sequence[UUID]) -> list[UUID]:
    """Those of these who are no active member."""
    active = set(
        work.connection.execute(
            sa.select(members.c.member_id).where(
                members.c.member_id == any_uuid("members", member_ids),
                members.c.status == "active",
            )
        ).scalars()
    )
    return [member_id for member_id in member_ids if member_id not in active]


def open_notices(work: Work, limit: int) -> list[Notice]:
    """Grants that wait out their delay, the next to be payable first."""
    lines = (
        sa.select(sa.func.count())
        .where(grant_lines.c.grant_id == grants.c.grant_id)
        .scalar_subquery()
    )
    query = (
        sa.select(
            grants.c.grant_id,
            grants.c.points,
            lines.label("line_count"),
            grants.c.created_at,
            grants.c.payable_from,
        )
        .where(grants.c.state == GrantState.PROPOSED, grants.c.payable_from.is_not(None))
        .order_by(grants.c.payable_from, grants.c.grant_id)
        .limit(limit)
    )
    return [
        Notice(row.grant_id, Points(row.points), row.line_count, row.created_at, row.payable_from)
        for row in work.connection.execute(query)
    ]
