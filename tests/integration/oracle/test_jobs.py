"""The periodic jobs and the command line over a composed installation, on a real chain."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from typer.testing import CliRunner

import api.bridging as composed
from api.bridging import bridging_of, recorded_deployment
from api.chain import KEY_INDEX, NotDeployed
from api.cli import chain_operations, watcher
from api.cli.main import app
from api.composition import Composition
from api.i18n.catalogue import load_catalogue
from api.settings import Settings
from api.supervisor import postgres as pg
from api.supervisor.state import StateFolder
from api.tasks import oracle as jobs
from ledger.kernel.transaction import Work, connect, execute
from ledger.kernel.units import Points
from ledger.members import store as members_store
from ledger.members.model import Role
from oracle.bindings import points_bridge
from oracle.bridge import redeeming_store, resets, resets_store, service, stops
from oracle.bridge.model import Stage, StopReason
from oracle.bridge.service import require_chain
from oracle.chain.port import BlockTag, read
from oracle.chain.signer import write_key
from oracle.deployment.service import record_path, write_record
from oracle.indexer import store as indexer_store
from oracle.indexer.model import EndpointsDisagree
from oracle.watcher.store import READ_TABLES
from tests.integration.conftest import TestDatabase
from tests.support.bridge import World
from tests.support.chain_nodes import ChainNode, running_node
from tests.support.http import ORIGIN, SECRET

TURNS_MAX = 60


@pytest.fixture
def composition(world: World, tmp_path: Path) -> Composition:
    """An installation whose keys and contracts are the world's."""
    folder = tmp_path / "state"
    state = StateFolder(folder)
    state.prepare()
    write_record(record_path(folder / "deployments", world.chain), world.contracts.deployment)
    password = state.secret("keystore_password")
    for role in KEY_INDEX:
        write_key(folder / "keys", role, password, world.contracts.keys.by_role[role])
    settings = Settings(
        public_url=ORIGIN,
        state_folder=folder,
        chain_rpc_url=world.contracts.node.url,
        chain_finality_depth=1,
    )
    return Composition(settings, state, world.database, load_catalogue(), SECRET)


@pytest.fixture
def request_id(world: World, composition: Composition) -> UUID:
    """A request made as a route would."""
    member = world.member(100)
    world.link(member)
    with world.database.read() as work:
        bridging = bridging_of(composition, work)
    command = service.RequestTokens(member, Points(60))
    return execute(world.database, bridging.request, command).request_id


def at_once(composition: Composition, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks are mined by the test, so none has to be old to be final."""
    monkeypatch.setattr(composed, "LOCAL_FINALITY_AGE", timedelta(0))
    monkeypatch.setattr(
        composed, "TRIAL_POLICY", replace(composed.TRIAL_POLICY, batch_after=timedelta(0))
    )


def minted_by_jobs(world: World, composition: Composition, request_id: UUID) -> None:
    for _ in range(TURNS_MAX):
        jobs.tick(composition)
        if world.stage(request_id) is Stage.MINTED:
            return
        world.look()
        world.mine()
    raise AssertionError("never minted")


def test_the_jobs_carry_a_request_over(
    world: World,
    composition: Composition,
    request_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at_once(composition, monkeypatch)
    minted_by_jobs(world, composition, request_id)
    jobs.reserve_check(composition)
    with world.database.read() as work:
        assert redeeming_store.stops(work) == []
        key = work.connection.execute(
            sa.text("SELECT key FROM outbox WHERE topic = 'bridge_intents' LIMIT 1")
        ).scalar_one()
    jobs.on_bridge_intent(composition, key)
    jobs.on_bridge_intent(composition, key)


def test_two_workers_at_once_do_nothing_twice(
    world: World,
    composition: Composition,
    request_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at_once(composition, monkeypatch)
    for _ in range(TURNS_MAX):
        if world.stage(request_id) is Stage.MINTED:
            break
        workers = [threading.Thread(target=jobs.tick, args=(composition,)) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        world.look()
        world.mine()
    assert world.stage(request_id) is Stage.MINTED
    jobs.reserve_check(composition)
    with world.database.read() as work:
        assert redeeming_store.stops(work) == []
        made = work.connection.execute(
            sa.text("SELECT kind, state FROM intents ORDER BY kind")
        ).all()
    assert [tuple(row) for row in made] == [
        ("bridge.commitBatch", "finalized"),
        ("bridge.executeBatch", "finalized"),
    ]


def test_a_replaced_chain_stops_the_bridge_in_plain_words(
    world: World, composition: Composition
) -> None:
    with world.database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE chains SET genesis_hash = sha256('x')"))
    jobs.tick(composition)
    with world.database.read() as work:
        (stop,) = redeeming_store.stops(work)
    assert stop.reason is StopReason.OTHER_CHAIN
    assert "another chain than this database knows" in stop.message
    for path in (composition.state.path / "deployments").iterdir():
        path.unlink()
    with pytest.raises(NotDeployed):
        jobs.indexer_tick(composition)
    with world.database.read() as work, pytest.raises(NotDeployed):
        recorded_deployment(composition.state, require_chain(work))


def test_when_the_chain_is_back_its_stop_lifts_itself(
    world: World, composition: Composition
) -> None:
    with world.database.engine.begin() as connection:
        (genesis,) = connection.execute(sa.text("SELECT genesis_hash FROM chains")).one()
        connection.execute(sa.text("UPDATE chains SET genesis_hash = sha256('x')"))
    jobs.tick(composition)
    with world.database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE chains SET genesis_hash = :hash"), {"hash": genesis})
    jobs.tick(composition)
    with world.database.read() as work:
        assert redeeming_store.stops(work) == []


def test_a_burn_that_waits_does_not_keep_the_bridge_standing_when_the_chain_is_back(
    world: World,
    composition: Composition,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at_once(composition, monkeypatch)
    member = world.member(100)
    wallet = world.link(member)
    minted_by_jobs(world, composition, world.request(member, 60))
    call = points_bridge.redeem(20 * 10**18, world.reference(member, 20).reference)
    world.send_as(wallet, world.bridge, call.calldata)
    jobs.indexer_tick(composition)
    world.mine()
    world.mine()
    with world.database.engine.begin() as connection:
        (genesis,) = connection.execute(sa.text("SELECT genesis_hash FROM chains")).one()
        connection.execute(sa.text("UPDATE chains SET genesis_hash = sha256('x')"))
    jobs.tick(composition)
    with world.database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE chains SET genesis_hash = :hash"), {"hash": genesis})
    jobs.tick(composition)
    with world.database.read() as work:
        assert redeeming_store.stops(work) == []
    assert world.available(member) == 100 - 60 + 20


def test_a_node_that_is_down_fails_no_job(world: World, composition: Composition) -> None:
    down = replace(
        composition,
        settings=composition.settings.model_copy(
            update={"chain_rpc_url": SecretStr("http://127.0.0.1:9")}
        ),
    )
    jobs.tick(down)
    jobs.reserve_check(down)
    with world.database.read() as work:
        assert redeeming_store.stops(work) == []


def test_a_node_of_another_id_than_stated_stops_the_bridge_until_it_is_right(
    world: World, composition: Composition
) -> None:
    jobs.tick(composition)
    wrong = replace(composition, settings=composition.settings.model_copy(update={"chain_id": 1}))
    jobs.tick(wrong)
    with world.database.read() as work:
        (stop,) = redeeming_store.stops(work)
    assert stop.reason is StopReason.OTHER_CHAIN
    jobs.tick(composition)
    with world.database.read() as work:
        assert redeeming_store.stops(work) == []


@pytest.fixture
def other_node() -> Iterator[ChainNode]:
    """A node of this test's own, whose hundred blocks are nobody else's."""
    with running_node("anvil") as node:
        node.rpc("anvil_mine", "0x64")
        yield node


def test_two_endpoints_that_disagree_credit_nothing(
    world: World,
    composition: Composition,
    request_id: UUID,
    other_node: ChainNode,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at_once(composition, monkeypatch)
    both = f"{world.contracts.node.url},{other_node.url}"
    settings = composition.settings.model_copy(update={"chain_rpc_url": SecretStr(both)})
    with_both = replace(composition, settings=settings)
    for _ in range(6):
        jobs.tick(with_both)
        world.look()
        world.mine()
    with pytest.raises(EndpointsDisagree):
        jobs.indexer_tick(with_both)
    with world.database.read() as work:
        (stop,) = redeeming_store.stops(work)
        known = require_chain(work)
        assert indexer_store.count_waiting(work, known.chain_key) > 0
    assert stop.reason is StopReason.ENDPOINTS_DISAGREE
    admin = world.member(0)
    execute(world.database, lambda work, _: stops.resume(work, admin, "one of them lied"), None)
    minted_by_jobs(world, composition, request_id)


def test_a_mismatch_stops_the_bridge(
    world: World,
    composition: Composition,
    request_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at_once(composition, monkeypatch)
    minted_by_jobs(world, composition, request_id)
    with world.database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE bridge_requests SET points = 59"))
    jobs.reserve_check(composition)
    with world.database.read() as work:
        (stop,) = redeeming_store.stops(work)
    assert stop.reason is StopReason.RESERVE_MISMATCH


@pytest.fixture
def watchers_url(postgres_server: pg.PostgresServer, test_database: TestDatabase) -> str:
    return postgres_server.url(pg.WATCHER, test_database.name)


def test_the_watcher_looks_until_it_is_told_to_stop(
    world: World, composition: Composition, watchers_url: str
) -> None:
    settings = composition.settings.model_copy(
        update={"watcher_database_url": SecretStr(watchers_url)}
    )
    database = watcher.read_only(settings, composition.state)
    stop = threading.Event()
    thread = threading.Thread(
        target=watcher.run, args=(composition.settings, composition.state, database, stop)
    )
    thread.start()
    try:
        world.until(lambda: _checked(world))
    finally:
        stop.set()
        thread.join(30)
        database.engine.dispose()
    assert not thread.is_alive()


def _checked(world: World) -> bool:
    world.watching = False
    alive = read(world.chain, world.bridge, points_bridge.watcher_alive_until(), BlockTag.LATEST)
    return alive > 0


def test_the_watchers_sessions_cannot_write(world: World) -> None:
    database = watcher.read_only_copy(world.database)
    with pytest.raises(sa.exc.InternalError, match="read-only transaction"):
        execute(
            database,
            lambda work, _: work.connection.execute(sa.text("DELETE FROM outbox")),
            None,
        )


def test_a_batch_is_checked_by_the_watchers_own_role(
    world: World, request_id: UUID, watchers_url: str
) -> None:
    database = watcher.read_only_copy(connect(watchers_url))
    world.watcher = replace(world.watcher, database=database)
    world.until(lambda: world.stage(request_id) is Stage.MINTED)
    assert world.vetoes == []
    database.engine.dispose()


def test_the_watchers_role_can_read_what_it_needs_and_do_nothing_else(
    world: World, watchers_url: str
) -> None:
    """Also in a session that asks for writing, as one in other hands would."""
    database = connect(watchers_url)
    with database.read() as work:
        for table in READ_TABLES:
            work.connection.execute(sa.text(f"SELECT * FROM {table} LIMIT 1"))
    with world.database.read() as work:
        others = set(sa.inspect(work.connection).get_table_names())
    refused = [
        *(f"UPDATE {table} SET {_column(world, table)} = NULL" for table in READ_TABLES),
        *(f"INSERT INTO {table} DEFAULT VALUES" for table in READ_TABLES),
        *(f"DELETE FROM {table}" for table in READ_TABLES),
        *(f"SELECT 1 FROM {table}" for table in others - set(READ_TABLES)),
        "SELECT nextval('outbox_outbox_id_seq')",
        "CREATE TABLE mine (it int)",
        "SET ROLE vklad_app",
    ]
    for statement in refused:
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
            execute(database, lambda work, said: work.connection.execute(sa.text(said)), statement)
    database.engine.dispose()


def _column(world: World, table: str) -> str:
    with world.database.read() as work:
        return str(sa.inspect(work.connection).get_columns(table)[0]["name"])


def test_reconcile_and_reset_on_the_command_line(
    world: World,
    composition: Composition,
    request_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chain_operations, "compose", lambda _: composition)
    monkeypatch.setattr(chain_operations, "load_settings", lambda: composition.settings)
    monkeypatch.setattr(chain_operations, "PAUSE_S", 0)
    world.turn()
    same = CliRunner().invoke(app, ["chain", "reconcile"])
    assert same.exit_code == 0, same.output
    assert "Both sides are equal." in same.output
    with world.database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE bridge_requests SET points = 59"))
    off = CliRunner().invoke(app, ["chain", "reconcile"])
    assert off.exit_code == 1
    assert "The ledger is off" in off.output
    with world.database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE bridge_requests SET points = 60"))

    first = CliRunner().invoke(app, ["chain", "reset"])
    assert first.exit_code == 1
    assert "1 requests get back 60 points" in first.output
    assert "2 more admins have to confirm." in first.output
    assert "goes on" in CliRunner().invoke(app, ["chain", "reset", "--forget"]).output
    CliRunner().invoke(app, ["chain", "reset"])
    with world.database.read() as work:
        prepared = resets_store.shown_reset(work)
    assert prepared is not None
    for _ in range(2):
        confirm(world, prepared)
    done = CliRunner().invoke(app, ["chain", "reset"])
    assert done.exit_code == 0, done.output
    assert "60 points of 1 requests are back" in done.output
    assert world.stage(request_id) is Stage.RETURNED


def confirm(world: World, prepared: resets_store.ChainReset) -> None:
    boss = world.member(0)

    def say_yes(work: Work, _: None) -> int:
        members_store.insert_role(work, boss, Role.ADMIN, None)
        members_store.grant_role(work, boss, Role.ADMIN, None)
        command = resets.ConfirmReset(prepared.reset_id, boss, prepared.content_digest)
        return resets.confirm(work, command)

    execute(world.database, say_yes, None)
