"""A thousand members carry points over, delegate, vote and come back, by signatures alone.

No wallet of theirs ever has anything to pay gas with; what the relayer and the poster paid is
printed per action and member. The ordinary run does the same with a handful.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from eth_account import Account
from eth_utils.crypto import keccak

from api.bridging import chain_parts, event_handlers
from api.cli.ledger import CHECKS
from api.tasks import governance
from governance.power.service import read_token
from governance.recount import proposals as recount
from ledger.journal.model import EntryKind
from ledger.kernel.clock import SystemClock
from ledger.kernel.transaction import Database, execute
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.lots.model import Cause, GrantLot
from ledger.members import service as members
from ledger.members.model import CreateMember
from ledger.verify.service import verify
from ledger.wallets import service as wallets
from oracle.bindings import ballot_relay, points_bridge, vkl_token
from oracle.bridge import batching
from oracle.bridge.batching import Batcher
from oracle.bridge.model import BridgePolicy
from oracle.chain.port import BlockTag, read
from oracle.contracts.abi import address
from oracle.indexer import service as indexer
from oracle.indexer.model import FinalityPolicy
from oracle.reconcile.service import check
from oracle.sender.model import SenderPolicy
from oracle.sender.tables import intents
from oracle.watcher.sending import WatcherSender
from oracle.watcher.service import Watcher
from tests.conftest import DEEP, Tell
from tests.support.chain_nodes import ChainNode, deploy_all, running_node, service_signer
from tests.support.governance import Community, Voter

MEMBERS = 1_000 if DEEP else 8
POINTS, BACK = 10, 4
TURNS_MAX = 60 + MEMBERS
HELD = tuple(each for each in CHECKS if each.name != "grants")
"""The points here are of nobody's proposal."""
POLICY = BridgePolicy(batch_after=timedelta(0))
NOBODY, NOTHING = address("0x" + "0" * 40), b"\0" * 32
ACTIONS = {
    call.calldata[:4]: name
    for name, call in {
        "points to tokens, committing": points_bridge.commit_batch(0, NOTHING, 0, 0, 0),
        "points to tokens, executing": points_bridge.execute_batch(0, b""),
        "tokens to points": points_bridge.redeem_by_sig(NOBODY, 0, NOTHING, 0, b""),
        "delegating": vkl_token.delegate_by_sig(NOBODY, 0, 0, 0, NOTHING, NOTHING),
        "voting": ballot_relay.cast_ballots(()),
    }.items()
}
VOTING_PERIOD_S = 900
"""The chain's clock goes on while a thousand ballots are signed."""


@dataclass
class ClockOfTheChain:
    """Our clock, which the chain's never leaves behind: a block a transaction runs ahead of it.

    Otherwise what we promise for an hour is over on the chain after a thousand blocks or two.
    """

    node: ChainNode
    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        return SystemClock().now() + self.ahead

    def keep_up(self) -> None:
        head = self.node.chain().block(BlockTag.LATEST)
        assert head is not None
        on_chain = datetime.fromtimestamp(head.timestamp_s, UTC)
        self.ahead += max(on_chain - self.now(), timedelta())


@dataclass(repr=False)
class Crowd(Community):
    """Every job of votes and bridge; members who sign and hold no ether."""

    def __post_init__(self) -> None:
        super().__post_init__()
        parts = chain_parts(self.composition)
        self.bridge = self.deployment.address("PointsBridge")
        assert isinstance(self.database.clock, ClockOfTheChain)
        self.clock = self.database.clock
        self.batcher = Batcher(
            self.database, parts.chain, self.bridge, self.contracts.token, POLICY
        )
        sender = WatcherSender(service_signer(), self.contracts.chain_id, SenderPolicy())
        self.watcher = Watcher(self.database, parts.chain, sender, self.bridge)

    def join(self, index: int) -> Voter:
        """Somebody with points for a month, and a wallet that nobody ever paid into."""
        now = self.database.clock.now() - timedelta(days=30)
        made = execute(self.database, members.create_member, CreateMember("en"))
        grant = GrantLot(
            member_id=made.member_id,
            amount=Points(POINTS),
            kind=EntryKind.GRANT,
            key=("start", str(made.member_id)),
            effective_at=now,
            activates_at=now,
            expires_at=now + timedelta(days=300),
            cause=Cause("grant", "start"),
        )
        execute(self.database, lots.grant_lot, grant)
        key = Account.from_key(keccak(text=f"member {index}"))
        linked = wallets.LinkWallet(made.member_id, key.address, b"\x01" * 32)
        execute(self.database, wallets.link_wallet, linked)
        return Voter(made.member_id, key)

    def index(self) -> None:
        policy = indexer.IndexerPolicy(FinalityPolicy(1), self.deployment.block_number)
        parts = chain_parts(self.composition)
        indexer.tick(self.database, parts.reader, event_handlers(POLICY), policy)
        read_token(self.database, parts.chain, self.contracts.token, self.deployment.block_number)

    def turn(self) -> None:
        self.index()
        batching.tick(self.batcher)
        governance.tick(self.composition)
        self.send()
        self.relay()
        self.watcher.look()
        self.node.pass_time(1)
        self.clock.keep_up()

    def until(self, done: Callable[[], bool]) -> None:
        for _ in range(TURNS_MAX):
            if done():
                return
            self.turn()
        columns = intents.c.kind, intents.c.state, intents.c.failure, intents.c.refusal
        query = sa.select(*columns, sa.func.count()).group_by(*columns)
        with self.database.read() as work:
            found = work.connection.execute(query).all()
        raise AssertionError(f"not done after {TURNS_MAX} turns: {sorted(map(str, found))}")

    def tokens(self, voter: Voter) -> int:
        call = vkl_token.balance_of(address(voter.key.address))
        return read(self.node.chain(), self.contracts.token, call, BlockTag.LATEST)

    def votes(self, voter: Voter) -> int:
        call = vkl_token.get_votes(address(voter.key.address))
        return read(self.node.chain(), self.contracts.token, call, BlockTag.LATEST)


@pytest.fixture
def crowd(database: Database, tmp_path: Path) -> Iterator[Crowd]:
    with running_node("anvil") as node:
        database = replace(database, clock=ClockOfTheChain(node))
        made = Crowd.of(database, node, deploy_all(node, VOTING_PERIOD_S), tmp_path / "state")
        assert isinstance(made, Crowd)
        made.voters += [made.join(100 + number) for number in range(MEMBERS - len(made.voters))]
        yield made


def test_by_signatures_alone(crowd: Crowd, tell: Tell) -> None:
    everybody, unit = crowd.voters, 10**18
    start = crowd.node.chain().block(BlockTag.LATEST)
    assert start is not None
    for voter in everybody:
        status, answer = crowd.post("/v1/bridge/requests", voter, {"points": POINTS})
        assert status == 201, answer
    crowd.until(lambda: all(crowd.tokens(each) == POINTS * unit for each in everybody))
    for voter in everybody:
        crowd.delegate(voter)
    crowd.until(lambda: all(crowd.votes(each) == POINTS * unit for each in everybody))
    proposal = crowd.opened(crowd.propose(everybody[0]))
    for number, voter in enumerate(everybody):
        crowd.vote(voter, proposal, "against" if number % 5 == 0 else "for")
    assert crowd.closed(proposal) in {"succeeded", "queued"}
    said = recount.check_export(
        crowd.get(f"/v1/proposals/{proposal}/export"), recount.Node(crowd.node.url)
    )
    assert f"{MEMBERS} ballots of {MEMBERS} accounts" in said[1]
    for voter in everybody:
        _carry_back(crowd, voter)
    left = (POINTS - BACK) * unit
    crowd.until(lambda: all(crowd.tokens(each) == left for each in everybody))
    crowd.settle()
    assert check(chain_parts(crowd.composition).reconciler) == []
    assert verify(crowd.database, HELD).findings == ()
    for voter in everybody:
        assert crowd.node.rpc("eth_getBalance", voter.key.address, "latest") == "0x0"
    for name, (count, gas) in sorted(_gas(crowd.node, start.number).items()):
        tell(f"{name}: {count} transactions, {gas // MEMBERS} gas a member")
    tell("; ".join(said))


def _carry_back(crowd: Crowd, voter: Voter) -> None:
    status, asked = crowd.post("/v1/bridge/redemptions", voter, {"points": BACK})
    assert status == 201, asked
    path = f"/v1/bridge/redemptions/{asked['reference']}/signatures"
    status, answer = crowd.post(path, voter, {"signature": voter.sign(asked["typed_data"])})
    assert status == 202, answer


def _gas(node: ChainNode, after: int) -> dict[str, tuple[int, int]]:
    """What transactions of each kind of call cost: how many, and their gas together."""
    found: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    head: Any = node.rpc("eth_blockNumber")
    for number in range(after + 1, int(head, 16) + 1):
        block: Any = node.rpc("eth_getBlockByNumber", hex(number), True)
        for each in block["transactions"]:
            receipt: Any = node.rpc("eth_getTransactionReceipt", each["hash"])
            name = ACTIONS.get(bytes.fromhex(each["input"][2:10]), "what all of them share")
            count, gas = found[name]
            found[name] = (count + 1, gas + int(receipt["gasUsed"], 16))
    return found
