"""A key of the service's is stolen: the guardian pauses, members vote another in, all goes on."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from typer.testing import CliRunner

from api import bridging
from api.bridging import chain_parts
from api.cli.main import app
from api.supervisor.state import StateFolder
from ledger.kernel.transaction import Database
from oracle.bindings import anchors, points_bridge
from oracle.bridge import redeeming_store
from oracle.bridge.model import StopReason
from oracle.chain.port import BlockTag, read
from oracle.chain.signer import LocalSigner, write_key
from oracle.contracts.abi import Address, FunctionCall, address
from oracle.deployment.service import record_path, write_record
from oracle.reconcile.service import check
from oracle.sender.model import SenderRole
from tests.integration.conftest import TestDatabase
from tests.integration.oracle.test_runbooks import BLOCK, pages
from tests.support.chain_nodes import (
    ANCHORER,
    DEPLOYER,
    GUARDIAN,
    POSTER,
    RELAYER,
    WATCHER,
    funded_account,
    running_node,
    transact,
)
from tests.support.crowd import POINTS, Crowd
from tests.support.governance import Voter

FRIENDS = 4
VOTING_PERIOD_S = 120
UNIT = 10**18
OURS = {
    SenderRole.DEPLOYER: DEPLOYER,
    SenderRole.POSTER: POSTER,
    SenderRole.RELAYER: RELAYER,
    SenderRole.WATCHER: WATCHER,
    SenderRole.ANCHORER: ANCHORER,
}
FRESH = {
    role: Account.from_key(bytes([0x70 + number]) * 32)
    for number, role in enumerate(("poster", "watcher", "anchorer"))
}


@pytest.fixture
def crowd(database: Database, tmp_path: Path) -> Iterator[Crowd]:
    with running_node("anvil") as node:
        made = Crowd.on(database, node, tmp_path / "state", VOTING_PERIOD_S)
        made.turns_max = 200
        made.voters += [made.join(100 + number) for number in range(FRIENDS)]
        for voter in made.voters[:-1]:
            _carry(made, voter)
        made.until(lambda: all(made.tokens(each) for each in made.voters[:-1]))
        for voter in made.voters[:-1]:
            made.delegate(voter)
        made.until(lambda: all(made.votes(each) for each in made.voters[:-1]))
        for key in FRESH.values():
            node.rpc("anvil_setBalance", key.address, hex(UNIT))
        yield made


def test_a_stolen_posters_key_is_voted_out_as_the_runbook_says(
    crowd: Crowd, desk: dict[str, dict[str, str]]
) -> None:
    bridge, thief = crowd.bridge, funded_account(POSTER)
    said = _follow(desk, "guardian")
    assert "final" in said
    newcomer = crowd.voters[-1]
    _carry(crowd, newcomer)
    found = re.search(r"The next poster is (0x\w{40})", _follow(desk, "school"))
    assert found is not None
    fresh = address(found[1])
    crowd.node.rpc("anvil_setBalance", fresh, hex(UNIT))
    _decide(crowd, kind="key", key={"role": "poster", "account": fresh})
    _decide(crowd, kind="unpause")
    assert read(crowd.node.chain(), bridge, points_bridge.poster(), BlockTag.LATEST) == fresh

    for _ in range(6):
        crowd.turn()
    assert crowd.tokens(newcomer) == 0, "with the old key nothing is minted"
    assert _waits(crowd, newcomer)
    assert _stops(crowd) == [StopReason.POSTER_REPLACED]
    status, answer = crowd.post("/v1/bridge/requests", newcomer, {"points": POINTS})
    assert (status, answer["reason"]) == (503, "poster_replaced")
    assert fresh in answer["detail"]
    escrowed = read(crowd.node.chain(), bridge, points_bridge.escrowed_points(), BlockTag.LATEST)
    theft = points_bridge.commit_batch(2, b"\x07" * 32, 1, 1, escrowed + 1)
    assert not transact(crowd.node, thief, bridge, theft, gas=1_000_000).succeeded

    assert "Both sides are equal." in _follow(desk, "school after the vote")
    taken = chain_parts(crowd.composition).signer()
    assert taken.address(SenderRole.POSTER) == fresh, "what runs takes it by itself"
    crowd.take_keys(_keys(poster=_opened(crowd)))
    crowd.until(lambda: crowd.tokens(newcomer) == POINTS * UNIT)
    crowd.settle()
    assert _stops(crowd) == []
    assert crowd.node.chain().nonce(fresh, BlockTag.LATEST) == 1
    assert check(chain_parts(crowd.composition).reconciler) == []


def test_another_watcher_and_another_anchorer(crowd: Crowd) -> None:
    _give_role(crowd, "watcher")
    _give_role(crowd, "anchorer")
    place = crowd.deployment.address("Anchors")
    assert read(crowd.node.chain(), place, anchors.anchorer(), BlockTag.LATEST) == (
        FRESH["anchorer"].address
    )
    head = anchors.anchor(1, b"\x07" * 32)
    assert not _sends(crowd, funded_account(ANCHORER), place, head)
    assert _sends(crowd, FRESH["anchorer"], place, head)

    newcomer = crowd.voters[-1]
    _carry(crowd, newcomer)
    for _ in range(12):
        crowd.turn()
    assert crowd.tokens(newcomer) == 0, "the new watcher has shown no life yet"
    crowd.take_keys(_keys(watcher=FRESH["watcher"]))
    crowd.until(lambda: crowd.tokens(newcomer) == POINTS * UNIT)


def test_who_has_a_role_gets_no_other(crowd: Crowd) -> None:
    asking = crowd.voters[0]
    for index, role in ((GUARDIAN, "poster"), (WATCHER, "poster"), (POSTER, "poster")):
        key = {"role": role, "account": funded_account(index).address}
        body = {"kind": "key", "title": "t", "body": "", "key": key}
        status, answer = crowd.post("/v1/proposal-messages", asking, body)
        assert (status, answer["field"]) == (422, "key")
        assert "has a role already" in answer["detail"]
    status, answer = crowd.post(
        "/v1/proposal-messages", asking, {"kind": "key", "title": "t", "body": ""}
    )
    assert (status, answer["detail"]) == (422, "A proposal of this kind needs key.")


@pytest.fixture
def desk(
    crowd: Crowd, test_database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, dict[str, str]]:
    """The school's machine with the keys that the contracts know, and the guardian's with its."""
    monkeypatch.setattr(bridging, "LOCAL_FINALITY_AGE", timedelta(0))
    chain = {"VKLAD_CHAIN_RPC_URL": crowd.node.url, "VKLAD_CHAIN_FINALITY_DEPTH": "0"}
    guardian = StateFolder(tmp_path / "guardian")
    guardian.prepare()
    write_record(record_path(guardian.path / "deployments", crowd.node.chain()), crowd.deployment)
    school = crowd.composition.state
    for state, roles in ((school, OURS), (guardian, {SenderRole.GUARDIAN: GUARDIAN})):
        password = state.secret("keystore_password", lambda: "a password of the test's own")
        for role, index in roles.items():
            write_key(state.path / "keys", role, password, funded_account(index))
    url = test_database.app_url.replace("+psycopg", "")
    return {
        "school": {**chain, "VKLAD_STATE_FOLDER": str(school.path), "VKLAD_DATABASE_URL": url},
        "guardian": {**chain, "VKLAD_STATE_FOLDER": str(guardian.path)},
    }


def _follow(desk: dict[str, dict[str, str]], place: str) -> str:
    """Run the runbook's lines for one place; what the last said."""
    [block] = [text for where, text in BLOCK.findall(pages("key-rotation")) if where == place]
    said = ""
    for line in block.splitlines():
        confirm = re.search(r"--confirm ([0-9a-f]{16})", said)
        words = line.replace("CONFIRM", confirm[1]) if confirm else line
        program, *arguments = shlex.split(words)
        assert program == "vklad"
        environment = desk[place.split(maxsplit=1)[0]]
        answer = CliRunner().invoke(app, arguments, env=environment, catch_exceptions=False)
        assert answer.exit_code == 0, (line, answer.output)
        said = answer.output
    return said


def _opened(crowd: Crowd) -> LocalAccount:
    """The poster's key as the keystore has it."""
    folder = crowd.composition.state.path / "keys"
    password = crowd.composition.state.secret("keystore_password")
    content = json.loads((folder / "poster.json").read_text())
    key: LocalAccount = Account.from_key(Account.decrypt(content, password))
    return key


def _carry(crowd: Crowd, voter: Voter) -> None:
    status, answer = crowd.post("/v1/bridge/requests", voter, {"points": POINTS})
    assert status == 201, answer


def _give_role(crowd: Crowd, role: str) -> None:
    _decide(crowd, kind="key", key={"role": role, "account": FRESH[role].address})


def _decide(crowd: Crowd, **fields: object) -> None:
    """A proposal of these fields, voted for by everybody who has tokens, and executed."""
    proposal = crowd.opened(crowd.propose(crowd.voters[0], **fields))
    for voter in crowd.voters[:-1]:
        crowd.vote(voter, proposal)
    assert crowd.closed(proposal) in {"succeeded", "queued"}
    crowd.executed(proposal)


def _keys(**fresh: LocalAccount) -> LocalSigner:
    """The service's keys, some of them replaced."""
    roles = {SenderRole.POSTER: POSTER, SenderRole.RELAYER: RELAYER, SenderRole.WATCHER: WATCHER}
    before = {role: funded_account(index) for role, index in roles.items()}
    return LocalSigner(before | {SenderRole(role): key for role, key in fresh.items()})


def _stops(crowd: Crowd) -> list[StopReason]:
    with crowd.database.read() as work:
        return [found.reason for found in redeeming_store.stops(work)]


def _waits(crowd: Crowd, voter: Voter) -> bool:
    [request] = crowd.get("/v1/bridge/requests", voter)["data"]
    return request["stage"] in {"waiting", "committing"}


def _sends(crowd: Crowd, key: LocalAccount, to: Address, call: FunctionCall[None]) -> bool:
    return transact(crowd.node, key, to, call, gas=1_000_000).succeeded
