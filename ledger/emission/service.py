"""Letting each day bring its points, once.

Every settlement lets what is due come into being first, so the daily job only hurries.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from ledger.emission import store
from ledger.emission.model import points_of_day, split, year_of
from ledger.emission.store import EmittedDay
from ledger.journal import service as journal
from ledger.journal.model import AccountKey, AccountKind, EntryDraft, EntryKind, Posting
from ledger.kernel.canonical import canonical_json
from ledger.kernel.ids import derived_id
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.lots.model import ISSUANCE
from ledger.programme import service as programmes
from ledger.programme.calendar import Calendar, day_of_date
from ledger.programme.model import Programme

DAYS_MAX: Final = 4_000
"""Days brought up to date at once; what is beyond is left for the next time."""
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Version:
    programme: Programme
    effective_at: datetime
    calendar: Calendar


def emit_due(work: Work) -> int:
    """Let every day that has begun, and brings points, bring them; how many days that were."""
    journal.lock_head(work)
    versions = [
        _Version(programme, activation.effective_at, Calendar(programme.zone))
        for activation in programmes.activations(work)
        for programme in [programmes.programme_of(activation)]
    ]
    due = list(_due(versions, store.last_day(work), work.now))
    if due:
        journal.post(work, [draft for _, draft in due])
        store.insert_days(work, [day for day, _ in due])
    return len(due)


def emission_of(programme: Programme, day: date, moment: datetime) -> EntryDraft | None:
    """The entry by which a version's day brings its points; ``None`` if it brings none."""
    emission = programme.emission
    points = 0 if emission is None else points_of_day(emission, day)
    if emission is None or not points:
        return None
    return EntryDraft(
        entry_id=derived_id(moment, EntryKind.EMISSION, day.isoformat()),
        kind=EntryKind.EMISSION,
        postings=tuple(
            Posting(ISSUANCE, AccountKey(AccountKind(pool)), Points(share))
            for pool, share in split(emission, points)
            if share
        ),
        effective_at=moment,
        cause=canonical_json(
            {
                "emission": {
                    "date": day.isoformat(),
                    "year": year_of(emission, day),
                    "points": points,
                    "programme": programme.hash_text,
                }
            }
        ).decode(),
    )


def start_of(day: date, calendar: Calendar) -> datetime:
    """When a local day begins."""
    return calendar.start_of_day(day_of_date(day)).floor_datetime()


def _due(
    versions: Sequence[_Version], last: date | None, now: datetime
) -> Iterator[tuple[EmittedDay, EntryDraft]]:
    """Days after ``last`` that have begun, each by the version in force when it began."""
    starts = [
        max(v.programme.emission.start, v.effective_at.astimezone(v.calendar.rules).date())
        for v in versions
        if v.programme.emission is not None
    ]
    if not starts:
        return
    day = min(starts) if last is None else last + _DAY
    newest = now.astimezone(UTC).date() + _DAY
    for _ in range(DAYS_MAX):
        if day > newest:
            return
        version = _in_force(versions, day)
        if version is not None:
            moment = start_of(day, version.calendar)
            if moment > now:
                return
            draft = emission_of(version.programme, day, moment)
            if draft is not None:
                points = sum(posting.amount.amount for posting in draft.postings)
                hashed = version.programme.programme_hash
                yield EmittedDay(day, hashed, points, draft.entry_id), draft
        day += _DAY


def _in_force(versions: Sequence[_Version], day: date) -> _Version | None:
    """The last version that was in force when the day began in its zone."""
    return next(
        (v for v in reversed(versions) if v.effective_at <= start_of(day, v.calendar)), None
    )
