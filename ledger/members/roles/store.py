"""Statements over the log of roles."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from ledger.kernel.transaction import Work
from ledger.members.model import Role, RoleAction
from ledger.members.tables import role_changes


def count_ever_admins(work: Work) -> int:
    """How many were ever made an admin, whatever became of them."""
    query = sa.select(sa.func.count(role_changes.c.member_id.distinct())).where(
        role_changes.c.role == "admin", role_changes.c.action == "granted"
    )
    return work.connection.execute(query).scalar_one()


def insert_change(
    work: Work, member_id: UUID, role: Role, action: RoleAction, changed_by: UUID | None
) -> None:
    """Log what was done to a role; nobody did what a link from the server does."""
    work.connection.execute(
        role_changes.insert().values(
            change_id=work.ids.new(work.now),
            member_id=member_id,
            role=role,
            action=action,
            changed_by=changed_by,
            recorded_at=work.now,
        )
    )
