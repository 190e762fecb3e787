"""`vklad up` and the processes it is made of: `serve`, `worker`, `scheduler`, `migrate`."""

from __future__ import annotations

import logging
import os
import threading

import typer
import uvicorn
from celery import signals
from celery.beat import Scheduler, Service
from fastapi import FastAPI
from rich.console import Console

from api.cli.logs import begin_logging
from api.composition import Composition, broker_url, compose, migrate_installation
from api.erasing import forget_again
from api.http.app import create_app
from api.settings import Settings, load_settings
from api.supervisor.errors import PartFailed
from api.supervisor.parts import STAGES, Installation
from api.supervisor.run import Supervisor
from api.supervisor.state import StateFolder
from api.tasks.app import ComposedPerProcess, add_tasks, create_celery
from api.tasks.relay import Relay
from api.tasks.schedule import JOBS, Job
from api.tasks.topics import TOPICS
from ledger.kernel.collector import collect_rarely


def up() -> None:
    """Start every part on this machine, watch them, and stop them all on Ctrl-C."""
    settings = load_settings()
    installation = Installation(settings, StateFolder(settings.state_folder))
    Supervisor(installation, STAGES, Console()).run()


def migrate_database() -> None:
    """Bring the database to the newest schema."""
    settings = load_settings()
    revision = migrate_installation(settings, StateFolder(settings.state_folder))
    typer.echo(f"The database is at revision {revision}.")


def serve() -> None:
    """Serve the API and the pages."""
    settings = load_settings()
    _forget_again(settings)
    uvicorn.run(
        "api.cli.up:http_application",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.api_processes,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
    )


def http_application() -> FastAPI:
    """What each API process serves."""
    settings = load_settings()
    _log(settings)
    app = create_app(compose(settings))
    collect_rarely()
    return app


def worker() -> None:
    """Run Celery's worker processes."""
    settings = load_settings()
    _log(settings)
    _forget_again(settings)
    state = StateFolder(settings.state_folder)
    state.prepare()
    app = create_celery(broker_url(settings, state), ())
    add_tasks(app, ComposedPerProcess(_composed), TOPICS, _jobs(settings))

    def ready(**_: object) -> None:
        state.ready("worker").touch()

    signals.worker_ready.connect(ready, weak=False)
    collect_rarely()  # A replay makes much that lasts until a member is done, and no cycles.
    app.worker_main(
        [
            *("worker", "--pool", "prefork", "--concurrency", str(settings.worker_processes)),
            *("--hostname", f"worker-{os.getpid()}@%h"),
            *("--without-gossip", "--without-mingle", "--loglevel", "INFO"),
        ]
    )


def scheduler() -> None:
    """Run Celery's beat and the relay that wakes workers."""
    settings = load_settings()
    _log(settings)
    composition = compose(settings)
    app = create_celery(broker_url(settings, composition.state), _jobs(settings))
    relay = Relay(composition.database, app, list(TOPICS), settings.worker_processes)
    beat = Service(app, scheduler_cls=Scheduler)
    stop = threading.Event()

    def relaying() -> None:
        try:
            relay.run(stop)
        finally:
            beat.stop()

    def ready(**_: object) -> None:
        composition.state.ready("scheduler").touch()

    signals.beat_init.connect(ready, weak=False)
    thread = threading.Thread(target=relaying, name="relay")
    thread.start()
    try:
        beat.start()
    finally:
        relay_ended = not thread.is_alive()
        stop.set()
        thread.join()
    if relay_ended:
        raise PartFailed("The relay ended; its error is above.", part="scheduler")


def _forget_again(settings: Settings) -> None:
    composition = compose(settings)
    forget_again(composition.database, composition.state)
    composition.close()


def _log(settings: Settings) -> None:
    begin_logging()
    if settings.debug:
        logging.getLogger("sqlalchemy.engine").setLevel(logging.INFO)
        return
    for each_task in ("celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(each_task).setLevel(logging.WARNING)


def _composed() -> Composition:
    return compose(load_settings())


def _jobs(settings: Settings) -> list[Job]:
    has_chain = settings.chain == "on"
    return [job for job in JOBS if has_chain or not job.needs_chain]
