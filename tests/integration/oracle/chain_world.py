"""Every job between us and the chain, of bridge and votes, and a community that is ready for both.

The community is made once: each of its members has points on both sides, delegates, and two
proposals are open. Every schedule then starts with a copy of its database and of its chain.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

from api.bridging import UNREAD_CONTRACTS, event_handlers
from governance.ballots import service as ballots
from governance.ballots.service import INTENTS_TOPIC
from governance.contracts import GovernanceContracts
from governance.power.service import read_token
from governance.proposals import service as proposals
from ledger.kernel import outbox
from ledger.kernel.errors import VkladError
from ledger.kernel.transaction import Database, Work, execute
from ledger.wallets import service as wallets
from oracle.bridge.commands import TOPIC as BRIDGE_TOPIC
from oracle.bridge.jobs import read_chain, stopping
from oracle.chain.web3_adapter import Web3Chain
from oracle.indexer import store as indexer_store
from oracle.indexer.model import ChainIsAnother, Checkpoint, ContractSet, FinalityPolicy
from oracle.indexer.reading import ChainReader
from oracle.indexer.service import IndexerPolicy
from tests.integration.oracle.chain_proxy import Died, Mortal, Proxy
from tests.integration.oracle.test_reorgs import FINALITY, Deep
from tests.support.bridge import Contracts

TURNS_MAX = 60


@dataclass(frozen=True)
class Person:
    """A member and the key of the wallet they have linked."""

    member_id: UUID
    key: LocalAccount


@dataclass(frozen=True)
class Proxied(Contracts):
    """What the service sees of the chain goes through the proxy; people reach the node itself."""

    proxy: Proxy

    def chain(self) -> Web3Chain:
        return Mortal(self.proxy)


class Everything(Deep):
    """All periodic jobs, each as its worker calls it."""

    def __post_init__(self) -> None:
        self.failed: dict[str, str] = {}
        self.voting = GovernanceContracts.of(self.contracts.deployment)
        super().__post_init__()

    def index(self) -> None:
        deployment = self.contracts.deployment
        names = {
            contract.address: name
            for name, contract in deployment.contracts.items()
            if name not in UNREAD_CONTRACTS
        }
        self.reader = ChainReader(self.chain, ContractSet(self.bridge, names))
        policy = IndexerPolicy(FinalityPolicy(FINALITY), deployment.block_number)
        read_chain(self.database, self.reader, event_handlers(self.policy), policy)

    def batch(self) -> None:
        with stopping(self.database):
            super().batch()

    def govern(self) -> None:
        self._require_same_chain()
        ballots.carry(self.database, self.voting)
        proposals.look(self.database, self.chain, self.voting)

    def send(self) -> None:
        self._require_same_chain()
        super().send()

    def read_power(self) -> None:
        self._require_same_chain()
        first = self.contracts.deployment.block_number
        read_token(self.database, self.chain, self.token, first)

    def settle(self) -> None:
        """What the outbox wakes."""

        def fail(key: str, error: Exception) -> None:
            raise AssertionError(f"settling {key} failed") from error

        def settle_votes(key: str) -> None:
            execute(self.database, ballots.settle, key)

        def take(work: Work, key: str) -> None:
            outbox.take(work, BRIDGE_TOPIC, key)

        outbox.drain(self.database, INTENTS_TOPIC, settle_votes, on_failure=fail)
        outbox.drain(
            self.database,
            BRIDGE_TOPIC,
            lambda key: execute(self.database, take, key),
            on_failure=fail,
        )

    def work(self) -> None:
        """Every job once, as their worker calls them: one that fails leaves the others be."""
        jobs = (
            *(self.index, self.batch, self.govern, self.send),
            *(self.read_power, self.settle, self.look),
        )
        self.failed = {}
        for job in jobs:
            try:
                job()
            except VkladError as error:
                self.failed[job.__name__] = f"{error.code}: {error.message}"
            except Died:
                return

    def turn(self) -> None:
        self.work()
        self.mine()

    def read_to(self) -> Checkpoint:
        """How far the chain is read, and how much of it is final."""
        with self.database.read() as work:
            known = indexer_store.chain_in_use(work)
            assert known is not None
            found = indexer_store.checkpoint(work, known.chain_key)
        assert found is not None
        return found

    def person(self, name: str, points: int) -> Person:
        member = self.member(points)
        key = Account.from_key(keccak(text=name))
        execute(
            self.database,
            wallets.link_wallet,
            wallets.LinkWallet(member, key.address, b"\x01" * 32),
        )
        return Person(member, key)

    def _require_same_chain(self) -> None:
        with self.database.read() as work:
            known = indexer_store.chain_in_use(work)
        if known is not None and known.identity != self.reader.identity():
            raise ChainIsAnother("The node serves another chain.")


def started(database: Database, contracts: Contracts) -> Everything:
    """A worker that comes up; one that the node does not answer in time is started again."""
    for _ in range(TURNS_MAX):
        try:
            return Everything(database, contracts)
        except VkladError as error:
            last = error
    raise AssertionError("the worker never came up") from last
