"""How the chain stands, over HTTP, on a real chain."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

import api.bridging as composed_chain
from api.composition import Composition
from api.http.app import create_app
from api.settings import ChainSwitch
from governance.relaying import GAS_MAX
from oracle.bindings import points_bridge
from oracle.bridge.model import Stage
from oracle.chain.port import BlockTag, read
from tests.integration.oracle.test_bridge_http import composed
from tests.support.bridge import World
from tests.support.http import client_of


@pytest.fixture
def composition(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Composition:
    monkeypatch.setattr(composed_chain, "LOCAL_FINALITY_AGE", timedelta(0))
    made = composed(world, tmp_path / "state", ChainSwitch.ON, world.contracts.node.url)
    settings = made.settings.model_copy(update={"chain_finality_depth": 1})
    return replace(made, settings=settings)


def told(composition: Composition) -> dict[str, float]:
    answer = client_of(create_app(composition)).get("/metrics")
    assert answer.status_code == 200
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_a_pause_and_the_end_of_a_term(world: World, composition: Composition) -> None:
    quiet = told(composition)
    assert quiet["vklad_bridge_paused"] == 0
    ends_at = read(
        world.chain, world.bridge, points_bridge.guardian_term_ends_at(), BlockTag.LATEST
    )
    series = 'vklad_guardian_term_ends_timestamp_seconds{contract="PointsBridge"}'
    assert quiet[series] == ends_at
    guardian = world.contracts.keys.guardian
    world.send_as(guardian, world.bridge, points_bridge.pause().calldata)
    world.index()
    assert told(composition)["vklad_bridge_paused"] == 1


def test_a_request_is_seen_on_every_part_of_its_way(world: World, composition: Composition) -> None:
    member = world.member(100)
    world.link(member)
    request = world.request(member, 60)
    quiet = told(composition)
    assert quiet['vklad_sender_intents{waiting="unsent"}'] == 0
    assert quiet["vklad_relayer_gas_left"] == GAS_MAX
    assert quiet["vklad_indexer_lag_blocks"] == 0
    assert quiet["vklad_reserve_equal"] == 1
    world.batch()
    with world.database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE intents SET created_at = now() - interval '1 hour'"))
    asked = told(composition)
    assert asked['vklad_sender_intents{waiting="unsent"}'] == 1
    assert asked['vklad_sender_oldest_seconds{waiting="unsent"}'] >= 3600
    for _ in range(3):
        world.mine()
    assert told(composition)["vklad_indexer_lag_blocks"] == 3
    world.until(lambda: world.stage(request) is Stage.MINTED)
    with world.database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE bridge_requests SET points = 59"))
    assert told(composition)["vklad_reserve_equal"] == 0


def test_what_cannot_be_told_is_left_out(world: World, composition: Composition) -> None:
    update = {"chain_rpc_url": SecretStr("http://127.0.0.1:9")}
    down = replace(composition, settings=composition.settings.model_copy(update=update))
    found = told(down)
    assert found['vklad_sender_intents{waiting="unmined"}'] == 0
    assert not {"vklad_reserve_equal", "vklad_indexer_lag_blocks"} & set(found)
    settings = composition.settings.model_copy(update={"chain": ChainSwitch.OFF})
    off = told(replace(composition, settings=settings))
    assert not [name for name in off if name.startswith(("vklad_sender", "vklad_relayer"))]
