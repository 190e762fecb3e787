"""A real chain with the contracts, and everything between it and a real database."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from eth_account import Account
from eth_account.signers.local import LocalAccount

from api.supervisor.anvil import call
from ledger.journal.model import EntryKind
from ledger.kernel.transaction import Database, execute
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.lots.model import Cause, GrantLot, Summary
from ledger.members import service as members
from ledger.members.model import CreateMember
from ledger.wallets import service as wallets
from oracle.bindings import points_bridge, vkl_token
from oracle.bridge import batching, events, posting
from oracle.bridge.batching import Batcher
from oracle.bridge.model import BridgePolicy, Reference, Stage
from oracle.bridge.service import Bridging, MakeReference, RequestTokens, find_request
from oracle.chain.port import BlockTag, Chain, read
from oracle.chain.signer import LocalSigner
from oracle.chain.web3_adapter import Web3Chain
from oracle.contracts.abi import Address, address
from oracle.deployment.model import LOCAL_VOTING_PERIOD_S, Deployment, Roles, local_parameters
from oracle.deployment.service import deploy
from oracle.indexer import service as indexer
from oracle.indexer.model import ContractSet, FinalityPolicy
from oracle.indexer.reading import ChainReader
from oracle.sender import service as sender
from oracle.sender.holders import Holder, KeyReplaced
from oracle.sender.model import SenderPolicy, SenderRole
from oracle.sender.ports import SenderSigner
from oracle.watcher.sending import WatcherSender
from oracle.watcher.service import Look, Watcher

POLICY = BridgePolicy(batch_after=timedelta(0), refund_window=timedelta(0))
SENDER_POLICY = SenderPolicy(stuck_after=timedelta(seconds=30))
INDEXER_POLICY = indexer.IndexerPolicy(FinalityPolicy(1))
SENDING_ROLES = (SenderRole.POSTER, SenderRole.RELAYER)
POLLS_MAX = 500


class Node(Protocol):
    """Anvil or Hardhat; both take the other's names of the few methods used here."""

    @property
    def url(self) -> str: ...


@dataclass(frozen=True)
class Keys:
    """Every account of the test's community."""

    by_role: dict[SenderRole, LocalAccount]
    guardian: LocalAccount
    anchorer: LocalAccount


@dataclass(frozen=True)
class Contracts:
    """A node with the contracts on it."""

    node: Node
    keys: Keys
    deployment: Deployment

    def chain(self) -> Web3Chain:
        return Web3Chain(self.node.url)

    def rpc(self, method: str, *parameters: str | int) -> object:
        return call(self.node.url, method, *parameters)


@dataclass
class World:
    """One member community on one chain; ``turn`` is one round of every periodic job."""

    database: Database
    contracts: Contracts
    policy: BridgePolicy = POLICY
    watching: bool = True
    fresh: str = ""
    vetoes: list[dict[int, tuple[str, ...]]] = field(default_factory=list)
    held: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chain: Chain = self.contracts.chain()
        self.bridge = self.contracts.deployment.address("PointsBridge")
        self.token = self.contracts.deployment.address("VklToken")
        self.reader = ChainReader(
            self.chain, ContractSet(self.bridge, {self.bridge: "PointsBridge"})
        )
        self.bridging = Bridging(self.policy, self.bridge, self.token)
        self.take_keys(LocalSigner(self.contracts.keys.by_role))
        self.index()

    def take_keys(self, signer: SenderSigner) -> None:
        """From now on the service signs with these."""
        self.signer = signer
        self.watcher = Watcher(
            self.database,
            self.chain,
            WatcherSender(self.signer, self.chain.chain_id(), SENDER_POLICY),
            self.bridge,
        )

    # --- the jobs ---

    def index(self) -> None:
        policy = indexer.IndexerPolicy(FinalityPolicy(1), self.contracts.deployment.block_number)
        indexer.tick(self.database, self.reader, events.handlers(self.policy), policy)

    def send(self) -> None:
        """What the contract holds back is kept in ``held``, in words."""
        holders = {SenderRole.POSTER: Holder(self.bridge, points_bridge.poster())}
        try:
            sender.advance(
                self.database,
                self.chain,
                self.signer,
                SENDER_POLICY,
                SENDING_ROLES,
                holders=holders,
            )
        except KeyReplaced as held:
            self.held.append(held.message)

    def batch(self) -> None:
        ours = self.signer.address(SenderRole.POSTER)
        posting.keep_role(self.database, self.chain, self.bridge, ours)
        batching.tick(Batcher(self.database, self.chain, self.bridge, self.token, self.policy))

    def look(self) -> Look:
        seen = self.watcher.look()
        if seen.vetoed:
            self.vetoes.append(seen.vetoed)
        return seen

    def turn(self) -> None:
        self.index()
        self.batch()
        self.send()
        if self.watching:
            self.look()
        self.mine()

    def until(self, done: Callable[[], bool], turns_max: int = 40) -> None:
        for _ in range(turns_max):
            if done():
                return
            self.turn()
        raise AssertionError(f"not done after {turns_max} turns")

    def quiet(self) -> bool:
        with self.database.read() as work:
            return not batching.needs_time(work)

    # --- the chain ---

    def mine(self, after_s: int = 1) -> None:
        self.contracts.rpc("evm_increaseTime", hex(after_s))
        self.contracts.rpc("evm_mine")

    def balance(self, wallet: str) -> Points:
        units = read(self.chain, self.token, vkl_token.balance_of(address(wallet)), BlockTag.LATEST)
        return Points(units // 10**18)

    def send_as(self, account: LocalAccount, to: str, calldata: bytes) -> None:
        """A transaction of somebody's own."""
        self.contracts.rpc("hardhat_setBalance", account.address, hex(10**18))
        signed = account.sign_transaction(
            {
                "type": 2,
                "chainId": 31337,
                "nonce": self.chain.nonce(address(account.address), BlockTag.LATEST),
                "to": to,
                "value": 0,
                "data": calldata,
                "gas": 500_000,
                "maxFeePerGas": 10**10,
                "maxPriorityFeePerGas": 1,
            }
        )
        sent = self.chain.send_raw(bytes(signed.raw_transaction))
        for _ in range(POLLS_MAX):
            receipt = self.chain.receipt(sent)
            if receipt is not None:
                assert receipt.succeeded
                return
            time.sleep(0.01)
        raise AssertionError("not mined")

    # --- members ---

    def member(self, points: int, life: timedelta | None = timedelta(days=100)) -> UUID:
        """Somebody with points and no wallet."""

        made = execute(self.database, members.create_member, CreateMember("en"))
        if points:
            self.grant(made.member_id, points, life, "start")
        return made.member_id

    def grant(self, member_id: UUID, points: int, life: timedelta | None, key: str) -> None:
        """A lot that is active since yesterday."""
        now = self.database.clock.now()
        since = now - timedelta(days=1)
        command = GrantLot(
            member_id=member_id,
            amount=Points(points),
            kind=EntryKind.GRANT,
            key=(key, str(member_id)),
            effective_at=since,
            activates_at=since,
            expires_at=None if life is None else now + life,
            cause=Cause("grant", key),
        )
        execute(self.database, lots.grant_lot, command)

    def link(self, member_id: UUID) -> LocalAccount:
        account: LocalAccount = Account.create()
        command = wallets.LinkWallet(member_id, account.address, b"\x01" * 32)
        execute(self.database, wallets.link_wallet, command)
        return account

    def reference(self, member_id: UUID, points: int) -> Reference:
        command = MakeReference(member_id, Points(points), holder_nonce=0)
        return execute(self.database, self.bridging.make_reference, command)

    def request(self, member_id: UUID, points: int) -> UUID:
        command = RequestTokens(member_id, Points(points))
        return execute(self.database, self.bridging.request, command).request_id

    def stage(self, request_id: UUID) -> Stage:
        with self.database.read() as work:
            return find_request(work, None, request_id).stage

    def summary(self, member_id: UUID) -> Summary:
        with self.database.read() as work:
            return lots.summary(work, member_id, work.now)

    def available(self, member_id: UUID) -> int:
        return self.summary(member_id).available.amount


def put_contracts(
    node: Node, keys: Keys, voting_period_s: int = LOCAL_VOTING_PERIOD_S
) -> Contracts:
    def account(role: SenderRole) -> Address:
        return address(keys.by_role[role].address)

    roles = Roles(
        poster=account(SenderRole.POSTER),
        watcher=account(SenderRole.WATCHER),
        guardian=address(keys.guardian.address),
        anchorer=address(keys.anchorer.address),
    )
    parameters = local_parameters(roles, voting_period_s)
    made = deploy(Web3Chain(node.url), parameters, LocalSigner(keys.by_role))
    return Contracts(node, keys, made)
