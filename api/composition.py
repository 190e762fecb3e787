"""The composition root: builds what entry points need from the settings, opening nothing.

Every process of an installation (API, worker, scheduler, CLI) composes its own. Where a setting
names no remote part, the embedded one is meant, found by what the state folder remembers; whether
it runs is seen at the first use.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from pydantic import SecretStr

from api.branding import brand_of, catalogue_for
from api.i18n.catalogue import Catalogue
from api.migrations.runner import migrate, require_newest
from api.settings import ChainSwitch, Settings
from api.supervisor.anvil import HOST, embedded_chain_port
from api.supervisor.postgres import APPLICATION, MIGRATOR, WATCHER, PostgresServer
from api.supervisor.state import StateFolder
from api.supervisor.valkey import ValkeyServer
from ledger.kernel.transaction import Database, connect

_DRIVER: Final = "postgresql+psycopg"


@dataclass(frozen=True, slots=True)
class Composition:
    """What one process works with."""

    settings: Settings
    state: StateFolder
    database: Database
    catalogue: Catalogue
    secret: bytes
    """Signs cursors and short-lived cookies; at least 32 bytes."""

    @property
    def public_url(self) -> str:
        """Origin under which people reach us, without a slash at the end."""
        return self.settings.origin

    @property
    def chain_is_on(self) -> bool:
        """Whether this installation has a chain."""
        return self.settings.chain is ChainSwitch.ON

    def close(self) -> None:
        """Give the connections back."""
        self.database.engine.dispose()


def compose(settings: Settings) -> Composition:
    """Everything one process needs; nothing is connected to yet."""
    state = StateFolder(settings.state_folder)
    state.prepare()
    secret = settings.secret.get_secret_value() if settings.secret else state.secret("api")
    return Composition(
        settings=settings,
        state=state,
        database=connect(database_url(settings, state), pool_size=settings.database_pool_size),
        catalogue=catalogue_for(settings, brand_of(settings)),
        secret=secret.encode(),
    )


def database_url(settings: Settings, state: StateFolder) -> str:
    """SQLAlchemy's URL for the application's role."""
    if settings.database_url is not None:
        return _with_driver(settings.database_url)
    return PostgresServer.of(state).url(APPLICATION)


def watcher_database_url(settings: Settings, state: StateFolder) -> str:
    """SQLAlchemy's URL for the watcher's role.

    With a remote database and no URL for that role it is the application's.
    """
    if settings.watcher_database_url is not None:
        return _with_driver(settings.watcher_database_url)
    if settings.database_url is not None:
        return database_url(settings, state)
    return PostgresServer.of(state).url(WATCHER)


def migration_database_url(settings: Settings, state: StateFolder) -> str | None:
    """SQLAlchemy's URL for the role that owns the database.

    ``None`` with a remote database whose owner is not ours to be: someone else migrates it.
    """
    if settings.migration_database_url is not None:
        return _with_driver(settings.migration_database_url)
    return PostgresServer.of(state).url(MIGRATOR) if settings.database_url is None else None


def migrate_installation(settings: Settings, state: StateFolder) -> str:
    """Bring the database to the newest schema, or make sure that somebody else did.

    Raises:
        SchemaBehind: the database is remote, its owner is not ours to be, and it is not newest.
    """
    owner = migration_database_url(settings, state)
    if owner is not None:
        user = sa.make_url(database_url(settings, state)).username
        watcher = settings.watcher_database_url
        reader = sa.make_url(watcher.get_secret_value()).username if watcher else None
        return migrate(owner, user or APPLICATION, reader or WATCHER)
    database = connect(database_url(settings, state), pool_size=1)
    try:
        with database.read() as work:
            return require_newest(work.connection)
    finally:
        database.engine.dispose()


def broker_url(settings: Settings, state: StateFolder) -> str:
    """Celery's broker URL."""
    if settings.broker_url is not None:
        return settings.broker_url.get_secret_value()
    return ValkeyServer.of(state).url()


def chain_rpc_urls(settings: Settings, state: StateFolder) -> tuple[str, ...]:
    """JSON-RPC endpoints of the chain, none if there is no chain."""
    if settings.chain is ChainSwitch.OFF:
        return ()
    return settings.chain_rpc_urls or (f"http://{HOST}:{embedded_chain_port(state)}",)


def _with_driver(url: SecretStr) -> str:
    made = sa.make_url(url.get_secret_value()).set(drivername=_DRIVER)
    return made.render_as_string(hide_password=False)
