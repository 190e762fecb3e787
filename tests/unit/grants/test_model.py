"""What a budget has left, what stays of a reason, and how moments are hashed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import pytest

from ledger.grants.model import (
    LINES_MAX,
    POINTS_PER_LINE_MAX,
    Budget,
    GrantState,
    budget_digest,
    reason_digest,
)
from ledger.grants.rows import parse_rows
from ledger.grants.vesting import GrantVesting
from ledger.kernel.canonical import canonical_json
from ledger.kernel.ids import format_id
from ledger.kernel.units import Points
from tests.unit.grants.test_vesting import GRANT

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
BUDGET = Budget(UUID(int=1), "prizes", Points(100), UUID(int=2), AT, Points(30))


def test_what_is_paid_is_not_left() -> None:
    assert BUDGET.left == Points(70)


def test_a_reason_is_salted_by_its_grant() -> None:
    assert reason_digest(UUID(int=7), "ё") == sha256(bytes(15) + b"\x07" + b"\xd1\x91").digest()


def test_when_a_budget_was_opened_is_hashed() -> None:
    assert budget_digest(BUDGET) != budget_digest(replace(BUDGET, opened_at=AT + timedelta(days=1)))
    stated = {
        "budget": str(UUID(int=1)),
        "name": "prizes",
        "amount": 100,
        "opened_by": str(UUID(int=2)),
        "opened_at": "2026-03-02T09:00:00Z",
    }
    assert budget_digest(BUDGET) == sha256(canonical_json(stated)).digest()


def test_a_file_may_have_so_many_lines_of_so_many_points() -> None:
    member = format_id("mem", UUID("0198c2a0-0000-7000-8000-00000000000a"))
    rows = f"{member},{POINTS_PER_LINE_MAX}\n" * LINES_MAX
    lines = parse_rows(f"member,points\n{rows}")
    assert len(lines) == LINES_MAX
    assert lines[-1].points == Points(POINTS_PER_LINE_MAX)


def test_what_is_taken_back_was_paid() -> None:
    paid = {state.value for state in GrantState if state.was_paid}
    assert paid == {"paid", "taking_back", "taken_back"}


DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("activates_at", "usable_from"),
    [(None, AT), (AT - DAY, AT), (AT, AT), (AT + DAY, AT + DAY)],
)
def test_points_are_usable_once_they_are_paid(
    activates_at: datetime | None, usable_from: datetime
) -> None:
    assert replace(GRANT, activates_at=activates_at).usable_from(AT) == usable_from


def test_points_of_a_kind_are_usable_as_the_kind_says() -> None:
    vesting = GrantVesting("mentor", "UTC", months=1, days=0, waits_for=None)
    assert replace(GRANT, vesting=vesting).usable_from(AT) == vesting.matures(AT) > AT
