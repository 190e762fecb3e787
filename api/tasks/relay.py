"""Tells workers to look when rows wait in the outbox.

    every POLL_S:  rows due? ──no──▶ nothing
                      │yes
                   a look still in the queue? ──yes──▶ nothing: workers are busy
                      │no
                   send "drain topic, part i of n"

It keeps no memory of what it sent: as long as rows wait, it sends again, so nothing depends on a
message arriving. With the broker down it waits for it; the API goes on accepting.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import Final

from celery import Celery
from kombu import Connection
from kombu.exceptions import KombuError, OperationalError

from api.tasks.app import DRAIN, DRAIN_QUEUE, MESSAGE_EXPIRES_S
from ledger.kernel import outbox
from ledger.kernel.transaction import Database, DatabaseUnavailable

POLL_S: Final = 0.05
PAUSE_AFTER_FAILURE_S: Final = 1.0
KEYS_FOR_ONE_LOOK: Final = 32
"""Up to so many waiting rows are left to one worker."""


class Relay:
    """One loop; several on several hosts do no harm."""

    def __init__(
        self, database: Database, app: Celery, topics: Sequence[str], workers: int
    ) -> None:
        self._database = database
        self._app = app
        self._topics = tuple(topics)
        self._workers = workers
        self._logger = logging.getLogger(__name__)

    def run(self, stop: threading.Event) -> None:
        """Relay until ``stop`` is set."""
        pause_s = POLL_S
        while not stop.wait(pause_s):
            pause_s = POLL_S
            try:
                with self._app.connection_for_write() as connection:
                    while not stop.wait(POLL_S):
                        self.look(connection)
            except (KombuError, OperationalError, OSError, DatabaseUnavailable) as error:
                self._logger.warning("Waiting for broker or database: %s", error)
                pause_s = PAUSE_AFTER_FAILURE_S

    def look(self, connection: Connection) -> int:
        """One round; the number of messages sent."""
        with self._database.read() as work:
            waiting = outbox.waiting_rows(work, self._topics)
        sent = 0
        if waiting and _messages(connection) == 0:
            for topic, rows in waiting.items():
                looks = 1 if rows <= KEYS_FOR_ONE_LOOK else self._workers
                for index in range(looks):
                    self._app.send_task(
                        DRAIN,
                        args=[topic, index, looks],
                        queue=DRAIN_QUEUE,
                        expires=MESSAGE_EXPIRES_S,
                        connection=connection,
                        retry=False,
                    )
                    sent += 1
        return sent


def _messages(connection: Connection) -> int:
    count: int = connection.default_channel.queue_declare(DRAIN_QUEUE).message_count
    return count
