"""The words of the room: faults, where they are, and what a file came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ledger.kernel.errors import ErrorKind, VkladError

FILE_BYTES_MAX: Final = 64 * 1_048_576
FAULTS_SHOWN_MAX: Final = 200

Path = tuple[str | int, ...]
"""The way to a value: names of fields and places in lists."""


class EventsUnreadable(VkladError):
    """A file of events that cannot be opened, is too big, or has none in it."""

    code = "events_unreadable"
    kind = ErrorKind.INVALID


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing about an event, counted from 1: where, in which field, what, and what is right.

    ``is_wrong``: the door would refuse it; else it takes the event and something is lost.
    """

    line: int
    event: int
    field: str
    wrong: str
    example: str
    is_wrong: bool = True

    def __str__(self) -> str:
        """``12: event 3, data.score: … Right would be: "score": 0.75``."""
        notice = "" if self.is_wrong else "notice: "
        right = f" Right would be: {self.example}" if self.example else ""
        return f"{self.line}: {notice}event {self.event}, {self.field}: {self.wrong}{right}"


@dataclass(frozen=True, slots=True)
class Linted:
    """What a file came to: how it was read, how many events it has, and all that was found."""

    form: str
    events: int
    faults: Sequence[Fault]

    @property
    def wrong(self) -> int:
        """How many events the door would refuse."""
        return len({fault.event for fault in self.faults if fault.is_wrong})

    @property
    def notices(self) -> int:
        """How many things would be lost."""
        return sum(not fault.is_wrong for fault in self.faults)


def field_text(path: Path) -> str:
    """``data.users[0].email``; ``the event`` for the whole."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text or "the event"
