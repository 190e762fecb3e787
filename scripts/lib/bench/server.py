"""A throw-away PostgreSQL for a bench, as safe as in production, migrated and empty."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from api.cli.ledger import CHECKS
from api.migrations.runner import migrate
from api.supervisor import postgres as pg
from api.supervisor.process import start, wait_healthy
from api.supervisor.state import StateFolder
from ledger.kernel.transaction import Database, connect
from ledger.verify.service import verify

SAFE: Final = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}

Say = Callable[[str], None]


@dataclass(frozen=True)
class BenchServer:
    """The server, and its first database as the application's role sees it."""

    state: StateFolder
    postgres: pg.PostgresServer
    database: Database

    @property
    def url(self) -> str:
        """Of the first database, for the application's role."""
        return self.postgres.url(pg.APPLICATION)

    def another_database(self, name: str) -> str:
        """The URL of one more empty database, for the role that owns it: a peer's."""
        self.postgres.create_database(name)
        return self.postgres.url(pg.MIGRATOR, name)

    def analyse(self) -> None:
        """Count what the tables hold, as PostgreSQL does by itself within a minute of a load."""
        owner = sa.create_engine(self.postgres.url(pg.MIGRATOR))
        with owner.begin() as connection:
            connection.execute(sa.text("ANALYZE"))
        owner.dispose()


@contextmanager
def running_server(say: Say) -> Iterator[BenchServer]:
    """Started, migrated; gone with its folder afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="vklad-bench-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        state = StateFolder(folder)
        state.prepare()
        server = pg.PostgresServer.of(state)
        say("starting PostgreSQL …")
        server.initialise()
        process = start(server.program(**SAFE))
        stack.callback(process.stop)
        wait_healthy(process, server.healthy, 60)
        server.create_roles()
        migrate(server.url(pg.MIGRATOR))
        database = connect(server.url(pg.APPLICATION))
        stack.callback(database.engine.dispose)
        yield BenchServer(state, server, database)


def faults_afterwards(database: Database, say: Say) -> list[str]:
    """What makes figures worthless: settings that are not safe, rules that do not hold."""
    faults = []
    with database.engine.connect() as connection:
        for setting, wanted in SAFE.items():
            value = connection.execute(sa.text(f"SHOW {setting}")).scalar_one()
            if value != wanted:
                faults.append(f"{setting} is {value}")
    say("verifying the ledger …")
    return faults + [str(finding) for finding in verify(database, CHECKS).findings]
