"""A ballot and its four states. Pure.

received ──batch──▶ relayed ──VoteCast──▶ recorded
                       └──BallotRejected──▶ rejected
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Final
from uuid import UUID

from governance.proposals.model import ProposalState
from governance.proposals.reading import BallotFacts
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.units import TokenUnits
from oracle.bindings.ballot_relay import SignedBallot
from oracle.contracts.abi import Address

REASON_LENGTH_MAX: Final = 500
BALLOTS_PER_TRANSACTION_MAX: Final = 30
"""With each at its gas limit, they stay under the 2^24 gas of a transaction (EIP-7825)."""
BALLOT_GAS: Final = 470_000
TRANSACTION_GAS: Final = 120_000


class BallotTooEarly(VkladError):
    """Voting has not begun."""

    code = "ballot_too_early"
    kind = ErrorKind.CONFLICT


class BallotTooLate(VkladError):
    """Voting is over."""

    code = "ballot_too_late"
    kind = ErrorKind.GONE


class BallotCastBefore(VkladError):
    """A ballot of this voter on this proposal is recorded or on its way."""

    code = "ballot_cast_before"
    kind = ErrorKind.CONFLICT


class BallotStale(VkladError):
    """The nonce in the signed ballot is not the voter's next one."""

    code = "ballot_stale"
    kind = ErrorKind.CONFLICT


class BallotMalformed(VkladError):
    """A choice that does not exist, or a reason too long."""

    code = "ballot_malformed"
    kind = ErrorKind.INVALID


class NoVotingPower(VkladError):
    """The wallet had no votes when the proposal's snapshot was taken."""

    code = "no_voting_power"
    kind = ErrorKind.INVALID


class Support(IntEnum):
    """``GovernorCountingSimple.VoteType``."""

    AGAINST = 0
    FOR = 1
    ABSTAIN = 2


class BallotState(StrEnum):
    """How far a ballot is."""

    RECEIVED = "received"
    RELAYED = "relayed"
    RECORDED = "recorded"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Ballot:
    """One member's signed vote on one proposal.

    ``weight``: as it was read when the ballot came; once recorded, what the chain counted, which a
    reorg under the proposal may have changed.
    """

    ballot_id: UUID
    proposal_id: int
    member_id: UUID
    voter: Address
    support: Support
    reason: str
    nonce: int
    signature: bytes
    weight: TokenUnits
    received_at: datetime
    state: BallotState
    intent_key: str | None = None
    rejection: str | None = None

    def signed(self) -> SignedBallot:
        """As the relay contract takes it."""
        return SignedBallot(
            self.proposal_id, int(self.support), self.voter, self.reason, b"", self.signature
        )


def check_may_vote(facts: BallotFacts, nonce: int, *, ballots_ahead: int = 0) -> None:
    """Refuse a ballot that could not count.

    ``ballots_ahead`` of the same voter on other proposals are on their way, each with a number.

    Raises:
        BallotTooEarly, BallotTooLate: outside the voting period.
        BallotCastBefore: the voter's vote is on chain.
        NoVotingPower: no votes at the snapshot.
        BallotStale: signed over another nonce.
    """
    standing = facts.standing
    if standing.state is ProposalState.PENDING:
        raise BallotTooEarly(
            f"Voting begins at {standing.snapshot_at.isoformat()}.",
            begins_at=standing.snapshot_at.isoformat(),
        )
    if facts.has_voted:
        raise BallotCastBefore("Your vote on this proposal is already recorded.")
    if standing.state is not ProposalState.ACTIVE:
        raise BallotTooLate(
            f"Voting ended at {standing.deadline_at.isoformat()}.",
            ended_at=standing.deadline_at.isoformat(),
        )
    if not facts.weight:
        raise NoVotingPower(
            "Your wallet had no votes when voting began. Delegate to yourself to vote next time."
        )
    if nonce != facts.nonce + ballots_ahead:
        raise BallotStale("The ballot was signed over an old number. Load it again and sign.")


def check_reason(reason: str) -> None:
    """Refuse a reason that is too long.

    Raises:
        BallotMalformed: over ``REASON_LENGTH_MAX`` characters.
    """
    if len(reason) > REASON_LENGTH_MAX:
        raise BallotMalformed(
            f"The reason has {len(reason)} characters; at most {REASON_LENGTH_MAX} are taken.",
            limit=REASON_LENGTH_MAX,
        )


def rejection_of(ballot: Ballot, recorded: int | None, failure: str | None) -> str | None:
    """Why a ballot whose transaction is settled does not count; ``None`` if it does.

    ``recorded`` is the choice on chain of this voter on this proposal, ``failure`` what became of
    the transaction. Whoever brought the vote there, it counts once.
    """
    if recorded == ballot.support:
        return None
    if recorded is not None:
        return "Another vote of yours was recorded first."
    return failure or "The contract did not accept this ballot."


def gas_for(count: int) -> int:
    """Gas limit of a transaction with so many ballots."""
    return TRANSACTION_GAS + BALLOT_GAS * max(1, count)


def batches(ballots: Sequence[Ballot]) -> list[Sequence[Ballot]]:
    """Ballots in order, cut into transactions; never two of one voter in one.

    A voter's ballots carry consecutive nonces, so the second waits for the first to be recorded.
    """
    once: dict[Address, Ballot] = {}
    for ballot in ballots:
        once.setdefault(ballot.voter, ballot)
    firsts = list(once.values())
    size = BALLOTS_PER_TRANSACTION_MAX
    return [firsts[start : start + size] for start in range(0, len(firsts), size)]
