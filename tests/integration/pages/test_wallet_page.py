"""The wallet's page on a real chain: what it offers, what is on its way, what stands still."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI

from api.settings import ChainSwitch
from api.supervisor.anvil import free_port
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import execute
from ledger.members.model import Role
from ledger.switches import service as switches
from ledger.switches.model import SetSwitch, Switch
from oracle.bindings import points_bridge
from oracle.bridge.model import Stage
from tests.integration.pages.conftest import Reader, app_of, person
from tests.support.bridge import World


@pytest.fixture
def reader(bridged: FastAPI, world: World) -> Reader:
    """A member with points and no wallet."""
    return Reader(bridged, world.member(200), "member")


@pytest.mark.parametrize(
    ("language", "expected"), [("en", "No wallet yet?"), ("ru", "Кошелька ещё нет?")]
)
def test_without_a_wallet_it_says_what_to_do(reader: Reader, language: str, expected: str) -> None:
    assert expected in reader.words("/wallet", language)
    assert 'data-bridge="link"' in reader.get("/wallet").text
    assert 'data-bridge="out"' not in reader.get("/wallet").text


def test_points_on_their_way_to_the_wallet(reader: Reader, world: World) -> None:
    world.link(reader.member_id)
    assert 'data-bridge="out"' in reader.get("/wallet").text
    assert 'data-bridge="back"' not in reader.get("/wallet").text
    request = world.request(reader.member_id, 120)
    under_way = reader.get("/wallet")
    assert "data-under-way" in under_way.text
    assert "Set aside, waiting for the next batch" in reader.words("/wallet")
    state = reader.get("/wallet/state").json()["state"]
    assert state == f"{format_id('brg', request)}:waiting"
    assert f'data-carried="{state}"' in under_way.text
    assert "/record" not in under_way.text
    world.batch()
    assert f'href="/v1/bridge/requests/{format_id("brg", request)}/record"' in (
        reader.get("/wallet").text
    )
    assert "Your line in batch 1" in reader.words("/wallet")
    assert "Ваша строка в партии 1" in reader.words("/wallet", "ru")
    world.until(lambda: world.stage(request) is Stage.MINTED)
    assert reader.get("/wallet/state").json()["state"] != state
    arrived = reader.get("/wallet")
    assert "data-under-way" not in arrived.text
    assert 'data-bridge="back"' in arrived.text
    assert 'max="120"' in arrived.text
    assert "Every token has a point behind it" in reader.words("/wallet")
    assert "Ваши 120 VKL пока не голосуют" in reader.words("/wallet", "ru")


def test_a_stopped_bridge_says_so_and_why(reader: Reader, world: World) -> None:
    world.link(reader.member_id)
    command = SetSwitch(Switch.BRIDGING, False, "We are looking at something", "person:x")
    execute(world.database, switches.set_switch, command)
    told = reader.words("/wallet")
    assert "Nothing is carried to wallets now" in told
    assert "We are looking at something" in told
    assert 'data-bridge="out"' not in reader.get("/wallet").text
    assert "Сейчас в кошельки ничего не переносится" in reader.words("/wallet", "ru")


def test_a_vetoed_batch_says_by_whom(reader: Reader, world: World) -> None:
    world.link(reader.member_id)
    world.watching = False
    request = world.request(reader.member_id, 120)
    world.until(lambda: world.stage(request) in {Stage.DELAYED, Stage.EXECUTING})
    world.send_as(world.contracts.keys.guardian, world.bridge, points_bridge.veto(1).calldata)
    world.until(lambda: world.stage(request) is Stage.RETURNED)
    told = reader.words("/wallet")
    assert "The guardian has vetoed this batch." in told
    assert "has not said why yet" in told
    assert "Хранитель наложил вето на эту партию." in reader.words("/wallet", "ru")
    world.send_as(world.contracts.keys.guardian, world.bridge, points_bridge.pause().calldata)
    world.index()
    assert "What you ask for now is set aside and waits." in reader.words("/wallet")
    assert 'data-bridge="out"' in reader.get("/wallet").text


def test_unlinking_leads_back_to_linking(reader: Reader, world: World) -> None:
    world.link(reader.member_id)
    reader.done("/wallet/unlink")
    assert 'data-bridge="link"' in reader.get("/wallet").text
    assert reader.post("/wallet/unlink").status_code == 404


def test_admins_see_both_sides(bridged: FastAPI, world: World) -> None:
    admin = person(bridged, world.database, "Anna", Role.ADMIN)
    assert "Both sides are equal." in admin.words("/admin")
    assert "The bridge is paused" not in admin.words("/admin")
    world.send_as(world.contracts.keys.guardian, world.bridge, points_bridge.pause().calldata)
    world.index()
    assert "The bridge is paused" in admin.words("/admin")
    assert "Мост на паузе" in admin.words("/admin", "ru")
    assert "No vote has changed the rules yet." in admin.words("/admin/programme")


def test_what_is_known_is_shown_while_the_node_is_down(
    world: World, reader: Reader, tmp_path: Path
) -> None:
    world.link(reader.member_id)
    folder = tmp_path / "state"
    silent = app_of(world.database, folder, ChainSwitch.ON, f"http://127.0.0.1:{free_port()}")
    mine = Reader(silent, reader.member_id, "member")
    told = mine.words("/wallet")
    assert "The chain does not answer now." in told
    assert "This cannot be told now." in told
    assert 'data-bridge="out"' in mine.get("/wallet").text
    assert 'data-bridge="back"' not in mine.get("/wallet").text
    admin = person(silent, world.database, "Anna", Role.ADMIN)
    assert "cannot be compared now" in admin.words("/admin")


def test_without_a_chain_there_is_no_wallet(anna: Reader) -> None:
    assert anna.get("/wallet").status_code == 404
