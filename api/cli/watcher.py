"""`vklad watcher`: the process that checks every batch and may veto it, by itself.

Its own key, its own node (`VKLAD_WATCHER_RPC_URL`), and a role of its own in the database
(`VKLAD_WATCHER_DATABASE_URL`) that can only read.
"""

from __future__ import annotations

import logging
import signal
import threading
from dataclasses import replace
from types import FrameType
from typing import Final

from api.bridging import LOCAL_STUCK_AFTER, is_local
from api.chain import chain_urls, deployment_of, open_endpoint, open_signer
from api.cli.logs import begin_logging
from api.composition import watcher_database_url
from api.settings import Settings, load_settings
from api.supervisor.state import StateFolder
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.transaction import Database, connect
from oracle.sender.model import SenderPolicy, SenderRole
from oracle.watcher.sending import WatcherSender
from oracle.watcher.service import Watcher

LOOK_EVERY_S: Final = 1.0
_logger = logging.getLogger(__name__)


def watcher() -> None:
    """Recompute every batch from the journal, veto what cannot be, and say that somebody looks."""
    begin_logging()
    settings = load_settings()
    state = StateFolder(settings.state_folder)
    stop = threading.Event()
    _stop_on_signals(stop)
    database = read_only(settings, state)
    state.ready("watcher").touch()
    try:
        run(settings, state, database, stop)
    finally:
        database.engine.dispose()


def run(settings: Settings, state: StateFolder, database: Database, stop: threading.Event) -> None:
    """Look until told to stop. What cannot be looked at now is looked at in a second.

    Why not is said when it begins and when it changes, not each second.
    """
    watching: Watcher | None = None
    said: str | None = None
    while not stop.is_set():
        try:
            if watching is None:
                watching = open_watcher(settings, state, database)
            _report(watching)
            if said is not None:
                _logger.info("Watching again.")
            said = None
        except VkladError as error:
            if error.kind not in {ErrorKind.UNAVAILABLE, ErrorKind.CONFLICT}:
                raise
            watching = None
            if error.message != said:
                _logger.warning("%s", error.message)
            said = error.message
        stop.wait(LOOK_EVERY_S)


def open_watcher(settings: Settings, state: StateFolder, database: Database) -> Watcher:
    """The watcher of an installation's chain.

    Raises:
        NotDeployed: its node has no contracts of ours.
    """
    chain = open_endpoint(settings, _rpc_url(settings, state))
    deployment = deployment_of(chain, state)
    local = is_local(deployment)
    policy = SenderPolicy(stuck_after=LOCAL_STUCK_AFTER) if local else SenderPolicy()
    signer = open_signer(settings, state, (SenderRole.WATCHER,))
    return Watcher(
        database,
        chain,
        WatcherSender(signer, deployment.chain_id, policy),
        deployment.address("PointsBridge"),
    )


def _report(watching: Watcher) -> None:
    seen = watching.look()
    for sequence, sentences in seen.vetoed.items():
        _logger.error("Batch %d vetoed: %s", sequence, " ".join(sentences))


def _rpc_url(settings: Settings, state: StateFolder) -> str:
    if settings.watcher_rpc_url is not None:
        return settings.watcher_rpc_url.get_secret_value()
    return chain_urls(settings, state)[0]


def read_only(settings: Settings, state: StateFolder) -> Database:
    """The installation's database as the watcher may use it."""
    return read_only_copy(connect(watcher_database_url(settings, state), pool_size=1))


def read_only_copy(database: Database) -> Database:
    """The database, in sessions that PostgreSQL itself keeps from writing."""
    return replace(database, engine=database.engine.execution_options(postgresql_readonly=True))


def _stop_on_signals(stop: threading.Event) -> None:
    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
