"""Moments as an iCalendar stream (RFC 5545). Pure: whoever asks brings the words.

What is written is the little of the format that a list of moments takes: one VCALENDAR of VEVENTs
with a start and no end, which by RFC 5545, 3.6.1 end when they start. No time zones: all is UTC.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from governance.calendar.model import Moment

LINE_OCTETS_MAX: Final = 75
"""Longer lines are folded (RFC 5545, 3.1)."""
PRODUCT: Final = "-//Vklad//Governance calendar//EN"
REFRESH: Final = "PT1H"
"""How often a calendar should look again (RFC 7986, 5.7)."""
_LINE_END: Final = "\r\n"
_ESCAPED: Final = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})


@dataclass(frozen=True, slots=True)
class Entry:
    """A moment with its words, and its page's address."""

    moment: Moment
    summary: str
    description: str
    url: str


def calendar(name: str, entries: Sequence[Entry]) -> str:
    """The whole stream, as ``text/calendar; charset=utf-8``."""
    return "".join(folded(line) + _LINE_END for line in _lines(name, entries))


def _lines(name: str, entries: Sequence[Entry]) -> Iterator[str]:
    yield "BEGIN:VCALENDAR"
    yield "VERSION:2.0"
    yield f"PRODID:{PRODUCT}"
    yield "CALSCALE:GREGORIAN"
    yield f"NAME:{escaped(name)}"
    yield f"X-WR-CALNAME:{escaped(name)}"
    yield f"REFRESH-INTERVAL;VALUE=DURATION:{REFRESH}"
    for entry in entries:
        yield from _event(entry)
    yield "END:VCALENDAR"


def _event(entry: Entry) -> Iterator[str]:
    moment = entry.moment
    yield "BEGIN:VEVENT"
    yield f"UID:{escaped(moment.uid)}"
    yield f"DTSTAMP:{utc(moment.said_at)}"
    yield f"LAST-MODIFIED:{utc(moment.said_at)}"
    yield f"DTSTART:{utc(moment.at)}"
    yield f"SEQUENCE:{moment.changes}"
    yield f"STATUS:{'CANCELLED' if moment.is_off else 'CONFIRMED'}"
    yield "TRANSP:TRANSPARENT"
    yield f"SUMMARY:{escaped(entry.summary)}"
    yield f"DESCRIPTION:{escaped(entry.description)}"
    yield f"URL:{entry.url}"
    yield "END:VEVENT"


def utc(moment: datetime) -> str:
    """A moment in UTC to the second, rounded down (RFC 5545, 3.3.5, form 2)."""
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def escaped(text: str) -> str:
    """A text value (RFC 5545, 3.3.11); control characters that no calendar takes are left out."""
    plain = "".join(each for each in text if each == "\n" or unicodedata.category(each) != "Cc")
    return plain.translate(_ESCAPED)


def folded(line: str) -> str:
    """A line broken so that no part has more than 75 octets; never within a character."""
    parts, part, octets = [], "", 0
    for each in line:
        size = len(each.encode())
        if octets + size > LINE_OCTETS_MAX:
            parts.append(part)
            part, octets = " ", 1
        part, octets = part + each, octets + size
    return _LINE_END.join([*parts, part])
