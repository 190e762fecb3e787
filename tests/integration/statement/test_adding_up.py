"""Whatever happened: opening, moves and closing of every week add up, and to what was seen."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from typing import NamedTuple
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ledger.journal.model import AccountKind, EntryKind
from ledger.kernel.errors import VkladError
from ledger.kernel.ids import derived_id
from ledger.kernel.transaction import Database, execute
from ledger.kernel.units import Points, sum_points
from ledger.lots import service as lots
from ledger.lots import store as lots_store
from ledger.lots.model import (
    CaptureHold,
    Cause,
    ClawBack,
    GrantLot,
    HoldPurpose,
    PlaceHold,
    ReleaseHold,
    ReturnToLots,
)
from ledger.members import service as members
from ledger.members.model import CreateMember
from ledger.statement import service
from ledger.statement.model import Balance, Statement, Week, balance_of, week_at
from tests.support.clock import SetClock

FIRST = datetime(2026, 3, 4, 9, tzinfo=UTC)
ACTS = ("grant", "hold", "capture", "release", "refund", "claw_back", "due", "wait")
_RUNS = count(1)

acts = st.lists(
    st.tuples(st.sampled_from(ACTS), st.integers(1, 60), st.integers(0, 3), st.integers(0, 11)),
    max_size=24,
)


class Act(NamedTuple):
    """Something that happens; what its figures mean, each kind of act says itself."""

    number: int
    kind: str
    amount: int
    which: int
    days: int

    @property
    def points(self) -> Points:
        return Points(self.amount)


@dataclass
class Life:
    """One member to whom things happen, with a note of what there was after each of them."""

    database: Database
    clock: SetClock
    member_id: UUID
    run: int
    seen: list[tuple[datetime, Balance]] = field(default_factory=list)
    holds: list[UUID] = field(default_factory=list)
    causes: list[Cause] = field(default_factory=list)

    @classmethod
    def begin(cls, database: Database) -> Life:
        clock = SetClock(FIRST)
        database = replace(database, clock=clock)
        member_id = execute(database, members.create_member, CreateMember()).member_id
        return cls(database, clock, member_id, next(_RUNS))

    def happen(self, act: Act) -> None:
        """One thing; what the rules of lots refuse does not happen."""
        with suppress(VkladError):
            getattr(self, f"_{act.kind}")(act)
        self.note()

    def note(self) -> None:
        with self.database.read() as work:
            found = lots_store.position(work, self.member_id)
        had = Balance(
            available=sum_points(held.available for held in found.lots),
            pending=sum_points(held.pending for held in found.lots),
            held=sum_points(held.held for held in found.lots),
            debt=found.debt,
        )
        self.seen.append((self.clock.now(), had))

    def had_before(self, moment: datetime) -> Balance:
        """What was seen last before a moment."""
        return next((each for at, each in reversed(self.seen) if at < moment), Balance())

    def statement(self, week: Week) -> Statement:
        with self.database.read() as work:
            return service.statement_of(work, self.member_id, week)

    def weeks(self) -> list[Week]:
        with self.database.read() as work:
            calendar = service.calendar_of(work)
        found = [week_at(FIRST, calendar)]
        while found[-1].until <= self.clock.now():
            found.append(week_at(found[-1].until, calendar))
        return found

    def _id(self, act: Act) -> UUID:
        return derived_id(self.clock.now(), str(self.run), str(act.number))

    def _grant(self, act: Act) -> None:
        now = self.clock.now()
        cause = Cause("test", f"{self.run}/{act.number}")
        self.causes.append(cause)
        command = GrantLot(
            member_id=self.member_id,
            amount=act.points,
            kind=EntryKind.GRANT,
            key=(cause.cause_id,),
            effective_at=now - timedelta(days=3 * act.which),
            activates_at=now + timedelta(days=act.days if act.which % 2 else 0),
            expires_at=now + timedelta(days=act.days + 2) if act.which else None,
            cause=cause,
        )
        execute(self.database, lots.grant_lot, command)

    def _hold(self, act: Act) -> None:
        now = self.clock.now()
        hold_id = self._id(act)
        command = PlaceHold(
            hold_id,
            self.member_id,
            act.points,
            HoldPurpose.REDEMPTION,
            now,
            now + timedelta(days=act.days + 1),
        )
        execute(self.database, lots.place_hold, command)
        self.holds.append(hold_id)

    def _capture(self, act: Act) -> None:
        if self.holds:
            command = CaptureHold(
                self.holds[act.which % len(self.holds)], act.points, self.clock.now()
            )
            execute(self.database, lots.capture_hold, command)

    def _release(self, act: Act) -> None:
        if self.holds:
            command = ReleaseHold(self.holds[act.which % len(self.holds)], self.clock.now())
            execute(self.database, lots.release_hold, command)

    def _refund(self, act: Act) -> None:
        if self.holds:
            hold_id = self.holds[act.which % len(self.holds)]
            command = ReturnToLots(hold_id, self._id(act), act.points, self.clock.now())
            execute(self.database, lots.return_to_lots, command)

    def _claw_back(self, act: Act) -> None:
        if self.causes:
            now = self.clock.now()
            command = ClawBack(
                member_id=self.member_id,
                amount=act.points,
                cause=self.causes[act.which % len(self.causes)],
                key=(str(self.run), str(act.number)),
                key_at=now - timedelta(days=act.days),
                at=now,
            )
            execute(self.database, lots.claw_back, command)

    def _due(self, _: Act) -> None:
        execute(self.database, lots.apply_due, lots.ApplyDue(self.member_id, self.clock.now()))

    def _wait(self, act: Act) -> None:
        self.clock.forward(timedelta(days=act.days, minutes=7))


def total(parts: list[Balance]) -> Balance:
    return sum(parts, Balance())


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(
    [
        ("grant", 50, 1, 9),
        ("wait", 1, 0, 10),
        ("due", 1, 0, 0),
        ("hold", 20, 0, 3),
        ("capture", 15, 0, 0),
        ("wait", 1, 0, 4),
        ("refund", 5, 0, 0),
        ("claw_back", 60, 0, 11),
        ("wait", 1, 0, 11),
        ("grant", 30, 0, 0),
    ]
)
@given(acts)
def test_every_week_adds_up(
    database: Database, monkeypatch: pytest.MonkeyPatch, happened: list[tuple[str, int, int, int]]
) -> None:
    monkeypatch.setattr(service, "MOVES_MAX", 3)
    life = Life.begin(database)
    for number, act in enumerate(happened):
        life.happen(Act(number, *act))
    weeks = life.weeks()
    statements = [life.statement(week) for week in weeks]
    for found in statements:
        assert found.opening == life.had_before(found.week.since)
        assert found.closing == life.had_before(found.week.until)
        moved = [each.change for each in found.moves] + [each.change for each in found.rest]
        assert found.opening + total(moved) == found.closing
        assert found.opening + found.change == found.closing
        told = len(found.moves) + sum(each.count for each in found.rest)
        assert told == sum(each.count for each in found.kinds)
        assert sum(each.points.amount for each in found.pending) == found.closing.pending.amount
        recorded = [each.entry.recorded_at for each in found.moves]
        assert all(found.week.since <= at < found.week.until for at in recorded)
    assert all(one.closing == following.opening for one, following in pairwise(statements))
    by_week = {each.week.number: each.closing for each in statements[-1].weeks}
    told_by = {each.week.number: each for each in statements}
    assert all(told_by[number].closing == closing for number, closing in by_week.items())
    assert {number for number, each in told_by.items() if each.kinds} == by_week.keys()
    assert statements[0].opening == Balance()


def test_accounts_by_stage() -> None:
    """A debt's account is below zero; what is owed is not."""
    found = balance_of([(AccountKind.DEBT, Points(-7)), (AccountKind.LOT_HELD, Points(3))])
    assert found == Balance(held=Points(3), debt=Points(7))
    assert found.total == Points(3)
