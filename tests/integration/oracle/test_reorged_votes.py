"""A ballot that was signed for a proposal of a branch that is gone."""

from __future__ import annotations

import random

import pytest

from governance.ballots.model import BallotState, Support
from ledger.kernel.units import TOKEN_UNITS_PER_POINT
from oracle.bindings import vkl_token
from oracle.contracts.abi import address
from tests.integration.oracle.chain_deeds import SIGNATURE_LIVES_S, Deeds
from tests.integration.oracle.chain_judge import Judge
from tests.integration.oracle.chain_world import Everything
from tests.support.bridge import World

POINTS, BRIDGED, GIVEN = 100, 50, 40


@pytest.mark.parametrize(
    ("support", "state", "weight"),
    [
        (Support.FOR, BallotState.RECORDED, BRIDGED - GIVEN),
        (Support.DIVIDED, BallotState.REJECTED, BRIDGED),
    ],
)
def test_a_ballot_weighs_what_the_chain_counted(
    world: World, support: Support, state: BallotState, weight: int
) -> None:
    """Divided, it gave away more than its voter still has in the branch that stays."""
    everything = Everything(world.database, world.contracts)
    voter, other = (everything.person(name, POINTS) for name in ("voter", "other"))
    deeds = Deeds(random.Random(0), everything, everything.chain, [voter, other])  # noqa: S311
    judge = Judge(deeds)
    deeds.promised.requests += [
        everything.request(each.member_id, BRIDGED) for each in (voter, other)
    ]
    everything.until(judge.all_ended)
    for person in (voter, other):
        deeds.delegate_of(person, address(person.key.address), max(SIGNATURE_LIVES_S))
    everything.until(judge.all_ended)
    for _ in range(5):
        everything.turn()
    assert deeds.propose()
    everything.work()
    before = everything.head() - 1
    everything.mine(3)
    everything.work()
    choice = next(each for each in deeds.choices() if each[0] is voter)
    deeds.cast(*choice, among=[support])
    everything.contracts.rpc("anvil_rollback", everything.head() - before)
    gift = vkl_token.transfer(address(other.key.address), GIVEN * TOKEN_UNITS_PER_POINT)
    everything.send_as(voter.key, everything.token, gift.calldata)
    everything.index()
    everything.send()
    everything.mine(3)
    everything.until(judge.all_ended)
    (ballot,) = judge.ballots()
    assert (ballot.state, ballot.weight.amount) == (state, weight * TOKEN_UNITS_PER_POINT)
    for _ in range(5):
        everything.turn()
    judge.judge(2 * POINTS)
