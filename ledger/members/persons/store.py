"""Statements over who is one person with whom.

Rows of lots, holds, awards and redemptions keep the member in whose name they were written; a
merged member names the survivor (``members.merged_into``), never through another merged one. So
whatever is a person's is read by :func:`of_person`, and a split needs to move none of it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.arrays import any_uuid
from ledger.kernel.transaction import Work
from ledger.members.model import MemberStatus
from ledger.members.tables import members

PERSON: Final = sa.func.coalesce(members.c.merged_into, members.c.member_id)
"""Who stands for a member of the enclosing query."""
_ONE: Final = members.alias("stands")


def of_person(column: sa.ColumnElement[Any], member_id: UUID) -> sa.ColumnElement[bool]:
    """Whether a column names anybody of a member's person, whichever of its members is given."""
    person = stands_for(member_id)
    themselves = sa.select(person)
    merged = sa.select(members.c.member_id).where(members.c.merged_into == person)
    # An array, looked up once, so that the index on the column serves as for one member.
    either = themselves.union_all(merged).scalar_subquery()
    return column == sa.any_(sa.func.array(either, type_=pg.ARRAY(sa.Uuid)))


def stands_for(member_id: UUID) -> sa.ScalarSelect[Any]:
    """Who stands for a member, within another statement."""
    query = sa.select(sa.func.coalesce(_ONE.c.merged_into, _ONE.c.member_id))
    return query.where(_ONE.c.member_id == member_id).scalar_subquery()


def person_of(work: Work, member_id: UUID) -> UUID:
    """Who stands for a member: the member, unless merged into another."""
    return persons_of(work, [member_id]).get(member_id, member_id)


def persons_of(work: Work, member_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Member → who stands for them, for every member there is among these."""
    query = sa.select(members.c.member_id, PERSON.label("person")).where(
        members.c.member_id == any_uuid("members", member_ids)
    )
    return {row.member_id: row.person for row in work.connection.execute(query)}


def members_of(work: Work, person: UUID) -> list[UUID]:
    """The member and everybody merged into them, by id."""
    query = (
        sa.select(members.c.member_id)
        .where(sa.or_(members.c.member_id == person, members.c.merged_into == person))
        .order_by(members.c.member_id)
    )
    return list(work.connection.execute(query).scalars())


def set_person(
    work: Work, member_ids: Collection[UUID], person: UUID | None, status: MemberStatus
) -> None:
    """Write who stands for these members (``None``: each for themselves), and their status."""
    work.connection.execute(
        members.update()
        .where(members.c.member_id == any_uuid("members", member_ids))
        .values(merged_into=person, status=status)
    )
