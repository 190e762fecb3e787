"""One member for those who answer questions: what they have, what they did, what was decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from api.http.pagination import PageHere
from api.http.parts import DatabaseHere
from api.pages.admin import Overseer, names_of
from api.pages.entries import ToldEntry, in_force, rule_title, stated_words, told_entries
from api.pages.explaining import act_title, act_view, listening
from api.pages.rendering import View, ViewHere
from ledger.consents import service as consents
from ledger.consents.model import Purpose
from ledger.events.listing import store as listing
from ledger.events.model import EventSummary
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Work
from ledger.lots import history as lot_history
from ledger.lots import service as lots
from ledger.lots.history import HistoryEntry
from ledger.members import service as members
from ledger.members import store as members_store
from ledger.members.blocks import store as blocks
from ledger.members.persons import store as persons
from ledger.quarantine.store import cases_of_member
from ledger.scoring import store as awards
from ledger.wallets import service as wallets

router: Final = APIRouter(prefix="/admin/members", include_in_schema=False)
CASES_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a timeline: an entry or an act, and where the next page goes on after it."""

    at: datetime
    what: HistoryEntry | EventSummary
    key: tuple[int | None, str | None]


def merged(
    entries: Sequence[HistoryEntry],
    acts: Sequence[EventSummary],
    after: tuple[int | None, str | None],
) -> list[Step]:
    """Both, newest first, as they became known; each keeps its own order."""
    lines: list[tuple[datetime, HistoryEntry | EventSummary]] = [
        *((each.recorded_at, each) for each in entries),
        *((each.recorded_at, each) for each in acts),
    ]
    sequence, event = after
    steps = []
    for at, what in sorted(lines, key=lambda line: line[0], reverse=True):
        if isinstance(what, HistoryEntry):
            sequence = what.sequence
        else:
            event = str(what.fact.event_id)
        steps.append(Step(at, what, (sequence, event)))
    return steps


@router.get("/{member_id}")
def member(
    member_id: str, view: ViewHere, page: PageHere, _: Overseer, database: DatabaseHere
) -> Response:
    """Who it is, what they have, and everything that became of them, newest first."""
    wanted = parse_id("mem", member_id)
    after: tuple[Any, Any] = (None, None) if page.after is None else (page.after[0], page.after[1])
    with database.read() as work:
        found = members.require_member(work, wanted)
        programme = in_force(work)
        event_id = None if after[1] is None else UUID(after[1])
        steps = merged(
            lot_history.history(work, wanted, before=after[0], limit=page.fetch),
            listing.events_of_member(work, wanted, before=event_id, limit=page.fetch),
            after,
        )
        lines = _lines(view, work, wanted, steps[: page.limit])
        words = _words(work, wanted)
    return view.render(
        "admin/member.html",
        member=found,
        member_id=member_id,
        mem=lambda each: format_id("mem", each),
        steps=lines,
        evt=lambda row: format_id("evt", row.fact.event_id),
        titles=lambda rule_id: rule_title(view, programme, rule_id),
        state=lambda basis: stated_words(view, programme, basis),
        next_cursor=page.next_cursor(steps, lambda each: list(each.key)),
        **words,
    )


def _words(work: Work, member_id: UUID) -> dict[str, Any]:
    """What is known of a member beside the timeline, by the template's names."""
    history = blocks.history(work, member_id)
    return {
        "summary": lots.summary(work, member_id, work.now),
        "person": persons.person_of(work, member_id),
        "roles": members_store.roles_of(work, member_id),
        "identities": members_store.identities_of_member(work, member_id),
        "wallet": wallets.wallet_of(work, member_id),
        "is_minor": consents.is_minor(work, member_id),
        "may": [each for each in Purpose if consents.allowed(work, member_id, each)],
        "cases": cases_of_member(work, member_id, CASES_MAX),
        "blocks": history,
        "names": names_of(work, [each.by for each in history]),
    }


def _lines(
    view: View, work: Work, member_id: UUID, steps: Sequence[Step]
) -> list[tuple[ToldEntry | None, EventSummary | None, str, int]]:
    """Each step as an entry in words, or as an act with its title and what it earned."""
    entries = [each.what for each in steps if isinstance(each.what, HistoryEntry)]
    acts = [each.what for each in steps if isinstance(each.what, EventSummary)]
    told = {each.entry.entry_id: each for each in told_entries(view, work, entries)}
    earned = awards.points_by_event(work, member_id, [each.fact.event_id for each in acts])
    known = listening(work)
    return [
        (told[each.what.entry_id], None, "", 0)
        if isinstance(each.what, HistoryEntry)
        else (
            None,
            each.what,
            act_title(view, known, each.what),
            earned.get(each.what.fact.event_id, 0),
        )
        for each in steps
    ]


@router.get("/{member_id}/acts/{event_id}")
def act(
    member_id: str, event_id: str, view: ViewHere, _: Overseer, database: DatabaseHere
) -> Response:
    """Why an act earned the member what it did, and why not more."""
    return act_view(
        view, database, event_id, parse_id("mem", member_id), f"/admin/members/{member_id}"
    )
