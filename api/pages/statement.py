"""A member's week: what there was, what moved it and why, what there is; as page and as file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from api.http.parts import DatabaseHere
from api.http.principal import CurrentMember
from api.i18n.formats import write_day, write_number, write_time
from api.pages.rendering import View, ViewHere
from api.pages.statement_file import statement_pdf
from api.pages.statement_words import (
    STAGES,
    Known,
    ShownMove,
    amounts,
    award_title,
    because_words,
    cap_words,
    kind_title,
    know,
    rest_title,
    shown_move,
    tones,
)
from ledger.kernel.transaction import Database
from ledger.members import service as members
from ledger.programme.calendar import Calendar
from ledger.statement import service
from ledger.statement.model import (
    Balance,
    Due,
    PastWeek,
    Statement,
    WeekOfMinutes,
    week_by_number,
    week_of,
)

router: Final = APIRouter(include_in_schema=False)

WEEKS_SHOWN_MAX: Final = 26
_LAST_MOMENT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Line:
    """A row of figures: what it is, what it comes to by stage, and in all."""

    title: str
    hint: str
    amounts: tuple[str, ...]
    tones: tuple[str, ...] = ("",) * len(STAGES)
    path: str | None = None


@dataclass(frozen=True, slots=True)
class ShownStatement:
    """A statement in the reader's language: all that page and file say, ready to be set."""

    week: str
    title: str
    span: str
    member: str
    note: str
    made: str
    stages: tuple[str, ...]
    opening: Line
    kinds: tuple[Line, ...]
    closing: Line
    moves: tuple[ShownMove, ...]
    rest: tuple[Line, ...]
    pending: tuple[tuple[str, str], ...]
    expiring: tuple[tuple[str, str], ...]
    hours: tuple[tuple[str, str, int], ...]
    streaks: tuple[tuple[str, str], ...]
    trimmed: tuple[tuple[str, str], ...]


@router.get("/statement")
def newest(view: ViewHere, member_id: CurrentMember, database: DatabaseHere) -> Response:
    """The last week that is over, or the one under way where there is none."""
    with database.read() as work:
        week = service.newest_week(work, member_id)
    return view.redirect(f"/statement/{week.text}")


@router.get("/statement/{week}.pdf")
def file(week: str, view: ViewHere, member_id: CurrentMember, database: DatabaseHere) -> Response:
    """The statement as a file for printing and keeping."""
    found, shown, _ = _statement(view, member_id, database, week)
    content = statement_pdf(view, shown, found.made_at)
    return Response(
        content,
        media_type="application/pdf",
        headers={
            "Content-Disposition": f'inline; filename="vklad-{found.week.text}.pdf"',
            "Content-Language": view.language,
            "Cache-Control": "no-store",
            "Vary": "Accept-Language, Cookie",
        },
    )


@router.get("/statement/{week}")
def page(week: str, view: ViewHere, member_id: CurrentMember, database: DatabaseHere) -> Response:
    """The statement as a page, with links to the other weeks."""
    found, shown, zone = _statement(view, member_id, database, week)
    others = [each for each in found.weeks if each.week.number != found.week.number]
    return view.render(
        "member/statement.html",
        statement=shown,
        hours=[
            {"label": first, "shown": said, "value": minutes}
            for first, said, minutes in shown.hours
        ],
        earlier=_weeks(view, others, zone, before=found.week.number),
        newer=_weeks(view, others, zone, after=found.week.number),
    )


def _statement(
    view: View, member_id: UUID, database: Database, text: str
) -> tuple[Statement, ShownStatement, tzinfo]:
    with database.read() as work:
        calendar = service.calendar_of(work)
        found = service.statement_of(work, member_id, week_of(text, calendar, work.now))
        known = know(view, work, [move.entry for move in found.moves])
        name = members.require_member(work, member_id).display_name or ""
    return found, shown_statement(view, found, known, calendar, name), calendar.rules


def shown_statement(
    view: View, found: Statement, known: Known, calendar: Calendar, name: str
) -> ShownStatement:
    """Everything in words and figures of the reader's language."""
    zone = calendar.rules
    text = view.catalogue.text
    over = found.week.is_over(found.made_at)
    last = found.week.until - _LAST_MOMENT
    until = _day(view, last if over else found.made_at, zone)
    first = _day(view, found.week.since, zone)
    closing = "statement.sums.closing" if over else "statement.sums.so_far"
    return ShownStatement(
        week=found.week.text,
        title=text(view.language, "statement.of", week=week_words(found.week.text)),
        span=text(view.language, "statement.span", first=first, last=_day(view, last, zone)),
        member=name,
        note=text(view.language, "statement.over" if over else "statement.so_far"),
        made=text(
            view.language, "statement.made", date=write_time(found.made_at, view.language, zone)
        ),
        stages=tuple(text(view.language, f"statement.sums.{stage}") for stage in STAGES),
        opening=_sum(
            view, text(view.language, "statement.sums.opening", date=first), found.opening
        ),
        kinds=tuple(
            Line(
                kind_title(view, each.kind),
                text(view.language, "statement.sums.entries", count=each.count),
                amounts(view, each.change),
                tones(each.change),
            )
            for each in found.kinds
        ),
        closing=_sum(view, text(view.language, closing, date=until), found.closing),
        moves=tuple(shown_move(view, known, zone, each) for each in found.moves),
        rest=tuple(
            Line(rest_title(view, each), "", amounts(view, each.change), tones(each.change))
            for each in found.rest
        ),
        pending=_due(view, found.pending, zone),
        expiring=_due(view, found.expiring, zone),
        hours=tuple(_hours(view, each, calendar) for each in found.minutes),
        streaks=_streaks(view, known, found, zone),
        trimmed=_trimmed(view, known, found),
    )


def week_words(text: str) -> str:
    """``2026-W47`` as it is said in both languages: 47 / 2026."""
    year, _, number = text.partition("-W")
    return f"{int(number)} / {year}"


def _day(view: View, when: datetime, zone: tzinfo) -> str:
    return write_day(when, view.language, zone)


def _sum(view: View, title: str, balance: Balance) -> Line:
    written = (write_number(getattr(balance, stage).amount, view.language) for stage in STAGES)
    return Line(title, "", tuple(written))


def _due(view: View, due: Sequence[Due], zone: tzinfo) -> tuple[tuple[str, str], ...]:
    waits = view.catalogue.text(view.language, "statement.pending.waits")
    return tuple(
        (
            f"{write_day(each.at, view.language, zone)}. {waits}"
            if each.waits
            else write_day(each.at, view.language, zone),
            write_number(each.points.amount, view.language),
        )
        for each in due
    )


def _hours(view: View, week: WeekOfMinutes, calendar: Calendar) -> tuple[str, str, int]:
    first = week_start(week.week, calendar)
    hours, minutes = divmod(week.minutes, 60)
    shown = view.catalogue.text(
        view.language, "statement.hours.count", hours=hours, minutes=minutes
    )
    return first, shown, week.minutes


def week_start(number: int, calendar: Calendar) -> str:
    """The Monday of a week, for a narrow column: 16.11."""
    start = week_by_number(number, calendar).since.astimezone(calendar.rules)
    return f"{start.day}.{start.month:02}"


def _streaks(
    view: View, known: Known, found: Statement, zone: tzinfo
) -> tuple[tuple[str, str], ...]:
    return tuple(
        (
            because_words(view, known.programme, each["because"]),
            view.catalogue.text(
                view.language,
                "statement.streak.at",
                date=write_day(award.earned_at - _LAST_MOMENT, view.language, zone),
            ),
        )
        for award in found.streaks
        for each in award.receipt["multipliers"]
        if "attribute" not in each["because"]
    )


def _trimmed(view: View, known: Known, found: Statement) -> tuple[tuple[str, str], ...]:
    return tuple(
        (
            award_title(view, known.programme, award),
            view.catalogue.text(view.language, "statement.trimmed.of", cap=cap, taken=taken),
        )
        for award in found.trimmed
        for cap, taken in cap_words(view, award.receipt)
    )


def _weeks(
    view: View, weeks: Sequence[PastWeek], zone: tzinfo, **bound: int
) -> list[dict[str, Any]]:
    """Links to other weeks, newest first: those before or after a number."""
    before, after = bound.get("before"), bound.get("after")
    wanted = [
        each
        for each in weeks
        if (before is None or each.week.number < before)
        and (after is None or each.week.number > after)
    ]
    return [
        {
            "path": f"/statement/{each.week.text}",
            "title": view.catalogue.text(
                view.language, "statement.of", week=week_words(each.week.text)
            ),
            "span": write_day(each.week.since, view.language, zone),
            "closing": view.catalogue.text(
                view.language, "statement.weeks.closing", count=each.closing.total.amount
            ),
        }
        for each in (wanted[:WEEKS_SHOWN_MAX] if after is None else wanted[-WEEKS_SHOWN_MAX:])
    ]
