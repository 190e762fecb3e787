"""When a ballot may be cast, what its transaction came to, and how ballots go together."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.ballots.model import (
    BALLOTS_PER_TRANSACTION_MAX,
    REASON_LENGTH_MAX,
    Ballot,
    BallotCastBefore,
    BallotMalformed,
    BallotStale,
    BallotState,
    BallotTooEarly,
    BallotTooLate,
    Choice,
    Division,
    NoVotingPower,
    Support,
    batches,
    check_division,
    check_may_vote,
    check_reason,
    gas_for,
    rejection_of,
)
from governance.proposals.model import STATE_BY_NUMBER, ProposalState, Standing
from governance.proposals.reading import BallotFacts
from ledger.kernel.errors import VkladError
from ledger.kernel.units import TokenUnits
from oracle.chain.port import BlockHeader
from oracle.contracts.abi import Address

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
VOTER = Address("0x00000000000000000000000000000000000000A1")
RELAY_BALLOT_GAS = 400_000 * 64 // 63 + 60_000
"""What ``BallotRelay`` wants left before each ballot."""
TRANSACTION_GAS_MAX = 2**24
"""EIP-7825."""


def standing(state: ProposalState = ProposalState.ACTIVE) -> Standing:
    return Standing(
        state=state,
        snapshot_at=NOW,
        deadline_at=NOW + timedelta(minutes=5),
        executable_at=None,
        against=TokenUnits(0),
        in_favour=TokenUnits(0),
        abstain=TokenUnits(0),
        voters=0,
        quorum=TokenUnits(30),
        quorum_voters=3,
        block_number=7,
    )


def facts(state: ProposalState = ProposalState.ACTIVE) -> BallotFacts:
    block = BlockHeader(7, b"\x01" * 32, b"\x00" * 32, int(NOW.timestamp()) + 1)
    return BallotFacts(VOTER, standing(state), TokenUnits(5), has_voted=False, nonce=3, block=block)


def ballot(voter: Address = VOTER, number: int = 0) -> Ballot:
    return Ballot(
        ballot_id=UUID(int=number),
        proposal_id=1,
        member_id=UUID(int=1),
        voter=voter,
        choice=Choice(Support.FOR),
        reason="",
        nonce=0,
        signature=b"",
        weight=TokenUnits(1),
        received_at=NOW,
        state=BallotState.RECEIVED,
    )


def test_a_ballot_in_time_and_in_turn_may_be_cast() -> None:
    check_may_vote(facts(), 3)
    check_may_vote(facts(), 5, ballots_ahead=2)


@pytest.mark.parametrize(
    ("given_facts", "nonce", "error"),
    [
        (facts(ProposalState.PENDING), 3, BallotTooEarly),
        (facts(ProposalState.DEFEATED), 3, BallotTooLate),
        (facts(ProposalState.CANCELED), 3, BallotTooLate),
        (facts(ProposalState.EXECUTED), 3, BallotTooLate),
        (replace(facts(), has_voted=True), 4, BallotCastBefore),
        (replace(facts(ProposalState.DEFEATED), has_voted=True), 4, BallotCastBefore),
        (replace(facts(), weight=TokenUnits(0)), 3, NoVotingPower),
        (facts(), 2, BallotStale),
        (facts(), 4, BallotStale),
    ],
)
def test_a_ballot_that_cannot_count_is_refused(
    given_facts: BallotFacts, nonce: int, error: type[VkladError]
) -> None:
    with pytest.raises(error):
        check_may_vote(given_facts, nonce)


@pytest.mark.parametrize("state", set(STATE_BY_NUMBER) - {ProposalState.ACTIVE})
def test_only_an_open_proposal_takes_ballots(state: ProposalState) -> None:
    with pytest.raises((BallotTooEarly, BallotTooLate)):
        check_may_vote(facts(state), 3)


def test_a_reason_has_a_greatest_length() -> None:
    check_reason("ы" * REASON_LENGTH_MAX)
    with pytest.raises(BallotMalformed, match="501"):
        check_reason("ы" * (REASON_LENGTH_MAX + 1))


def test_divided_votes_are_all_of_the_voters() -> None:
    divided = Choice(Support.DIVIDED, Division(1, 3, 1))
    check_division(divided, TokenUnits(5))
    check_division(Choice(Support.FOR), TokenUnits(5))
    for votes in (4, 6):
        with pytest.raises(BallotMalformed, match="come to 5"):
            check_division(divided, TokenUnits(votes))


def test_a_division_goes_with_divided_votes_and_with_no_others() -> None:
    for support, division in ((Support.DIVIDED, None), (Support.FOR, Division(0, 1, 0))):
        with pytest.raises(BallotMalformed, match="if and only if"):
            Choice(support, division)


def test_a_division_as_the_governor_takes_it() -> None:
    packed = Division(1, 2**127, 3).packed()
    assert packed == bytes(15) + b"\x01" + b"\x80" + bytes(15) + bytes(15) + b"\x03"
    assert Division.unpacked(packed) == Division(1, 2**127, 3)
    for side in (-1, 2**128):
        with pytest.raises(BallotMalformed, match="2\\^128"):
            Division(0, side, 0).packed()


def test_what_a_settled_transaction_says_of_a_ballot() -> None:
    mine = ballot()
    assert rejection_of(mine, Support.FOR, None) is None
    assert rejection_of(mine, Support.FOR, "reverted") is None
    assert rejection_of(mine, Support.AGAINST, None) == "Another vote of yours was recorded first."
    assert rejection_of(mine, None, "reverted") == "reverted"
    assert rejection_of(mine, None, None) == "The contract did not accept this ballot."


@given(st.lists(st.integers(min_value=1, max_value=90), max_size=120))
def test_batches_hold_each_voter_once_in_order_and_fit_a_transaction(voters: list[int]) -> None:
    waiting = [ballot(Address(f"0x{voter:040x}"), number) for number, voter in enumerate(voters)]
    together = [each for batch in batches(waiting) for each in batch]
    assert [each.voter for each in together] == list(dict.fromkeys(b.voter for b in waiting))
    first_of = {}
    for each in waiting:
        first_of.setdefault(each.voter, each)
    assert together == list(first_of.values())
    for batch in batches(waiting):
        assert 0 < len(batch) <= BALLOTS_PER_TRANSACTION_MAX
        assert gas_for(len(batch)) <= TRANSACTION_GAS_MAX


@pytest.mark.parametrize("count", [1, 2, BALLOTS_PER_TRANSACTION_MAX])
def test_the_gas_limit_leaves_what_the_relay_wants_before_each_ballot(count: int) -> None:
    spent_before_last = (count - 1) * 400_000
    assert gas_for(count) - spent_before_last >= RELAY_BALLOT_GAS
