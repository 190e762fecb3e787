"""The oracle composed: node, contracts, keys and policies of an installation, for jobs and routes.

Built anew for each job: a chain that was replaced under a running worker is then noticed at the
next look. What can be answered without the node (a request while the chain is down) is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from api.auth.wallet_place import ChainOff
from api.chain import (
    LOCAL_CHAIN_IDS,
    NotDeployed,
    chain_urls,
    finality,
    open_chain,
    open_endpoint,
    open_signer,
    role_holders,
)
from api.composition import Composition
from api.settings import Settings
from api.supervisor.state import StateFolder
from governance.mandates import service as mandates
from governance.programme_change import service as programme_change
from governance.proposals import direct
from ledger.kernel.transaction import Work
from oracle.anchors import service as anchors
from oracle.anchors.model import AnchorPolicy
from oracle.bridge import events as bridge_events
from oracle.bridge.batching import Batcher
from oracle.bridge.model import BridgePolicy
from oracle.bridge.service import Bridging, require_chain
from oracle.chain.port import Chain
from oracle.deployment.model import Deployment
from oracle.deployment.service import read_record, record_path
from oracle.indexer.handlers import Handlers
from oracle.indexer.model import ContractSet, FinalityPolicy, KnownChain
from oracle.indexer.reading import ChainReader
from oracle.indexer.service import IndexerPolicy
from oracle.reconcile.service import Reconciler
from oracle.reconcile.statement import ATTESTER, Statement, state
from oracle.sender.holders import Holders
from oracle.sender.model import SenderPolicy, SenderRole
from oracle.sender.ports import SenderSigner

TRIAL_POLICY: Final = BridgePolicy(
    batch_after=timedelta(seconds=1),
    refund_window=timedelta(0),
)
"""On a local chain, and in a demo on any, people try things out: batches at once, and points that
were just earned."""
LOCAL_FINALITY_AGE: Final = timedelta(seconds=3)
"""A local node writes its state once a second; a block younger than that may die with it."""
LOCAL_STUCK_AFTER: Final = timedelta(seconds=5)
SENDING_ROLES: Final = (SenderRole.POSTER, SenderRole.RELAYER, SenderRole.ANCHORER)
"""Whose intents the workers send. The watcher sends for itself; the deployer only by hand."""
GOVERNANCE_HANDLERS: Final[Handlers] = {
    (programme_change.REGISTRY, programme_change.ACTIVATED_EVENT): (
        programme_change.on_programme_activated
    ),
    (mandates.MANDATES, mandates.SPENDING_EVENT): mandates.on_spending_ordered,
    (mandates.MANDATES, mandates.BUDGET_EVENT): mandates.on_budget_ordered,
    (mandates.MANDATES, mandates.TEXT_EVENT): mandates.on_text_resolved,
    (direct.GOVERNOR, direct.CREATED_EVENT): direct.on_proposal_created,
}
UNREAD_CONTRACTS: Final = frozenset({"VklToken"})
"""Their logs are many and nothing follows from them."""


@dataclass(frozen=True, slots=True)
class ChainParts:
    """One chain with our contracts on it, as a job works with it."""

    composition: Composition
    chain: Chain
    deployment: Deployment

    @property
    def is_local(self) -> bool:
        """Whether it is a chain of somebody's own machine."""
        return is_local(self.deployment)

    @property
    def contract_set(self) -> ContractSet:
        """Whose logs are read."""
        names = {
            contract.address: name
            for name, contract in self.deployment.contracts.items()
            if name not in UNREAD_CONTRACTS
        }
        return ContractSet(self.deployment.address("PointsBridge"), names)

    @property
    def reader(self) -> ChainReader:
        """The node as the indexer reads it."""
        return ChainReader(self.chain, self.contract_set)

    @property
    def witnesses(self) -> list[ChainReader]:
        """Further nodes that have to agree before anything is credited."""
        settings = self.composition.settings
        urls = chain_urls(settings, self.composition.state)[1:]
        return [ChainReader(open_endpoint(settings, url), self.contract_set) for url in urls]

    @property
    def indexer_policy(self) -> IndexerPolicy:
        """Where reading begins, and what is final."""
        depth = finality(self.composition.settings).depth_blocks
        age = LOCAL_FINALITY_AGE if self.is_local else timedelta(0)
        return IndexerPolicy(FinalityPolicy(depth, age), self.deployment.block_number)

    @property
    def sender_policy(self) -> SenderPolicy:
        """Bounds of the sender."""
        return SenderPolicy(stuck_after=LOCAL_STUCK_AFTER) if self.is_local else SenderPolicy()

    @property
    def holders(self) -> Holders:
        """Which contract names the account of a role."""
        return role_holders(self.deployment)

    @property
    def bridge_policy(self) -> BridgePolicy:
        """What the school allows."""
        return bridge_policy(self.composition.settings, self.deployment.chain_id)

    @property
    def batcher(self) -> Batcher:
        """What the bridge's periodic work works with."""
        return Batcher(
            self.composition.database,
            self.chain,
            self.deployment.address("PointsBridge"),
            self.deployment.address("VklToken"),
            self.bridge_policy,
        )

    @property
    def reconciler(self) -> Reconciler:
        """What a comparison works with."""
        return Reconciler(
            self.composition.database,
            self.chain,
            self.deployment.address("PointsBridge"),
            self.deployment.address("VklToken"),
        )

    @property
    def anchoring(self) -> anchors.Anchoring:
        """What the anchoring of heads works with."""
        return anchors.Anchoring(
            self.composition.database,
            self.deployment.address(anchors.CONTRACT),
            anchor_policy(self.composition.settings),
        )

    def attest(self) -> Statement:
        """Proof of reserve now, signed.

        Raises:
            See ``oracle.reconcile.statement.state``.
        """
        signer = open_signer(self.composition.settings, self.composition.state, (ATTESTER,))
        return state(self.reconciler, self.deployment.address(anchors.CONTRACT), signer)

    def signer(self) -> SenderSigner:
        """The keys of the roles that workers send for."""
        return open_signer(self.composition.settings, self.composition.state, SENDING_ROLES)


def chain_parts(composition: Composition) -> ChainParts:
    """The chain of an installation, asked just now.

    Raises:
        NotDeployed: it has no contracts of ours on record.
        ChainUnavailable: it does not answer.
    """
    chain = open_chain(composition.settings, composition.state)
    found = read_record(record_path(_records(composition.state), chain))
    if found is None:
        raise NotDeployed("The contracts are not on this chain. Run: vklad chain deploy")
    return ChainParts(composition, chain, found)


def is_local(deployment: Deployment) -> bool:
    """Whether the contracts are on a chain of somebody's own machine."""
    return deployment.chain_id in LOCAL_CHAIN_IDS


def bridge_policy(settings: Settings, chain_id: int) -> BridgePolicy:
    """The policy for a chain."""
    is_trial = settings.demo or chain_id in LOCAL_CHAIN_IDS
    return TRIAL_POLICY if is_trial else BridgePolicy()


def anchor_policy(settings: Settings) -> AnchorPolicy:
    """When a head of the log goes on chain."""
    return AnchorPolicy(
        timedelta(seconds=settings.log_anchor_every_s), settings.log_anchor_transfers
    )


def event_handlers(policy: BridgePolicy) -> Handlers:
    """Who acts on which final event: a literal list of rooms, whose contracts differ."""
    rooms: tuple[Handlers, ...] = (
        bridge_events.handlers(policy),
        GOVERNANCE_HANDLERS,
        anchors.HANDLERS,
    )
    return {key: handler for handlers in rooms for key, handler in handlers.items()}


def bridging_of(composition: Composition, work: Work) -> Bridging:
    """What members ask of the bridge, on the chain the database knows; the node is not asked.

    Raises:
        ChainOff: this installation has no chain.
        NoChainYet: no chain is known yet.
        NotDeployed: this machine has no record of its contracts.
    """
    if not composition.chain_is_on:
        raise ChainOff("This installation has no chain: no wallets, tokens or votes.")
    deployment = recorded_deployment(composition.state, require_chain(work))
    return Bridging(
        bridge_policy(composition.settings, deployment.chain_id),
        deployment.address("PointsBridge"),
        deployment.address("VklToken"),
    )


def recorded_deployment(state: StateFolder, known: KnownChain) -> Deployment:
    """The record of the contracts on a chain that is known; the node is not asked.

    Raises:
        NotDeployed: there is none on this machine.
    """
    for path in sorted(_records(state).glob(f"{known.identity.chain_id}-*.json")):
        found = read_record(path)
        if found is not None and found.genesis_hash == known.identity.genesis_hash:
            return found
    raise NotDeployed("This machine has no record of the contracts on the chain in use.")


def _records(state: StateFolder) -> Path:
    return state.path / "deployments"
