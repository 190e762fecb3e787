"""Taking signed proposals to the chain, watching how they stand, and moving passed ones on.

Whoever signs is the proposer; our relayer only carries. Anybody else may carry, queue or execute
as well: what the chain says is what counts, and :func:`look` reads it again each time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from governance import relaying
from governance.contracts import GovernanceContracts
from governance.mandates import store as mandates_store
from governance.mandates.model import Order
from governance.proposals import reading, store
from governance.proposals.model import (
    Draft,
    Proposal,
    ProposalExists,
    ProposalState,
    SignatureNotYours,
    Standing,
    UnknownProposal,
    VotingPowerTooLow,
    description_hash,
)
from governance.proposals.reading import VoterFacts
from ledger.consents.model import Purpose
from ledger.consents.service import require_allowed
from ledger.kernel.transaction import Database, Work, execute
from oracle.bindings import vkl_governor
from oracle.chain import typed_data
from oracle.chain.erc1271 import is_valid_contract_signature
from oracle.chain.port import BlockHeader, CallReverted, Chain
from oracle.contracts.abi import Address
from oracle.indexer import store as indexer_store
from oracle.indexer.model import KnownChain
from oracle.sender import service as sender
from oracle.sender.model import IntentState, SenderRole
from oracle.sender.service import SubmitIntent

PROPOSE_GAS: Final = 1_500_000
QUEUE_GAS: Final = 400_000
EXECUTE_GAS: Final = 1_000_000
UNFINISHED_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class SubmitProposal:
    """A signed draft. ``facts`` were read before this transaction; the signature was checked."""

    member_id: UUID
    draft: Draft
    deadline_s: int
    signature: bytes
    facts: VoterFacts
    contracts: GovernanceContracts
    order: Order | None = None
    """The document of the draft's order, to be kept for when it is executed."""


def proposal_message(
    contracts: GovernanceContracts, draft: Draft, deadline_s: int
) -> typed_data.TypedData:
    """What the proposer signs (EIP-712)."""
    return typed_data.proposal(
        contracts.governor_domain,
        proposer=draft.proposer,
        actions=[(action.target, action.value_wei, action.calldata) for action in draft.actions],
        description=draft.description,
        deadline_s=deadline_s,
    )


def check_signature(
    chain: Chain,
    message: typed_data.TypedData,
    signer: Address,
    signature: bytes,
    at: BlockHeader,
) -> None:
    """Refuse a signature that is not the signer's; a contract wallet is asked (ERC-1271).

    Raises:
        SignatureNotYours: another key's, or of another message.
        MalformedSignature: no signature at all.
    """
    if chain.code(signer, at.number):
        good = is_valid_contract_signature(chain, signer, message.digest(), signature, at.number)
    else:
        good = typed_data.signer_of(message, signature) == signer
    if not good:
        raise SignatureNotYours(
            f"This is not a signature of {signer}, the wallet you have linked, over what was "
            "shown to you.",
            wallet=signer,
        )


def submit_proposal(work: Work, command: SubmitProposal) -> Proposal:
    """Queue a signed proposal for the relayer.

    Raises:
        VotingPowerTooLow: under the Governor's threshold.
        ProposalExists: the same words and actions were proposed before.
        RelayerBudgetSpent: the member or the relayer has done enough today.
    """
    draft, facts = command.draft, command.facts
    if facts.votes < facts.proposal_threshold:
        raise VotingPowerTooLow(
            f"Proposing takes {facts.proposal_threshold.amount} token units of votes; "
            f"your wallet has {facts.votes.amount}. Carry points on chain and delegate first.",
            votes=str(facts.votes.amount),
            needed=str(facts.proposal_threshold.amount),
        )
    known = relaying.require_chain(work)
    require_allowed(work, command.member_id, Purpose.VOTING)
    relaying.spend(work, command.member_id, PROPOSE_GAS)
    key = _key("propose", known.chain_key, draft.proposal_id)
    proposal = _proposal_of(command, key, work.now)
    if not store.insert_proposal(work, known.chain_key, proposal):
        raise ProposalExists(
            "This very proposal was made before. Change its words to make another."
        )
    if command.order is not None:
        mandates_store.keep_order(work, command.order)
    call = propose_call(draft, command.deadline_s, command.signature)
    sender.submit(
        work,
        SubmitIntent(
            key,
            SenderRole.RELAYER,
            "governance.propose",
            command.contracts.governor,
            call,
            PROPOSE_GAS,
        ),
    )
    return proposal


def _proposal_of(command: SubmitProposal, intent_key: str, now: datetime) -> Proposal:
    draft = command.draft
    return Proposal(
        proposal_id=draft.proposal_id,
        kind=draft.kind,
        title=draft.title,
        body=draft.body,
        description=draft.description,
        actions=draft.actions,
        member_id=command.member_id,
        proposer=draft.proposer,
        programme_hash=draft.programme_hash,
        declared_effective_at=draft.declared_effective_at,
        intent_key=intent_key,
        submitted_at=now,
        order_hash=draft.order_hash,
        preview_digest=draft.preview_digest,
    )


def propose_call(draft: Draft, deadline_s: int, signature: bytes) -> bytes:
    """The raw call, which a member may also send without us."""
    return vkl_governor.propose_by_sig(
        draft.proposer,
        tuple(action.target for action in draft.actions),
        tuple(action.value_wei for action in draft.actions),
        tuple(action.calldata for action in draft.actions),
        draft.description,
        deadline_s,
        signature,
    ).calldata


def look(database: Database, chain: Chain, contracts: GovernanceContracts) -> int:
    """Read how unfinished proposals stand, store it, and move passed ones on; how many were read.

    A proposal that succeeded is queued and one whose delay is over is executed by our relayer,
    unless somebody else did it before.
    """
    with database.read() as work:
        known = indexer_store.chain_in_use(work)
        waiting = [] if known is None else store.unfinished(work, known.chain_key, UNFINISHED_MAX)
    if known is None or not waiting:
        return 0
    head = reading.head_of(chain)
    found: list[tuple[Proposal, Standing]] = []
    for proposal in waiting:
        if proposal.standing is not None and proposal.standing.block_number == head.number:
            continue  # Nothing changes between two blocks.
        try:
            standing = reading.standing_of(chain, contracts, proposal.proposal_id, head)
        except CallReverted:
            continue  # Not on chain yet; the sender's outcome tells why, if it never will be.
        found.append((proposal, standing))

    def write(work: Work, _: None) -> None:
        store.write_standings(
            work, known.chain_key, [(each.proposal_id, standing) for each, standing in found]
        )
        for proposal, standing in found:
            _move_on(work, _Passed(known.chain_key, contracts.governor, head), proposal, standing)

    execute(database, write, None)
    return len(found)


def proposals(work: Work, limit: int) -> list[Proposal]:
    """Proposals on the chain in use, newest first."""
    known = indexer_store.chain_in_use(work)
    if known is None:
        return []
    return [_with_failure(work, known, each) for each in store.newest(work, known.chain_key, limit)]


def require_proposal(work: Work, proposal_id: int) -> Proposal:
    """One proposal on the chain in use.

    Raises:
        UnknownProposal: it is not there.
    """
    known = indexer_store.chain_in_use(work)
    found = None if known is None else store.find(work, known.chain_key, proposal_id)
    if known is None or found is None:
        raise UnknownProposal("There is no such proposal.", proposal=str(proposal_id))
    return _with_failure(work, known, found)


def has_unfinished(work: Work) -> bool:
    """Whether the standing of a proposal may still change."""
    known = indexer_store.chain_in_use(work)
    return known is not None and bool(store.unfinished(work, known.chain_key, 1))


def waits_for_time(work: Work, now: datetime) -> bool:
    """Whether a proposal will change by the mere passing of time."""
    known = indexer_store.chain_in_use(work)
    if known is None:
        return False
    waiting = store.unfinished(work, known.chain_key, UNFINISHED_MAX)
    return any(_waits(_with_failure(work, known, proposal), now) for proposal in waiting)


@dataclass(frozen=True, slots=True)
class _Passed:
    """Where and when passed proposals are moved on."""

    chain_key: int
    governor: Address
    head: BlockHeader


def _move_on(work: Work, passed: _Passed, proposal: Proposal, standing: Standing) -> None:
    if not proposal.can_be_moved:
        return
    actions = proposal.actions
    arguments = (
        tuple(action.target for action in actions),
        tuple(action.value_wei for action in actions),
        tuple(action.calldata for action in actions),
        description_hash(proposal.description),
    )
    due = standing.executable_at is not None and (
        standing.executable_at.timestamp() <= passed.head.timestamp_s
    )
    if standing.state is ProposalState.SUCCEEDED:
        verb, call, gas = "queue", vkl_governor.queue(*arguments), QUEUE_GAS
    elif standing.state is ProposalState.QUEUED and due:
        verb, call, gas = "execute", vkl_governor.execute(*arguments), EXECUTE_GAS
    else:
        return
    sender.submit(
        work,
        SubmitIntent(
            _key(verb, passed.chain_key, proposal.proposal_id),
            SenderRole.RELAYER,
            f"governance.{verb}",
            passed.governor,
            call.calldata,
            gas,
        ),
    )


def _key(verb: str, chain_key: int, proposal_id: int) -> str:
    return f"governance.{verb}:{chain_key}:{proposal_id}"


def _with_failure(work: Work, known: KnownChain, proposal: Proposal) -> Proposal:
    """Why the transaction that its present state waits for has failed, if it has."""
    if proposal.standing is None:
        verb = "propose"
    elif proposal.standing.state is ProposalState.SUCCEEDED:
        verb = "queue"
    elif proposal.standing.state is ProposalState.QUEUED:
        verb = "execute"
    else:
        return proposal
    outcome = sender.outcome(work, _key(verb, known.chain_key, proposal.proposal_id))
    if outcome is None or outcome.state is not IntentState.FAILED:
        return proposal
    return replace(proposal, failure=outcome.failure or "reverted")


def _waits(proposal: Proposal, now: datetime) -> bool:
    """Whether time alone will move it; one that we cannot move waits for people."""
    if proposal.state in {ProposalState.SUCCEEDED, ProposalState.QUEUED}:
        return proposal.failure is None and proposal.can_be_moved
    if proposal.standing is not None:
        return proposal.state is not ProposalState.EXECUTION_REVERTED
    return (now - proposal.submitted_at).total_seconds() < relaying.PATIENCE_S
