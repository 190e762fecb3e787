"""A merge by which somebody would have paid themselves is refused, whoever it went through."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from ledger.grants import service as grants
from ledger.grants.errors import OwnGrant, UnknownBeneficiary
from ledger.grants.imports import paying
from ledger.grants.imports import service as imports
from ledger.grants.imports.model import ApproveImport, Import, ProposeImport, TakeBackImport
from ledger.grants.model import ApproveGrant, CreateGrant, Grant, GrantLine
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work, execute
from ledger.kernel.units import Points
from ledger.members import store as members_store
from ledger.members.model import Role
from ledger.merges.model import MergeWouldPayOneself
from tests.support.budgets import open_budget
from tests.support.merging import findings, merge
from tests.world import World


def _third_admin(world: World) -> UUID:
    third = world.link("third")

    def make_admin(work: Work, member: UUID) -> None:
        members_store.insert_role(work, member, Role.ADMIN, None)
        members_store.grant_role(work, member, Role.ADMIN, None)

    execute(world.database, make_admin, third)
    return third


def _budget(world: World) -> UUID:
    opened = open_budget(world.database, 500, world.first_admin, world.second_admin)
    return opened.budget_id


def _propose(world: World, by: UUID, to: UUID) -> Grant:
    command = CreateGrant(by, _budget(world), "why", (GrantLine(to, Points(60)),))
    return execute(world.database, grants.create, command)


def _approve(world: World, grant: Grant, by: UUID) -> Grant:
    command = ApproveGrant(grant.grant_id, by, grant.content_digest)
    return execute(world.database, grants.approve, command)


def _bring(world: World, by: UUID, approver: UUID, to: UUID) -> Import:
    content = f"member,points\n{format_id('mem', to)},40\n".encode()
    command = ProposeImport(by, _budget(world), "why", content)
    with world.database.read() as work:
        confirm = imports.preview(work, command).confirm
    what = execute(world.database, imports.propose, replace(command, confirm=confirm))
    yes = ApproveImport(what.import_id, approver, what.content_digest)
    execute(world.database, imports.approve, yes)
    paying.carry_out(world.database, what.import_id)
    return what


@pytest.mark.parametrize("proposes", [True, False], ids=["proposer", "approver"])
def test_whoever_stood_for_a_paid_grant_absorbs_nobody_it_paid(
    world: World, *, proposes: bool
) -> None:
    third, paid = _third_admin(world), world.link("x")
    by, other = (third, world.first_admin) if proposes else (world.first_admin, third)
    grant = _propose(world, by, paid)
    _approve(world, grant, other)
    with pytest.raises(MergeWouldPayOneself) as refused:
        merge(world, third, paid)
    assert refused.value.operands == {"paid_by": format_id("grt", grant.grant_id)}


def test_nor_through_others_merged_before(world: World) -> None:
    third, paid, between = _third_admin(world), world.link("x"), world.link("y")
    _approve(world, _propose(world, third, paid), world.second_admin)
    merge(world, between, paid)
    with pytest.raises(MergeWouldPayOneself):
        merge(world, third, between)
    assert findings(world) == ()


def test_an_import_is_taken_back_first(world: World) -> None:
    third, paid = _third_admin(world), world.link("x")
    what = _bring(world, world.first_admin, third, paid)
    with pytest.raises(MergeWouldPayOneself) as refused:
        merge(world, third, paid)
    assert refused.value.operands == {"paid_by": format_id("imp", what.import_id)}
    for admin in (world.first_admin, world.second_admin):
        command = TakeBackImport(what.import_id, admin, what.content_digest)
        execute(world.database, imports.take_back, command)
    paying.carry_out(world.database, what.import_id)
    merge(world, third, paid)
    assert findings(world) == ()


def test_an_open_grant_does_not_pay_who_became_its_approver(world: World) -> None:
    third, paid = _third_admin(world), world.link("x")
    proposed = _propose(world, world.first_admin, paid)
    merge(world, third, paid)
    with pytest.raises(OwnGrant):
        _approve(world, proposed, third)
    with pytest.raises(UnknownBeneficiary):
        _approve(world, proposed, world.second_admin)
