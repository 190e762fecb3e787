"""Rewards for promotion of one year.

A rule is marked by its category, ``promotion``, in any version that was in force; rewards of guest
passes always are. A year is the calendar year of the zone of the programme in force at its end.
Rules whose awards are of a whole period stand in one award, of which no part is told apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.transaction import Work
from ledger.programme import service as programmes
from ledger.programme import store as programme_store
from ledger.programme.model import Programme
from ledger.promotion import store

CATEGORY: Final = "promotion"
YEARS: Final = range(2000, 2200)


class NotAYear(VkladError):
    """No year that this could be asked of."""

    code = "not_a_year"
    kind = ErrorKind.INVALID


@dataclass(frozen=True, slots=True)
class Promoted:
    """What one person got in a year, in points, as it stands now."""

    person: UUID
    by_rules: int
    by_passes: int

    @property
    def points(self) -> int:
        """All together."""
        return self.by_rules + self.by_passes


def rewards_of_year(work: Work, year: int) -> list[Promoted]:
    """Who got what for promotion, by member id; nobody without any.

    Raises:
        NotAYear: before 2000 or after 2199.
    """
    if year not in YEARS:
        raise NotAYear(f"A year is {YEARS[0]} to {YEARS[-1]}.", first=YEARS[0], last=YEARS[-1])
    versions = _versions(work)
    zone = ZoneInfo(_zone(versions, datetime(year + 1, 1, 1, tzinfo=UTC)))
    since, until = (datetime(each, 1, 1, tzinfo=zone) for each in (year, year + 1))
    marked = {
        rule.rule_id
        for _, programme in versions
        for rule in programme.rules
        if rule.category == CATEGORY
    }
    by_rules = store.of_rules(work, marked, since, until) if marked else {}
    by_passes = store.of_passes(work, since, until)
    return [
        Promoted(person, by_rules.get(person, 0), by_passes.get(person, 0))
        for person in sorted(by_rules.keys() | by_passes.keys())
    ]


def _versions(work: Work) -> list[tuple[datetime, Programme]]:
    found = []
    for activation in programme_store.activations(work):
        stored = programme_store.programme(work, activation.programme_hash)
        assert stored is not None, "what was activated is stored"
        found.append((activation.effective_at, programmes.read_programme(stored.source_text)))
    return found


def _zone(versions: list[tuple[datetime, Programme]], at: datetime) -> str:
    before = [programme.zone for since, programme in versions if since < at]
    return before[-1] if before else "UTC"
