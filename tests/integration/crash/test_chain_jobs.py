"""Kill the worker in the jobs that need a chain and no bridge: votes, heads of the log, reserves.

Ballots signed by members wait for the relayer, the journal's head for the anchorer, and tokens
nobody escrowed for wait to be noticed. The bridge's own round trip is driven in ``oracle``.
"""

from __future__ import annotations

import multiprocessing
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.supervisor import postgres as pg
from ledger.kernel.transaction import Database, connect, execute
from ledger.lots import service as lots
from ledger.verify.service import JOURNAL_CHECKS, verify
from oracle.bindings import anchors as binding
from oracle.chain.port import BlockTag, read
from oracle.contracts.abi import address
from tests.conftest import DEEP, Tell, seeds_of_this_run
from tests.integration.crash import chain_worker, jobs_worker
from tests.integration.crash.chain_worker import KEYS, WORK, Errand
from tests.integration.crash.scenarios import SECRET
from tests.integration.governance.conftest import Places, places  # noqa: F401 - a fixture
from tests.support.chain_nodes import ChainNode, funded_account
from tests.support.governance import Community
from tests.support.guarding import WORDS
from tests.support.lots import a_lot

WORKER_TIMEOUT_S = 90
_STATE = {
    "ballots": "SELECT state, support, count(*) FROM ballots GROUP BY 1, 2 ORDER BY 1, 2",
    "intents": "SELECT kind, role, state, count(*) FROM intents GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
    "anchors": "SELECT number, tree_size, root FROM log_anchors ORDER BY 1",
    "stops": "SELECT reason FROM bridge_stops ORDER BY 1",
    "waiting": "SELECT topic, key FROM outbox WHERE done_at IS NULL",
}


@dataclass(frozen=True)
class Play:
    """How it ended; of the first worker the hops, what wrote, and where it died."""

    state: dict[str, object]
    hops: list[str]
    wrote: set[str]
    died_at: str | None


@dataclass
class Driver:
    """A school with votes under way that can be played any number of times."""

    server: pg.PostgresServer
    node: ChainNode
    community: Community
    folder: Path
    snapshot: str
    plays: int = 0

    def play(self, die_at: int | str | None) -> Play:
        """Play it once; if the first worker dies, another takes over."""
        self.plays += 1
        self.node.rpc("evm_revert", self.snapshot)
        self.snapshot = str(self.node.rpc("evm_snapshot"))
        name = f"chain_{self.plays}"
        self.server.create_database(name, "crash_votes")
        folder = self.folder / name
        shutil.copytree(self.community.composition.state.path, folder)
        database = connect(self.server.url(pg.APPLICATION, name))
        try:
            status = self._run(name, folder, die_at)
            lines = (folder / "diary").read_text().splitlines()
            hops = [line for line in lines if not line.startswith(jobs_worker.WROTE)]
            wrote = {line.removeprefix(jobs_worker.WROTE) for line in lines} - set(hops)
            died_at = None
            if status != 0:
                assert status == -signal.SIGKILL, f"the worker ended with {status}"
                died_at = hops[-1]
                assert self._run(name, folder, None) == 0
            return Play(self._state(database), hops, wrote, died_at)
        finally:
            database.engine.dispose()
            self.server.drop_database(name)
            shutil.rmtree(folder, ignore_errors=True)

    def _run(self, name: str, folder: Path, die_at: int | str | None) -> int | None:
        errand = Errand(
            settings={
                "VKLAD_DATABASE_URL": self.server.url(pg.APPLICATION, name).replace("+psycopg", ""),
                "VKLAD_STATE_FOLDER": str(folder),
                "VKLAD_CHAIN": "on",
                "VKLAD_CHAIN_RPC_URL": self.node.url,
                "VKLAD_CHAIN_FINALITY_DEPTH": "1",
                "VKLAD_CHAIN_MNEMONIC": WORDS,
                "VKLAD_LOG_ANCHOR_TRANSFERS": "1",
                "VKLAD_SECRET": SECRET,
            },
            block_number_first=self.community.deployment.block_number,
            die_at=die_at,
            diary=str(folder / "diary"),
        )
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([chain_worker.__name__])
        process = context.Process(target=chain_worker.run, args=(errand,))
        process.start()
        process.join(WORKER_TIMEOUT_S)
        assert not process.is_alive(), "the worker hangs"
        status = process.exitcode
        process.close()
        return status

    def _state(self, database: Database) -> dict[str, object]:
        chain = self.node.chain()
        with database.read() as work:
            state: dict[str, object] = {
                what: [tuple(row) for row in work.connection.execute(sa.text(query))]
                for what, query in _STATE.items()
            }
        contract = self.community.deployment.address("Anchors")
        state["heads on chain"] = read(chain, contract, binding.count(), BlockTag.LATEST)
        state["transactions"] = {
            role: chain.nonce(address(funded_account(index).address), BlockTag.LATEST)
            for role, index in KEYS.items()
        }
        state["findings"] = [str(each) for each in verify(database, JOURNAL_CHECKS).findings]
        return state


@pytest.fixture
def driver(
    postgres_server: pg.PostgresServer,
    template_database: str,
    places: Places,  # noqa: F811 - the fixture
    tmp_path: Path,
) -> Iterator[Driver]:
    place = places("anvil")
    before = str(place.node.rpc("evm_snapshot"))
    postgres_server.create_database("crash_votes", template_database)
    database = connect(postgres_server.url(pg.APPLICATION, "crash_votes"))
    community = Community.of(database, place.node, place.deployment, tmp_path / "state")
    community.all_delegate()
    proposal = community.opened(community.propose(community.voters[0]))
    for voter in community.voters[:3]:
        community.vote(voter, proposal)
    execute(database, lots.grant_lot, a_lot("a", 100, member=community.voters[0].member_id))
    database.engine.dispose()
    snapshot = str(place.node.rpc("evm_snapshot"))
    yield Driver(postgres_server, place.node, community, tmp_path, snapshot)
    place.node.rpc("evm_revert", before)
    postgres_server.drop_database("crash_votes")


def test_wherever_the_worker_dies_votes_and_heads_end_the_same(driver: Driver, tell: Tell) -> None:
    lived = driver.play(None)
    assert lived.state["findings"] == []
    assert lived.state["heads on chain"] == 1
    assert lived.wrote >= WORK, "something here has nothing to do"
    count = len(lived.hops)
    first = {hop: number for number, hop in reversed(list(enumerate(lived.hops)))}
    some = sorted(
        number
        for hop, number in first.items()
        if "broadcast" in hop or "_intents: after commit" in hop or "reserve_check: after" in hop
    )
    numbers = list(seeds_of_this_run(count, 0, 0)) if DEEP else some
    wanted = {lived.hops[number] for number in numbers}
    died_at: Counter[str] = Counter()
    for number in numbers:
        played = driver.play(number)
        assert played.state == lived.state, f"died at hop {number}, {played.died_at}"
        if played.died_at is not None:
            died_at[played.died_at] += 1
    for hop in sorted(wanted - set(died_at)):
        # Turns depend on the clock, so that numbers shift from life to life; names do not.
        played = driver.play(hop)
        assert played.state == lived.state, f"died at {hop}"
        died_at[hop] += played.died_at == hop
    tell(f"killed {died_at.total()} times, at {count} hops of the living run:")
    for hop, times in sorted(died_at.items()):
        tell(f"{times:>3} x {hop}")
    assert wanted <= set(+died_at), "a hop was never died at"
