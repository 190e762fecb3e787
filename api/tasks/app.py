"""The Celery application: two tasks, JSON only, no results kept.

    relay ──"drain topic, part"──▶ queue `drain` ─┐
    beat  ──"run job"───────────▶ queue `jobs`  ──┴─▶ worker processes ─▶ handlers, jobs

Messages carry names, never facts: what is to be done is read from the database, so a message may be
lost, doubled or late.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from celery import Celery
from kombu import Connection, Exchange, Queue
from kombu.exceptions import KombuError, OperationalError

from api.composition import Composition
from api.tasks.schedule import Job
from api.tasks.topics import Handler
from ledger.kernel import outbox
from ledger.kernel.transaction import DatabaseUnavailable

DRAIN_QUEUE: Final = "drain"
JOB_QUEUE: Final = "jobs"
DRAIN: Final = "vklad.drain"
RUN_JOB: Final = "vklad.run_job"
TASK_TIME_LIMIT_S: Final = 900
MESSAGE_EXPIRES_S: Final = 60
DRAIN_ROUNDS_MAX: Final = 20
_BROKER_TIMEOUT_S: Final = 5
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Each job runs at once when beat starts, else a daily one would never run on a machine that is
switched off at night."""

_logger = logging.getLogger(__name__)


class ComposedPerProcess:
    """One composition for each process: connections do not survive a fork."""

    def __init__(self, build: Callable[[], Composition]) -> None:
        self._build = build
        self._composition: Composition | None = None
        self._pid = 0

    def get(self) -> Composition:
        """The composition of this process, built at the first call."""
        if self._composition is None or self._pid != os.getpid():
            self._composition, self._pid = self._build(), os.getpid()
        return self._composition


def create_celery(broker_url: str, jobs: Sequence[Job]) -> Celery:
    """The application without tasks: enough to send messages, and for beat."""
    app = Celery("vklad", broker=broker_url, set_as_current=False)
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        task_ignore_result=True,
        task_default_queue=JOB_QUEUE,
        task_queues=[
            Queue(name, Exchange(name), routing_key=name) for name in (DRAIN_QUEUE, JOB_QUEUE)
        ],
        task_time_limit=TASK_TIME_LIMIT_S,
        timezone="UTC",
        enable_utc=True,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_send_task_events=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=_BROKER_TIMEOUT_S,
        broker_transport_options={"socket_timeout": 30, "socket_connect_timeout": 5},
        beat_max_loop_interval=1,
        beat_schedule={
            job.name: {
                "task": RUN_JOB,
                "schedule": job.every_s,
                "last_run_at": _LONG_AGO,
                "args": [job.name],
                "options": {"queue": JOB_QUEUE, "expires": max(2 * job.every_s, 10)},
            }
            for job in jobs
        },
    )
    return app


def reach_broker(url: str) -> None:
    """Connect to the broker once.

    Raises:
        OSError: it does not answer, or not to us.
    """
    try:
        with Connection(url, connect_timeout=_BROKER_TIMEOUT_S) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=_BROKER_TIMEOUT_S)
    except (KombuError, OperationalError) as error:
        raise OSError(str(error)) from error


def add_tasks(
    app: Celery,
    composed: ComposedPerProcess,
    topics: Mapping[str, Handler],
    jobs: Sequence[Job],
) -> None:
    """Give ``app`` the tasks that a worker runs."""
    jobs_by_name = {job.name: job for job in jobs}

    def drain(topic: str, index: int, of: int) -> None:
        handler = topics.get(topic)
        if handler is None:
            _logger.error("No handler for outbox topic %r; is a worker out of date?", topic)
            return
        drain_topic(composed.get(), topic, handler, outbox.Part(index, of))

    def run_job(name: str) -> None:
        job = jobs_by_name.get(name)
        if job is None:
            _logger.error("No job %r; is a worker out of date?", name)
            return
        try:
            job.run(composed.get())
        except DatabaseUnavailable as error:
            _logger.warning("Job %s: %s", name, error)

    app.task(drain, name=DRAIN, shared=False)
    app.task(run_job, name=RUN_JOB, shared=False)


def drain_topic(
    composition: Composition, topic: str, handler: Handler, part: outbox.Part = outbox.WHOLE
) -> int:
    """Handle what waits on a topic, and what arrives meanwhile; the number of keys handled."""

    def handle(key: str) -> None:
        handler(composition, key)

    def report(key: str, error: Exception) -> None:
        _logger.error("Topic %s, key %s: %s", topic, key, error, exc_info=error)

    handled = 0
    for _ in range(DRAIN_ROUNDS_MAX):
        try:
            now = outbox.drain(composition.database, topic, handle, on_failure=report, part=part)
        except DatabaseUnavailable as error:
            _logger.warning("Topic %s: %s", topic, error)
            break
        handled += now
        if now == 0:
            break
    return handled
