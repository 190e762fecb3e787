"""Whatever goes wrong between us and the chain, each wish is fulfilled once or comes back whole.

Seeded schedules of requests, redemptions, transfers and vetoes, with reorgs below finality,
restarts, workers that die at a commit, and a node that cannot be trusted to answer. At the end the
faults stop, and both sides have to be equal. A failing seed is printed and replays:
VKLAD_TEST_SEED=7.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import pytest
import sqlalchemy as sa
from eth_account.signers.local import LocalAccount

from api.cli.ledger import CHECKS
from api.supervisor.postgres import APPLICATION, PostgresServer
from ledger.kernel.clock import SystemClock
from ledger.kernel.errors import VkladError
from ledger.kernel.transaction import connect, execute
from ledger.kernel.units import Points
from ledger.verify.service import verify
from oracle.bindings import points_bridge, vkl_token
from oracle.bridge import reading
from oracle.bridge.model import Stage
from oracle.bridge.service import MakeReference, RelaySignature
from oracle.chain.port import BlockTag, read
from oracle.chain.web3_adapter import Web3Chain
from oracle.contracts.abi import address
from oracle.reconcile.service import Reconciler, check
from oracle.sender.model import SenderRole
from tests.conftest import DEEP, Tell, seeds_of_this_run
from tests.integration.oracle.chain_proxy import FAULTS, LATE_S, Proxy, proxied
from tests.integration.oracle.test_reorgs import Deep
from tests.support.bridge import Contracts

SEEDS, SOME = 300, 1
STEPS = 14 if DEEP else 5
MEMBERS, START = 3, 200
QUIET_TURNS = 60
DEEDS = ("request", "redeem", "transfer", "veto", "wait")
HELD = tuple(each for each in CHECKS if each.name != "grants")
"""The made-up world grants points without anybody's proposal."""
COMMITTED = 1


class Died(BaseException):
    """The worker is gone in the middle of a turn."""


@dataclass(frozen=True)
class Proxied(Contracts):
    """What the service sees of the chain goes through the proxy; people reach the node itself."""

    proxy: Proxy

    def chain(self) -> Web3Chain:
        return Web3Chain(self.proxy.url, expected_chain_id=31337, timeout_s=LATE_S / 2)


class Life:
    """One schedule: what members do, what goes wrong, and the end."""

    def __init__(self, seed: int, world: Deep, proxy: Proxy) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a schedule that can be had again
        self.world, self.proxy = world, proxy
        self.node = Web3Chain(proxy.node_url)
        self.people: list[tuple[UUID, LocalAccount]] = []
        for _ in range(MEMBERS):
            member = world.member(START)
            self.people.append((member, world.link(member)))
        self.requests: list[UUID] = []
        self.hit: Counter[tuple[str, str]] = Counter()

    # --- what members do ---

    def request(self) -> None:
        member, _ = self.chance.choice(self.people)
        self.requests.append(self.world.request(member, self.chance.randint(10, 40)))

    def redeem(self) -> None:
        member, wallet = self.chance.choice(self.people)
        held = self._tokens(wallet) // 10**18
        if not held:
            return
        nonce = reading.holder_nonce(self.node, self.world.bridge, address(wallet.address))
        command = MakeReference(member, Points(self.chance.randint(1, held)), nonce)
        reference = execute(self.world.database, self.world.bridging.make_reference, command)
        with self.world.database.read() as work:
            message = self.world.bridging.redemption_message(work, reference)
        signature = bytes(wallet.sign_message(message.signable()).signature)
        relay = RelaySignature(member, reference.reference, signature)
        execute(self.world.database, self.world.bridging.relay, relay)

    def transfer(self) -> None:
        (_, giver), (_, taker) = self.chance.sample(self.people, 2)
        held = self._tokens(giver)
        if held:
            call = vkl_token.transfer(address(taker.address), self.chance.randint(1, held))
            self._straight(giver, self.world.token, call.calldata)

    def veto(self) -> None:
        """The watcher strikes a batch that is committed: it errs on the safe side."""
        sequence = read(
            self.node, self.world.bridge, points_bridge.last_sequence(), BlockTag.LATEST
        )
        batch = read(self.node, self.world.bridge, points_bridge.batch(sequence), BlockTag.LATEST)
        if sequence and batch.state == COMMITTED:
            watcher = self.world.contracts.keys.by_role[SenderRole.WATCHER]
            self._straight(watcher, self.world.bridge, points_bridge.veto(sequence).calldata)

    def wait(self) -> None:
        self.world.mine()

    # --- what goes wrong ---

    def reorg(self, deed: Callable[[], None]) -> None:
        """What was done stands for a block or two, and then it never happened."""
        deed()
        self.turn()
        self.world.contracts.rpc("anvil_rollback", self.chance.randint(1, 2))

    def restart(self, deed: Callable[[], None]) -> None:
        deed()
        self.turn()
        self.world = Deep(self.world.database, self.world.contracts)

    def death(self, deed: Callable[[], None]) -> None:
        """The worker dies at one of its next commits, and another one takes over."""
        deed()
        with _dying(self.world.database.engine, self.chance.randint(0, 6)):
            self.turn()

    def answers(self, fault: str) -> Callable[[Callable[[], None]], None]:
        """For some turns the node cannot be trusted."""

        def go_wrong(deed: Callable[[], None]) -> None:
            deed()
            self.proxy.fault = fault
            for _ in range(self.chance.randint(1, 3)):
                self.turn()
            self.proxy.fault = None

        return go_wrong

    # --- the whole ---

    def live(self) -> None:
        faults: dict[str, Callable[[Callable[[], None]], None]] = {
            "reorg": self.reorg,
            "restart": self.restart,
            "death": self.death,
            **{f"node: {fault}": self.answers(fault) for fault in FAULTS},
        }
        done = (self.request, self.redeem, self.transfer, self.veto, self.wait)
        deeds = dict(zip(DEEDS, done, strict=True))
        self.request()
        for _ in range(STEPS):
            deed, fault = self.chance.choice(DEEDS), self.chance.choice([*faults, "none"])
            if fault == "none":
                deeds[deed]()
                self.turn()
            else:
                self.hit[fault, deed] += 1
                faults[fault](deeds[deed])
            self.world.mine()
        for _ in range(QUIET_TURNS):
            self.world.turn()
            if self.world.quiet() and not self._open():
                break
        for _ in range(6):
            self.world.turn()

    def turn(self) -> None:
        """Every job once, as their worker calls them: one that fails leaves the others be."""
        world = self.world
        for job in (world.index, world.batch, world.send, world.look):
            try:
                job()
            except VkladError:
                continue
            except Died:
                return

    def judge(self) -> None:
        """Both sides are equal, and nobody's wish was fulfilled twice or forgotten."""
        world = self.world
        assert self._open() == []
        stages = {world.stage(each) for each in self.requests}
        assert stages <= {Stage.MINTED, Stage.RETURNED}, stages
        reconciler = Reconciler(world.database, world.chain, world.bridge, world.token)
        assert check(reconciler) == []
        assert verify(world.database, HELD).findings == ()
        units = sum(self._tokens(wallet) for _, wallet in self.people)
        points = sum(world.available(member) for member, _ in self.people)
        assert points * 10**18 + units == MEMBERS * START * 10**18, "a point was lost or made"

    def _open(self) -> list[UUID]:
        done = {Stage.MINTED, Stage.RETURNED}
        return [each for each in self.requests if self.world.stage(each) not in done]

    def _tokens(self, wallet: LocalAccount) -> int:
        call = vkl_token.balance_of(address(wallet.address))
        return read(self.node, self.world.token, call, BlockTag.LATEST)

    def _straight(self, account: LocalAccount, to: str, calldata: bytes) -> None:
        """A transaction of somebody's own, past the proxy."""
        through, self.world.chain = self.world.chain, self.node
        try:
            self.world.send_as(account, to, calldata)
        finally:
            self.world.chain = through


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
def proxy(contracts: Contracts) -> Iterator[Proxy]:
    with proxied(contracts.node.url) as made:
        yield made


def test_whatever_goes_wrong_each_wish_is_fulfilled_once(
    contracts: Contracts,
    proxy: Proxy,
    postgres_server: PostgresServer,
    template_database: str,
    tell: Tell,
) -> None:
    seeds = list(seeds_of_this_run(SEEDS, SOME, SystemClock().now().toordinal()))
    hits: Counter[tuple[str, str]] = Counter()
    through = Proxied(contracts.node, contracts.keys, contracts.deployment, proxy)
    for seed in seeds:
        snapshot = str(contracts.rpc("evm_snapshot"))
        name = f"faults_{seed}"
        postgres_server.create_database(name, template_database)
        database = connect(postgres_server.url(APPLICATION, name))
        life = Life(seed, Deep(database, through), proxy)
        try:
            life.live()
            life.judge()
        except BaseException:
            tell(f"seed {seed} fails after {sorted(life.hit)}")
            raise
        finally:
            database.engine.dispose()
            postgres_server.drop_database(name)
            contracts.rpc("evm_revert", snapshot)
            proxy.fault = None
        hits += life.hit
    tell(f"{len(seeds)} schedules from seed {seeds[0]}; fault and deed:")
    for (fault, deed), times in sorted(hits.items()):
        tell(f"{times:>4} x {fault} with {deed}")
    if DEEP and len(seeds) >= SEEDS // 20:
        faults = {"reorg", "restart", "death", *(f"node: {fault}" for fault in FAULTS)}
        assert {fault for fault, _ in hits} == faults
