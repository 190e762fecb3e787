"""Whatever goes wrong between us and the chain, each wish is fulfilled once or comes back whole.

Seeded schedules of requests, redemptions, transfers, delegations, ballots, proposals and vetoes,
with reorgs below finality, restarts, workers that die at a commit or in the middle of sending, and
a node that cannot be trusted to answer. At the end the faults stop, and both sides have to be
equal. Every seed has to do some pairs of fault and deed; all of them together do every pair.

A failing seed is printed and replays: VKLAD_TEST_SEED=7.
"""

from __future__ import annotations

import itertools
import random
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from api.supervisor.anvil import AnvilNode
from api.supervisor.postgres import APPLICATION, PostgresServer
from governance.delegation.service import DelegationState
from governance.proposals.model import TERMINAL
from ledger.kernel.clock import SystemClock
from ledger.kernel.errors import VkladError
from ledger.kernel.transaction import Database, connect
from ledger.kernel.units import TOKEN_UNITS_PER_POINT
from oracle.bridge.model import RedemptionStage
from oracle.chain.port import BlockTag
from oracle.chain.web3_adapter import Web3Chain
from oracle.contracts.abi import address
from tests.conftest import DEEP, Tell, seeds_of_this_run
from tests.integration.oracle.chain_deeds import DEEDS, SIGNATURE_LIVES_S, Deeds, Promised
from tests.integration.oracle.chain_judge import Judge
from tests.integration.oracle.chain_proxy import FAULTS, LATE_S, Died, Proxy, proxied
from tests.integration.oracle.chain_world import Everything, Person, Proxied, started
from tests.integration.oracle.conftest import keys_of
from tests.integration.oracle.test_reorgs import FINALITY
from tests.support.bridge import Contracts, put_contracts

SEEDS, SOME = 300, 1
STEPS = 14 if DEEP else 5
PAIRS_A_SEED = 2
MEMBERS, START, CARRIED = 3, 1_000, 150
VOTING_PERIOD_S = 600
QUIET_TURNS, READY_TURNS = 80, 40
READY = "faults_ready"
HARM = ("reorg", "restart", "death", *(f"node: {fault}" for fault in FAULTS))
PAIRS = tuple(itertools.product(HARM, DEEDS))

Pair = tuple[str, str]


def pairs_of(seed: int) -> tuple[Pair, ...]:
    """The pairs of fault and deed that the schedule of a seed has to hit."""
    first = seed * PAIRS_A_SEED
    return tuple(PAIRS[(first + each) % len(PAIRS)] for each in range(PAIRS_A_SEED))


def test_the_seeds_together_hit_every_pair() -> None:
    assert {pair for seed in range(SEEDS) for pair in pairs_of(seed)} == set(PAIRS)


@dataclass(frozen=True)
class Ready:
    """A community that has both points and tokens, delegated, with open proposals."""

    contracts: Contracts
    people: list[Person]
    promised: Promised


class Life(Deeds):
    """One schedule: what members do, what goes wrong, and the end."""

    def __init__(self, seed: int, database: Database, ready: Ready, proxy: Proxy) -> None:
        parts = ready.contracts
        through = Proxied(parts.node, parts.keys, parts.deployment, proxy)
        chance = random.Random(seed)  # noqa: S311 - a schedule that can be had again
        super().__init__(
            chance, started(database, through), Web3Chain(parts.node.url), list(ready.people)
        )
        self.proxy, self.promised = proxy, deepcopy(ready.promised)
        self.must = pairs_of(seed)
        self.told: list[str] = []
        self.refusal = ""
        self.hit: Counter[Pair] = Counter()
        self.ends: Counter[str] = Counter()
        for _ in range(FINALITY + 1):
            self.world.turn()  # What a reorg takes away is never part of what all schedules share.

    # --- what goes wrong ---

    def reorg(self, deed: str) -> bool:
        """What was done stands for a block or two, and then it never happened."""
        done = self._try(deed)
        self.world.work()
        head = self.node.block(BlockTag.LATEST)
        assert head is not None
        most = min(FINALITY, head.number - self.world.read_to().block_number_final)
        if most:
            self.world.contracts.rpc("anvil_rollback", self.chance.randint(1, most))
        return done and most > 0

    def restart(self, deed: str) -> bool:
        done = self._try(deed)
        self.world.work()
        self.world = started(self.world.database, self.world.contracts)
        return done

    def death(self, deed: str) -> bool:
        """The worker dies at one of its next commits or broadcasts, and another takes over."""
        done = self._try(deed)
        at = self.chance.choice(["commit", "commit", "before", "after"])
        if at == "commit":
            with _dying(self.world.database.engine, self.chance.randint(0, 6)):
                self.world.work()
        else:
            self.proxy.dies = at
            self.world.work()
            self.proxy.dies = None
        return done

    def answer(self, fault: str, deed: str) -> bool:
        """For some turns the node cannot be trusted; sometimes already when somebody asks."""
        already = (fault, deed) not in self.must and self.chance.random() < 1 / 3
        done = not already and self._try(deed)
        self.proxy.fault = fault.removeprefix("node: ")
        if already:
            done = self._try(deed)
        for _ in range(self.chance.randint(1, 3)):
            self.world.work()
        self.proxy.fault = None
        if fault == "node: late":
            time.sleep(LATE_S)  # What was asked last is answered after all.
        return done

    # --- the whole ---

    def live(self) -> None:
        free = [*HARM, "none"]
        steps = [
            (self.chance.choice(free), self.chance.choice(DEEDS))
            for _ in range(STEPS - len(self.must))
        ]
        steps += self.must
        self.chance.shuffle(steps)
        for fault, deed in steps:
            self.step(fault, deed)
            self.world.mine()
        for pair in self.must:
            assert self.hit[pair], f"{pair} was not done"
        self.until_quiet()

    def step(self, fault: str, deed: str) -> None:
        if (fault, deed) in self.must:
            self.make_ready(deed)
        if fault == "none":
            done = self._try(deed)
            self.world.work()
        elif fault in {"reorg", "restart", "death"}:
            done = getattr(self, fault)(deed)
        else:
            done = self.answer(fault, deed)
        self.told.append(f"{fault} with {deed}" + ("" if done else f" ({self.refusal})"))
        if done and fault != "none":
            self.hit[fault, deed] += 1

    def make_ready(self, deed: str) -> None:
        """Bring about what a deed needs, without faults."""
        for _ in range(READY_TURNS):
            self.world.turn()
            if self.is_ready(deed):
                return
        raise AssertionError(f"nobody ever could {deed}")

    def is_ready(self, deed: str) -> bool:
        if deed == "veto":
            if self.batch_to_veto() is None and Judge(self).all_ended():
                self.request()
            return self.batch_to_veto() is not None
        if deed == "vote":
            if not self.choices() and Judge(self).all_ended():
                self.propose()
            return bool(self.choices())
        if deed == "delegate":
            return Judge(self).all_ended()
        return True

    def until_quiet(self) -> None:
        """The faults stop; everything that waits is done, and becomes final."""
        for _ in range(QUIET_TURNS):
            self.world.turn()
            if Judge(self).all_ended():
                break
        for _ in range(FINALITY + 3):
            self.world.turn()

    def nobody_is_stuck(self) -> None:
        """Afterwards everybody delegates and redeems once more, and it is done."""
        earlier = len(self.promised.delegations), len(self.promised.redemptions)
        for person in self.people:
            self.delegate_of(person, address(person.key.address), max(SIGNATURE_LIVES_S))
            if self.tokens(person) >= TOKEN_UNITS_PER_POINT:
                self.redeem_of(person, 1)
        self.until_quiet()
        judge = Judge(self)
        delegated = {each.state for each in judge.delegations()[earlier[0] :]}
        redeemed = {each.stage for each in judge.redemptions()[earlier[1] :]}
        assert delegated == {DelegationState.DONE}
        assert redeemed <= {RedemptionStage.CREDITED}

    def votes_end(self) -> None:
        """Voting ends, and what passed is queued and executed."""
        self.world.mine(VOTING_PERIOD_S + 1)
        for _ in range(QUIET_TURNS):
            self.world.turn()
            if set(Judge(self).proposals().values()) <= TERMINAL:
                break
        self.until_quiet()
        states = set(Judge(self).proposals().values())
        assert states <= TERMINAL, states

    def _try(self, deed: str) -> bool:
        """False if there was nothing to do, or we refused it at the door."""
        self.refusal = "nothing to do"
        try:
            return self.do(deed)
        except VkladError as error:
            self.refusal = error.code
            return False


@contextmanager
def _dying(engine: sa.Engine, after: int) -> Iterator[None]:
    left = [after]

    def commit(_: sa.Connection) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Died

    sa.event.listen(engine, "commit", commit)
    try:
        yield
    finally:
        sa.event.remove(engine, "commit", commit)


@pytest.fixture
def proxy(anvil: AnvilNode) -> Iterator[Proxy]:
    with proxied(anvil.url) as made:
        yield made


@pytest.fixture(scope="module")
def ready(
    anvil: AnvilNode, postgres_server: PostgresServer, template_database: str
) -> Iterator[Ready]:
    contracts = put_contracts(anvil, keys_of(anvil.account), VOTING_PERIOD_S)
    snapshot = str(contracts.rpc("evm_snapshot"))
    postgres_server.create_database(READY, template_database)
    database = connect(postgres_server.url(APPLICATION, READY))
    world = Everything(database, contracts)
    people = [world.person(f"member {number}", START) for number in range(MEMBERS)]
    deeds = Deeds(random.Random(0), world, world.chain, people)  # noqa: S311 - as above
    for person in people:
        deeds.promised.requests.append(world.request(person.member_id, CARRIED))
    world.until(Judge(deeds).all_ended)
    for person in people:
        deeds.delegate_of(person, address(person.key.address), max(SIGNATURE_LIVES_S))
    world.until(Judge(deeds).all_ended)
    assert deeds.propose()
    assert deeds.propose()
    world.until(lambda: len(deeds.choices()) == 2 * MEMBERS)
    for _ in range(FINALITY + 3):
        world.turn()
    database.engine.dispose()
    yield Ready(contracts, people, deeds.promised)
    postgres_server.drop_database(READY)
    contracts.rpc("evm_revert", snapshot)


def test_whatever_goes_wrong_each_wish_is_fulfilled_once(
    ready: Ready, proxy: Proxy, postgres_server: PostgresServer, tell: Tell
) -> None:
    seeds = list(seeds_of_this_run(SEEDS, SOME, SystemClock().now().toordinal()))
    hits: Counter[Pair] = Counter()
    ends: Counter[str] = Counter()
    failed: list[int] = []
    for seed in seeds:
        snapshot = str(ready.contracts.rpc("evm_snapshot"))
        name = f"faults_{seed}"
        postgres_server.create_database(name, READY)
        database = connect(postgres_server.url(APPLICATION, name))
        life = Life(seed, database, ready, proxy)
        try:
            life.live()
            Judge(life).judge(MEMBERS * START)
            life.nobody_is_stuck()
            life.votes_end()
            Judge(life).judge(MEMBERS * START)
            life.ends = Judge(life).outcomes()
        except Exception:  # noqa: BLE001 - of many seeds each has its say
            failed.append(seed)
            tell(f"seed {seed} fails: {traceback.format_exc(limit=-4)}")
        finally:
            tell(f"seed {seed}: {'; '.join(life.told)}")
            proxy.fault = proxy.dies = None
            database.engine.dispose()
            postgres_server.drop_database(name)
            ready.contracts.rpc("evm_revert", snapshot)
        hits += life.hit
        ends += life.ends
    for (fault, deed), times in sorted(hits.items()):
        tell(f"{times:>4} x {fault} with {deed}")
    for end, times in sorted(ends.items()):
        tell(f"{times:>4} x {end}")
    assert not failed
