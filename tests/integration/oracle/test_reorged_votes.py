"""A ballot that was signed for a proposal of a branch that is gone."""

from __future__ import annotations

import random

from governance.ballots.model import BallotState
from ledger.kernel.units import TOKEN_UNITS_PER_POINT
from oracle.bindings import vkl_token
from oracle.contracts.abi import address
from tests.integration.oracle.chain_deeds import SIGNATURE_LIVES_S, Deeds
from tests.integration.oracle.chain_judge import Judge
from tests.integration.oracle.chain_world import Everything
from tests.support.bridge import World

POINTS, GIVEN = 100, 40


def test_a_ballot_weighs_what_the_chain_counted(world: World) -> None:
    everything = Everything(world.database, world.contracts)
    voter, other = (everything.person(name, POINTS) for name in ("voter", "other"))
    deeds = Deeds(random.Random(0), everything, everything.chain, [voter, other])  # noqa: S311
    judge = Judge(deeds)
    deeds.promised.requests += [everything.request(each.member_id, 50) for each in (voter, other)]
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
    deeds.cast(*choice)
    everything.contracts.rpc("anvil_rollback", everything.head() - before)
    gift = vkl_token.transfer(address(other.key.address), GIVEN * TOKEN_UNITS_PER_POINT)
    everything.send_as(voter.key, everything.token, gift.calldata)
    everything.index()
    everything.send()
    everything.mine(3)
    everything.until(judge.all_ended)
    (ballot,) = judge.ballots()
    assert ballot.state is BallotState.RECORDED
    assert ballot.weight.amount == (50 - GIVEN) * TOKEN_UNITS_PER_POINT
    for _ in range(5):
        everything.turn()
    judge.judge(2 * POINTS)
