"""Taking signed ballots, carrying them in batches, and saying what became of each.

The signature alone makes a ballot count; the relayer can delay it, never change it. One bad ballot
in a batch fails alone (``BallotRelay``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from governance import relaying
from governance.ballots import store
from governance.ballots.model import (
    BALLOT_GAS,
    BALLOTS_PER_TRANSACTION_MAX,
    Ballot,
    BallotCastBefore,
    BallotState,
    Choice,
    batches,
    check_division,
    check_may_vote,
    check_reason,
    gas_for,
    rejection_of,
)
from governance.contracts import GovernanceContracts
from governance.proposals.reading import BallotFacts
from ledger.consents.model import Purpose
from ledger.consents.service import require_allowed
from ledger.kernel import outbox
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Database, Work, execute
from ledger.kernel.units import TokenUnits
from oracle.bindings import ballot_relay, vkl_governor
from oracle.chain import typed_data
from oracle.contracts.abi import Address, decode
from oracle.indexer import store as indexer_store
from oracle.indexer.model import ChainEvent
from oracle.sender import service as sender
from oracle.sender.model import IntentState, SenderRole
from oracle.sender.service import SubmitIntent

INTENTS_TOPIC: Final = "governance_intents"
"""Outbox topic of the sender for intents of kind ``governance.…``; the key is the intent's."""
BALLOT_PREFIX: Final = "bal"
_BATCH: Final = "governance.ballots"


@dataclass(frozen=True, slots=True)
class CastBallot:
    """A signed ballot. ``facts`` were read before this transaction; the signature was checked."""

    member_id: UUID
    proposal_id: int
    choice: Choice
    reason: str
    nonce: int
    signature: bytes
    facts: BallotFacts


def ballot_message(
    contracts: GovernanceContracts,
    proposal_id: int,
    choice: Choice,
    *,
    voter: Address,
    nonce: int,
    reason: str = "",
) -> typed_data.TypedData:
    """What the voter signs (EIP-712): a ballot, extended if divided or with a reason."""
    plain = typed_data.ballot(
        contracts.governor_domain,
        proposal_id=proposal_id,
        support=int(choice.support),
        voter=voter,
        nonce=nonce,
    )
    if not reason and choice.division is None:
        return plain
    return typed_data.extended_ballot(plain, reason=reason, params=choice.params)


def cast(work: Work, command: CastBallot) -> Ballot:
    """Take a ballot; the next batch carries it.

    Raises:
        BallotTooEarly, BallotTooLate, BallotCastBefore, BallotStale, NoVotingPower: see
            :func:`check_may_vote`; ``BallotCastBefore`` also while one is on its way.
        BallotMalformed: the reason is too long, or divided votes are not all of the voter's.
        RelayerBudgetSpent: enough for today.
    """
    check_reason(command.reason)
    known = relaying.require_chain(work)
    facts = command.facts
    ahead = store.count_ahead(work, known.chain_key, facts.voter, facts.nonce)
    if store.has_open(work, known.chain_key, command.proposal_id, facts.voter):
        raise BallotCastBefore("Your ballot on this proposal is on its way or recorded.")
    check_may_vote(facts, command.nonce, ballots_ahead=ahead)
    check_division(command.choice, facts.weight)
    require_allowed(work, command.member_id, Purpose.VOTING)
    relaying.spend(work, command.member_id, BALLOT_GAS)
    ballot = Ballot(
        ballot_id=work.ids.new(work.now),
        proposal_id=command.proposal_id,
        member_id=command.member_id,
        voter=command.facts.voter,
        choice=command.choice,
        reason=command.reason,
        nonce=command.nonce,
        signature=command.signature,
        weight=command.facts.weight,
        received_at=work.now,
        state=BallotState.RECEIVED,
    )
    if not store.insert_ballot(work, known.chain_key, ballot):
        raise BallotCastBefore("Your ballot on this proposal is on its way or recorded.")
    return ballot


def next_nonce(work: Work, voter: Address, nonce_on_chain: int) -> int:
    """The number that a voter's next ballot has to carry, after those on their way."""
    known = relaying.require_chain(work)
    return nonce_on_chain + store.count_ahead(work, known.chain_key, voter, nonce_on_chain)


def ballot_call(ballot: Ballot) -> bytes:
    """The raw call of one ballot, which a member may also send without us."""
    if ballot.reason or ballot.choice.division is not None:
        return vkl_governor.cast_vote_with_reason_and_params_by_sig(
            ballot.proposal_id,
            int(ballot.support),
            ballot.voter,
            ballot.reason,
            ballot.choice.params,
            ballot.signature,
        ).calldata
    return vkl_governor.cast_vote_by_sig(
        ballot.proposal_id, int(ballot.support), ballot.voter, ballot.signature
    ).calldata


def carry(database: Database, contracts: GovernanceContracts) -> int:
    """Put waiting ballots into transactions of the relayer; how many ballots."""

    def batch(work: Work, _: None) -> int:
        known = indexer_store.chain_in_use(work)
        if known is None:
            return 0
        waiting = store.received(work, known.chain_key, 4 * BALLOTS_PER_TRANSACTION_MAX)
        on_their_way = store.open_voters(work, known.chain_key)
        ready = [ballot for ballot in waiting if ballot.voter not in on_their_way]
        for together in batches(ready):
            _submit(work, contracts, together)
        return sum(len(together) for together in batches(ready))

    return execute(database, batch, None)


def settle(work: Work, intent_key: str) -> None:
    """A batch's intent is settled: say of each of its ballots what became of it."""
    if not outbox.take(work, INTENTS_TOPIC, intent_key):
        return
    if not intent_key.startswith(_BATCH):
        return
    known = relaying.require_chain(work)
    outcome = sender.outcome(work, intent_key)
    failed = outcome is None or outcome.state is IntentState.FAILED
    ballots = store.of_intent(work, intent_key)
    asked = {ballot.proposal_id for ballot in ballots}
    recorded = {
        (proposal_id, voter): (support, weight)
        for name in ("VoteCast", "VoteCastWithParams")
        for event in indexer_store.events_about(work, known.chain_key, "VklGovernor", name, asked)
        for proposal_id, voter, support, weight in [_vote_of(event)]
    }
    failure = outcome.failure if failed and outcome is not None else None
    for ballot in ballots:
        support, weight = recorded.get((ballot.proposal_id, ballot.voter), (None, None))
        rejection = rejection_of(ballot, support, failure)
        store.settle(work, ballot.ballot_id, rejection, weight if rejection is None else None)


def _vote_of(event: ChainEvent) -> tuple[int, Address, int, TokenUnits]:
    """Proposal, voter, choice and weight of either event.

    Its reason is not read: it need not be text.
    """
    (voter,) = decode(("address",), event.topics[1])
    proposal_id, support, weight = decode(("uint256", "uint8", "uint256"), event.payload[:96])
    return proposal_id, voter, support, TokenUnits(weight)


def ballots_of(work: Work, member_id: UUID, proposal_id: int | None = None) -> list[Ballot]:
    """A member's ballots on the chain in use, newest first."""
    known = indexer_store.chain_in_use(work)
    if known is None:
        return []
    return store.of_member(work, known.chain_key, member_id, proposal_id)


def has_open_ballots(work: Work) -> bool:
    """Whether a ballot is still on its way."""
    known = indexer_store.chain_in_use(work)
    return known is not None and store.count_open(work, known.chain_key) > 0


def _submit(work: Work, contracts: GovernanceContracts, ballots: Sequence[Ballot]) -> None:
    first = format_id(BALLOT_PREFIX, ballots[0].ballot_id)
    key = f"{_BATCH}:{first}"
    call = ballot_relay.cast_ballots(tuple(ballot.signed() for ballot in ballots))
    sender.submit(
        work,
        SubmitIntent(
            key,
            SenderRole.RELAYER,
            _BATCH,
            contracts.ballot_relay,
            call.calldata,
            gas_for(len(ballots)),
        ),
    )
    store.mark_relayed(work, [ballot.ballot_id for ballot in ballots], key)
