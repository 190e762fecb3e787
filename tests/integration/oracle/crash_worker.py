"""The worker that the crash driver kills: it kills itself, at the hop it is told.

A hop is one moment between two things that survive a crash: before and after every commit, every
signature, every broadcast and every piece taken from the outbox. The process is the driver's child,
and its end is SIGKILL: no finally block, no rollback, no flush.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import FrameType

import sqlalchemy as sa
from eth_account import Account

from ledger.kernel import outbox
from ledger.kernel.transaction import Database, Work, connect, execute
from oracle.bindings import points_bridge
from oracle.bridge import batching, events
from oracle.bridge.batching import Batcher
from oracle.bridge.commands import TOPIC
from oracle.bridge.model import BridgePolicy
from oracle.chain.port import BlockTag, read
from oracle.chain.signer import LocalSigner
from oracle.chain.web3_adapter import Web3Chain
from oracle.contracts.abi import Address
from oracle.indexer import service as indexer
from oracle.indexer.model import ContractSet, FinalityPolicy
from oracle.indexer.reading import ChainReader
from oracle.sender import service as sender
from oracle.sender.model import SenderPolicy, SenderRole
from oracle.sender.ports import SignedBytes, TypedTransaction
from oracle.watcher.sending import WatcherSender
from oracle.watcher.service import Watcher

TURNS_MAX = 60
SECONDS_A_TURN = 4
POLICY = BridgePolicy(batch_after=timedelta(0), refund_window=timedelta(0))
SENDER_POLICY = SenderPolicy(stuck_after=timedelta(seconds=30))
SENDING_ROLES = (SenderRole.POSTER, SenderRole.RELAYER)


@dataclass(frozen=True)
class Errand:
    """All that the child needs, as plain values; ``die_at`` ``None``: live to the end."""

    database_url: str
    node_url: str
    bridge: str
    token: str
    block_number_first: int
    keys: tuple[tuple[str, bytes], ...]
    die_at: int | None
    diary: str


class Hops:
    """Counts and writes down every hop, and ends the process at one of them."""

    def __init__(self, errand: Errand) -> None:
        self._left = errand.die_at
        self._diary = Path(errand.diary).open("a")  # noqa: SIM115 - open until the process ends

    def hop(self, name: str) -> None:
        self._diary.write(name + "\n")
        self._diary.flush()
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        if self._left is not None:
            self._left -= 1


class HoppingSigner(LocalSigner):
    """The real keys, a hop on both sides of each signature."""

    def __init__(self, keys: dict[SenderRole, object], hops: Hops) -> None:
        super().__init__(keys)  # type: ignore[arg-type]
        self._hops = hops

    def sign(self, transaction: TypedTransaction) -> SignedBytes:
        self._hops.hop(f"before signing {transaction.kind}")
        signed = super().sign(transaction)
        self._hops.hop(f"after signing {transaction.kind}")
        return signed


class HoppingChain(Web3Chain):
    """The real node, a hop on both sides of each broadcast."""

    def __init__(self, url: str, hops: Hops) -> None:
        super().__init__(url)
        self._hops = hops

    def send_raw(self, raw: bytes) -> bytes:
        self._hops.hop("before broadcast")
        answer = super().send_raw(raw)
        self._hops.hop("after broadcast")
        return answer


class Worker:
    """Every periodic job of the oracle over one database and one node."""

    def __init__(self, errand: Errand) -> None:
        self.hops = Hops(errand)
        keys = {SenderRole(role): Account.from_key(key) for role, key in errand.keys}
        self.signer = HoppingSigner(keys, self.hops)
        self.chain = HoppingChain(errand.node_url, self.hops)
        self.bridge, self.token = Address(errand.bridge), Address(errand.token)
        self.database = connect(errand.database_url, pool_size=2)
        _hop_at_commits(self.database, self.hops)
        self.reader = ChainReader(
            self.chain, ContractSet(self.bridge, {self.bridge: "PointsBridge"})
        )
        self.indexer_policy = indexer.IndexerPolicy(FinalityPolicy(1), errand.block_number_first)
        sending = WatcherSender(self.signer, self.chain.chain_id(), SENDER_POLICY)
        self.watcher = Watcher(self.database, self.chain, sending, self.bridge)
        self.batcher = Batcher(self.database, self.chain, self.bridge, self.token, POLICY)

    def turn(self) -> None:
        """One round of everything."""
        indexer.tick(self.database, self.reader, events.handlers(POLICY), self.indexer_policy)
        batching.tick(self.batcher)
        sender.advance(self.database, self.chain, self.signer, SENDER_POLICY, SENDING_ROLES)
        self._drain()
        self.watcher.look()
        self.chain._raw("evm_increaseTime", [hex(SECONDS_A_TURN)])
        self.chain._raw("evm_mine", [])

    def is_done(self) -> bool:
        """Nothing of ours waits, and every burn of the chain is acted on."""
        burnt = read(self.chain, self.bridge, points_bridge.last_redemption(), BlockTag.LATEST)
        with self.database.read() as work:
            read_burns = work.connection.execute(
                sa.text("SELECT count(*) FROM bridge_redemptions")
            ).scalar_one()
            waiting = work.connection.execute(
                sa.text("SELECT count(*) FROM bridge_requests WHERE state = 'escrowed'")
            ).scalar_one()
            return not batching.needs_time(work) and burnt == read_burns and waiting == 0

    def _drain(self) -> None:
        def handle(key: str) -> None:
            self.hops.hop("before taking from the outbox")

            def take(work: Work, _: None) -> None:
                outbox.take(work, TOPIC, key)

            execute(self.database, take, None)
            self.hops.hop("after taking from the outbox")
            batching.tick(self.batcher)

        def fail(_: str, error: Exception) -> None:
            raise error

        outbox.drain(self.database, TOPIC, handle, on_failure=fail)


def run(errand: Errand) -> None:
    """Work until all is done; exit status 0, or 3 if it never is."""
    worker = Worker(errand)
    for _ in range(TURNS_MAX):
        worker.turn()
        if worker.is_done():
            return
    sys.exit(3)


def _hop_at_commits(database: Database, hops: Hops) -> None:
    """Before: the commit never arrives. After: it did, and nobody was told."""

    def before(_: sa.Connection) -> None:
        hops.hop(f"before commit of {_use_case()}")

    sa.event.listen(database.engine, "commit", before)
    original = database.engine.dialect.do_commit

    def commit_and_hop(connection: object) -> None:
        original(connection)  # type: ignore[arg-type]
        hops.hop(f"after commit of {_use_case()}")

    database.engine.dialect.do_commit = commit_and_hop  # type: ignore[method-assign]


def _use_case() -> str:
    """The name of the use case whose transaction is being committed."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code.co_name == "execute" and "use_case" in frame.f_locals:
            case = frame.f_locals["use_case"]
            return f"{case.__module__.removeprefix('oracle.')}.{case.__qualname__}"
        frame = frame.f_back
    return "something else"
