"""Kill the worker at every hop in turn; every restart must end in the same state.

The scenario is the whole round trip of one member: request, batch, mint, burn by signature, credit.
For each hop of a run that lives, a fresh copy of database and chain is worked on until the worker
kills itself at that hop, and then by a new worker to the end.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from eth_account.signers.local import LocalAccount

from api.supervisor import postgres as pg
from ledger.kernel.transaction import Database, connect, execute
from ledger.kernel.units import Points
from oracle.bridge import store
from oracle.bridge.service import MakeReference, RelaySignature
from oracle.chain.port import BlockTag
from oracle.contracts.abi import address
from oracle.reconcile.service import Reconciler, reconcile
from oracle.sender.model import SenderRole
from tests.conftest import Tell
from tests.integration.oracle import crash_worker
from tests.integration.oracle.crash_worker import Errand
from tests.support.bridge import Contracts, World

REQUESTED, BURNT = 350, 250
AGAIN = 5
"""Times that a hop is tried again at which nobody happened to die."""
WORKER_TIMEOUT_S = 60


@dataclass(frozen=True)
class Half:
    """What the first worker did, and the hop it died at if it did."""

    hops: list[str]
    died_at: str | None = None


@dataclass(frozen=True)
class Play:
    """The state that a scenario ended in."""

    state: dict[str, object]
    hops: list[str]
    died_at: str | None


@dataclass
class Driver:
    """One scenario that can be played any number of times."""

    server: pg.PostgresServer
    contracts: Contracts
    diary: Path
    wallet: LocalAccount | None = None
    plays: int = 0

    def prepare(self, template: str) -> None:
        """A member with two lots, a wallet and a request; and the chain as it is now."""
        self.server.create_database("crash_scenario", template)
        database = self._connect("crash_scenario")
        world = World(database, self.contracts)
        self.member = world.member(300, timedelta(days=100))
        world.grant(self.member, 200, timedelta(days=10), "soon")
        self.wallet = world.link(self.member)
        world.request(self.member, REQUESTED)
        database.engine.dispose()
        self.snapshot = str(self.contracts.rpc("evm_snapshot"))

    def play(self, die_at: int | None) -> Play:
        """Play it once. The first worker of either half may be the one that dies."""
        self.plays += 1
        self.contracts.rpc("evm_revert", self.snapshot)
        self.snapshot = str(self.contracts.rpc("evm_snapshot"))
        name = f"crash_{self.plays}"
        self.server.create_database(name, "crash_scenario")
        database = self._connect(name)
        try:
            there = self._work(name, die_at)
            self._burn(database)
            left = None if die_at is None or there.died_at else die_at - len(there.hops)
            back = self._work(name, left)
            return Play(
                self._state(database), there.hops + back.hops, there.died_at or back.died_at
            )
        finally:
            database.engine.dispose()
            self.server.drop_database(name)

    def _work(self, name: str, die_at: int | None) -> Half:
        """Let a worker work to the end, and another one if the first dies."""
        self.diary.write_text("")
        status = self._run(name, die_at)
        hops = self.diary.read_text().splitlines()
        if status == 0:
            return Half(hops)
        assert status == -signal.SIGKILL, f"the worker ended with {status}"
        assert self._run(name, None) == 0
        return Half(hops, hops[-1])

    def _run(self, name: str, die_at: int | None) -> int | None:
        deployment = self.contracts.deployment
        errand = Errand(
            database_url=self.server.url(pg.APPLICATION, name),
            node_url=self.contracts.node.url,
            bridge=deployment.address("PointsBridge"),
            token=deployment.address("VklToken"),
            block_number_first=deployment.block_number,
            keys=tuple(
                (role.value, bytes(account.key))
                for role, account in self.contracts.keys.by_role.items()
            ),
            die_at=die_at,
            diary=str(self.diary),
        )
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([crash_worker.__name__])
        process = context.Process(target=crash_worker.run, args=(errand,))
        process.start()
        process.join(WORKER_TIMEOUT_S)
        assert not process.is_alive(), "the worker hangs"
        status = process.exitcode
        process.close()
        return status

    def _burn(self, database: Database) -> None:
        """The member signs a redemption: another process's work, so no worker dies of it."""
        world = World(database, self.contracts)
        command = MakeReference(self.member, Points(BURNT), holder_nonce=0)
        reference = execute(database, world.bridging.make_reference, command)
        with database.read() as work:
            message = world.bridging.redemption_message(work, reference)
        assert self.wallet is not None
        signature = bytes(self.wallet.sign_message(message.signable()).signature)
        relay = RelaySignature(self.member, reference.reference, signature)
        execute(database, world.bridging.relay, relay)

    def _state(self, database: Database) -> dict[str, object]:
        """Everything that must not depend on where the worker died."""
        world = World(database, self.contracts)
        summary = world.summary(self.member)
        chain = world.chain
        found = reconcile(Reconciler(database, chain, world.bridge, world.token))
        assert self.wallet is not None
        with database.read() as work:
            batch = store.newest_batch(work, 1, refused=False)
            intents = work.connection.execute(
                sa.text("SELECT kind, state, count(*) FROM intents GROUP BY 1, 2 ORDER BY 1, 2")
            ).all()
            entries = work.connection.execute(
                sa.text("SELECT kind, count(*) FROM transfers GROUP BY 1 ORDER BY 1")
            ).all()
            waiting = work.connection.execute(
                sa.text(
                    "SELECT count(*) FROM outbox WHERE done_at IS NULL AND topic LIKE 'bridge%'"
                )
            ).scalar_one()
        assert batch is not None
        return {
            "lives": _lives(summary),
            "tokens": world.balance(self.wallet.address),
            "escrow": found.ledger.escrow,
            "findings": found.findings(),
            "batch": (batch.sequence, batch.state, batch.points, batch.escrowed_points),
            "intents": [tuple(row) for row in intents],
            "transactions": {
                role: chain.nonce(
                    address(self.contracts.keys.by_role[role].address), BlockTag.LATEST
                )
                for role in (SenderRole.POSTER, SenderRole.RELAYER)
            },
            "entries": [tuple(row) for row in entries],
            "outbox": waiting,
        }

    def _connect(self, name: str) -> Database:
        return connect(self.server.url(pg.APPLICATION, name))


def _lives(summary: object) -> dict[int, int]:
    found: Counter[int] = Counter()
    for held in summary.lots:  # type: ignore[attr-defined]
        days = round((held.lot.expires_at - summary.at) / timedelta(days=1))  # type: ignore[attr-defined]
        found[days] += held.available.amount
    return {days: amount for days, amount in found.items() if amount}


@pytest.fixture
def driver(
    postgres_server: pg.PostgresServer,
    template_database: str,
    contracts: Contracts,
    tmp_path: Path,
) -> Iterator[Driver]:
    before = str(contracts.rpc("evm_snapshot"))
    made = Driver(postgres_server, contracts, tmp_path / "diary")
    made.prepare(template_database)
    yield made
    contracts.rpc("evm_revert", before)
    postgres_server.drop_database("crash_scenario")


def test_wherever_the_worker_dies_the_end_is_the_same(driver: Driver, tell: Tell) -> None:
    lived = driver.play(None)
    assert lived.state["findings"] == []
    assert lived.state["lives"] == {10: 200, 100: 200}
    assert lived.state["tokens"] == Points(REQUESTED - BURNT)
    died_at: Counter[str] = Counter()
    for number in range(len(lived.hops)):
        played = driver.play(number)
        assert played.state == lived.state, f"died at hop {number}, {played.died_at}"
        if played.died_at is not None:
            died_at[played.died_at] += 1
    for number, name in enumerate(lived.hops * AGAIN):
        # What is read from the node when moves a hop by one place now and then.
        if name in died_at:
            continue
        again = driver.play(number % len(lived.hops))
        assert again.state == lived.state, f"died at {again.died_at}"
        died_at.update([] if again.died_at is None else [again.died_at])
    tell(f"killed at {sum(died_at.values())} of {len(lived.hops)} hops, one a run:")
    for name, count in sorted(died_at.items()):
        tell(f"{count:>3} x {name}")
    assert set(lived.hops) <= set(died_at), "a hop was never died at"
