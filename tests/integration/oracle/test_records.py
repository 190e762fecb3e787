"""A member's own record in a batch, and the program that checks it against the chain."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner

from api.cli.main import app as command_line
from api.settings import ChainSwitch
from oracle.bindings import points_bridge
from oracle.bridge import record_verifier
from tests.integration.oracle.test_bridge_http import Http, composed, http_of
from tests.support.bridge import World

ELSEWHERE = "0x" + "22" * 20


@pytest.fixture
def http(world: World, tmp_path: Path) -> Http:
    url = world.contracts.node.url
    return http_of(composed(world, tmp_path / "state", ChainSwitch.ON, url), world)


def asked(http: Http, member: UUID, points: int, key: str = "k1") -> str:
    status, request = http.post("/v1/bridge/requests", member, {"points": points}, key=key)
    assert (status, request["reason"], request["expires_at"]) == (201, None, None)
    return f"/v1/bridge/requests/{request['id']}"


def test_the_own_record_can_be_checked_before_it_is_executed(
    http: Http, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ann, bob = world.member(200), world.member(200)
    world.link(ann)
    wallet = world.link(bob).address
    asked(http, ann, 30)
    first, second = asked(http, bob, 40), asked(http, bob, 40, key="k2")
    assert http.get(f"{first}/record", bob)[0] == 404
    world.until(lambda: http.get(first, bob)[1]["executable_at"] is not None)
    assert http.get(first, bob)[1]["expires_at"] > http.get(first, bob)[1]["executable_at"]
    assert http.get(f"{first}/record", ann)[0] == 404
    status, own = http.get(f"{second}/record", bob)
    assert (status, own["index"], own["points"], own["wallet"]) == (200, 2, 40, wallet)
    assert http.get(f"{first}/record", bob)[1]["index"] == 1
    file = tmp_path / "record.json"
    file.write_text(json.dumps(own))
    url = world.contracts.node.url
    arguments = ["chain", "verify-record", str(file), "--wallet", wallet, "--rpc", url]
    held = CliRunner().invoke(command_line, arguments)
    assert (held.exit_code, "on the chain: committed" in held.stdout) == (0, True)
    assert record_verifier.main([str(file)]) == 0
    _false_ones_are_caught(own, file, url)
    words = capsys.readouterr().err
    for said in ("does not give 41", "not of these records", "committed to other", "chain 31337"):
        assert said in words
    assert record_verifier.main([str(file), "--rpc", "http://127.0.0.1:9"]) == 1


def _false_ones_are_caught(own: dict[str, Any], file: Path, url: str) -> None:
    for false, options in (
        (own | {"points": 41}, []),
        (own | {"index": 0}, []),
        (own | {"index": -1}, []),
        (own | {"records_hash": "0x" + "11" * 32}, []),
        (own | {"records": own["records"][:-2]}, []),
        (own | {"format": "x"}, []),
        ({"format": own["format"]}, []),
        ([], []),
        (own, ["--wallet", ELSEWHERE]),
        (own, ["--bridge", ELSEWHERE]),
        (own | {"sequence": own["sequence"] + 1}, ["--rpc", url]),
        (own | {"chain_id": 1}, ["--rpc", url]),
        (own | {"bridge": ELSEWHERE}, ["--rpc", url]),
    ):
        file.write_text(json.dumps(false))
        assert record_verifier.main([str(file), *options]) == 1


def test_the_reason_is_told_when_points_come_back(http: Http, world: World) -> None:
    member = world.member(200)
    world.link(member)
    world.watching = False
    path = asked(http, member, 60)
    world.until(lambda: http.get(path, member)[1]["executable_at"] is not None)
    veto = points_bridge.veto(http.get(path, member)[1]["batch"]).calldata
    world.send_as(world.contracts.keys.guardian, world.bridge, veto)
    world.until(lambda: http.get(path, member)[1]["stage"] == "returned")
    assert http.get(path, member)[1]["reason"] == "vetoed"
