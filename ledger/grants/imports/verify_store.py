"""Statements of the check: rows that should not be there."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import sqlalchemy as sa

from ledger.grants.imports.model import Outcome
from ledger.grants.imports.tables import import_approvals, import_lines, import_payments
from ledger.kernel.transaction import Work
from ledger.members.tables import members


def named_approvers(work: Work, import_id: UUID) -> list[UUID]:
    """Those who stand for an import and whom a line of it names."""
    query = (
        sa.select(import_approvals.c.person_id)
        .join(
            import_lines,
            sa.and_(
                import_lines.c.import_id == import_approvals.c.import_id,
                import_lines.c.member_id == import_approvals.c.person_id,
            ),
        )
        .where(import_approvals.c.import_id == import_id)
    )
    return list(work.connection.execute(query).scalars())


def paid_approvers(work: Work, import_id: UUID) -> list[UUID]:
    """The persons who stand for an import and were credited by it, whoever merged into whom."""
    paid, stood = members.alias("paid"), members.alias("stood")
    person = sa.func.coalesce(stood.c.merged_into, stood.c.member_id)
    query = (
        sa.select(person)
        .select_from(import_approvals)
        .join(stood, stood.c.member_id == import_approvals.c.person_id)
        .join(paid, sa.func.coalesce(paid.c.merged_into, paid.c.member_id) == person)
        .join(
            import_payments,
            sa.and_(
                import_payments.c.import_id == import_approvals.c.import_id,
                import_payments.c.member_id == paid.c.member_id,
            ),
        )
        .where(
            import_approvals.c.import_id == import_id,
            import_payments.c.outcome == Outcome.CREDITED,
        )
    )
    return list(work.connection.execute(query).scalars())


def entries_without_line(work: Work) -> Iterator[UUID]:
    """Entries that gave a lot because of an import, and that no line names; the first."""
    query = sa.text(
        "SELECT lots.entry_id FROM lots WHERE cause_kind = 'import' AND continues IS NULL "
        "AND lots.cites IS NULL AND NOT EXISTS "
        "(SELECT FROM import_payments AS p WHERE p.entry_id = lots.entry_id "
        "AND p.import_id::text = lots.cause_id) ORDER BY lots.lot_id LIMIT 1"
    )
    return iter(work.connection.execute(query).scalars().all())
