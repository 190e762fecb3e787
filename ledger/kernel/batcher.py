"""Group commit: commands of concurrent callers share one transaction.

While one batch is being committed the next one gathers, so nobody waits on a timer: alone, a
command is its own batch; under load the cost of a commit is shared. A caller has its answer only
after the COMMIT. A refused command leaves no trace and fails nobody else; if the shared transaction
itself fails, each command is tried again alone, so that only the one to blame gets the error.

    submit ─▶ waiting ─▶ [ batch: one transaction ] ─commit─▶ answers
                              │ failed as a whole
                              └─▶ each alone ─▶ its answer or its error

For paths that were measured to need it (event ingestion); everything else calls ``execute``.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Final, Generic, TypeVar

from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.transaction import Database, DatabaseUnavailable, Work, execute

_Command = TypeVar("_Command")
_Answer = TypeVar("_Answer")

BATCH_MAX: Final = 500
WAITING_MAX: Final = 10_000

BatchStep = Callable[[Work, Sequence[_Command]], Sequence[_Answer | VkladError]]
"""Decides on all commands in one transaction: for each, in order, its answer or its refusal."""


class TooManyWaiting(VkladError):
    """The queue is full; nothing was written."""

    code = "too_many_waiting"
    kind = ErrorKind.UNAVAILABLE


class BatcherClosed(VkladError):
    """The process is stopping; nothing was written."""

    code = "shutting_down"
    kind = ErrorKind.UNAVAILABLE


class MicroBatcher(Generic[_Command, _Answer]):
    """One thread that commits what callers of all others hand it."""

    def __init__(
        self,
        database: Database,
        step: BatchStep[_Command, _Answer],
        *,
        batch_max: int = BATCH_MAX,
        waiting_max: int = WAITING_MAX,
    ) -> None:
        self._database = database
        self._step = step
        self._batch_max = batch_max
        self._waiting_max = waiting_max
        self._waiting: deque[tuple[_Command, Future[_Answer]]] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="micro-batcher", daemon=True)
        self._thread.start()

    def submit(self, command: _Command) -> Future[_Answer]:
        """A future that resolves after the commit: the answer, the refusal or the failure.

        Raises:
            TooManyWaiting: ``waiting_max`` commands wait already.
            BatcherClosed: after :meth:`close`.
        """
        future: Future[_Answer] = Future()
        with self._changed:
            if self._closed:
                raise BatcherClosed("The service is stopping. Try again in a moment.")
            if len(self._waiting) >= self._waiting_max:
                raise TooManyWaiting(
                    f"{self._waiting_max} requests wait already. Try again in a moment.",
                    waiting_max=self._waiting_max,
                )
            self._waiting.append((command, future))
            self._changed.notify()
        return future

    def call(self, command: _Command) -> _Answer:
        """Submit and wait, on a thread."""
        return self.submit(command).result()

    async def call_async(self, command: _Command) -> _Answer:
        """Submit and wait, on an event loop. A caller that goes away undoes nothing."""
        return await asyncio.shield(asyncio.wrap_future(self.submit(command)))

    def close(self) -> None:
        """Commit what waits, then stop."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while batch := self._next_batch():
            try:
                self._commit(batch)
            except Exception as error:  # noqa: BLE001 - the thread's entry: callers must hear
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)

    def _next_batch(self) -> list[tuple[_Command, Future[_Answer]]]:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            while True:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                size = min(self._batch_max, len(self._waiting))
                taken = [self._waiting.popleft() for _ in range(size)]
                wanted = [one for one in taken if one[1].set_running_or_notify_cancel()]
                if wanted or (self._closed and not self._waiting):
                    return wanted

    def _commit(self, batch: list[tuple[_Command, Future[_Answer]]]) -> None:
        try:
            answers = execute(self._database, self._step, [command for command, _ in batch])
        except DatabaseUnavailable:
            raise
        except Exception:
            if len(batch) == 1:
                raise
            for one in batch:
                self._commit_alone(one)
            return
        assert len(answers) == len(batch), "a step answers each command"
        for (_, future), answer in zip(batch, answers, strict=True):
            if isinstance(answer, VkladError):
                future.set_exception(answer)
            else:
                future.set_result(answer)

    def _commit_alone(self, one: tuple[_Command, Future[_Answer]]) -> None:
        try:
            self._commit([one])
        except Exception as error:  # noqa: BLE001 - this caller's failure, and nobody else's
            one[1].set_exception(error)


def one_by_one(use_case: Callable[[Work, _Command], _Answer]) -> BatchStep[_Command, _Answer]:
    """A batch step from a use case of one command: each in a savepoint, refused alone."""

    def step(work: Work, commands: Sequence[_Command]) -> list[_Answer | VkladError]:
        answers: list[_Answer | VkladError] = []
        for command in commands:
            savepoint = work.connection.begin_nested()
            try:
                answers.append(use_case(work, command))
            except VkladError as refusal:
                savepoint.rollback()
                answers.append(refusal)
            else:
                savepoint.commit()
        return answers

    return step
