"""Statements over the log of roles, and over who is an owner."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from ledger.kernel.transaction import Work
from ledger.members.model import Role, RoleAction
from ledger.members.tables import member_roles, members, role_changes


def count_ever_admins(work: Work) -> int:
    """How many were ever made an admin, whatever became of them."""
    query = sa.select(sa.func.count(role_changes.c.member_id.distinct())).where(
        role_changes.c.role == "admin", role_changes.c.action == "granted"
    )
    return work.connection.execute(query).scalar_one()


def owners(work: Work) -> list[UUID]:
    """Who was given the role of an owner and has it still, blocked ones too."""
    return list(work.connection.execute(_owners()).scalars())


def active_owners(work: Work) -> list[UUID]:
    """Owners who may act."""
    active = _owners().join(members, members.c.member_id == member_roles.c.member_id)
    return list(work.connection.execute(active.where(members.c.status == "active")).scalars())


def _owners() -> sa.Select[UUID]:
    return (
        sa.select(member_roles.c.member_id)
        .where(member_roles.c.role == "owner", member_roles.c.state == "granted")
        .order_by(member_roles.c.member_id)
    )


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
