"""How a stake's weight grows: by hand, against a direct computation, and by its properties."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.staking.model import (
    HALF_LIFE_DAYS,
    SCALE,
    Priority,
    Stake,
    StakedPart,
    grown,
    ranking,
)
from ledger.kernel.units import Points

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def _stake(points: int, *, project: int = 1, number: int = 1, life: int | None = None) -> Stake:
    part = StakedPart(Points(points), None if life is None else AT + life * DAY)
    return Stake(UUID(int=number), UUID(int=project), UUID(int=9), AT, AT + 365 * DAY, (part,))


def test_half_after_a_half_life_and_so_on() -> None:
    by_half_lives = [grown(number * HALF_LIFE_DAYS) for number in range(5)]
    assert by_half_lives == [0, 500_000, 750_000, 875_000, 937_500]
    assert [grown(days) for days in (1, 2, 3)] == [94_277, 179_665, 257_003]
    assert grown(140) == SCALE
    assert grown(10_000) == SCALE


@given(st.integers(0, 400))
def test_the_formula_is_what_it_says(days: int) -> None:
    """Against a computation with sixty digits: 10⁶ less 10⁶ × 2^(−n/7), that rounded down."""
    with localcontext() as context:
        context.prec = 60
        left = Decimal(SCALE) * Decimal(2) ** (Decimal(-days) / HALF_LIFE_DAYS)
        nearest = left.to_integral_value()
        whole = int(nearest if abs(left - nearest) < Decimal(10) ** -40 else left)
    assert grown(days) == SCALE - whole


@given(st.integers(1, 10**15), st.integers(0, 400), st.integers(0, 400))
def test_weight_grows_and_never_beyond_the_points(points: int, one: int, other: int) -> None:
    stake = _stake(points)
    early, late = (stake.weight(AT + days * DAY) for days in sorted((one, other)))
    assert 0 <= early <= late <= points


@given(st.integers(1, 10**9), st.integers(1, 10**9), st.integers(0, 400))
def test_splitting_a_stake_gains_nothing(first: int, second: int, days: int) -> None:
    at = AT + days * DAY
    apart = _stake(first).weight(at) + _stake(second).weight(at)
    assert apart <= _stake(first + second).weight(at) <= apart + 1


@pytest.mark.parametrize(("days", "weight"), [(6, 44), (7, 0), (8, 0)])
def test_what_has_expired_weighs_nothing(days: int, weight: int) -> None:
    assert _stake(100, life=7).weight(AT + days * DAY) == weight


def test_before_it_was_placed_it_weighs_nothing() -> None:
    assert _stake(100).weight(AT - 30 * DAY) == 0


def test_projects_are_ranked_by_weight_and_then_by_age() -> None:
    stakes = [
        _stake(10, project=2),
        _stake(30, project=3, number=2),
        _stake(10, project=1, number=3),
        _stake(5, project=2, number=4, life=1),
    ]
    assert ranking(stakes, AT + 7 * DAY) == [
        Priority(UUID(int=3), 15, Points(30), 1),
        Priority(UUID(int=1), 5, Points(10), 1),
        Priority(UUID(int=2), 5, Points(10), 2),
    ]
    assert ranking([], AT) == []
