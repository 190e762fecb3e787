"""Charts of the whole school for its owner, admins and auditors, each with its table and a file.

Figures are of the journal as far as it was counted; whoever wants to check them recomputes up to
the transfer that the page names.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response

from api.http.parts import DatabaseHere
from api.i18n.formats import write_day, write_month
from api.pages.admin import Overseer
from api.pages.charted import Chart, Label, Pen
from api.pages.earning import category_words
from api.pages.rendering import ViewHere
from ledger.kernel.units import Money
from ledger.reports import service
from ledger.reports.model import Span, low_effort
from ledger.reports.service import Dashboard

router: Final = APIRouter(prefix="/admin/dashboard", include_in_schema=False)

CSV: Final = "/v1/reports/dashboard/{}.csv"

Unit = Literal["month", "week"]


@router.get("")
def dashboard(
    view: ViewHere,
    database: DatabaseHere,
    _: Overseer,
    by: Annotated[Unit, Query()] = "month",
) -> Response:
    """Everything on one page; ``by`` is what flows are told by."""
    with database.read() as work:
        try:
            found = service.dashboard(work)
        except service.NothingCountedYet:
            return view.render("admin/dashboard.html", found=None)
    pen = Pen(view)
    return view.render(
        "admin/dashboard.html",
        category=lambda name: category_words(view, name),
        found=found,
        by=by,
        charts=charts_of(pen, found, by),
        liability=liability_of(found),
        parts=expected_parts(pen, found),
        low_effort=low_effort(found.acts),
        acts_total=sum(each.acts for each in found.acts),
        percent=pen.percent,
        hundredths=pen.hundredths,
    )


def charts_of(pen: Pen, found: Dashboard, by: Unit) -> dict[str, Chart]:
    """Every chart by its name."""
    spans, file = (found.weeks, "weeks") if by == "week" else (found.months, "months")
    drawn = (
        *flow_charts(pen, spans, [_label(pen, each.first, by) for each in spans], file),
        *state_charts(pen, found),
        cohort_chart(pen, found),
        lapsing_chart(pen, found),
        spread_chart(pen, found),
    )
    return {each.name: each for each in drawn}


def flow_charts(
    pen: Pen, spans: Sequence[Span], labels: Sequence[Label], file: str
) -> tuple[Chart, ...]:
    """What moved, week by week or month by month."""
    moved = [span.moved for span in spans]
    csv = CSV.format(file)
    rest = [each.issued - each.by_events - each.by_hand for each in moved]
    return (
        pen.chart(
            *("flows", "beside", labels),
            [
                pen.series("issued", "", (each.issued for each in moved)),
                pen.series("spent", "warn", (each.given_up for each in moved)),
            ],
            csv,
        ),
        pen.chart(
            *("burn", "lines", labels),
            [pen.shares("burn", "", (each.burn for each in moved))],
            csv,
        ),
        pen.chart(
            *("sources", "stacked", labels),
            [
                pen.series("by_events", "", (each.by_events for each in moved)),
                pen.series("by_hand", "warn", (each.by_hand for each in moved)),
                pen.series("otherwise", "quiet", rest),
            ],
            csv,
        ),
    )


def state_charts(pen: Pen, found: Dashboard) -> tuple[Chart, ...]:
    """What was owed at the end of each month."""
    labels = [_label(pen, each.first, "month") for each in found.months]
    ends = [each.closing for each in found.months]
    csv = CSV.format("months")
    return (
        pen.chart(
            *("owed", "stacked", labels),
            [
                pen.series("available", "", (each.available for each in ends)),
                pen.series("pending", "warn", (each.pending for each in ends)),
                pen.series("held", "info", (each.held for each in ends)),
                pen.series("bridged", "quiet", (each.bridged for each in ends)),
            ],
            csv,
        ),
        pen.chart(
            *("debt", "beside", labels),
            [pen.series("debt", "bad", (each.debt for each in ends))],
            csv,
        ),
    )


def cohort_chart(pen: Pen, found: Dashboard) -> Chart:
    """What became of the points of each month."""
    cohorts = found.cohorts[-service.MONTHS_SHOWN :]
    return pen.chart(
        *("cohorts", "stacked", [_label(pen, each.month, "month") for each in cohorts]),
        [
            pen.series("spent", "", (each.moved.spent for each in cohorts)),
            pen.series("lost", "bad", (each.moved.lost for each in cohorts)),
            pen.series("taken_back", "warn", (each.moved.taken_back for each in cohorts)),
            pen.series("bridged", "quiet", (each.moved.bridged for each in cohorts)),
            pen.series("left", "info", (each.moved.change for each in cohorts)),
        ],
        CSV.format("cohorts"),
    )


def lapsing_chart(pen: Pen, found: Dashboard) -> Chart:
    """What ends soon."""
    labels = [
        (pen.say("days", count=days), pen.say("within", count=days)) for days, _ in found.lapsing
    ]
    series = pen.series("lapsing", "warn", (points for _, points in found.lapsing))
    return pen.chart("lapsing", "beside", labels, [series], CSV.format("lapsing"))


def spread_chart(pen: Pen, found: Dashboard) -> Chart:
    """What each tenth of those with points has."""
    labels = [
        (pen.number(place), pen.say("tenth", number=place, count=each.members))
        for place, each in enumerate(found.spread.tenths, start=1)
    ]
    series = pen.series("held_by_tenth", "", (each.points for each in found.spread.tenths))
    return pen.chart("spread", "beside", labels, [series], CSV.format("spread"))


def liability_of(found: Dashboard) -> list[tuple[Money, Money]]:
    """In each currency: all of it, and what of it is expected to be asked for."""
    one = found.liability
    return [
        (Money(minor, currency), Money(one.expected[currency], currency))
        for currency, minor in one.full.items()
    ]


def expected_parts(pen: Pen, found: Dashboard) -> list[dict[str, object]]:
    """The two parts of what is outstanding, for a bar."""
    one = found.liability
    expected = int(one.outstanding.amount * one.redemption)
    return [
        {
            "label": pen.say(f"liability.part.{name}"),
            "value": amount,
            "shown": pen.number(amount),
            "tone": tone,
        }
        for name, amount, tone in (
            ("spent", expected, "good"),
            ("lost", one.outstanding.amount - expected, "quiet"),
        )
    ]


def _label(pen: Pen, first: date, by: Unit) -> Label:
    language = pen.view.language
    if by == "week":
        return f"{first.day}.{first.month:02}", write_day(first, language)
    return f"{first.month:02}.{first.year % 100:02}", write_month(first, language)
