"""Forgetting somebody: nothing names them any more, and every fact stays."""

from __future__ import annotations

from uuid import UUID

import pytest
import sqlalchemy as sa

from ledger.events import store
from ledger.events.erasure import erase_member
from ledger.kernel.transaction import execute
from ledger.members import service as members
from ledger.members import store as members_store
from ledger.members.model import (
    ApproveRole,
    CreateMember,
    ProposeRole,
    Role,
    TooFewAdmins,
    UnknownMember,
)

from .conftest import Door, lms  # type: ignore[import-not-found]


def test_who_it_was_is_gone_and_what_happened_stays(door: Door) -> None:
    member_id = door.link("1")
    door.accept(door.event("e1", "lms:1", "club.like.given", {"owner": "lms:3"}))
    with door.database.read() as work:
        before = store.facts_of_member(work, member_id)
    for _ in range(2):
        execute(door.database, erase_member, member_id)
    with door.database.read() as work:
        assert store.facts_of_member(work, member_id) == before
        assert members.member_of(work, lms("1")) is None
        assert members.require_member(work, member_id).status == "erased"
        (identity,) = members_store.identities_of_member(work, member_id)
        assert identity.key is None
    door.accept(door.event("e2", "lms:1"))
    with door.database.read() as work:
        assert store.facts_of_member(work, member_id) == before, "a fresh reference, nobody's"
    assert door.statuses(door.event("e1", "lms:1", "club.like.given", {"owner": "lms:3"})) == [
        "conflict"
    ], "and what was known cannot be told to be the same person's"


def test_everything_about_them_that_could_be_read_is_deleted(door: Door) -> None:
    member_id = door.link("1")
    with door.database.engine.begin() as connection:
        connection.execute(
            sa.text("INSERT INTO personal_profiles VALUES (:m, 'Anna')"), {"m": member_id}
        )
    execute(door.database, erase_member, member_id)
    with door.database.engine.connect() as connection:
        for table in ("personal_profiles", "personal_identities", "member_roles", "event_bodies"):
            rows = connection.execute(sa.text(f"SELECT t::text FROM {table} t")).scalars().all()
            assert not any(str(member_id) in row or ",1)" in row for row in rows), table


def test_two_admins_remain_whoever_is_forgotten(door: Door, admins: tuple[UUID, UUID]) -> None:
    for one in admins:
        with pytest.raises(TooFewAdmins):
            execute(door.database, erase_member, one)
    third = execute(door.database, members.create_member, CreateMember()).member_id
    execute(door.database, members.propose_role, ProposeRole(third, Role.ADMIN, admins[0]))
    with pytest.raises(TooFewAdmins):
        execute(door.database, erase_member, admins[0])
    execute(door.database, members.approve_role, ApproveRole(third, Role.ADMIN, admins[1]))
    execute(door.database, erase_member, admins[0])
    execute(door.database, erase_member, admins[0])
    with door.database.read() as work:
        assert members.require_member(work, admins[0]).status == "erased"
        assert members_store.count_other_active_admins(work, admins[0]) == 2
    with pytest.raises(TooFewAdmins):
        execute(door.database, erase_member, third)


def test_nobody_cannot_be_forgotten(door: Door) -> None:
    with pytest.raises(UnknownMember):
        execute(door.database, erase_member, UUID(int=5))
