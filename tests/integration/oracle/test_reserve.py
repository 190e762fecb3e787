"""Proof of reserve: signed on demand, and checked by a program that shares nothing with us."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from eth_account import Account
from eth_account.messages import encode_typed_data
from fastapi import FastAPI
from typer.testing import CliRunner

import api.bridging as composed_chain
from api.chain import KEY_INDEX
from api.cli import chain_operations
from api.cli.main import app as command_line
from api.composition import Composition
from api.http.app import create_app
from api.settings import ChainSwitch
from oracle.bridge import redeeming_store
from oracle.bridge.model import Stage, StopReason
from oracle.chain.signer import write_key
from oracle.reconcile import verifier
from oracle.reconcile.service import Reconciler, check
from tests.integration.oracle.test_bridge_http import composed
from tests.support.bridge import World
from tests.support.http import client_of

Json = dict[str, Any]
UNITS = 10**18


@pytest.fixture
def composition(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Composition:
    monkeypatch.setattr(composed_chain, "LOCAL_FINALITY_AGE", timedelta(0))
    folder = tmp_path / "state"
    made = composed(world, folder, ChainSwitch.ON, world.contracts.node.url)
    password = made.state.secret("keystore_password")
    for role in KEY_INDEX:
        write_key(folder / "keys", role, password, world.contracts.keys.by_role[role])
    return made


@pytest.fixture
def app(composition: Composition, world: World) -> FastAPI:
    """Sixty of a hundred points are tokens, ten more are on their way."""
    member = world.member(100)
    world.link(member)
    first = world.request(member, 60)
    world.until(lambda: world.stage(first) is Stage.MINTED)
    world.request(member, 10)
    return create_app(composition)


@pytest.fixture
def statement(app: FastAPI) -> Json:
    answer = client_of(app).get("/v1/reserve")
    assert answer.status_code == 200
    return dict(answer.json())


@pytest.fixture
def ask(world: World) -> verifier.Ask:
    return verifier.node(world.contracts.node.url)


def test_anybody_gets_a_statement_that_holds(
    statement: Json, world: World, ask: verifier.Ask
) -> None:
    said = verifier.check(statement, ask, world.bridge.lower())
    assert (said["escrowPoints"], said["inFlightPoints"]) == (70, 10)
    assert (said["mintedPoints"], said["redeemedPoints"], said["cancelledPoints"]) == (60, 0, 0)
    assert said["supplyUnits"] == 60 * UNITS
    assert said["ledgerPosition"] > 0
    assert statement["attester"] == world.contracts.keys.anchorer.address


def test_the_commands_sign_and_check(
    app: FastAPI,
    composition: Composition,
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chain_operations, "compose", lambda _: composition)
    runner, file = CliRunner(), tmp_path / "reserve.json"
    stated = runner.invoke(command_line, ["chain", "reserve", "--json"])
    file.write_text(stated.stdout)
    arguments = ["chain", "verify-reserve", str(file), "--rpc", world.contracts.node.url]
    held = runner.invoke(command_line, arguments)
    assert (held.exit_code, held.stdout[:9]) == (0, "VERIFIED:")
    anchors = json.loads(file.read_text())["statement"]["message"]["anchors"]
    assert "compare both with what you know" in held.stdout
    ours = ["--bridge", world.bridge.lower(), "--anchors", anchors]
    assert runner.invoke(command_line, [*arguments, *ours]).exit_code == 0
    for known in (("--bridge", world.token, *ours[2:]), (*ours[:2], "--anchors", world.token)):
        other = runner.invoke(command_line, [*arguments, *known])
        assert (other.exit_code, "not " + world.token in other.stderr) == (1, True)
    alone = runner.invoke(command_line, [*arguments, *ours[:2]])
    assert (alone.exit_code, "either alone" in alone.stderr) == (1, True)
    told = runner.invoke(command_line, ["chain", "reserve"])
    assert world.contracts.keys.anchorer.address in told.stdout


def _signed(statement: Json, key: Any, **changes: str) -> Json:
    """The same statement with other words, signed again."""
    made = copy.deepcopy(statement)
    made["statement"]["message"].update(changes)
    signable = encode_typed_data(full_message=made["statement"])
    made["signature"] = "0x" + bytes(key.sign_message(signable).signature).hex()
    return made


FALSE: tuple[tuple[str, Callable[[str], str], str], ...] = (
    ("escrowPoints", lambda _: "71", "The ledger is off: escrow holds"),
    ("inFlightPoints", lambda _: "9", "The ledger is off: escrow holds"),
    ("mintedPoints", lambda _: "61", "The statement is off: mintedPoints"),
    ("redeemedPoints", lambda _: "1", "The statement is off: redeemedPoints"),
    ("cancelledPoints", lambda _: "1", "The statement is off: cancelledPoints"),
    ("supplyUnits", lambda _: str(61 * UNITS), "The statement is off: supplyUnits"),
    ("blockHash", lambda _: "0x" + "11" * 32, "The chain has another block"),
    ("blockNumber", lambda old: str(int(old) + 10_000), "The chain has no block"),
    ("escrowPoints", lambda old: f"0{old}", "is no plain number"),
    ("token", lambda _: "0x" + "22" * 20, "The bridge mints another token"),
    ("anchors", lambda _: "0x" + "22" * 20, "does not answer anchorer()"),
)


def test_a_false_statement_is_caught_although_it_is_signed(
    statement: Json, world: World, ask: verifier.Ask
) -> None:
    key, said = world.contracts.keys.anchorer, statement["statement"]["message"]
    for field, change, words in FALSE:
        false = _signed(statement, key, **{field: change(said[field])})
        with pytest.raises(verifier.Fault) as fault:
            verifier.check(false, ask)
        assert words in str(fault.value)


def test_a_contract_of_the_signers_own_names_nobody_that_counts(
    statement: Json, world: World
) -> None:
    """Whoever deploys an `Anchors` of their own may name themselves; the true bridge knows none."""
    false = _signed(statement, Account.create(), anchors="0x" + "33" * 20, escrowPoints="71")
    with pytest.raises(verifier.Fault, match="is about the Anchors"):
        verifier.check(
            false, _ask_nothing, world.bridge, statement["statement"]["message"]["anchors"]
        )


def _ask_nothing(method: str, _: list[Any]) -> Any:
    raise AssertionError(f"contracts that are not known were asked: {method}")


def test_a_statement_counts_by_the_key_that_the_chain_names(
    statement: Json, world: World, ask: verifier.Ask
) -> None:
    with pytest.raises(verifier.Fault, match="the chain names"):
        verifier.check(_signed(statement, Account.create()), ask)
    changed = copy.deepcopy(statement)
    changed["statement"]["message"]["escrowPoints"] = "71"
    with pytest.raises(verifier.Fault, match="the chain names"):
        verifier.check(changed, ask)
    nobody = statement | {"signature": "0x" + "00" * 64 + "1b"}
    for wrong in (nobody, statement | {"signature": "0x11"}, statement | {"format": "x"}, {}):
        with pytest.raises(verifier.Fault):
            verifier.check(wrong, ask)
    elsewhere = copy.deepcopy(statement)
    elsewhere["statement"]["domain"]["chainId"] = 1
    with pytest.raises(verifier.Fault, match="serves chain 31337"):
        verifier.check(elsewhere, ask)
    poll = copy.deepcopy(statement)
    poll["statement"]["domain"]["name"] = "Vklad Polls"
    with pytest.raises(verifier.Fault, match="for something else"):
        verifier.check(poll, ask)


def test_the_verifier_says_what_is_wrong_with_file_and_node(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], statement: Json
) -> None:
    file = tmp_path / "reserve.json"
    file.write_text(json.dumps(statement))
    assert verifier.main([str(file), "--rpc", "http://127.0.0.1:9"]) == 1
    assert verifier.main([str(file), "--rpc", "ftp://127.0.0.1"]) == 1
    file.write_text("[]")
    assert verifier.main([str(file), "--rpc", "http://127.0.0.1:9"]) == 1
    words = capsys.readouterr().err
    assert "did not answer eth_chainId" in words
    assert "http or https" in words
    assert "is not a statement" in words


def test_the_monitor_stops_the_bridge_and_names_the_ledger(app: FastAPI, world: World) -> None:
    with world.database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE bridge_requests SET points = 59 WHERE points = 60"))
    found = check(_reconciler(world))
    assert found[0].startswith("The ledger is off")
    _stopped(world, "The ledger is off")
    assert "The ledger is off" in client_of(app).get("/reserve").text


def test_the_monitor_stops_the_bridge_and_names_the_chain(app: FastAPI, world: World) -> None:
    """Tokens that no batch made: the slot of the supply is written over."""
    number = _supply_slot(world)
    world.contracts.rpc("anvil_setStorageAt", world.token, number, f"0x{61 * UNITS:064x}")
    world.mine()
    world.mine()
    world.index()
    found = check(_reconciler(world))
    assert found[0].startswith("The chain is off: the token's supply is 61")
    _stopped(world, "The chain is off")


def _supply_slot(world: World) -> str:
    """Where the token keeps its supply: the one low slot that holds it."""
    for number in range(16):
        held = str(world.contracts.rpc("eth_getStorageAt", world.token, hex(number), "latest"))
        if int(held, 16) == 60 * UNITS:
            return f"0x{number:064x}"
    raise AssertionError("the supply is in no low slot")


def _reconciler(world: World) -> Reconciler:
    return Reconciler(world.database, world.chain, world.bridge, world.token)


def _stopped(world: World, words: str) -> None:
    with world.database.read() as work:
        (stop,) = redeeming_store.stops(work)
    assert stop.reason is StopReason.RESERVE_MISMATCH
    assert words in stop.message


def test_the_page_is_for_everybody(app: FastAPI) -> None:
    for language, words in (("en", "The points set aside equal"), ("ru", "Отложенных баллов")):
        answer = client_of(app).get("/reserve", headers={"accept-language": language})
        assert answer.status_code == 200
        assert words in answer.text
        assert 'href="/v1/reserve"' in answer.text
        assert "chain verify-reserve" in answer.text


def test_without_a_chain_there_is_nothing_to_prove(world: World, tmp_path: Path) -> None:
    off = create_app(composed(world, tmp_path / "off", ChainSwitch.OFF, world.contracts.node.url))
    assert client_of(off).get("/v1/reserve").status_code == 404
    assert client_of(off).get("/reserve").status_code == 404
