"""What two admins do about a bridge that stands still, as they see it."""

from __future__ import annotations

import pytest
from fastapi import FastAPI

from ledger.kernel.transaction import execute
from ledger.members.model import Role
from oracle.bindings import points_bridge
from oracle.bridge import events, redeeming_store
from oracle.bridge.errors import RedemptionGap
from oracle.bridge.jobs import read_chain
from oracle.bridge.model import Stage, Stop, StopReason
from oracle.indexer import service as indexer
from oracle.indexer.model import FinalityPolicy
from tests.integration.pages.conftest import Reader, person
from tests.support.bridge import World


@pytest.fixture
def admins(bridged: FastAPI, world: World) -> tuple[Reader, Reader]:
    anna = person(bridged, world.database, "Anna", Role.ADMIN)
    return anna, person(bridged, world.database, "Boris", Role.ADMIN)


def stops(world: World) -> list[StopReason]:
    with world.database.read() as work:
        return [found.reason for found in redeeming_store.stops(work)]


def test_a_chain_is_given_up_by_two(world: World, admins: tuple[Reader, Reader]) -> None:
    anna, boris = admins
    member = world.member(100)
    world.link(member)
    request = world.request(member, 60)
    told = anna.words("/admin")
    assert "Nothing stands still." in told
    assert "Points on their way out return whole" in told, "said before anything is asked for"
    assert anna.press("/admin", "/admin/bridge/resets").status_code == 303
    assert stops(world) == [StopReason.RESET]
    told = boris.words("/admin")
    assert "Points that return 60" in told
    assert "Confirmed by nobody yet" in told
    assert "Return the points now" not in told
    assert "От сети отказываются." in boris.words("/admin", "ru")
    auditor = Reader(anna.app, anna.member_id, "member,auditor")
    assert "The chain is being given up." in auditor.words("/admin")
    assert "/admin/bridge" not in auditor.get("/admin").text

    assert anna.press("/admin", "/confirmations").status_code == 303
    assert "Another administrator has to confirm." in anna.words("/admin")
    assert "Confirmed by Anna" in boris.words("/admin")
    early = boris.post("/admin/bridge/resets/returns")
    assert early.status_code == 403
    assert boris.press("/admin", "/confirmations").status_code == 303
    assert "Two administrators have confirmed." in anna.words("/admin")
    assert anna.press("/admin", "/resets/returns").status_code == 303
    assert world.stage(request) is Stage.RETURNED
    assert world.available(member) == 100
    assert stops(world) == []


def test_it_is_called_off_and_the_bridge_goes_on(
    world: World, admins: tuple[Reader, Reader]
) -> None:
    anna, boris = admins
    anna.done("/admin/bridge/resets")
    stale = anna.hidden("/admin", "/confirmations")
    assert boris.press("/admin", "/resets/withdrawals").status_code == 303
    assert stops(world) == []
    assert anna.post(stale.pop("action"), **stale).status_code == 404
    assert boris.post("/admin/bridge/resets/withdrawals").status_code == 404


def test_a_gap_is_acknowledged_by_two(world: World, admins: tuple[Reader, Reader]) -> None:
    anna, boris = admins
    member = world.member(100)
    wallet = world.link(member)
    request = world.request(member, 100)
    world.until(lambda: world.stage(request) is Stage.MINTED)
    policy = indexer.IndexerPolicy(FinalityPolicy(1))
    handlers = events.handlers(world.policy)
    silent = {key: each for key, each in handlers.items() if key[1] != "Redeemed"}
    for points, heard in ((30, silent), (20, {})):
        reference = world.reference(member, points).reference
        call = points_bridge.redeem(points * 10**18, reference)
        world.send_as(wallet, world.bridge, call.calldata)
        world.mine()
        if heard:
            read_chain(world.database, world.reader, heard, policy)
    with pytest.raises(RedemptionGap):
        read_chain(world.database, world.reader, handlers, policy)

    assert "Burns 1 to 1 were never read" in anna.words("/admin")
    assert anna.post("/admin/bridge/gaps", reason=" ").status_code == 422
    anna.done("/admin/bridge/gaps", reason="The node lost its logs")
    assert "Another administrator has to confirm." in anna.words("/admin")
    assert "Points 30 Why they are missing The node lost its logs" in boris.words("/admin")
    assert boris.press("/admin", "/confirmations").status_code == 303
    assert "Confirmed by Boris" in boris.words("/admin")
    assert "Подтверждает Boris" in boris.words("/admin", "ru")
    read_chain(world.database, world.reader, handlers, policy)
    assert world.available(member) == 20


@pytest.mark.parametrize("reason", [each for each in StopReason if each is not StopReason.RESET])
@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_stop_has_words(
    world: World, admins: tuple[Reader, Reader], reason: StopReason, language: str
) -> None:
    found = Stop(reason, "Exactly this.", world.database.clock.now())
    execute(world.database, redeeming_store.insert_stop, found)
    assert "Exactly this." in admins[0].words("/admin", language)
