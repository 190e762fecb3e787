"""Importing history: lines of CloudEvents or xAPI statements, in bounded transactions.

Each line is an event of its own: a bad one is reported by number and keeps nobody else out. What
was imported before changes nothing, so an import that broke off is simply run again, and two at
once are fine.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import BinaryIO, Final, cast

from api.webhooks.lines import LINE_BYTES_MAX, read_line
from ledger.events import service
from ledger.events.admission import admit
from ledger.events.errors import EventConflict, EventInvalid
from ledger.events.model import AcceptEvents, AdmittedEvent, OnConflict, Source
from ledger.events.sources import service as sources
from ledger.kernel.errors import VkladError
from ledger.kernel.keyed import KeyedHashes
from ledger.kernel.transaction import Database, Work, execute
from ledger.members import service as members
from ledger.members.model import IdentityKey, TakeIn

LINES_PER_TRANSACTION: Final = 500
PROOF_KIND: Final = "import"
_GZIP_MAGIC: Final = b"\x1f\x8b"

NumberedLine = tuple[int, bytes]


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that was not kept, and why."""

    number: int
    error: VkladError


@dataclass(slots=True)
class Imported:
    """What an import did."""

    accepted: int = 0
    duplicates: int = 0
    members_created: int = 0
    bad: int = 0
    sources: dict[str, int] = field(default_factory=dict)
    """Events kept now or before, by source."""


@dataclass(frozen=True, slots=True)
class ImportLines:
    """How to import. ``create_members``: every identity that is nobody's gets a member."""

    create_members: bool = False
    only_source: str | None = None
    hashes: KeyedHashes | None = None


@dataclass(frozen=True, slots=True)
class _Admitted:
    number: int
    source: Source
    event: AdmittedEvent


class Importer:
    """One import under way."""

    def __init__(
        self, database: Database, command: ImportLines, on_bad: Callable[[BadLine], None]
    ) -> None:
        self._database = database
        self._command = command
        self._on_bad = on_bad
        self._sources: dict[str, Source] = {}
        self.imported = Imported()

    def run(self, lines: Iterable[NumberedLine]) -> Imported:
        """Import all lines, ``LINES_PER_TRANSACTION`` at a time."""
        numbered = iter(lines)
        while chunk := list(islice(numbered, LINES_PER_TRANSACTION)):
            self._import(chunk)
        return self.imported

    def _import(self, chunk: list[NumberedLine]) -> None:
        admitted = [one for line in chunk if (one := self._admit(line)) is not None]
        by_source: dict[str, list[_Admitted]] = {}
        for one in admitted:
            by_source.setdefault(one.source.uri, []).append(one)
        for uri in sorted(by_source):
            self._accept(by_source[uri])
        if self._command.create_members and admitted:
            keys = {key for one in admitted for key in one.event.identity_keys()}
            created = execute(self._database, _take_in, sorted(keys))
            self.imported.members_created += created

    def _admit(self, line: NumberedLine) -> _Admitted | None:
        number, text = line
        try:
            stated = read_line(text, self._command.only_source)
            source = self._source(str(stated.source_uri))
            now = self._database.clock.now()
            (event,) = admit(source, [stated.event], now, any_age=True, hashes=self._command.hashes)
        except VkladError as error:
            self._report(number, error)
            return None
        return _Admitted(number, source, event)

    def _accept(self, group: list[_Admitted]) -> None:
        source = group[0].source
        events = [one.event for one in group]
        command = AcceptEvents(source, events, OnConflict.REPORT, budgeted=False)
        outcomes = execute(self._database, service.accept_events, command)
        for one, outcome in zip(group, outcomes, strict=True):
            if outcome.status == "conflict":
                known = "This event is known with other content. The first stands."
                self._report(one.number, EventConflict(known, id=outcome.id))
                continue
            self.imported.accepted += outcome.status == "accepted"
            self.imported.duplicates += outcome.status == "duplicate"
            self.imported.sources[source.uri] = self.imported.sources.get(source.uri, 0) + 1

    def _source(self, uri: str) -> Source:
        if uri not in self._sources:
            self._sources[uri] = execute(self._database, sources.source_for_import, uri)
        return self._sources[uri]

    def _report(self, number: int, error: VkladError) -> None:
        self.imported.bad += 1
        self._on_bad(BadLine(number, error))


def numbered_lines(stream: BinaryIO) -> Iterator[NumberedLine]:
    """Lines from 1, blank ones left out; gunzipped if they come gzipped.

    A line longer than ``LINE_BYTES_MAX`` is cut one byte above it, which makes it a bad one.

    Raises:
        EventInvalid: gzipped, and it breaks off.
    """
    reader = io.BufferedReader(cast("io.RawIOBase", stream))
    plain: BinaryIO = reader
    if reader.peek(2)[:2] == _GZIP_MAGIC:
        plain = cast("BinaryIO", gzip.GzipFile(fileobj=reader))
    number = 0
    try:
        while line := plain.readline(LINE_BYTES_MAX + 1):
            number += 1
            rest = line
            while len(rest) > LINE_BYTES_MAX and not rest.endswith(b"\n"):
                rest = plain.readline(LINE_BYTES_MAX + 1)
            if line.strip():
                yield number, line.rstrip(b"\r\n") if len(line) <= LINE_BYTES_MAX else line
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise EventInvalid(
            f"The gzipped file breaks off after line {number}.", field="body"
        ) from error
    finally:
        reader.detach()  # The stream is the caller's to close.


def _take_in(work: Work, keys: list[IdentityKey]) -> int:
    references = list(members.references_of(work, keys).values())
    return len(members.take_in(work, TakeIn(references, PROOF_KIND)))
