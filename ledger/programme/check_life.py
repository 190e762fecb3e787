"""What the sections about the life of points must be to the rest of a programme file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from ledger.programme.model import Period
from ledger.programme.schema_life import EndOfFile, OnDayFile
from ledger.programme.schema_terms import TermFile
from ledger.programme.source import Path

if TYPE_CHECKING:
    from ledger.programme.schema import ProgrammeFile

_LEAP_YEAR = 2000


def check_life(file: ProgrammeFile) -> Iterator[tuple[Path, str, str]]:
    """Every length of life."""
    yield from _validity(("validity",), file.validity)
    for index, rule in enumerate(file.rules):
        path: Path = ("rules", index, "validity")
        yield from _validity(path, rule.validity)
        if rule.validity is not None and file.period is not Period.AT_ONCE:
            yield path, *_one_life(file.period)
    if file.bridge is not None:
        yield from _validity(("bridge", "returned_validity"), file.bridge.returned_validity)


def _one_life(period: Period) -> tuple[str, str]:
    wrong = f"what a {period} is worth is one award, which has one life: the programme's"
    return wrong, "validity: {months: 12} of the programme"


def _validity(
    path: Path, validity: TermFile | EndOfFile | OnDayFile | None
) -> Iterator[tuple[Path, str, str]]:
    if isinstance(validity, OnDayFile):
        *year, month, day = (int(part) for part in validity.on.split("-"))
        try:
            date(year[0] if year else _LEAP_YEAR, month, day)
        except ValueError:
            yield (*path, "on"), f"there is no day {validity.on}", 'on: "09-01"'
        return
    term = validity.after if isinstance(validity, EndOfFile) else validity
    if term is not None and not (term.years or term.months or term.days):
        if isinstance(validity, EndOfFile):
            path = (*path, "after")
        yield path, "no time at all", "{months: 12}"
