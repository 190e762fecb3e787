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
    """A division that does not come to the voter's votes, or a reason too long."""

    code = "ballot_malformed"
    kind = ErrorKind.INVALID


class NoVotingPower(VkladError):
    """The wallet had no votes when the proposal's snapshot was taken."""

    code = "no_voting_power"
    kind = ErrorKind.INVALID


class Support(IntEnum):
    """``GovernorCountingFractional``: one side, or votes divided among the three."""

    AGAINST = 0
    FOR = 1
    ABSTAIN = 2
    DIVIDED = 255


@dataclass(frozen=True, slots=True)
class Division:
    """Token units on each side, of somebody who votes for several at once."""

    against: int
    in_favour: int
    abstain: int

    @property
    def sides(self) -> tuple[int, int, int]:
        """In the order of ``Support``."""
        return (self.against, self.in_favour, self.abstain)

    def packed(self) -> bytes:
        """As ``GovernorCountingFractional`` takes it: three numbers of 16 bytes.

        Raises:
            BallotMalformed: one of them does not fit.
        """
        if not all(0 <= side < 2**128 for side in self.sides):
            raise BallotMalformed("Each side has 0 to 2^128 - 1 token units.", field="division")
        return b"".join(side.to_bytes(16, "big") for side in self.sides)

    @classmethod
    def unpacked(cls, params: bytes) -> Division:
        """From 48 bytes."""
        return cls(*(int.from_bytes(params[at : at + 16], "big") for at in (0, 16, 32)))


@dataclass(frozen=True, slots=True)
class Choice:
    """What a voter says: a side, or with ``DIVIDED`` how much for each."""

    support: Support
    division: Division | None = None

    def __post_init__(self) -> None:
        if (self.support is Support.DIVIDED) != (self.division is not None):
            raise BallotMalformed(
                "Votes are divided if and only if the choice is divided.", field="division"
            )

    @property
    def params(self) -> bytes:
        """What the Governor takes beside the side; nothing but of divided votes."""
        return b"" if self.division is None else self.division.packed()


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
    choice: Choice
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
            self.proposal_id,
            int(self.support),
            self.voter,
            self.reason,
            self.choice.params,
            self.signature,
        )

    @property
    def support(self) -> Support:
        """For which side, or that they are divided."""
        return self.choice.support


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


def check_division(choice: Choice, weight: TokenUnits) -> None:
    """Refuse divided votes that are not all of the voter's.

    The Governor would take less, and the rest later; by us a voter votes once.

    Raises:
        BallotMalformed: the sides come to more or less.
    """
    if choice.division is None:
        return
    told = sum(choice.division.sides)
    if told != weight.amount:
        raise BallotMalformed(
            f"The sides come to {told} token units; you have {weight.amount}.",
            field="division",
            given=str(told),
            votes=str(weight.amount),
        )


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
