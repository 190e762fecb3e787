"""Where the parts of a chart lie: columns beside or on each other, or lines. Pure.

    left                               right
    tick ─┬────────────────────────────┐ top
          │  ▇ ▅                       │
    tick ─┼──█─█───────────────────────┤
          │  █ █                       │
       0 ─┴────────────────────────────┘ base
            label      label     label

A chart is drawn in a box of its own units and grows with the page; the table beside it says the
same in figures. What has no value (``None``) is a gap; what is below zero is drawn as nothing, and
the table says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

WIDTH: Final = 360
HEIGHT: Final = 190
_LEFT: Final = 58
_RIGHT: Final = WIDTH - 12
_TOP: Final = 10
_BASE: Final = HEIGHT - 22
_LABELS_MAX: Final = 6
_LEAST: Final = 1
"""Height of a column that is something, however little."""
_STEPS: Final = (10, 12, 15, 16, 20, 30, 40, 50, 60, 80)
"""Ends of an axis over powers of ten; a half of each is written with one decimal at most."""

Kind = Literal["beside", "stacked", "lines"]


@dataclass(frozen=True, slots=True)
class Series:
    """One row of values, and how each is written; ``tone`` as in ``ui.html``."""

    label: str
    tone: str
    values: Sequence[int | None]
    shown: Sequence[str]


@dataclass(frozen=True, slots=True)
class Mark:
    """A column, or the dot of a line: ``x`` and ``y`` of its upper left corner."""

    x: float
    y: float
    width: float
    height: float
    tone: str
    title: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """All that is drawn: ticks by height, labels by place, columns, lines as points by tone."""

    ticks: tuple[tuple[float, str], ...]
    labels: tuple[tuple[float, str], ...]
    marks: tuple[Mark, ...]
    lines: tuple[tuple[str, str], ...]
    is_empty: bool
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = _RIGHT
    label_y: int = HEIGHT - 6


def draw(
    kind: Kind, labels: Sequence[str], series: Sequence[Series], write: Callable[[int], str]
) -> Drawing:
    """The drawing of some series over the same labels; ``write`` writes a value at the axis."""
    assert all(len(each.values) == len(labels) for each in series), "a value for each label"
    end = axis_end(_greatest(kind, series))
    slot = (_RIGHT - _LEFT) / max(len(labels), 1)
    lines: tuple[tuple[str, str], ...] = ()
    if kind == "lines":
        marks = tuple(_dots(labels, series, slot, end))
        lines = tuple(_lines(series, slot, end))
    else:
        marks = tuple(_columns(kind, labels, series, slot, end))
    return Drawing(
        ticks=tuple((_y(value, end), write(value)) for value in _ticks(end)),
        labels=tuple(_labels(labels, slot)),
        marks=marks,
        lines=lines,
        is_empty=not any(value for each in series for value in each.values),
    )


def axis_end(greatest: int) -> int:
    """The least round number that is no less than the greatest value; at least 10."""
    power = 1
    while _STEPS[-1] * power < greatest:
        power *= 10
    return next(step * power for step in _STEPS if step * power >= greatest)


def _greatest(kind: Kind, series: Sequence[Series]) -> int:
    if kind == "stacked":
        columns = zip(*(each.values for each in series), strict=True)
        return max((sum(max(value or 0, 0) for value in column) for column in columns), default=0)
    return max((value or 0 for each in series for value in each.values), default=0)


def _ticks(end: int) -> tuple[int, ...]:
    return (0, end // 2, end) if end % 2 == 0 else (0, end)  # 15 has no whole half


def _y(value: int, end: int) -> float:
    return round(_BASE - (_BASE - _TOP) * value / end, 1)


def _labels(labels: Sequence[str], slot: float) -> Iterator[tuple[float, str]]:
    """Some of them, the last one always."""
    every = -(-len(labels) // _LABELS_MAX)
    for place, label in enumerate(labels):
        if (len(labels) - 1 - place) % max(every, 1) == 0:
            yield round(_LEFT + slot * (place + 0.5), 1), label


def _columns(
    kind: Kind, labels: Sequence[str], series: Sequence[Series], slot: float, end: int
) -> Iterator[Mark]:
    count = 1 if kind == "stacked" else len(series)
    width = min(slot * 0.8, 30.0 * count) / count
    for place, label in enumerate(labels):
        start = _LEFT + slot * place + (slot - width * count) / 2
        top = 0
        for number, each in enumerate(series):
            value = max(each.values[place] or 0, 0)
            if not value:
                continue
            y = _y(top + value, end)
            height = max(_y(top, end) - y, _LEAST)
            x = start if kind == "stacked" else start + width * number
            title = f"{label}: {each.label} {each.shown[place]}"
            yield Mark(round(x, 1), y, round(width, 1), round(height, 1), each.tone, title)
            top += value if kind == "stacked" else 0


def _places(each: Series, slot: float, end: int) -> list[tuple[float, float] | None]:
    return [
        None if value is None else (round(_LEFT + slot * (place + 0.5), 1), _y(max(value, 0), end))
        for place, value in enumerate(each.values)
    ]


def _dots(labels: Sequence[str], series: Sequence[Series], slot: float, end: int) -> Iterator[Mark]:
    for each in series:
        for place, at in enumerate(_places(each, slot, end)):
            if at is not None:
                title = f"{labels[place]}: {each.label} {each.shown[place]}"
                yield Mark(at[0] - 2, at[1] - 2, 4, 4, each.tone, title)


def _lines(series: Sequence[Series], slot: float, end: int) -> Iterator[tuple[str, str]]:
    """A piece between each two neighbours that both have a value."""
    for each in series:
        for one, other in pairwise(_places(each, slot, end)):
            if one is not None and other is not None:
                yield each.tone, f"{one[0]},{one[1]} {other[0]},{other[1]}"
