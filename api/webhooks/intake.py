"""Where events enter one process: remembered sources, and group commit for what they state.

A registration or secret is remembered for ``REMEMBERED_S``: so long a suspended source or an ended
secret may still be accepted. Nothing else is remembered.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar
from uuid import UUID

from starlette.concurrency import run_in_threadpool

from ledger.events import service
from ledger.events.admission import Gate
from ledger.events.errors import SourceSuspended
from ledger.events.model import (
    AcceptEvents,
    FactlessDelivery,
    IncomingEvent,
    OnConflict,
    Outcome,
    Source,
)
from ledger.events.sources import service as sources
from ledger.events.sources.model import OpenSource, SecretBox
from ledger.kernel.batcher import MicroBatcher
from ledger.kernel.keyed import KeyedHashes
from ledger.kernel.transaction import Database, Work, execute

_Found = TypeVar("_Found")

REMEMBERED_S: Final = 2.0
SINGLES_PER_COMMIT_MAX: Final = 500
BATCHES_PER_COMMIT_MAX: Final = 10
BATCH_THREADS: Final = 3
"""One works out the next batches while the database stores those of the others, for which it takes
longer than working them out does."""


class Intake:
    """The door for events of one process; open it once and close it at the end."""

    def __init__(
        self, database: Database, box: SecretBox, hashes: KeyedHashes | None = None
    ) -> None:
        """Without ``hashes`` nothing is kept of what tells devices and networks."""
        self.database = database
        self._hashes = hashes
        self._box = box
        self._by_name: Memory[OpenSource] = Memory()
        self._by_uri: Memory[Source] = Memory()
        accept = service.accept_many
        self._gates: dict[UUID, Gate] = {}
        self._singles = MicroBatcher(database, accept, batch_max=SINGLES_PER_COMMIT_MAX)
        self._batches = MicroBatcher(
            database, accept, batch_max=BATCHES_PER_COMMIT_MAX, threads=BATCH_THREADS
        )

    def begins_reading(self, name: str) -> bool:
        """Whether opening a source of this name begins to read a name never found here."""
        return self._by_name.begins_reading(name)

    async def open_source(self, name: str) -> OpenSource:
        """A source by name with its secrets.

        Raises:
            UnknownSource: there is none.
        """
        known = self._by_name.known(name)
        if known is not None:
            return known

        def read(work: Work) -> OpenSource:
            return sources.open_source(work, name, box=self._box)

        return await self._by_name.recall(name, lambda: self._read(read))

    async def source_at(self, uri: str) -> Source:
        """A source by address.

        Raises:
            UnknownSource: there is none.
            SourceHasNoDoor: it was made by an import.
        """
        known = self._by_uri.known(uri)
        if known is not None:
            return known

        def read(work: Work) -> Source:
            return sources.require_door(work, uri)

        return await self._by_uri.recall(uri, lambda: self._read(read))

    async def accept(
        self, source: Source, events: Sequence[IncomingEvent], on_conflict: OnConflict
    ) -> list[Outcome]:
        """Admit and store; the answer comes after the commit.

        Raises:
            SourceSuspended: the source is switched off.
            VkladError: see ``admission.admit`` and ``service.accept_many``.
        """
        if source.state != "active":
            raise SourceSuspended("This source is switched off.", name=source.name)
        admitted = self._gate(source).admit(events, self.database.clock.now())
        if not admitted:
            return []
        batcher = self._singles if len(admitted) == 1 else self._batches
        return await batcher.call_async(AcceptEvents(source, admitted, on_conflict))

    async def note(self, delivery: FactlessDelivery) -> None:
        """Show admins a delivery that left no fact."""
        await run_in_threadpool(execute, self.database, service.note_delivery, delivery)

    def forget(self) -> None:
        """Read every source anew: one was changed in this process."""
        self._by_name.clear()
        self._by_uri.clear()

    def close(self) -> None:
        """Commit what waits, then stop."""
        self._singles.close()
        self._batches.close()

    def _gate(self, source: Source) -> Gate:
        """The gate of this reading of the source: one each, as many as there are sources."""
        gate = self._gates.get(source.source_id)
        if gate is None or gate.source is not source:
            gate = self._gates[source.source_id] = Gate(source, hashes=self._hashes)
        return gate

    def _read(self, read: Callable[[Work], _Found]) -> _Found:
        with self.database.read() as work:
            return read(work)


class Memory(Generic[_Found]):
    """What was read lately, by key. Only what exists is kept, so it is as small as the registry.

    Whoever asks while it is being read on the same loop waits for that: one reading, not hundreds.
    """

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, _Found]] = {}
        self._reading: dict[tuple[asyncio.AbstractEventLoop, str], asyncio.Task[_Found]] = {}

    def clear(self) -> None:
        """Read everything anew."""
        self._kept.clear()
        self._reading.clear()

    def known(self, key: str) -> _Found | None:
        """What was found lately, if it was."""
        kept = self._kept.get(key)
        return kept[1] if kept is not None and time.monotonic() < kept[0] else None

    def begins_reading(self, key: str) -> bool:
        """Whether recalling it now begins a reading of what was never found before."""
        return key not in self._kept and (asyncio.get_running_loop(), key) not in self._reading

    async def recall(self, key: str, read: Callable[[], _Found]) -> _Found:
        """What ``read`` found lately, or finds now on a thread."""
        known = self.known(key)
        if known is not None:
            return known
        loop = asyncio.get_running_loop()
        reading = self._reading.get((loop, key))
        if reading is None:
            reading = self._reading[loop, key] = loop.create_task(self._read(loop, key, read))
        return await asyncio.shield(reading)  # One asker who goes away takes nobody along.

    async def _read(
        self, loop: asyncio.AbstractEventLoop, key: str, read: Callable[[], _Found]
    ) -> _Found:
        mine = self._reading.get((loop, key))
        try:
            found = await run_in_threadpool(read)
            if self._reading.get((loop, key)) is mine:  # Else it was forgotten meanwhile.
                self._kept[key] = (time.monotonic() + REMEMBERED_S, found)
            return found
        finally:
            if self._reading.get((loop, key)) is mine:
                self._reading.pop((loop, key), None)
