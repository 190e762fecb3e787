"""Blocking: one person takes part away, another gives it back, and meanwhile nothing is spent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from api.erasing import FORGETTING
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import execute
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.lots.model import HoldPurpose, MoveToEscrow, PlaceHold
from ledger.members.blocks import service, store
from ledger.members.blocks.model import (
    Block,
    BlockReasonUnreadable,
    MemberNotBlocked,
    Unblock,
    UnblockNeedsAnotherPerson,
    check_reason,
)
from ledger.members.model import MemberNotActive, NotAnAdmin, UnknownMember
from tests.integration.api_programme.conftest import (  # noqa: F401 - fixtures by name
    Person,
    admin,
    app,
    person,
    second_admin,
    world,
)
from tests.world import World

PROGRAMME = """\
programme: club
version: "1"
zone: Europe/Moscow
rules:
  - {id: post, on: club.post.created, to: actor, points: 5}
"""


@pytest.fixture
def anna(world: World) -> str:  # noqa: F811 - a fixture by name
    world.activate(PROGRAMME)
    return format_id("mem", world.link("anna"))


def post(world: World, number: int) -> None:  # noqa: F811 - a fixture by name
    time = f"2026-03-0{number}T10:00:00Z"
    world.state(str(number), "club.post.created", "lms:anna", time, {"post": str(number)})
    world.score()


def test_a_blocked_member_earns_but_spends_nothing(
    world: World,  # noqa: F811
    admin: TestClient,  # noqa: F811
    second_admin: TestClient,  # noqa: F811
    person: Person,  # noqa: F811
    anna: str,
) -> None:
    post(world, 1)
    hers = person(world.linked["anna"])
    assert hers.get("/v1/members/me").status_code == 200
    done = admin.post(f"/v1/members/{anna}/block", json={"reason": "rings of likes"})
    assert (done.status_code, done.json()["status"]) == (200, "blocked")
    assert hers.get("/v1/members/me").status_code == 401
    post(world, 2)
    assert world.available("anna") == Points(10)
    member_id, now = world.linked["anna"], datetime(2026, 4, 1, tzinfo=UTC)
    until = now + timedelta(hours=1)
    hold = PlaceHold(member_id, member_id, Points(5), HoldPurpose.REDEMPTION, now, until)
    claim = MoveToEscrow(member_id, member_id, Points(5), now)
    for use_case, command in ((lots.place_hold, hold), (lots.move_to_escrow, claim)):
        with pytest.raises(MemberNotActive):
            execute(world.database, use_case, command)
    refused = admin.post(f"/v1/members/{anna}/unblock", json={"reason": "a mistake"})
    assert (refused.status_code, refused.json()["code"]) == (403, "unblock_needs_another_person")
    lifted = second_admin.post(f"/v1/members/{anna}/unblock", json={"reason": "a mistake"})
    assert (lifted.status_code, lifted.json()["status"]) == (200, "active")
    assert execute(world.database, lots.place_hold, hold).amount == Points(5)
    told = admin.get(f"/v1/members/{anna}/blocks").json()["data"]
    assert [(one["action"], one["reason"]) for one in told] == [
        ("unblocked", "a mistake"),
        ("blocked", "rings of likes"),
    ]


def test_the_pages_block_and_lift(
    world: World,  # noqa: F811
    admin: TestClient,  # noqa: F811
    second_admin: TestClient,  # noqa: F811
    anna: str,
) -> None:
    assert "/block" in admin.get("/admin/members").text
    form = {"reason": "rings", "csrf": admin.headers["x-csrf-token"]}
    answer = admin.post(f"/admin/members/{anna}/block", data=form, follow_redirects=False)
    assert answer.status_code == 303
    form["csrf"] = second_admin.headers["x-csrf-token"]
    answer = second_admin.post(f"/admin/members/{anna}/unblock", data=form, follow_redirects=False)
    assert answer.status_code == 303
    with world.database.read() as work:
        assert len(store.history(work, world.linked["anna"])) == 2


def test_who_may_and_what_is_kept(world: World, anna: str) -> None:  # noqa: F811
    member_id = world.linked["anna"]
    first, second, boris = world.first_admin, world.second_admin, world.link("boris")
    with pytest.raises(MemberNotBlocked):
        execute(world.database, service.unblock, Unblock(member_id, second, "why"))
    for _ in range(2):
        execute(world.database, service.block, Block(member_id, first, "because of 7"))
    with pytest.raises(NotAnAdmin):
        execute(world.database, service.block, Block(first, boris, "why"))
    with pytest.raises(NotAnAdmin):
        execute(world.database, service.unblock, Unblock(member_id, boris, "why"))
    with pytest.raises(UnblockNeedsAnotherPerson):
        execute(world.database, service.unblock, Unblock(member_id, first, "why"))
    with pytest.raises(UnknownMember):
        execute(world.database, service.unblock, Unblock(UUID(int=5), first, "why"))
    assert store.forget in FORGETTING
    execute(world.database, lambda work, _: store.forget(work, member_id), None)
    with world.database.read() as work:
        (line,) = store.history(work, member_id)
    assert (line.action, line.by, line.reason) == ("blocked", first, None)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501, "a\nb"])
def test_a_reason_can_be_read(reason: str) -> None:
    with pytest.raises(BlockReasonUnreadable):
        check_reason(reason)
