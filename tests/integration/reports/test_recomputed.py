"""Whatever happened: every figure is what adding up the whole journal row by row gives."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ledger.kernel.transaction import Database
from ledger.reports import keeping, service, store
from ledger.reports.model import Moved, spread
from ledger.reports.service import Dashboard
from tests.integration.statement.test_adding_up import FIRST, Act, Life
from tests.naive_reports import Book, read_book

ACTS = ("grant", "hold", "capture", "release", "refund", "claw_back", "due", "wait", "count")
ZONES = ("UTC", "Asia/Kathmandu", "America/St_Johns")
HOUR = timedelta(hours=1)

histories = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(ACTS),
        st.integers(1, 60),
        st.integers(0, 3),
        st.integers(0, 40),
    ),
    max_size=30,
)


def told(moved: Moved) -> dict[str, int]:
    """Figures that are not zero, by name."""
    found = {each.name: getattr(moved, each.name).amount for each in fields(moved)}
    return {name: amount for name, amount in found.items() if amount}


def meant(counted: Counter[str]) -> dict[str, int]:
    return {name: amount for name, amount in counted.items() if amount}


def next_month(first: date) -> date:
    return service.month_before(first, -1)


def check_spans(found: Dashboard, book: Book) -> None:
    months, weeks = book.months(), book.weeks()
    assert {span.first for span in found.months} >= {key for key, each in months.items() if each}
    for span in found.months:
        assert told(span.moved) == meant(months[span.first])
        there = book.balances(next_month(span.first))
        assert span.closing.pending.amount == there["lot_pending"]
        assert span.closing.available.amount == there["lot_available"]
        assert span.closing.held.amount == there["lot_held"]
        assert span.closing.bridged.amount == there["escrow"]
        assert span.closing.debt.amount == -there["debt"]
    for span in found.weeks:
        assert told(span.moved) == meant(weeks[span.first])
        there = book.balances(span.first + timedelta(days=7))
        assert span.closing.available.amount == there["lot_available"]
        assert span.closing.debt.amount == -there["debt"]


def check_cohorts(found: Dashboard, book: Book) -> None:
    cohorts = book.cohorts()
    assert {each.month: told(each.moved) for each in found.cohorts} == {
        month: meant(each) for month, each in cohorts.items()
    }
    left = sum(each.moved.change.amount for each in found.cohorts)
    there = book.balances()
    assert left == sum(there[kind] for kind in ("lot_pending", "lot_available", "lot_held"))


def check_people(found: Dashboard, book: Book) -> None:
    points, debts = book.owned()
    everybody = points.keys() | debts.keys()
    assert found.spread == spread(points[each] for each in everybody)
    assert found.spread.total.amount == sum(points.values())
    assert found.debt.amount == sum(debts.values())
    assert found.debtors == sum(debt > 0 for debt in debts.values())


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(
    "Asia/Kathmandu",
    [
        (0, "grant", 50, 1, 9),
        (1, "grant", 20, 2, 40),
        (0, "wait", 1, 0, 10),
        (0, "due", 1, 0, 0),
        (0, "hold", 20, 0, 3),
        (0, "count", 1, 0, 0),
        (0, "capture", 15, 0, 0),
        (1, "wait", 1, 0, 40),
        (0, "refund", 5, 0, 0),
        (0, "claw_back", 60, 0, 11),
        (0, "wait", 1, 0, 11),
        (0, "grant", 30, 0, 0),
    ],
)
@given(st.sampled_from(ZONES), histories)
def test_figures_are_those_of_the_journal(
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    zone: str,
    happened: list[tuple[int, str, int, int, int]],
) -> None:
    monkeypatch.setattr(keeping, "PART", 7)
    monkeypatch.setattr(keeping, "zone_now", lambda _: zone)
    first = Life.begin(database)
    others = [Life.begin(first.database) for _ in range(2)]
    lives = [first, *(replace(each, database=first.database, clock=first.clock) for each in others)]
    for number, (who, kind, *figures) in enumerate(happened):
        if kind == "count":
            keeping.count_all(first.database)
        else:
            lives[who].happen(Act(number, kind, *figures))
    keeping.count_all(first.database)
    book = read_book(database, zone)
    if not book.transfers:
        with first.database.read() as work, pytest.raises(service.NothingCountedYet):
            service.dashboard(work)
        return
    with first.database.read() as work:
        found = service.dashboard(work)
        hours = [FIRST.replace(minute=0) + count * HOUR * 24 for count in range(90)]
        assert [each.amount for each in store.lapsing(work, hours)] == list(
            map(book.lapsing, hours)
        )
    assert found.counted.sequence == found.journal_end == book.transfers[-1].sequence
    check_spans(found, book)
    check_cohorts(found, book)
    check_people(found, book)
