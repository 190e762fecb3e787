"""What a quarter came to, in plain words, for every member."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from fastapi import APIRouter
from fastapi.responses import Response

from api.http.parts import DatabaseHere
from api.http.principal import CurrentMember
from api.i18n.formats import write_day
from api.pages.charted import Pen
from api.pages.earning import category_words
from api.pages.rendering import View, ViewHere
from ledger.kernel.units import Money
from ledger.reports import quarterly, service
from ledger.reports.model import low_effort
from ledger.reports.quarters import Quarter, QuarterReport

router: Final = APIRouter(prefix="/reports", include_in_schema=False)

OTHERS_MAX: Final = 12


@router.get("")
def newest(view: ViewHere, database: DatabaseHere, _: CurrentMember) -> Response:
    """The last quarter that is over, or the one under way where there is none."""
    with database.read() as work:
        try:
            known = quarterly.quarters(work)
        except service.NothingCountedYet:
            return view.render("member/quarter.html", found=None, title="")
    return view.redirect(f"/reports/{known[:2][-1].text}")


@router.get("/{quarter}")
def page(quarter: str, view: ViewHere, database: DatabaseHere, _: CurrentMember) -> Response:
    """One quarter, with links to the others."""
    with database.read() as work:
        found = quarterly.report(work, quarter)
        others = [each for each in quarterly.quarters(work) if each != found.quarter]
    pen = Pen(view)
    moved = found.span.moved
    return view.render(
        "member/quarter.html",
        category=lambda name: category_words(view, name),
        found=found,
        title=title_of(view, found.quarter),
        first=write_day(found.quarter.first, view.language),
        last=write_day(found.until - timedelta(days=1), view.language),
        moved=moved,
        otherwise=moved.issued - moved.by_events - moved.by_hand,
        compared=_compared(found),
        parts=_parts(pen, found),
        liability=[
            (Money(minor, currency), Money(found.liability.expected[currency], currency))
            for currency, minor in found.liability.full.items()
        ],
        low_effort=low_effort(found.acts),
        acts_total=sum(each.acts for each in found.acts),
        others=[(f"/reports/{each.text}", title_of(view, each)) for each in others[:OTHERS_MAX]],
        percent=pen.percent,
    )


def title_of(view: View, quarter: Quarter) -> str:
    """Quarter 3 of 2026."""
    return view.catalogue.text(
        view.language, "dashboards.quarter.of", number=quarter.number, year=str(quarter.year)
    )


def _compared(found: QuarterReport) -> list[tuple[str, Any, Any]]:
    """Message key, in this quarter, in the one before."""
    if found.before is None:
        return []
    now, then = found.span, found.before
    return [
        ("issued", now.moved.issued, then.moved.issued),
        ("spent", now.moved.given_up, then.moved.given_up),
        ("lost", now.moved.lost, then.moved.lost),
        ("taken_back", now.moved.taken_back, then.moved.taken_back),
        ("outstanding", now.closing.outstanding, then.closing.outstanding),
        ("debt", now.closing.debt, then.closing.debt),
    ]


def _parts(pen: Pen, found: QuarterReport) -> list[dict[str, Any]]:
    """What was outstanding at the end, for a bar."""
    end = found.span.closing
    return [
        {
            "label": pen.say(f"of.{name}"),
            "value": amount.amount,
            "shown": pen.number(amount),
            "tone": tone,
        }
        for name, amount, tone in (
            ("available", end.available, ""),
            ("pending", end.pending, "warn"),
            ("held", end.held, "info"),
            ("bridged", end.bridged, "quiet"),
        )
    ]
