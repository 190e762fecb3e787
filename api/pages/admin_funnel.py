"""The funnel for people: how many came how far, how quickly, month by month, and by what.

The chart has its table: what the eye sees, a screen reader reads, and nothing needs a script.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final

from fastapi import APIRouter
from fastapi.responses import Response

from api.funnel import KeptFunnelHere
from api.http.parts import DatabaseHere
from api.i18n import formats
from api.pages.admin import Overseer
from api.pages.rendering import View, ViewHere
from ledger.funnel.model import STAGES, Attribution, Funnel, Stage

router: Final = APIRouter(prefix="/admin/funnel", include_in_schema=False)

COHORTS_SHOWN_MAX: Final = 12
CHANNELS_SHOWN_MAX: Final = 15
_MINUTE_S: Final = 60
_HOUR_S: Final = 60 * _MINUTE_S
_DAY_S: Final = 24 * _HOUR_S
_LARGE: Final = 2
"""From so many of a unit on a time is told in it: 47 hours, then 2 days."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One stage of a month: how many, the share of the stage before, and the median time."""

    reached: int
    share: str
    took: str


@dataclass(frozen=True, slots=True)
class Row:
    """One stage of everybody's."""

    stage: Stage
    reached: int
    share: str
    of_sign_ups: str
    took: str


@router.get("")
def show(
    view: ViewHere,
    database: DatabaseHere,
    kept: KeptFunnelHere,
    _: Overseer,
    touch: Attribution | None = None,
) -> Response:
    """Everything on one page, the chart first."""
    with database.read() as work:
        found = kept.of(work)
    by = touch or Attribution.FIRST_TOUCH
    channels = found.channels[by]
    return view.render(
        "admin/funnel.html",
        any=bool(found.cohorts),
        rows=_rows(view, found.everybody),
        most=max(1, *(step.reached for step in found.everybody.steps)),
        stages=STAGES,
        months=[
            (_month(view, each.cohort or ""), _cells(view, each))
            for each in found.cohorts[:COHORTS_SHOWN_MAX]
        ],
        months_more=max(len(found.cohorts) - COHORTS_SHOWN_MAX, 0),
        channels=channels[:CHANNELS_SHOWN_MAX],
        channels_more=max(len(channels) - CHANNELS_SHOWN_MAX, 0),
        touches=tuple(Attribution),
        by=by,
    )


def _rows(view: View, found: Funnel) -> list[Row]:
    return [
        Row(
            step.stage,
            step.reached,
            _share(view, found.conversion(index)),
            _share(view, found.of_sign_ups(index)),
            _took(view, step.seconds_median),
        )
        for index, step in enumerate(found.steps)
    ]


def _cells(view: View, found: Funnel) -> list[Cell]:
    return [
        Cell(
            step.reached,
            _share(view, found.conversion(index)),
            _took(view, step.seconds_median),
        )
        for index, step in enumerate(found.steps)
    ]


def _month(view: View, cohort: str) -> str:
    return formats.write_month(date.fromisoformat(f"{cohort}-01"), view.language)


def _share(view: View, exact: Fraction | None) -> str:
    if exact is None:
        return "–"
    return formats.write_share(exact.numerator, exact.denominator, view.language)


def _took(view: View, seconds: int | None) -> str:
    """A median time in the largest unit of which it has two, down."""
    if seconds is None:
        return "–"
    for unit, name in ((_DAY_S, "days"), (_HOUR_S, "hours"), (_MINUTE_S, "minutes")):
        if seconds >= _LARGE * unit:
            return view.catalogue.text(view.language, f"funnel.took.{name}", count=seconds // unit)
    return view.catalogue.text(view.language, "funnel.took.soon")
