"""Activating everything and then expiring everything comes to what the order of time comes to."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.journal.model import EntryKind
from ledger.kernel.units import Points
from ledger.lots.due import apply_due
from ledger.lots.model import Cause, HeldLot, Lot, Position
from ledger.lots.sheet import Sheet, open_sheet

START = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)
ANNA = UUID(int=7)
lot = st.tuples(st.integers(1, 9), st.integers(0, 9), st.one_of(st.none(), st.integers(1, 9)))


def outcome(sheet: Sheet) -> tuple[object, ...]:
    moved = Counter(
        (str(draft.entry_id), posting.credit.kind.value, posting.amount.amount)
        for draft in sheet.entries
        for posting in draft.postings
    )
    return (sheet.position(), sheet.debt, moved)


@settings(max_examples=300, deadline=None)
@given(st.lists(lot, max_size=6), st.integers(0, 20), st.integers(0, 20))
def test_step_after_step_is_as_time_passes(
    lots: list[tuple[int, int, int | None]], debt: int, days: int
) -> None:
    held = tuple(
        HeldLot(
            Lot(
                UUID(int=number + 1),
                ANNA,
                Points(points),
                START + active * DAY,
                None if life is None else START + (active + life) * DAY,
                Cause("test", str(number)),
                UUID(int=100 + number),
            ),
            pending=Points(points),
        )
        for number, (points, active, life) in enumerate(lots)
    )
    at = START + days * DAY
    position = Position(ANNA, held, Points(debt))
    by_time, by_step = open_sheet(position), open_sheet(position)
    apply_due(by_time, at)
    apply_due(by_step, at, ("activate",))
    assert all(draft.kind is not EntryKind.EXPIRY for draft in by_step.entries)
    apply_due(by_step, at, ("expire",))
    assert outcome(by_step) == outcome(by_time)
    done = len(by_step.entries)
    apply_due(by_step, at, ("activate",))
    apply_due(by_step, at, ("expire",))
    assert len(by_step.entries) == done
