"""Governance composed for routes and pages: the member's wallet, the chain asked, answers as JSON.

Reads come first and outside every transaction; what they say goes into the command.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from api.auth.wallet_place import ChainOff
from api.bridging import ChainParts, chain_parts
from api.composition import Composition
from governance.ballots.model import Ballot, Division
from governance.ballots.service import BALLOT_PREFIX
from governance.contracts import GovernanceContracts
from governance.delegation.service import Delegation
from governance.mandates.model import MandateResult
from governance.programme_change.model import ProgrammeVote
from governance.proposals.model import Proposal, Standing, UnknownProposal, WalletNeeded
from governance.proposals.reading import VoterFacts
from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id
from ledger.wallets import service as wallets
from oracle.chain.port import Chain
from oracle.contracts.abi import Address, address

DELEGATION_PREFIX = "dlg"
DIGITS_MAX = 78


@dataclass(frozen=True, slots=True)
class Governing:
    """A member's way to the contracts."""

    parts: ChainParts
    contracts: GovernanceContracts

    @property
    def chain(self) -> Chain:
        """The node."""
        return self.parts.chain


def governing_of(composition: Composition) -> Governing:
    """What routes and pages of the votes work with.

    Raises:
        ChainOff: this installation has no chain.
        NotDeployed, ChainUnavailable: it cannot be asked now.
    """
    if not composition.chain_is_on:
        raise ChainOff("This installation has no chain: no wallets, tokens or votes.")
    parts = chain_parts(composition)
    return Governing(parts, GovernanceContracts.of(parts.deployment))


def wallet_of(composition: Composition, member_id: UUID) -> Address:
    """The member's linked wallet.

    Raises:
        WalletNeeded: there is none.
    """
    with composition.database.read() as work:
        found = wallets.wallet_of(work, member_id)
    if found is None:
        raise WalletNeeded("Link a wallet first: votes are signed with it.")
    return address(found)


def proposal_number(text: str) -> int:
    """A proposal's id as it stands in addresses: decimal digits.

    Raises:
        UnknownProposal: anything else.
    """
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= DIGITS_MAX else -1
    if not 0 <= number < 2**256:
        raise UnknownProposal("There is no such proposal.", proposal=text[:DIGITS_MAX])
    return number


def proposal_json(proposal: Proposal) -> dict[str, Json]:
    """A proposal with its standing; votes as decimal strings of token units."""
    standing = proposal.standing
    return {
        "id": str(proposal.proposal_id),
        "kind": proposal.kind,
        "state": proposal.state,
        "title": proposal.title,
        "body": proposal.body,
        "description": proposal.description,
        "proposer": proposal.proposer,
        "member": None if proposal.member_id is None else format_id("mem", proposal.member_id),
        "actions": [
            {
                "to": action.target,
                "value": str(action.value_wei),
                "data": f"0x{action.calldata.hex()}",
            }
            for action in proposal.actions
        ],
        "programme": (
            None if proposal.programme_hash is None else f"0x{proposal.programme_hash.hex()}"
        ),
        "effective_at": (
            None
            if proposal.declared_effective_at is None
            else Instant.of(proposal.declared_effective_at).isoformat()
        ),
        "order": None if proposal.order_hash is None else f"0x{proposal.order_hash.hex()}",
        "preview": (
            None if proposal.preview_digest is None else f"0x{proposal.preview_digest.hex()}"
        ),
        "submitted_at": Instant.of(proposal.submitted_at).isoformat(),
        "failure": proposal.failure,
        "standing": None if standing is None else _standing_json(standing),
    }


def _standing_json(standing: Standing) -> dict[str, Json]:
    return {
        "snapshot_at": Instant.of(standing.snapshot_at).isoformat(),
        "deadline_at": Instant.of(standing.deadline_at).isoformat(),
        "executable_at": (
            None
            if standing.executable_at is None
            else Instant.of(standing.executable_at).isoformat()
        ),
        "against": str(standing.against.amount),
        "for": str(standing.in_favour.amount),
        "abstain": str(standing.abstain.amount),
        "voters": standing.voters,
        "quorum": None if standing.quorum is None else str(standing.quorum.amount),
        "quorum_voters": standing.quorum_voters,
        "block_number": standing.block_number,
    }


def ballot_json(ballot: Ballot) -> dict[str, Json]:
    """A member's own ballot."""
    division = ballot.choice.division
    return {
        "id": format_id(BALLOT_PREFIX, ballot.ballot_id),
        "proposal": str(ballot.proposal_id),
        "support": ballot.support.name.lower(),
        "division": None if division is None else division_json(division),
        "reason": ballot.reason,
        "voter": ballot.voter,
        "weight": str(ballot.weight.amount),
        "state": ballot.state,
        "rejection": ballot.rejection,
        "received_at": Instant.of(ballot.received_at).isoformat(),
    }


def division_json(division: Division) -> dict[str, Json]:
    """Divided votes, in token units."""
    return {
        "against": str(division.against),
        "for": str(division.in_favour),
        "abstain": str(division.abstain),
    }


def delegation_json(delegation: Delegation) -> dict[str, Json]:
    """A delegation that a member asked for."""
    return {
        "id": format_id(DELEGATION_PREFIX, delegation.delegation_id),
        "delegator": delegation.delegator,
        "delegatee": delegation.delegatee,
        "state": delegation.state,
        "failure": delegation.failure,
        "received_at": Instant.of(delegation.received_at).isoformat(),
    }


def vote_json(vote: ProgrammeVote) -> dict[str, Json]:
    """An executed programme vote and what became of it."""
    return {
        "number": vote.number,
        "programme": f"0x{vote.programme_hash.hex()}",
        "effective_at": Instant.of(vote.effective_at).isoformat(),
        "transaction": f"0x{vote.transaction_hash.hex()}",
        "outcome": vote.outcome,
        "reason": vote.reason,
    }


def mandate_json(result: MandateResult) -> dict[str, Json]:
    """What an executed vote ordered, and what became of it."""
    mandate = result.mandate
    return {
        "number": mandate.number,
        "kind": mandate.kind,
        "order": f"0x{mandate.order_hash.hex()}",
        "points": mandate.points,
        "pool": None
        if mandate.pool is None
        else mandate.pool.rstrip(b"\0").decode("ascii", "replace"),
        "transaction": f"0x{mandate.transaction_hash.hex()}",
        "mined_at": Instant.of(mandate.mined_at).isoformat(),
        "outcome": result.outcome,
        "reason": result.reason,
    }


def voter_json(facts: VoterFacts) -> dict[str, Any]:
    """What a wallet may do now; amounts as decimal strings of token units."""
    return {
        "wallet": facts.account,
        "votes": str(facts.votes.amount),
        "tokens": str(facts.tokens.amount),
        "delegate": facts.delegate,
        "proposal_threshold": str(facts.proposal_threshold.amount),
        "may_propose": facts.votes >= facts.proposal_threshold,
        "block_number": facts.block.number,
    }
