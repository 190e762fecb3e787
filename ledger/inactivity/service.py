"""Warning the absent, and letting their points decay, once for each check and lot.

A check waits until every source that may state an act is complete up to its moment, and is then
done as of that moment. A member is a transaction of their own; a run that is cut short is finished
by the next, and what it did stays done. What decayed is settled: an act that becomes known later
changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID

from ledger.inactivity import store
from ledger.inactivity.model import (
    basis_of,
    checks_between,
    days_away,
    decays,
    moment_of,
    next_check,
    warned_from,
)
from ledger.inactivity.store import Away
from ledger.journal import service as journal
from ledger.kernel.transaction import Database, Work, execute
from ledger.kernel.units import Points, sum_points
from ledger.lots import store as lots_store
from ledger.lots.decaying import decay, decayable
from ledger.lots.due import apply_due
from ledger.lots.granting import save
from ledger.lots.model import Stage
from ledger.lots.sheet import open_sheet
from ledger.programme import service as programmes
from ledger.programme.model import Programme
from ledger.programme.model_life import Inactivity
from ledger.readiness import service as readiness

PAGE: Final = 500
PAGES_MAX: Final = 10_000
"""Members of one run: at most ``PAGE * PAGES_MAX``."""


@dataclass(frozen=True, slots=True)
class DecayMember:
    """Look at one member at one check."""

    member_id: UUID
    check: date
    inactivity: Inactivity


@dataclass(frozen=True, slots=True)
class _Warn:
    absent: tuple[Away, ...]
    decays_from: date


def run(database: Database) -> tuple[int, int]:
    """Do every check that is due, then warn; how many members lost points, and were warned."""
    decayed = 0
    with database.read() as work:
        known = readiness.known_until(work)
        due = [each for each in _due_checks(work) if _is_known(each[0], known)]
    for check, programme in due:
        decayed += _check_everybody(database, check, programme)
    return decayed, _warn_everybody(database)


def waiting_check(work: Work) -> date | None:
    """The first check that is due, and waits until a source has told what happened before it."""
    known = readiness.known_until(work)
    waiting = (check for check, _ in _due_checks(work) if not _is_known(check, known))
    return next(waiting, None)


def warned_absence(work: Work, member_id: UUID) -> date | None:
    """The next check that may take points of a member who was warned and has not acted since."""
    warning = store.warning_of(work, member_id)
    if warning is None:
        return None
    absent = store.away_one(work, member_id, work.now)
    if absent is None or absent.since != warning[0]:
        return None
    return max(warning[1], next_check(_day(work.now)))


def decay_member(work: Work, command: DecayMember) -> int:
    """Let a member's points decay if they were away, warned, and not looked at before."""
    check, inactivity = command.check, command.inactivity
    journal.lock_head(work)
    absent = store.away_one(work, command.member_id, moment_of(check))
    if absent is None or store.is_decayed(work, command.member_id, check):
        return 0
    share = inactivity.share(days_away(absent.since, check))
    first = store.decays_from(work, absent)
    if not share or first is None or first > check:
        return 0
    sheet = open_sheet(lots_store.position(work, command.member_id))
    apply_due(sheet, work.now)
    lots = decayable(sheet, moment_of(check), work.now)
    available = sum_points(sheet.points(lot.lot_id, Stage.AVAILABLE) for lot in lots)
    amount = decays(share, available.amount, store.bridged(work, command.member_id))
    taken = decay(
        sheet,
        lots,
        Points(amount),
        moment_of(check),
        basis_of(inactivity, check, absent.since),
        rewards=inactivity.to_rewards,
    )
    save(work, [sheet])
    store.insert_decays(work, absent, check, taken)
    return amount


def _due_checks(work: Work) -> Iterator[tuple[date, Programme]]:
    """Checks since a programme with decay was activated that are not done, in order."""
    stated = [
        activation
        for activation in programmes.activations(work)
        if programmes.programme_of(activation).inactivity is not None
    ]
    if not stated:
        return
    since = min(max(each.recorded_at, each.effective_at) for each in stated)
    checks = list(checks_between(_day(since), _day(work.now)))
    done = store.done_checks(work, checks)
    for check in checks:
        programme = programmes.in_force(work, moment_of(check)).programme
        if check not in done and programme.inactivity is not None:
            yield check, programme


def _is_known(check: date, known: datetime | None) -> bool:
    return known is None or moment_of(check) <= known


def _check_everybody(database: Database, check: date, programme: Programme) -> int:
    inactivity = programme.inactivity
    assert inactivity is not None, "only such checks are due"
    decayed = 0
    for absent in _absent(database, check, inactivity):
        command = DecayMember(absent.member_id, check, inactivity)
        decayed += bool(execute(database, decay_member, command))

    def done(work: Work, _: None) -> None:
        store.insert_check(work, check, programme.programme_hash)

    execute(database, done, None)
    return decayed


def _warn_everybody(database: Database) -> int:
    with database.read() as work:
        today = _day(work.now)
        try:
            inactivity = programmes.in_force(work, work.now).programme.inactivity
        except programmes.NoProgrammeInForce:
            return 0
    first = None if inactivity is None else warned_from(today, inactivity.warning_days)
    if inactivity is None or first is None:
        return 0
    warned = 0
    page: list[Away] = []
    for absent in _absent(database, next_check(today), inactivity):
        page.append(absent)
        if len(page) == PAGE:
            warned += execute(database, _warn, _Warn(tuple(page), first))
            page = []
    return warned + execute(database, _warn, _Warn(tuple(page), first))


def _warn(work: Work, command: _Warn) -> int:
    return store.insert_warnings(work, command.absent, command.decays_from)


def _absent(database: Database, check: date, inactivity: Inactivity) -> Iterator[Away]:
    """Members with points who will have been away long enough at a check."""
    after = UUID(int=0)
    for _ in range(PAGES_MAX):
        with database.read() as work:
            page = store.away(work, after, moment_of(check), PAGE)
        for each in page:
            if inactivity.share(days_away(each.since, check)):
                yield each
        if len(page) < PAGE:
            return
        after = page[-1].member_id


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()
