"""A member's own pages: what I have, why, what expires when, and what I could earn."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any, Final, cast

from fastapi import APIRouter
from fastapi.responses import Response

from api.http.pagination import PageHere
from api.http.parts import DatabaseHere
from api.http.principal import CurrentMember
from api.pages.earning import (
    amount_words,
    cap_rows,
    category_words,
    formula_of,
    limit_words,
    multiplier_rows,
    say,
)
from api.pages.entries import (
    in_force,
    rule_title,
    shown_award,
    stated_words,
    title_of,
    told_entries,
)
from api.pages.rendering import View, ViewHere
from api.pages.standing import standing_shown
from governance.reminders import store as reminders
from ledger.inactivity import service as inactivity
from ledger.kernel.ids import format_id
from ledger.kernel.units import Points
from ledger.lots import history as lot_history
from ledger.lots import service as lots
from ledger.lots.model import HeldLot, Summary
from ledger.members import service as members
from ledger.members import store as members_store
from ledger.programme.model import Rule
from ledger.quarantine import service as quarantine
from ledger.quarantine.model import PREFIX, WORDS_LENGTH_MAX
from ledger.quarantine.store import cases_of_member
from ledger.scoring import service as scoring
from ledger.scoring import store as awards
from ledger.scoring.entitlements.service import what_is_left
from ledger.scoring.left import Left
from ledger.scoring.store import StoredAward
from ledger.settlement import store as settlement
from ledger.settlement import vesting
from ledger.standing import service as standing
from ledger.standing.store import levels_of
from ledger.units import service as units
from ledger.units.model import UnitStanding

router: Final = APIRouter(include_in_schema=False)

DECIDED_SHOWN: Final = timedelta(days=30)
"""So long what persons decided on facts of the member is told here."""
RECENT_MAX: Final = 6
_OUR_OWN: Final = ("oidc", "member")
"""Identities that say nothing of an account of the school's."""
SOON: Final = timedelta(days=30)
WEEKS_SHOWN: Final = 8


@router.get("/me")
def overview(view: ViewHere, member_id: CurrentMember, database: DatabaseHere) -> Response:
    """The balance, what of it expires, and the newest awards with their reasons."""
    with database.read() as work:
        summary = lots.summary(work, member_id, work.now)
        member = members.require_member(work, member_id)
        found = awards.award_page(work, member_id, None, RECENT_MAX)
        earned = awards.award_page(work, member_id, None, 400)
        programme = in_force(work)
        identities = members_store.identities_of_member(work, member_id)
        merit = standing.standing_of(work, member_id)
        kept = next(iter(levels_of(work, member_id, limit=1)), None)
        absence = inactivity.warned_absence(work, member_id)
        unsettled = vesting.count_waiting(work, member_id)
        beside = [each for each in units.units_of(work, member_id) if each.awards]
        under_review = quarantine.points_under_review(work, member_id)
        unread = reminders.count_unread(work, member_id)
        cases = cases_of_member(work, member_id, RECENT_MAX)
        now = work.now
    return view.render(
        "member/overview.html",
        member=member,
        summary=summary,
        under_review=under_review,
        unread=unread,
        cases=[
            (format_id(PREFIX, one.case_id), member_id in one.appeals())
            for one in cases
            if one.is_live
        ],
        decided=[one for one in cases if one.decided_at and one.decided_at > now - DECIDED_SHOWN],
        words_max=WORDS_LENGTH_MAX,
        parts=_parts(view, summary),
        absence=None if absence is None else f"{absence:%d.%m.%Y}",
        unsettled=unsettled,
        expiring=_expiring(summary, now),
        soon=now + SOON,
        awards=[shown_award(view, programme, each) for each in found],
        weeks=_weeks(view, earned, now),
        standing=standing_shown(view, merit, kept),
        units=[unit_row(view, each) for each in beside],
        titles=lambda rule_id: rule_title(view, programme, rule_id),
        state=lambda basis: stated_words(view, programme, basis),
        has_lms=any(
            each.key is not None and each.key.provider not in _OUR_OWN for each in identities
        ),
    )


@router.get("/history")
def history(
    view: ViewHere, page: PageHere, member_id: CurrentMember, database: DatabaseHere
) -> Response:
    """Every entry that changed what the member has, newest first, each with why."""
    before = None if page.after is None else int(cast("int", page.after[0]))
    with database.read() as work:
        entries = lot_history.history(work, member_id, before=before, limit=page.fetch)
        programme = in_force(work)
        unpaid = [] if page.after else settlement.unpaid_of_member(work, member_id)
        told = told_entries(view, work, entries[: page.limit])
    return view.render(
        "member/history.html",
        entries=told,
        titles=lambda rule_id: rule_title(view, programme, rule_id),
        state=lambda basis: stated_words(view, programme, basis),
        unpaid=[(each, title_of(view, programme, each.rule_id, each.period)) for each in unpaid],
        next_cursor=page.next_cursor(entries, lambda entry: [entry.sequence]),
    )


@router.get("/earn")
def earn(view: ViewHere, database: DatabaseHere, member_id: CurrentMember) -> Response:
    """What earns points under the programme in force, and what of it is left, in words."""
    with database.read() as work:
        programme, plan = in_force(work), scoring.current_plan(work)
        left = Left() if plan is None else what_is_left(work, plan, member_id)
    rules = defaultdict(list)
    for rule in programme.rules if programme else ():
        rules[rule.category or ""].append(rule)
    return view.render(
        "member/earn.html",
        programme=programme,
        groups=[(category_words(view, name), found) for name, found in sorted(rules.items())],
        multipliers=list(programme.multipliers.values()) if programme else [],
        say=lambda text, fallback="": say(view, text, fallback),
        amount=lambda rule: amount_words(view, rule),
        formula=formula_of,
        rows=lambda multiplier: multiplier_rows(view, programme, multiplier),
        limits=lambda rule: limit_words(view, rule, left),
        caps=cap_rows(view, programme, left) if programme else [],
        pays_actor=_pays_actor,
    )


def unit_row(view: View, found: UnitStanding) -> tuple[str, int, str]:
    """A unit beside points: what it is called, what there is of it, and the level if any."""
    reached = found.reached.level
    level = "" if reached is None else say(view, reached.title, reached.level_id)
    return say(view, found.programme.title, found.unit), found.standing.points.amount, level


def _parts(view: View, summary: Summary) -> list[dict[str, Any]]:
    shown = (
        ("available", summary.available, "good"),
        ("pending", summary.pending, "info"),
        ("held", summary.held, "warn"),
    )
    return [
        {
            "label": view.catalogue.text(view.language, f"member.overview.{name}"),
            "value": amount.amount,
            "shown": view.catalogue.text(view.language, "member.points_count", count=amount.amount),
            "tone": tone,
        }
        for name, amount, tone in shown
    ]


def _expiring(summary: Summary, now: datetime) -> list[tuple[datetime, Points]]:
    """Points that expire, by day of expiry, nearest first."""
    by_day: dict[date, tuple[datetime, Points]] = {}
    for held in summary.lots:
        expires_at, left = held.lot.expires_at, _left(held)
        if left and expires_at is not None and expires_at > now:
            first, so_far = by_day.get(expires_at.date(), (expires_at, Points(0)))
            by_day[expires_at.date()] = min(first, expires_at), so_far + left
    return sorted(by_day.values())[:6]


def _left(held: HeldLot) -> Points:
    return held.pending + held.available + held.held


def _weeks(view: View, found: list[StoredAward], now: datetime) -> list[dict[str, Any]]:
    """Points earned in each of the last weeks, oldest first."""
    monday = (now - timedelta(days=now.weekday())).date()
    starts = [monday - timedelta(weeks=back) for back in range(WEEKS_SHOWN - 1, -1, -1)]
    totals = dict.fromkeys(starts, 0)
    for award in found:
        day = (award.earned_at - timedelta(microseconds=1)).date()
        start = day - timedelta(days=day.weekday())
        if start in totals:
            totals[start] += award.points
    return [
        {
            "label": f"{start.day}.{start.month:02}",
            "value": total,
            "shown": view.catalogue.text(view.language, "member.points_count", count=total),
        }
        for start, total in totals.items()
    ]


def _pays_actor(rule: Rule) -> bool:
    return rule.to == "actor"
