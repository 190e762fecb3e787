"""The commands of the runbooks about stopping, run as they stand there on a real chain.

A block's words say whose machine it is for: the school's, the guardian's or the watcher's. What a
vote brings about is done here by the timelock at once; voting itself is tested with the votes.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from typer.testing import CliRunner

from api import bridging
from api.cli import guardian as commands
from api.cli.main import app
from api.http.app import create_app
from api.settings import ChainSwitch
from api.supervisor.state import StateFolder
from ledger.kernel.transaction import Database
from oracle.bindings import points_bridge, vkl_governor, vkl_token
from oracle.bridge.model import Stage
from oracle.chain.port import BlockTag, LogQuery, read
from oracle.chain.signer import write_key
from oracle.contracts.abi import Address, FunctionCall
from oracle.deployment.service import record_path, write_record
from oracle.guardian import record
from oracle.indexer.model import ContractSet
from oracle.indexer.reading import ChainReader
from oracle.sender.model import SenderRole
from tests.integration.conftest import TestDatabase
from tests.integration.oracle.test_bridge_http import composed
from tests.support.bridge import Contracts, World
from tests.support.http import client_of

FOLDER = Path(__file__).parents[3] / "docs" / "runbooks"
BLOCK = re.compile(r"^ *```sh ([a-z ]+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
PAGES = ("pause", "veto", "guardian", "key-rotation")
SCHOOL = "https://school.example"
PASSWORD = "a password of the guardian's own"


NAMES = {
    "CONFIRM": r"--confirm ([0-9a-f]{16})",
    "TRANSACTION": r"chain reason (0x[0-9a-f]{64})",
}


def findings(said: str) -> list[str]:
    """What is wrong with the ledger: of this test's community only where its points come from."""
    return [line for line in said.splitlines() if re.match(r" *[a-z_]+: ", line)]


class WholeWorld(World):
    """A community that reads the Governor's events, too."""

    def index(self) -> None:
        at = self.contracts.deployment.address
        names = {at(name): name for name in ("PointsBridge", "VklGovernor")}
        self.reader = ChainReader(self.chain, ContractSet(self.bridge, names))
        super().index()


@pytest.fixture
def world(database: Database, contracts: Contracts) -> Iterator[World]:
    snapshot = str(contracts.rpc("evm_snapshot"))
    yield WholeWorld(database, contracts)
    contracts.rpc("evm_revert", snapshot)


@dataclass
class Desk:
    """Everybody's machines, and the words that the runbooks leave open."""

    world: World
    app: FastAPI
    settings: dict[str, dict[str, str]]
    words: dict[str, str] = field(default_factory=lambda: {"https://SCHOOL": SCHOOL})

    def follow(self, page: str, place: str, **words: object) -> str:
        """Run every line of the blocks of a page for one place; what the last said."""
        self.words |= {name: str(value) for name, value in words.items()}
        blocks = [text for where, text in BLOCK.findall(page) if where == place]
        assert blocks, place
        said = ""
        for line in "".join(blocks).splitlines():
            said = self.run(place.split(maxsplit=1)[0], line.strip())
        return said

    def run(self, place: str, line: str) -> str:
        for word, meaning in self.words.items():
            line = re.sub(rf"\b{word}\b", meaning, line)
        program, *arguments = shlex.split(line)
        assert program == "vklad"
        if arguments[:2] == ["chain", "reason"]:
            self.world.index()
        answer = CliRunner().invoke(
            app, arguments, env=self.settings[place], catch_exceptions=False
        )
        if arguments == ["ledger", "verify"]:
            assert all("no paid grant" in each for each in findings(answer.output))
        else:
            assert answer.exit_code == 0, (line, answer.output)
        for name, pattern in NAMES.items():
            for each in re.findall(pattern, answer.output):
                self.words[name] = each
        return answer.output

    def reasons(self) -> list[str | None]:
        with self.world.database.read() as work:
            return [deed.reason for deed in record.deeds(work, 10) if deed.reason]


def pages(name: str) -> str:
    return (FOLDER / f"{name}.md").read_text("utf-8")


@pytest.fixture
def desk(
    world: World, test_database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Desk:
    monkeypatch.setattr(bridging, "LOCAL_FINALITY_AGE", timedelta(0))
    url, deployment = world.contracts.node.url, world.contracts.deployment
    school = composed(world, tmp_path / "school", ChainSwitch.ON, url)
    chain = {"VKLAD_CHAIN_RPC_URL": url, "VKLAD_CHAIN_FINALITY_DEPTH": "0"}
    settings = {
        "school": {
            **chain,
            "VKLAD_STATE_FOLDER": str(tmp_path / "school"),
            "VKLAD_DATABASE_URL": test_database.app_url.replace("+psycopg", ""),
        }
    }
    for place, role in (("guardian", SenderRole.GUARDIAN), ("watcher", SenderRole.WATCHER)):
        state = StateFolder(tmp_path / place)
        state.prepare()
        write_record(record_path(state.path / "deployments", world.chain), deployment)
        password = state.secret("keystore_password", lambda: PASSWORD)
        write_key(state.path / "keys", role, password, world.contracts.keys.by_role[role])
        settings[place] = {**chain, "VKLAD_STATE_FOLDER": str(state.path)}
    made = Desk(world, create_app(school), settings)
    monkeypatch.setattr(commands.httpx, "post", _posting(made.app))
    return made


@pytest.fixture
def ann(world: World) -> UUID:
    member = world.member(200)
    world.link(member)
    return member


def test_every_block_says_whose_machine_it_is_for() -> None:
    found = [(name, where) for name in PAGES for where, _ in BLOCK.findall(pages(name))]
    assert {where.split(maxsplit=1)[0] for _, where in found} == {"school", "guardian", "watcher"}
    fences = sum(pages(name).count("```sh") for name in PAGES)
    assert fences == len(found)


def test_a_pause_from_looking_to_going_on(desk: Desk, ann: UUID) -> None:
    world, page = desk.world, pages("pause")
    looking, going_on = [text for where, text in BLOCK.findall(page) if where == "school"]
    first = world.request(ann, 60)
    world.until(lambda: world.stage(first) is Stage.MINTED)
    for line in looking.splitlines():
        desk.run("school", line.strip())
    assert "Members see it now." in desk.follow(page, "guardian")
    assert read(world.chain, world.bridge, points_bridge.paused(), BlockTag.LATEST)
    assert desk.reasons() == ["Batch 7 names a wallet that nobody has asked for."]

    waiting = world.request(ann, 10)
    for _ in range(3):
        world.turn()
    assert world.stage(waiting) is Stage.WAITING
    assert "0x3f4ba83a" in desk.run("school", going_on.strip())
    by_timelock(world, world.bridge, points_bridge.unpause())
    world.until(lambda: world.stage(waiting) is Stage.MINTED)
    assert "Both sides are equal." in desk.follow(page, "school after the vote")


def test_a_veto_that_says_why(desk: Desk, ann: UUID) -> None:
    world, page = desk.world, pages("veto")
    world.watching = False
    request = world.request(ann, 60)
    world.until(lambda: world.stage(request) in {Stage.DELAYED, Stage.EXECUTING})
    desk.follow(page, "school")
    desk.follow(page, "guardian", BATCH=1)
    assert desk.reasons() == ["This batch is over points that are not set aside."]
    world.until(lambda: world.stage(request) is Stage.RETURNED)

    again = world.request(ann, 20)
    world.until(lambda: world.stage(again) in {Stage.DELAYED, Stage.EXECUTING})
    watcher = world.contracts.keys.by_role[SenderRole.WATCHER]
    world.send_as(watcher, world.bridge, points_bridge.veto(2).calldata)
    world.index()
    with world.database.read() as work:
        veto = record.vetoes(work, [2])[2]
    desk.follow(page, "watcher", TRANSACTION=f"0x{veto.transaction_hash.hex()}")
    assert "Its records do not have the hash." in desk.reasons()


def test_a_proposal_is_cancelled_from_the_guardians_machine(desk: Desk) -> None:
    world, page = desk.world, pages("guardian")
    deployment = world.contracts.deployment
    governor, token = deployment.address("VklGovernor"), deployment.address("VklToken")
    member = world.member(100)
    wallet = world.link(member)
    request = world.request(member, 50)
    world.until(lambda: world.stage(request) is Stage.MINTED)
    world.send_as(wallet, token, vkl_token.delegate(Address(wallet.address)).calldata)
    world.mine(2)
    call = vkl_governor.propose((token,), (0,), (b"",), "# Harm")
    world.send_as(wallet, governor, call.calldata)
    head = world.chain.block(BlockTag.LATEST)
    assert head is not None
    topics = (vkl_governor.ProposalCreated.TOPIC,)
    query = LogQuery(head.number, head.number, (governor,), topics)
    (log,) = world.chain.logs(query)
    proposal = vkl_governor.ProposalCreated.of(log).proposal_id
    said = desk.follow(page, "guardian", PROPOSAL=proposal)
    assert "Members see it now." in said
    assert desk.reasons() == ["Its text does not say that it replaces the watcher."]
    with world.database.read() as work:
        deed = record.cancellation(work, proposal)
    assert deed is not None


def by_timelock(world: World, to: Address, call: FunctionCall[None]) -> None:
    """What a passed vote does."""
    timelock = world.contracts.deployment.address("VklTimelock")
    world.contracts.rpc("hardhat_setBalance", timelock, hex(10**18))
    world.contracts.rpc("anvil_impersonateAccount", timelock)
    asked = {"from": timelock, "to": to, "data": f"0x{call.calldata.hex()}"}
    world.contracts.rpc("eth_sendTransaction", asked)
    world.contracts.rpc("anvil_stopImpersonatingAccount", timelock)


def _posting(school: FastAPI) -> Callable[..., httpx.Response]:
    """The school's door without a server before it."""

    def post(url: str, json: dict[str, str], timeout: float) -> httpx.Response:
        assert url == f"{SCHOOL}/v1/guardian/reasons"
        assert timeout > 0
        return client_of(school).post("/v1/guardian/reasons", json=json)

    return post
