"""What a proposal is and how it stands. Pure.

::

    signed ──relayer──▶ pending ──delay──▶ active ──period──▶ succeeded ─▶ queued ─▶ executed
       │                   │                 ├──────────────▶ defeated       ├──▶ execution_reverted
       └▶ refused          └─────────────────┴──────────────▶ canceled ◀─────┘

``signed``, ``refused`` and ``execution_reverted`` are ours, the rest are OpenZeppelin's Governor's,
in its order. On chain a proposal whose execution reverted stays queued: should the cause go away,
anybody may execute it, and then it is ``executed`` here, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from eth_utils.crypto import keccak

from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.units import TokenUnits
from oracle.contracts.abi import Address, encode

TITLE_LENGTH_MAX: Final = 160
BODY_LENGTH_MAX: Final = 8_000
SIGNATURE_LIFE_S: Final = 3_600
"""How long a signed proposal may wait for the relayer."""


class ProposalRefused(VkladError):
    """A draft that could never become a proposal."""

    code = "proposal_refused"
    kind = ErrorKind.INVALID


class ProposalNotPreviewed(VkladError):
    """Nobody has had it worked out what these rules would do beside those in force."""

    code = "proposal_not_previewed"
    kind = ErrorKind.INVALID


class ProposalExists(VkladError):
    """The very same proposal, word for word, was made before."""

    code = "proposal_exists"
    kind = ErrorKind.CONFLICT


class UnknownProposal(VkladError):
    """No proposal on the chain in use has this id."""

    code = "unknown_proposal"
    kind = ErrorKind.NOT_FOUND


class ProposalNotOnChain(VkladError):
    """The chain has not announced this proposal, so there is nothing to count."""

    code = "proposal_not_on_chain"
    kind = ErrorKind.CONFLICT


class SignatureNotYours(VkladError):
    """The signature is not by the wallet that the member has linked."""

    code = "signature_not_yours"
    kind = ErrorKind.INVALID


class WalletNeeded(VkladError):
    """The member has linked no wallet, so cannot sign."""

    code = "wallet_needed"
    kind = ErrorKind.CONFLICT


class VotingPowerTooLow(VkladError):
    """The wallet has fewer votes than proposing or voting takes."""

    code = "voting_power_too_low"
    kind = ErrorKind.INVALID


class ProposalKind(StrEnum):
    """What a proposal does when it is executed."""

    PROGRAMME = "programme"
    LIMITS = "limits"
    SPENDING = "spending"
    TOKENS = "tokens"
    BUDGET = "budget"
    TEXT = "text"
    GUARDIAN = "guardian"
    UNPAUSE = "unpause"
    KEY = "key"
    DIRECT = "direct"
    """Made on chain without us: any calls at all."""


class KeyRole(StrEnum):
    """Roles of the service's keys that the contracts know; a vote gives one another account."""

    POSTER = "poster"
    WATCHER = "watcher"
    ANCHORER = "anchorer"


class ProposalState(StrEnum):
    """How a proposal stands."""

    SIGNED = "signed"
    REFUSED = "refused"
    PENDING = "pending"
    ACTIVE = "active"
    CANCELED = "canceled"
    DEFEATED = "defeated"
    SUCCEEDED = "succeeded"
    QUEUED = "queued"
    EXPIRED = "expired"
    EXECUTED = "executed"
    EXECUTION_REVERTED = "execution_reverted"


STATE_BY_NUMBER: Final = (
    ProposalState.PENDING,
    ProposalState.ACTIVE,
    ProposalState.CANCELED,
    ProposalState.DEFEATED,
    ProposalState.SUCCEEDED,
    ProposalState.QUEUED,
    ProposalState.EXPIRED,
    ProposalState.EXECUTED,
)
"""``IGovernor.ProposalState`` by its number."""
TERMINAL: Final = frozenset(
    {
        ProposalState.CANCELED,
        ProposalState.DEFEATED,
        ProposalState.EXPIRED,
        ProposalState.EXECUTED,
        ProposalState.REFUSED,
    }
)


@dataclass(frozen=True, slots=True)
class Action:
    """One call that the timelock makes when the proposal is executed."""

    target: Address
    value_wei: int
    calldata: bytes


@dataclass(frozen=True, slots=True)
class Draft:
    """A proposal before it is signed."""

    kind: ProposalKind
    title: str
    body: str
    proposer: Address
    actions: tuple[Action, ...]
    programme_hash: bytes | None = None
    declared_effective_at: datetime | None = None
    notes: tuple[str, ...] = ()
    """What the text says of the calls, below the proposer's own words."""
    order_hash: bytes | None = None
    preview_digest: bytes | None = None

    @property
    def description(self) -> str:
        """What goes on chain; its end keeps others from proposing the same first."""
        parts = [f"# {self.title}", self.body, *self.notes]
        return "\n\n".join(part for part in parts if part) + f"\n#proposer={self.proposer.lower()}"

    @property
    def proposal_id(self) -> int:
        """``IGovernor.hashProposal`` of this draft."""
        return proposal_id_of(self.actions, self.description)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a proposal stood on chain at ``block_number``. Votes in token units."""

    state: ProposalState
    snapshot_at: datetime
    deadline_at: datetime
    executable_at: datetime | None
    against: TokenUnits
    in_favour: TokenUnits
    abstain: TokenUnits
    voters: int
    quorum: TokenUnits | None
    """Known once the snapshot has passed."""
    quorum_voters: int
    block_number: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal as lists and pages show it; ``standing`` is ``None`` until it is on chain."""

    proposal_id: int
    kind: ProposalKind
    title: str
    body: str
    description: str
    actions: tuple[Action, ...]
    member_id: UUID | None
    """Who signed it with us; ``None`` of a direct one."""
    proposer: Address
    programme_hash: bytes | None
    declared_effective_at: datetime | None
    intent_key: str
    submitted_at: datetime
    order_hash: bytes | None = None
    """Of the document that spending or a budget names."""
    preview_digest: bytes | None = None
    """Of the preview whose figures stand in the text."""
    standing: Standing | None = None
    failure: str | None = None
    """Why our last transaction for it failed: proposing, queueing or executing it."""

    @property
    def can_be_moved(self) -> bool:
        """Whether we hold it word for word, which queueing and executing it takes."""
        return proposal_id_of(self.actions, self.description) == self.proposal_id

    @property
    def state(self) -> ProposalState:
        """Where it is in its life."""
        if self.standing is None:
            return ProposalState.SIGNED if self.failure is None else ProposalState.REFUSED
        if self.standing.state is ProposalState.QUEUED and self.failure is not None:
            return ProposalState.EXECUTION_REVERTED
        return self.standing.state


def proposal_id_of(actions: Sequence[Action], description: str) -> int:
    """The id that the Governor gives: keccak over the ABI of the actions and the text's hash."""
    encoded = encode(
        ("address[]", "uint256[]", "bytes[]", "bytes32"),
        (
            tuple(action.target for action in actions),
            tuple(action.value_wei for action in actions),
            tuple(action.calldata for action in actions),
            description_hash(description),
        ),
    )
    return int.from_bytes(keccak(encoded), "big")


def description_hash(description: str) -> bytes:
    """Keccak of the text, by which the Governor names it."""
    return bytes(keccak(text=description))
