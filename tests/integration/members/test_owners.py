"""The owner's word: whose consent a restatement takes, and that one owner always remains."""

from __future__ import annotations

from uuid import UUID

import pytest

from ledger.kernel.transaction import Database, execute
from ledger.members import service
from ledger.members.model import (
    ApproveRole,
    BlockMember,
    NotAnAdmin,
    NotTheOwner,
    ProposeRole,
    RevokeRole,
    Role,
    TooFewOwners,
)
from ledger.members.roles import store as roles
from ledger.members.roles.owners import require_owners_word
from ledger.preview.service import AskPreview, ask
from ledger.programme.service import UnknownProgramme
from tests.world import World


@pytest.fixture
def world(database: Database) -> World:
    world = World.make(database)
    world.link("olga")
    world.link("petr")
    return world


def name_owner(world: World, subject: str) -> UUID:
    member_id = world.linked[subject]
    proposed = ProposeRole(member_id, Role.OWNER, world.first_admin)
    execute(world.database, service.propose_role, proposed)
    approved = ApproveRole(member_id, Role.OWNER, world.second_admin)
    execute(world.database, service.approve_role, approved)
    return member_id


def speaks(world: World, member_id: UUID) -> bool:
    with world.database.read() as work:
        try:
            require_owners_word(work, member_id)
        except (NotTheOwner, NotAnAdmin):
            return False
    return True


def test_until_there_is_an_owner_admins_speak(world: World) -> None:
    assert speaks(world, world.first_admin)
    assert not speaks(world, world.linked["olga"])
    proposed = ProposeRole(world.linked["olga"], Role.OWNER, world.first_admin)
    execute(world.database, service.propose_role, proposed)
    assert speaks(world, world.first_admin)
    owner = name_owner(world, "olga")
    assert speaks(world, owner)
    assert not speaks(world, world.first_admin)
    with world.database.read() as work, pytest.raises(NotTheOwner):
        require_owners_word(work, world.second_admin)


def test_one_owner_always_remains(world: World) -> None:
    olga = name_owner(world, "olga")
    take_away = RevokeRole(olga, Role.OWNER, world.first_admin)
    with pytest.raises(TooFewOwners):
        execute(world.database, service.revoke_role, take_away)
    with pytest.raises(TooFewOwners):
        execute(world.database, service.block_member, BlockMember(olga, world.first_admin))
    petr = name_owner(world, "petr")
    execute(world.database, service.block_member, BlockMember(olga, world.first_admin))
    assert (speaks(world, olga), speaks(world, petr)) == (False, True)
    with world.database.read() as work:
        assert roles.active_owners(work) == [petr]
        assert roles.owners(work) == sorted([olga, petr])
    execute(world.database, service.revoke_role, take_away)
    last = RevokeRole(petr, Role.OWNER, world.second_admin)
    with pytest.raises(TooFewOwners):
        execute(world.database, service.revoke_role, last)


def test_a_proposed_owner_can_be_taken_back(world: World) -> None:
    olga = world.linked["olga"]
    execute(world.database, service.propose_role, ProposeRole(olga, Role.OWNER, world.first_admin))
    taken = RevokeRole(olga, Role.OWNER, world.first_admin)
    execute(world.database, service.revoke_role, taken)
    with world.database.read() as work:
        assert roles.owners(work) == []


def test_an_owner_may_ask_for_a_preview(world: World) -> None:
    asked = AskPreview(bytes(32), "restatement", None, world.linked["olga"])
    with pytest.raises(NotAnAdmin):
        execute(world.database, ask, asked)
    name_owner(world, "olga")
    with pytest.raises(UnknownProgramme):
        execute(world.database, ask, asked)
