"""Points are missing? What the school told us a member did, and what came of each, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from api.http.pagination import PageHere
from api.http.parts import DatabaseHere
from api.http.principal import CurrentMember
from api.pages.earning import say
from api.pages.entries import in_force, rule_title, stated_words
from api.pages.rendering import View, ViewHere
from ledger.events.listing import store as listing
from ledger.events.model import EventSummary
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Database, Work
from ledger.preview.explaining import NothingToExplain, explain_own
from ledger.programme import service as programmes
from ledger.programme.model import Programme
from ledger.scoring import store as awards
from ledger.scoring.explain import Outcome
from ledger.scoring.pipeline import Step
from ledger.units import store as units

router: Final = APIRouter(prefix="/history/acts", include_in_schema=False)


@dataclass(frozen=True, slots=True)
class ShownOutcome:
    """What a rule made of an event: its name, a sentence, and a receipt if it counted."""

    title: str
    words: str
    tone: str
    points: int
    excess: int
    receipt: Mapping[str, Any] | None
    is_gone: bool = False


@router.get("")
def acts(
    view: ViewHere, page: PageHere, member_id: CurrentMember, database: DatabaseHere
) -> Response:
    """What names the member, newest first, with what each earned by itself."""
    before = None if page.after is None else UUID(str(page.after[0]))
    with database.read() as work:
        found = listing.events_of_member(work, member_id, before=before, limit=page.fetch)
        shown = [row.fact.event_id for row in found[: page.limit]]
        earned = awards.points_by_event(work, member_id, shown)
        known = listening(work)
    return view.render(
        "member/acts.html",
        acts=[
            (
                format_id("evt", row.fact.event_id),
                row,
                act_title(view, known, row),
                earned.get(row.fact.event_id, 0),
            )
            for row in found[: page.limit]
        ],
        next_cursor=page.next_cursor(found, lambda row: [str(row.fact.event_id)]),
    )


@router.get("/{event_id}")
def act(
    event_id: str, view: ViewHere, member_id: CurrentMember, database: DatabaseHere
) -> Response:
    """Why one of them earned what it did, and why not more, a paragraph for each rule."""
    return act_view(view, database, event_id, member_id, "/history/acts")


def act_view(view: View, database: Database, event_id: str, member_id: UUID, back: str) -> Response:
    """The page of an act of this member; ``back`` is where one came from.

    Raises:
        NothingToExplain: the act is none of theirs.
    """
    wanted = parse_id("evt", event_id)
    with database.read() as work:
        outcomes = explain_own(work, wanted, member_id)
        row = listing.one_event(work, wanted)
        programme, known = in_force(work), listening(work)
    if row is None:
        raise NothingToExplain("No fact has this id.")
    return view.render(
        "member/act.html",
        row=row,
        title=act_title(view, known, row),
        back=back,
        event_id=event_id,
        outcomes=[_shown(view, programme, each) for each in outcomes],
        titles=lambda rule_id: rule_title(view, programme, rule_id),
        state=lambda basis: stated_words(view, programme, basis),
    )


def listening(work: Work) -> list[Programme]:
    """The programme in force, and those that count beside."""
    beside = [programmes.read_programme(each.source_text) for each in units.in_force(work)]
    programme = in_force(work)
    return beside if programme is None else [programme, *beside]


def act_title(view: View, listening: list[Programme], row: EventSummary) -> str:
    """As the first rule that listens calls it; else its type."""
    rules = [rule for programme in listening for rule in programme.rules]
    rule = next((each for each in rules if row.fact.type in each.on), None)
    return say(view, rule.title if rule else None, row.fact.type)


def _shown(view: View, programme: Programme | None, outcome: Outcome) -> ShownOutcome:
    entitlement = outcome.entitlement
    if outcome.rule is None:
        title = view.catalogue.text(view.language, "member.acts.every_rule")
    else:
        title = rule_title(view, programme, outcome.rule)
    counted = entitlement is not None and outcome.step is Step.AWARDED
    return ShownOutcome(
        title=title,
        words=_words(view, outcome),
        tone="good" if counted else "info" if outcome.step in _WAITING else "quiet",
        points=0 if entitlement is None else entitlement.points.amount,
        excess=0 if entitlement is None else entitlement.excess.amount,
        receipt=None
        if entitlement is None
        else cast("Mapping[str, Any]", entitlement.receipt.to_json()),
    )


def _words(view: View, outcome: Outcome) -> str:
    """The step in a sentence with the values in it."""
    step = f"member.acts.step.{outcome.step.value}"
    if outcome.step is Step.RETRACTED and outcome.by is None:
        step = "member.acts.set_aside"
    elif outcome.step is Step.LIMIT and outcome.per is not None:
        step = f"{step}.{outcome.per.value}"
    elif outcome.step is Step.AWARDED and outcome.entitlement is not None:
        step = f"{step}.{'period' if _is_of_period(outcome) else 'at_once'}"
    by = "" if outcome.by is None else outcome.by.id
    return view.catalogue.text(
        view.language, step, count=outcome.count or 0, by=by, reason=outcome.reason or ""
    )


def _is_of_period(outcome: Outcome) -> bool:
    assert outcome.entitlement is not None, "asked of awards"
    return "contributions" in cast("Mapping[str, Any]", outcome.entitlement.receipt.to_json())


_WAITING: Final = (Step.PERIOD_OPEN, Step.NOT_RELEASED)
