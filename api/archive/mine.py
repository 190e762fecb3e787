"""What every section of the archive is given, and the words they share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final, Protocol, TypeVar
from uuid import UUID

from api.archive.model import Note
from api.composition import Composition
from api.i18n.catalogue import Catalogue
from api.i18n.formats import Writable, write_number, write_time
from api.pages.rendering import View
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.programme.model import Programme

PAGE: Final = 200
"""Rows in memory at once."""

_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True)
class Mine:
    """One member, at one moment, for one reader. ``members``: the member and who was merged in."""

    work: Work
    view: View
    composition: Composition
    member_id: UUID
    members: frozenset[UUID]
    references: frozenset[UUID]
    programme: Programme | None
    zone: tzinfo

    @property
    def catalogue(self) -> Catalogue:
        """Sentences."""
        return self.view.catalogue

    def t(self, key: str, /, **operands: Writable) -> str:
        """A sentence in the reader's language."""
        return self.view.catalogue.text(self.view.language, key, **operands)

    def number(self, value: Points | int) -> str:
        """A count as it is read."""
        amount = value.amount if isinstance(value, Points) else value
        return write_number(amount, self.view.language)

    def moment(self, when: datetime | Instant) -> str:
        """Day and minute."""
        known = when.floor_datetime() if isinstance(when, Instant) else when
        return write_time(known, self.view.language, self.zone)


class Section(Protocol):
    """A list of notes of one kind."""

    def __call__(self, mine: Mine) -> Iterator[Note]:
        """Its notes, newest first where there is a time."""
        ...


def pages(
    read: Callable[[UUID | None], Sequence[_Row]], key: Callable[[_Row], UUID]
) -> Iterator[_Row]:
    """All rows of a list that is read page by page, each after the last row of the one before."""
    last: UUID | None = None
    while rows := read(last):
        yield from rows
        if len(rows) < PAGE:
            return
        last = key(rows[-1])


def at(when: datetime | None) -> str | None:
    """A moment as machines read it."""
    return None if when is None else Instant.of(when).isoformat()


def name_of(prefix: str, value: UUID) -> str:
    """The id by which a thing is known, and its note is called."""
    return format_id(prefix, value)
