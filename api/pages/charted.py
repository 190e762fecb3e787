"""Charts as they are said: titles, legends and tables in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from api.i18n.formats import write_compact, write_exact, write_number, write_share
from api.pages.charts import Drawing, Kind, Series, draw
from api.pages.rendering import View
from ledger.kernel.units import Points

NOTHING: Final = "–"
_HUNDRED: Final = 100
Label = tuple[str, str]
"""Short for the axis, and in full for the table."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing with its words, and the table that says the same."""

    name: str
    title: str
    text: str
    summary: str
    drawing: Drawing
    legend: tuple[tuple[str, str], ...]
    heads: tuple[Any, ...]
    rows: tuple[tuple[str, ...], ...]
    csv: str


@dataclass(frozen=True, slots=True)
class Pen:
    """Draws charts in the language of a view."""

    view: View

    def say(self, key: str, **operands: Any) -> str:
        """A sentence of this page."""
        return self.view.catalogue.text(self.view.language, f"dashboards.{key}", **operands)

    def number(self, points: Points | int) -> str:
        """A whole number."""
        amount = points.amount if isinstance(points, Points) else points
        return write_number(amount, self.view.language)

    def percent(self, exact: Fraction | None) -> str:
        """A share in whole per cent."""
        if exact is None:
            return NOTHING
        return write_share(exact.numerator, exact.denominator, self.view.language)

    def hundredths(self, exact: Fraction | None) -> str:
        """A number to two digits; the exact one is in the API."""
        if exact is None:
            return NOTHING
        hundredths = round(exact * _HUNDRED)
        return write_exact(
            f"{hundredths // _HUNDRED}.{hundredths % _HUNDRED:02}", self.view.language
        )

    def compact(self, value: int) -> str:
        """A number at an axis: 12K."""
        return write_compact(value, self.view.language)

    def series(self, key: str, tone: str, points: Iterable[Points]) -> Series:
        """A row of points."""
        values = [each.amount for each in points]
        return Series(self.say(f"of.{key}"), tone, values, [self.number(each) for each in values])

    def shares(self, key: str, tone: str, found: Iterable[Fraction | None]) -> Series:
        """A row of shares, in whole per cent."""
        exact = list(found)
        values = [None if each is None else round(each * _HUNDRED) for each in exact]
        return Series(self.say(f"of.{key}"), tone, values, [self.percent(each) for each in exact])

    def chart(
        self, name: str, kind: Kind, labels: Sequence[Label], series: Sequence[Series], csv: str
    ) -> Chart:
        """A chart of series over labels; ``csv`` is the address of the same as a file."""
        write: Callable[[int], str] = self.whole_percent if kind == "lines" else self.compact
        return Chart(
            name=name,
            title=self.say(f"chart.{name}.title"),
            text=self.say(f"chart.{name}.text"),
            summary=self._summary(labels, series),
            drawing=draw(kind, [short for short, _ in labels], series, write),
            legend=tuple((each.label, each.tone) for each in series),
            heads=self._heads(name, series),
            rows=tuple(
                (full, *(each.shown[place] for each in series))
                for place, (_, full) in enumerate(labels)
            ),
            csv=csv,
        )

    def whole_percent(self, value: int) -> str:
        """A share given in whole per cent."""
        return write_share(value, _HUNDRED, self.view.language)

    def _heads(self, name: str, series: Sequence[Series]) -> tuple[Any, ...]:
        first = self.say(f"chart.{name}.head")
        return (first, *({"text": each.label, "kind": "amount"} for each in series))

    def _summary(self, labels: Sequence[Label], series: Sequence[Series]) -> str:
        if not labels:
            return ""
        last = "; ".join(f"{each.label} {each.shown[-1]}" for each in series)
        return self.say("summary", first=labels[0][1], last=labels[-1][1], values=last)
