"""Points change hands with the life they had left, each share in proportion."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.kernel.units import Points, sum_points
from ledger.lots.model import Cause, Lot
from ledger.purchases.lives import Life, lives_left, spread
from ledger.purchases.model import PaidShare, share_from

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def _lot(number: int, expires_at: datetime | None) -> Lot:
    return Lot(
        lot_id=UUID(int=number),
        member_id=UUID(int=100),
        granted=Points(1000),
        activates_at=AT - 30 * DAY,
        expires_at=expires_at,
        cause=Cause("grant", "g"),
        entry_id=UUID(int=200),
    )


def _life(points: int, days: int | None = None, continues: int = 1) -> Life:
    expires_at = None if days is None else AT + days * DAY
    return Life(Points(points), expires_at, UUID(int=continues))


def test_lots_of_one_expiry_are_one_life_nearest_first() -> None:
    paid = [
        (Points(5), _lot(1, None)),
        (Points(7), _lot(2, AT + DAY)),
        (Points(9), _lot(3, AT + 2 * DAY)),
        (Points(2), _lot(4, AT + DAY)),
    ]
    assert lives_left(paid, paid_at=AT, activates_at=AT) == [
        _life(9, 1, continues=2),
        _life(9, 2, continues=3),
        _life(5, None, continues=1),
    ]


def test_points_that_wait_stand_still() -> None:
    paid = [(Points(5), _lot(1, AT + DAY))]
    assert lives_left(paid, paid_at=AT, activates_at=AT + 14 * DAY) == [_life(5, 15)]


@pytest.mark.parametrize(
    ("amounts", "lives", "parts"),
    [
        ((70, 30), (40, 60), [(28, 12), (42, 18)]),
        # A third of ten is 3.33 each: the point over goes to the last named.
        ((10, 10, 10), (10, 20), [(3, 3, 4), (7, 7, 6)]),
        # Whoever gets nothing of the price gets nothing of what is over.
        ((1, 0, 1), (1, 1), [(0, 0, 1), (1, 0, 0)]),
        ((5,), (2, 3), [(2,), (3,)]),
    ],
)
def test_each_share_is_of_all_lives(
    amounts: tuple[int, ...], lives: tuple[int, ...], parts: list[tuple[int, ...]]
) -> None:
    found = spread([Points(each) for each in amounts], [_life(each) for each in lives])
    assert [tuple(part.amount for part in each) for _, each in found] == parts


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=6), st.data())
def test_nothing_is_lost_and_nobody_is_a_point_away_from_their_part(
    amounts: list[int], data: st.DataObject
) -> None:
    amounts[0] += 1
    left, lives = sum(amounts), []
    while left:
        lives.append(data.draw(st.integers(1, left)))
        left -= lives[-1]
    wanted = [Points(each) for each in amounts]
    rows = [parts for _, parts in spread(wanted, [_life(each) for each in lives])]
    assert [sum_points(row).amount for row in rows] == lives
    assert [sum_points(column) for column in zip(*rows, strict=True)] == wanted
    assert all(part >= Points(0) for row in rows for part in row)
    for part, amount in zip(rows[0], amounts, strict=True):
        assert abs(part.amount * sum(amounts) - lives[0] * amount) < sum(amounts)


def test_shares_are_read_as_they_were_first_stated_too() -> None:
    share = PaidShare("author", Points(7), UUID(int=1), None, (UUID(int=2), UUID(int=3)))
    assert share_from(share.to_json()) == share
    first = {"to": "author", "points": 7, "member": str(UUID(int=1)), "pool": None}
    one = share_from(first | {"lot": str(UUID(int=2))})
    assert one.lot_ids == (UUID(int=2),)
    assert share_from(first | {"lot": None}).lot_ids == ()
