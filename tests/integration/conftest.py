"""Real parts for integration tests: PostgreSQL, Valkey and Anvil, started once a session.

Each test gets a database of its own, copied from a template that was migrated once. The server of
the session runs without fsync, which is fine for all but tests of crashes: those start their own.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from api.migrations.runner import migrate
from api.supervisor import postgres as pg
from api.supervisor.anvil import AnvilNode, free_port
from api.supervisor.process import start, wait_healthy
from api.supervisor.state import StateFolder
from api.supervisor.valkey import ValkeyServer
from ledger.kernel.transaction import Database, connect
from oracle.contracts.toolchain import ToolMissing

_LONG: Final = ("test_crash_driver.py", "test_every_byte.py", "test_random_histories.py")
_NAMES = (f"test_{number}" for number in itertools.count(1))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first, so that of several workers none is left alone with one at the end."""
    items.sort(key=lambda item: item.path.name not in _LONG)


@dataclass(frozen=True)
class TestDatabase:
    """One database of the session's server: its URLs for both roles."""

    __test__ = False

    name: str
    app_url: str
    migrator_url: str


@pytest.fixture(scope="session")
def state_folder() -> Iterator[StateFolder]:
    path = Path(tempfile.mkdtemp(prefix="vklad-test-"))
    state = StateFolder(path)
    state.prepare()
    yield state
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server(state_folder: StateFolder) -> Iterator[pg.PostgresServer]:
    server = pg.PostgresServer.of(state_folder)
    server.initialise()
    process = start(server.program(**pg.UNSAFE_BUT_QUICK))
    try:
        wait_healthy(process, server.healthy, 60)
        server.create_roles()
        yield server
    finally:
        process.stop()


@pytest.fixture(scope="session")
def template_database(postgres_server: pg.PostgresServer) -> str:
    postgres_server.create_database("vklad_template")
    migrate(postgres_server.url(pg.MIGRATOR, "vklad_template"))
    return "vklad_template"


@pytest.fixture
def test_database(
    postgres_server: pg.PostgresServer, template_database: str
) -> Iterator[TestDatabase]:
    """A fresh migrated database."""
    name = next(_NAMES)
    postgres_server.create_database(name, template_database)
    yield TestDatabase(
        name, postgres_server.url(pg.APPLICATION, name), postgres_server.url(pg.MIGRATOR, name)
    )
    postgres_server.drop_database(name)


@pytest.fixture
def database(test_database: TestDatabase) -> Iterator[Database]:
    """The fresh database as the application's role sees it."""
    database = connect(test_database.app_url)
    yield database
    database.engine.dispose()


@pytest.fixture
def migrator_url(test_database: TestDatabase) -> str:
    """The URL of the same database for the role that owns it."""
    return test_database.migrator_url


@pytest.fixture(scope="session")
def valkey(state_folder: StateFolder) -> Iterator[ValkeyServer]:
    """A broker; `.url()` is Celery's."""
    server = ValkeyServer.of(state_folder)
    process = start(server.program())
    try:
        wait_healthy(process, server.healthy, 20)
        yield server
    finally:
        process.stop()


@pytest.fixture(scope="session")
def anvil(state_folder: StateFolder) -> Iterator[AnvilNode]:
    """A local chain; `.url`, and `.account(index)` for keys with a balance."""
    try:
        node = AnvilNode.of(state_folder)
    except ToolMissing as error:
        pytest.fail(f"{error} (scripts/test does that).")
    process = start(node.program())
    try:
        wait_healthy(process, node.healthy, 30)
        node.fund()
        yield node
    finally:
        process.stop()


@pytest.fixture
def fresh_anvil(tmp_path: Path) -> Iterator[AnvilNode]:
    """A chain of the test's own, for reorgs and restarts."""
    state = StateFolder(tmp_path / "state")
    state.prepare()
    state.remember("chain_port", str(free_port()))
    node = AnvilNode.of(state)
    process = start(node.program())
    try:
        wait_healthy(process, node.healthy, 30)
        node.fund()
        yield node
    finally:
        process.stop()
