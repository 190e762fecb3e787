"""A community on a real chain with every job of votes and bridge, and members without any ether."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from eth_account import Account
from eth_utils.crypto import keccak

from api.bridging import chain_parts, event_handlers
from api.tasks import governance
from governance.power.service import read_token
from ledger.journal.model import EntryKind
from ledger.kernel.clock import SystemClock
from ledger.kernel.transaction import Database, execute
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.lots.model import Cause, GrantLot
from ledger.members import service as members
from ledger.members.model import CreateMember
from ledger.wallets import service as wallets
from oracle.bindings import vkl_token
from oracle.bridge import batching, posting
from oracle.bridge.batching import Batcher
from oracle.bridge.model import BridgePolicy
from oracle.chain.port import BlockTag, read
from oracle.chain.signer import LocalSigner
from oracle.contracts.abi import address
from oracle.indexer import service as indexer
from oracle.indexer.model import FinalityPolicy
from oracle.sender import service as sender
from oracle.sender.holders import KeyReplaced
from oracle.sender.model import SenderPolicy, SenderRole
from oracle.sender.tables import intents
from oracle.watcher.sending import WatcherSender
from oracle.watcher.service import Watcher
from tests.support.chain_nodes import ChainNode, deploy_all, service_signer
from tests.support.governance import SENDER_POLICY, SENDING_ROLES, Community, Voter

POINTS: Final = 10
"""What everybody who joins has."""
POLICY: Final = BridgePolicy(batch_after=timedelta(0))


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

    turns_max: int = 60

    def __post_init__(self) -> None:
        super().__post_init__()
        parts = chain_parts(self.composition)
        self.bridge = self.deployment.address("PointsBridge")
        assert isinstance(self.database.clock, ClockOfTheChain)
        self.clock = self.database.clock
        self.batcher = Batcher(
            self.database, parts.chain, self.bridge, self.contracts.token, POLICY
        )
        self.take_keys(service_signer())

    def take_keys(self, signer: LocalSigner) -> None:
        """From now on the service signs with these."""
        self.signer = signer
        sending = WatcherSender(signer, self.contracts.chain_id, SenderPolicy())
        chain = chain_parts(self.composition).chain
        self.watcher = Watcher(self.database, chain, sending, self.bridge)

    def send(self) -> None:
        """A role that the contract has given to another key waits, as it does in the service."""
        with suppress(KeyReplaced):
            sender.advance(
                self.database,
                self.node.chain(),
                self.signer,
                SENDER_POLICY,
                SENDING_ROLES,
                holders=chain_parts(self.composition).holders,
            )

    @classmethod
    def on(cls, database: Database, node: ChainNode, folder: Path, voting_period_s: int) -> Crowd:
        """On a fresh chain, with the clock of it."""
        clocked = replace(database, clock=ClockOfTheChain(node))
        made = cls.of(clocked, node, deploy_all(node, voting_period_s), folder)
        assert isinstance(made, Crowd)
        return made

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
        ours = self.signer.address(SenderRole.POSTER)
        posting.keep_role(self.database, self.batcher.chain, self.bridge, ours)
        batching.tick(self.batcher)
        governance.tick(self.composition)
        self.send()
        self.relay()
        with suppress(KeyReplaced):
            self.watcher.look()
        self.node.pass_time(1)
        self.clock.keep_up()

    def until(self, done: Callable[[], bool]) -> None:
        for _ in range(self.turns_max):
            if done():
                return
            self.turn()
        columns = intents.c.kind, intents.c.state, intents.c.failure, intents.c.refusal
        query = sa.select(*columns, sa.func.count()).group_by(*columns)
        with self.database.read() as work:
            found = work.connection.execute(query).all()
        raise AssertionError(f"not done after {self.turns_max} turns: {sorted(map(str, found))}")

    def until_each(self, done: Callable[[Voter], bool]) -> None:
        """Turns until it is so for everybody; who is done is not asked about again."""
        waiting = deque(self.voters)

        def nobody_waits() -> bool:
            while waiting and done(waiting[0]):
                waiting.popleft()
            return not waiting

        self.until(nobody_waits)

    def tokens(self, voter: Voter) -> int:
        call = vkl_token.balance_of(address(voter.key.address))
        return read(self.node.chain(), self.contracts.token, call, BlockTag.LATEST)

    def votes(self, voter: Voter) -> int:
        call = vkl_token.get_votes(address(voter.key.address))
        return read(self.node.chain(), self.contracts.token, call, BlockTag.LATEST)
