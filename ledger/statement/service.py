"""Making a member's statement of a week, and the list of weeks that have one. Writes nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from ledger.journal import service as journal
from ledger.kernel.transaction import Work
from ledger.lots import store as lots_store
from ledger.lots.history import HistoryEntry, as_seen_by
from ledger.members import service as members
from ledger.members.persons import store as persons
from ledger.programme import service as programmes
from ledger.programme.calendar import Calendar, week_of_day
from ledger.programme.model import Programme
from ledger.scoring.entitlements.service import scoring_fact
from ledger.scoring.time_invested import BACK_MAX, MINUTE_S, TimeBook
from ledger.statement import store
from ledger.statement.model import (
    MOVES_MAX,
    WEEKS_OF_HOURS,
    Balance,
    Explained,
    KindOfMove,
    Move,
    PastWeek,
    Statement,
    Week,
    WeekOfMinutes,
    balance_of,
    closings,
    expiring_of,
    is_trimmed,
    pending_of,
    rest_of,
    streaks_of,
    week_at,
    week_by_number,
)

_ZONE: Final = "UTC"
"""Of weeks while no programme is in force."""


def calendar_of(work: Work) -> Calendar:
    """By which calendar weeks are told: that of the programme in force."""
    programme = _programme_at(work, work.now)
    return Calendar(programme.zone if programme else _ZONE)


def statement_of(work: Work, member_id: UUID, week: Week) -> Statement:
    """One member's week, as recorded by now.

    Raises:
        UnknownMember: there is none of this id.
    """
    members.require_member(work, member_id)
    lots = {lot.lot_id: lot for lot in lots_store.lots_of_member(work, member_id)}
    owners = _owners(work, member_id, lots)
    at = min(week.until, work.now)
    calendar = calendar_of(work)
    by_week = _by_week(work, member_id, owners, calendar)
    balances = store.balances_at(work, owners, week.until)
    kinds = _kinds(work, owners, week)
    moves = _moves(work, owners, week)
    earned = store.awards_earned(work, member_id, week.since, week.until)
    trimmed = store.awards_with_excess(work, member_id, week.since, week.until)
    return Statement(
        member_id=member_id,
        week=week,
        made_at=work.now,
        opening=_opening(by_week, week),
        closing=balance_of((key.kind, amount) for key, amount in balances.items()),
        kinds=kinds,
        moves=moves,
        rest=rest_of(kinds, moves),
        pending=pending_of(lots, balances, at),
        expiring=expiring_of(lots, balances, at),
        trimmed=tuple(each for each in trimmed if is_trimmed(each.receipt)),
        streaks=streaks_of(earned),
        minutes=_minutes(work, member_id, week, calendar),
        weeks=tuple(closings(by_week, calendar)),
    )


def weeks_of(work: Work, member_id: UUID) -> list[PastWeek]:
    """Weeks in which something of the member's was recorded, newest first."""
    lots = {lot.lot_id: lot for lot in lots_store.lots_of_member(work, member_id)}
    calendar = calendar_of(work)
    return closings(_by_week(work, member_id, _owners(work, member_id, lots), calendar), calendar)


def newest_week(work: Work, member_id: UUID) -> Week:
    """The last week that is over if anything was recorded by its end, else the one under way."""
    calendar = calendar_of(work)
    current = week_at(work.now, calendar)
    before = week_by_number(current.number - 1, calendar)
    known = any(each.week.number <= before.number for each in weeks_of(work, member_id))
    return before if known else current


def _owners(work: Work, member_id: UUID, lots: Collection[UUID]) -> list[UUID]:
    """Whose accounts are the person's: lots', and the debts of everybody merged into them."""
    return [*lots, *persons.members_of(work, member_id)]


def _opening(by_week: Mapping[int, Balance], week: Week) -> Balance:
    return sum((each for number, each in by_week.items() if number < week.number), Balance())


def _by_week(
    work: Work, member_id: UUID, owners: Sequence[UUID], calendar: Calendar
) -> dict[int, Balance]:
    first = week_at(store.first_known(work, member_id), calendar).number
    last = week_at(work.now, calendar).number
    weeks = [week_by_number(number, calendar) for number in range(first, last + 1)]
    found: dict[int, Balance] = {}
    for place, kind, change in store.changes_by_week(work, owners, [each.since for each in weeks]):
        number = first + max(place, 1) - 1
        found[number] = found.get(number, Balance()) + balance_of([(kind, change)])
    return found


def _kinds(work: Work, owners: Sequence[UUID], week: Week) -> tuple[KindOfMove, ...]:
    rows = store.changes_by_kind(work, owners, week.since, week.until)
    return tuple(
        KindOfMove(
            kind,
            count,
            balance_of(
                (account, change) for of, account, change, _ in rows if of is kind and account
            ),
        )
        for kind, told, _, count in rows
        if told is None
    )


def _moves(work: Work, owners: Sequence[UUID], week: Week) -> tuple[Move, ...]:
    ids = store.entries_between(work, owners, week.since, week.until, MOVES_MAX)
    posted = journal.entries(work, ids)
    mine = set(owners)
    entries = [as_seen_by(mine, posted[each]) for each in ids]
    wanted = {each.award_id for each in entries if each.award_id is not None}
    by_entry: dict[UUID, Explained] = {}
    last: dict[UUID, Explained] = {}
    for entry_id, explained in store.revisions_before(work, wanted, week.until):
        last[explained.award_id] = explained
        if entry_id is not None:
            by_entry[entry_id] = explained
    return tuple(
        Move(each, _change(each), by_entry.get(each.entry_id) or _of(last, each))
        for each in entries
    )


def _of(last: dict[UUID, Explained], entry: HistoryEntry) -> Explained | None:
    """What was paid later, or taken back by persons, has no revision of its own."""
    return None if entry.award_id is None else last.get(entry.award_id)


def _change(entry: HistoryEntry) -> Balance:
    return Balance(entry.available, entry.pending, entry.held, entry.debt)


def _minutes(
    work: Work, member_id: UUID, week: Week, calendar: Calendar
) -> tuple[WeekOfMinutes, ...]:
    """Minutes that count, in the last weeks up to this one; by the terms in force at its end."""
    programme = _programme_at(work, min(week.until, work.now))
    if programme is None or programme.time is None:
        return ()
    first = week.number - WEEKS_OF_HOURS + 1
    since = week_by_number(first, calendar).since - timedelta(seconds=2 * BACK_MAX * MINUTE_S)
    book = TimeBook()
    for fact in store.stated_minutes(work, member_id, programme.time.types, since, week.until):
        book.measure(scoring_fact(fact), programme.time, calendar.day)
    totals = dict.fromkeys(range(first, week.number + 1), 0)
    for day, minutes in book.days.items():
        number = week_of_day(day)
        if number in totals:
            totals[number] += minutes
    return tuple(WeekOfMinutes(number, minutes) for number, minutes in totals.items())


def _programme_at(work: Work, at: datetime) -> Programme | None:
    try:
        return programmes.in_force(work, at).programme
    except programmes.NoProgrammeInForce:
        return None


__all__ = ["calendar_of", "newest_week", "statement_of", "weeks_of"]
