"""Units beside points: what a member has there and why; and what is in force, for admins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final, cast
from uuid import UUID

from fastapi import APIRouter, Form
from fastapi.responses import Response

from api.http.pagination import PageHere
from api.http.parts import DatabaseHere
from api.http.principal import CurrentMember
from api.pages.admin import ActingAdmin, Overseer, names_of
from api.pages.earning import period_words, say
from api.pages.entries import rule_title, stated_words
from api.pages.rendering import View, ViewHere
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Work, execute
from ledger.members import store as members_store
from ledger.programme import service as programmes
from ledger.programme import store as programme_store
from ledger.programme.model import Programme
from ledger.programme.model_unit import POINTS_UNIT
from ledger.scoring.model import Entitlement, PeriodCause
from ledger.units import service, store
from ledger.units.model import PREFIX, ApproveUnit, CloseUnit, ProposeUnit, UnitChange, UnitStanding

router: Final = APIRouter(include_in_schema=False)
AWARDS_SHOWN_MAX: Final = 50
WAITING_SHOWN_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class ShownAward:
    """An award in words; what ``member/receipt.html`` needs of it."""

    title: str
    earned_at: Instant
    amount: int
    excess: int
    receipt: Mapping[str, Any]
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class ShownUnit:
    """A unit on a page: its name, what a member has, the level and what is missing to the next."""

    unit: str
    title: str
    programme: Programme
    amount: int
    level: str | None
    following: str | None
    missing: int
    floor: int
    ceiling: int
    awards: list[ShownAward]
    left_out: int


@router.get("/units")
def mine(view: ViewHere, member_id: CurrentMember, database: DatabaseHere) -> Response:
    """What the member has in each unit, and every award with its receipt, newest first."""
    with database.read() as work:
        found = service.units_of(work, member_id)
    return view.render(
        "member/units.html",
        units=[shown_unit(view, each) for each in found],
        titles=lambda programme: lambda rule_id: rule_title(view, programme, rule_id),
        state=lambda programme: lambda basis: stated_words(view, programme, basis),
    )


@router.get("/admin/units")
def units(view: ViewHere, page: PageHere, database: DatabaseHere, _: Overseer) -> Response:
    """Versions in force beside, what waits for another person, and what members have."""
    after = None if page.after is None else UUID(str(page.after[0]))
    with database.read() as work:
        in_force = store.in_force(work)
        waiting = store.waiting(work, WAITING_SHOWN_MAX)
        found = members_store.list_members(work, after=after, limit=page.fetch) if in_force else []
        rows = [
            (
                each.display_name or format_id("mem", each.member_id),
                _had(view, work, each.member_id),
            )
            for each in found[: page.limit]
        ]
        names = names_of(
            work, {person for each in (*in_force, *waiting) for person in _persons(each)}
        )
        beside = _versions_beside(work)
    return view.render(
        "admin/units.html",
        in_force=[(each, _programme(each)) for each in reversed(in_force)],
        waiting=[(each, _programme(each)) for each in waiting],
        change_id=lambda change: format_id(PREFIX, change.change_id),
        versions=beside,
        rows=rows,
        columns=sorted({each.unit for each in in_force}),
        names=names,
        me=view.principal.member_id if view.principal else None,
        title=lambda programme: say(view, programme.title, programme.name),
        next_cursor=page.next_cursor(found, lambda each: [str(each.member_id)]),
    )


@router.post("/admin/units/changes")
def propose(
    view: ViewHere,
    database: DatabaseHere,
    admin: ActingAdmin,
    *,
    programme_hash: Annotated[str, Form(pattern="^[0-9a-f]{64}$")],
    effective_at: Annotated[str, Form(pattern=r"^(\d{4}-\d\d-\d\d)?$")] = "",
) -> Response:
    """Propose that a version count beside, from the start of a UTC day or from now."""

    def ask(work: Work, wanted: bytes) -> UnitChange:
        since = work.now
        if effective_at:
            since = datetime.fromisoformat(effective_at).replace(tzinfo=UTC)
        return service.propose_unit(work, ProposeUnit(wanted, since, admin))

    execute(database, ask, bytes.fromhex(programme_hash))
    return view.redirect("/admin/units", notice="units.proposed")


@router.post("/admin/units/changes/{change_id}/approve")
def approve(
    change_id: str,
    view: ViewHere,
    database: DatabaseHere,
    admin: ActingAdmin,
    *,
    programme_hash: Annotated[str, Form(pattern="^[0-9a-f]{64}$")],
) -> Response:
    """The second person's yes to exactly this version."""
    command = ApproveUnit(parse_id(PREFIX, change_id), bytes.fromhex(programme_hash), admin)
    execute(database, service.approve_unit, command)
    return view.redirect("/admin/units", notice="units.approved")


@router.post("/admin/units/changes/{change_id}/close")
def close(change_id: str, view: ViewHere, database: DatabaseHere, admin: ActingAdmin) -> Response:
    """Withdraw one's own proposal, or reject another's."""
    execute(database, service.close_unit, CloseUnit(parse_id(PREFIX, change_id), admin))
    return view.redirect("/admin/units", notice="units.closed")


def shown_unit(view: View, found: UnitStanding) -> ShownUnit:
    """A member's unit, in the page's language."""
    reached, following = found.reached.level, found.reached.following
    newest = sorted(found.awards, key=lambda each: each.earned_at, reverse=True)
    return ShownUnit(
        unit=found.unit,
        title=say(view, found.programme.title, found.unit),
        programme=found.programme,
        amount=found.standing.points.amount,
        level=None if reached is None else say(view, reached.title, reached.level_id),
        following=None if following is None else say(view, following.title, following.level_id),
        missing=found.reached.missing.amount,
        floor=0 if reached is None else reached.points,
        ceiling=0 if following is None else following.points,
        awards=[_award(view, found.programme, each) for each in newest[:AWARDS_SHOWN_MAX]],
        left_out=max(0, len(newest) - AWARDS_SHOWN_MAX),
    )


def _award(view: View, programme: Programme, award: Entitlement) -> ShownAward:
    cause = award.cause
    if isinstance(cause, PeriodCause):
        title = period_words(view, cause.period)
    else:
        title = rule_title(view, programme, award.rule)
    return ShownAward(
        title=title,
        earned_at=award.earned_at,
        amount=award.points.amount,
        excess=award.excess.amount,
        receipt=cast("Mapping[str, Any]", award.receipt.to_json()),
    )


def _had(view: View, work: Work, member_id: UUID) -> dict[str, ShownUnit]:
    return {each.unit: shown_unit(view, each) for each in service.units_of(work, member_id)}


def _versions_beside(work: Work) -> list[programme_store.StoredProgramme]:
    """Stored versions that award something else than points, newest first."""
    return [
        each
        for each in programme_store.all_programmes(work)
        if programmes.read_programme(each.source_text).unit != POINTS_UNIT
    ]


def _programme(change: UnitChange) -> Programme:
    return programmes.read_programme(change.source_text)


def _persons(change: UnitChange) -> tuple[UUID | None, ...]:
    return change.proposed_by, change.approved_by
