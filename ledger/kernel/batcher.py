"""Group commit: commands of concurrent callers share one transaction.

While one batch is being committed the next one gathers, so nobody waits on a timer: alone, a
command is its own batch; under load the cost of a commit is shared. A caller has its answer only
after the COMMIT. A refused command leaves no trace and fails nobody else; if the shared transaction
itself fails, each command is tried again alone, so that only the one to blame gets the error;
not where the database is away or too busy, which each alone would only wait for again.

    submit ─▶ waiting ─▶ [ batch: one transaction ] ─commit─▶ answers
                              │ failed as a whole
                              └─▶ each alone ─▶ its answer or its error

For paths that were measured to need it (event ingestion); everything else calls ``execute``.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.transaction import Database, DatabaseUnavailable, TooContended, Work, execute

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


@dataclass(frozen=True, slots=True, eq=False)
class _OnThread(Generic[_Command, _Answer]):
    """A command whose caller holds a future."""

    command: _Command
    future: Future[_Answer]


@dataclass(frozen=True, slots=True, eq=False)
class _OnLoop(Generic[_Command, _Answer]):
    """A command whose caller waits on an event loop."""

    command: _Command
    loop: asyncio.AbstractEventLoop
    waiter: asyncio.Future[_Answer]


_Waiting = _OnThread[_Command, _Answer] | _OnLoop[_Command, _Answer]


class MicroBatcher(Generic[_Command, _Answer]):
    """Threads that commit what callers of all others hand them.

    With more than one, the next batch is worked out while the one before is written; then commands
    of different batches take effect in any order.
    """

    def __init__(
        self,
        database: Database,
        step: BatchStep[_Command, _Answer],
        *,
        batch_max: int = BATCH_MAX,
        waiting_max: int = WAITING_MAX,
        threads: int = 1,
    ) -> None:
        self._database = database
        self._step = step
        self._batch_max = batch_max
        self._waiting_max = waiting_max
        self._waiting: deque[_Waiting[_Command, _Answer]] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._run, name="micro-batcher", daemon=True)
            for _ in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, command: _Command) -> Future[_Answer]:
        """A future that resolves after the commit: the answer, the refusal or the failure.

        Raises:
            TooManyWaiting: ``waiting_max`` commands wait already.
            BatcherClosed: after :meth:`close`.
        """
        future: Future[_Answer] = Future()
        self._enqueue(_OnThread(command, future))
        return future

    def call(self, command: _Command) -> _Answer:
        """Submit and wait, on a thread."""
        return self.submit(command).result()

    async def call_async(self, command: _Command) -> _Answer:
        """Submit and wait, on an event loop. A caller that goes away undoes nothing."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[_Answer] = loop.create_future()
        self._enqueue(_OnLoop(command, loop, waiter))
        return await waiter

    def close(self) -> None:
        """Commit what waits, then stop."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _enqueue(self, one: _Waiting[_Command, _Answer]) -> None:
        with self._changed:
            if self._closed:
                raise BatcherClosed("The service is stopping. Try again in a moment.")
            if len(self._waiting) >= self._waiting_max:
                raise TooManyWaiting(
                    f"{self._waiting_max} requests wait already. Try again in a moment.",
                    waiting_max=self._waiting_max,
                )
            self._waiting.append(one)
            self._changed.notify()

    def _run(self) -> None:
        while batch := self._next_batch():
            try:
                self._commit(batch)
            except Exception as error:  # noqa: BLE001 - the thread's entry: callers must hear
                _tell((one, error) for one in batch)

    def _next_batch(self) -> list[_Waiting[_Command, _Answer]]:
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                size = min(self._batch_max, len(self._waiting))
                taken = [self._waiting.popleft() for _ in range(size)]
                wanted = [one for one in taken if _is_wanted(one)]
                if wanted or (self._closed and not self._waiting):
                    return wanted

    def _commit(self, batch: list[_Waiting[_Command, _Answer]]) -> None:
        try:
            answers = execute(self._database, self._step, [one.command for one in batch])
        except (DatabaseUnavailable, TooContended):
            raise
        except Exception:
            if len(batch) == 1:
                raise
            for one in batch:
                self._commit_alone(one)
            return
        assert len(answers) == len(batch), "a step answers each command"
        _tell(zip(batch, answers, strict=True))

    def _commit_alone(self, one: _Waiting[_Command, _Answer]) -> None:
        try:
            self._commit([one])
        except Exception as error:  # noqa: BLE001 - this caller's failure, and nobody else's
            _tell([(one, error)])


def _is_wanted(one: _Waiting[_Command, _Answer]) -> bool:
    """False for a future that was cancelled before its turn; one that is not, no longer can be."""
    return isinstance(one, _OnLoop) or one.future.set_running_or_notify_cancel()


def _tell(answers: Iterable[tuple[_Waiting[_Command, _Answer], _Answer | Exception]]) -> None:
    """Give each caller the answer or the error; an event loop is woken once for all of its own."""
    by_loop: dict[
        asyncio.AbstractEventLoop, list[tuple[asyncio.Future[_Answer], _Answer | Exception]]
    ] = {}
    for one, answer in answers:
        if isinstance(one, _OnLoop):
            by_loop.setdefault(one.loop, []).append((one.waiter, answer))
        elif isinstance(answer, Exception):
            if not one.future.done():
                one.future.set_exception(answer)
        else:
            one.future.set_result(answer)
    for loop, told in by_loop.items():
        with contextlib.suppress(RuntimeError):  # The loop was closed: nobody waits on it.
            loop.call_soon_threadsafe(_wake, told)


def _wake(told: Sequence[tuple[asyncio.Future[_Answer], _Answer | Exception]]) -> None:
    for waiter, answer in told:
        if waiter.done():
            continue  # Its caller went away.
        if isinstance(answer, Exception):
            waiter.set_exception(answer)
        else:
            waiter.set_result(answer)


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
