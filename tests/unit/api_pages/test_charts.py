"""Where the parts of a chart lie."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from api.pages.charts import HEIGHT, WIDTH, Drawing, Kind, Series, axis_end, draw

KINDS: tuple[Kind, ...] = ("beside", "stacked", "lines")
values = st.lists(st.one_of(st.none(), st.integers(-50, 10**13)), min_size=1, max_size=40)


def drawing(kind: Kind, *rows: list[int | None]) -> Drawing:
    series = [
        Series(f"s{number}", "", row, [str(value) for value in row])
        for number, row in enumerate(rows)
    ]
    return draw(kind, [str(place) for place in range(len(rows[0]))], series, str)


@given(st.integers(0, 10**16))
def test_an_axis_ends_at_or_above_the_greatest(greatest: int) -> None:
    end = axis_end(greatest)
    assert end >= greatest
    assert end == 10 or end < 2 * greatest
    assert str(end).rstrip("0") in {"1", "12", "15", "16", "2", "3", "4", "5", "6", "8"}


@given(st.sampled_from(KINDS), values, st.integers(1, 4))
def test_everything_lies_inside(kind: Kind, row: list[int | None], count: int) -> None:
    found = drawing(kind, *[row] * count)
    for mark in found.marks:
        assert 0 <= mark.x <= mark.x + mark.width <= WIDTH
        assert 0 <= mark.y <= mark.y + mark.height <= HEIGHT
    positive = sum(value is not None and (value > 0 or kind == "lines") for value in row)
    assert len(found.marks) == positive * count
    assert found.labels[-1][1] == str(len(row) - 1)
    assert len(found.labels) <= 6
    assert found.is_empty == (not any(row))


def test_columns_stand_on_the_axis_and_on_each_other() -> None:
    base = drawing("beside", [10], [5]).ticks[0][0]
    tall, short = drawing("beside", [10], [5]).marks
    assert tall.y + tall.height == short.y + short.height == base
    assert tall.height == 2 * short.height
    assert tall.x + tall.width == short.x
    lower, upper = drawing("stacked", [6], [4]).marks
    assert lower.y + lower.height == base
    assert (upper.x, upper.y + upper.height) == (lower.x, lower.y)
    assert upper.y == drawing("stacked", [6], [4]).ticks[-1][0]


def test_a_line_breaks_where_nothing_is_known() -> None:
    found = drawing("lines", [1, 2, None, 4, 5])
    assert len(found.lines) == 2
    assert len(found.marks) == 4
    assert next(mark.title for mark in found.marks) == "0: s0 1"
    assert all(one.y > other.y for one, other in pairwise(found.marks))


def test_a_little_is_seen() -> None:
    _most, least = drawing("beside", [10**9], [1]).marks
    assert least.height >= 1
    assert not drawing("beside", [0, None]).marks
