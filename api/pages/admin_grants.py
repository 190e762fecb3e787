"""Points given by people: budgets, proposing with a preview, approving by somebody else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form
from fastapi.responses import Response

from api.http.pagination import PageHere
from api.http.parts import DatabaseHere
from api.http.routes.grants import CSV_LENGTH_MAX
from api.pages.admin import ActingAdmin, Overseer, names_of
from api.pages.rendering import View, ViewHere
from api.pages.reserve import said
from ledger.grants import service, store
from ledger.grants.budgets import store as budgets_store
from ledger.grants.errors import BadGrant
from ledger.grants.model import (
    BUDGET_AMOUNT_MAX,
    NAME_LENGTH_MAX,
    POINTS_PER_LINE_MAX,
    REASON_LENGTH_MAX,
    ApproveGrant,
    CloseGrant,
    CreateGrant,
    Grant,
    GrantLine,
    GrantState,
    Preview,
)
from ledger.grants.rows import parse_rows
from ledger.grants.taking_back import store as taking_back
from ledger.grants.vesting import DAYS_MAX, KIND_LENGTH_MAX, AskedVesting
from ledger.kernel.errors import VkladError
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Database, Work, execute
from ledger.kernel.units import Points
from ledger.members import store as members
from ledger.members.model import Member
from ledger.programme import service as programmes
from ledger.programme.model_life import Vesting

router: Final = APIRouter(prefix="/admin", include_in_schema=False)

SUGGESTED_MAX: Final = 500
"""Members offered by name in the form; with more, ids are pasted."""
LINES_SHOWN_MAX: Final = 100
BUDGETS_WAITING_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Typed:
    """The form as it was filled in, to be shown again."""

    budget: str = ""
    reason: str = ""
    member: str = ""
    points: str = ""
    csv: str = ""
    expires: str = ""
    vesting: str = ""
    days: str = ""
    about: str = ""

    def command(self, created_by: UUID, confirm: str = "") -> CreateGrant:
        """What is asked for.

        Raises:
            BadGrant, BadId: a field cannot be read.
        """
        return CreateGrant(
            created_by=created_by,
            budget_id=parse_id("bud", self.budget),
            reason=self.reason.strip(),
            lines=parse_rows(self.csv) if self.csv.strip() else (self._line(),),
            expires_at=_start_of_day(self.expires),
            confirm=bytes.fromhex(confirm) if confirm else None,
            vesting=self._vesting() if self.vesting else None,
        )

    def _vesting(self) -> AskedVesting:
        days, about = self.days.strip(), self.about.strip()
        if days and not (days.isascii() and days.isdigit() and len(days) <= len(str(DAYS_MAX))):
            raise BadGrant("This is no whole number of days.", problem="days")
        return AskedVesting(
            self.vesting,
            int(days) if days else None,
            parse_id("mem", about) if about else None,
        )

    def _line(self) -> GrantLine:
        digits = self.points.strip()
        if not (digits.isascii() and digits.isdigit()) or len(digits) > len(
            str(POINTS_PER_LINE_MAX)
        ):
            raise BadGrant("This is no whole number of points.", line=1, problem="points")
        return GrantLine(parse_id("mem", self.member.strip()), Points(int(digits)))


def _typed_kind(
    vesting: Annotated[str, Form(max_length=KIND_LENGTH_MAX)] = "",
    days: Annotated[str, Form(max_length=32)] = "",
    about: Annotated[str, Form(max_length=64)] = "",
) -> tuple[str, str, str]:
    return vesting, days, about


def _typed(
    *,
    kind: Annotated[tuple[str, str, str], Depends(_typed_kind)],
    budget: Annotated[str, Form(max_length=64)] = "",
    reason: Annotated[str, Form(max_length=REASON_LENGTH_MAX)] = "",
    member: Annotated[str, Form(max_length=64)] = "",
    points: Annotated[str, Form(max_length=32)] = "",
    csv: Annotated[str, Form(max_length=CSV_LENGTH_MAX)] = "",
    expires: Annotated[str, Form(max_length=10)] = "",
) -> Typed:
    return Typed(budget, reason, member, points, csv, expires, *kind)


@router.get("/grants")
def grants(view: ViewHere, page: PageHere, _: Overseer, database: DatabaseHere) -> Response:
    """Every grant with who stands for it, and the budgets they come out of."""
    before = None if page.after is None else parse_id("grt", str(page.after[0]))
    with database.read() as work:
        found = store.list_grants(work, state=None, before=before, limit=page.fetch)
        shown = found[: page.limit]
        budgets = store.read_budgets(work)
        back = taking_back.of_grants(work, [grant.grant_id for grant in shown])
        asked = budgets_store.waiting(work, BUDGETS_WAITING_MAX)
        people = {each for grant in shown for each in _people(grant)}
        people |= {budget.opened_by for budget in budgets} | {each.proposed_by for each in asked}
        people |= {each.asked_by for found in back.values() for each in found}
        names = names_of(work, people)
    return view.render(
        "admin/grants.html",
        grants=shown,
        budgets=budgets,
        budgets_asked=asked,
        budget_id=lambda each: format_id("bud", each.budget_id),
        budget_names={budget.budget_id: budget.name for budget in budgets},
        names=names,
        me=view.principal.member_id if view.principal else None,
        grant_id=lambda grant: format_id("grt", grant.grant_id),
        proposed=GrantState.PROPOSED,
        back={grant_id: asked[-1] for grant_id, asked in back.items()},
        reason_max=REASON_LENGTH_MAX,
        lines_max=LINES_SHOWN_MAX,
        name_max=NAME_LENGTH_MAX,
        budget_max=BUDGET_AMOUNT_MAX,
        next_cursor=page.next_cursor(found, lambda grant: [format_id("grt", grant.grant_id)]),
    )


@router.get("/grants/new")
def new_grant(view: ViewHere, database: DatabaseHere, _: ActingAdmin) -> Response:
    """The empty form."""
    return _form(view, database, Typed())


@router.post("/grants/new")
def propose(
    view: ViewHere,
    database: DatabaseHere,
    admin: ActingAdmin,
    *,
    typed: Annotated[Typed, Depends(_typed)],
    confirm: Annotated[str, Form(pattern="^([0-9a-f]{64})?$")] = "",
) -> Response:
    """First a dry run, which writes nothing; with its confirmation, the proposal."""
    try:
        command = typed.command(admin, confirm)
        if confirm:
            execute(database, service.create, command)
            return view.redirect("/admin/grants", notice="admin.grants.proposed")
        with database.read() as work:
            previewed = service.preview(work, command)
    except VkladError as error:
        return _form(view, database, typed, error=error)
    return _form(view, database, typed, previewed=previewed, lines=command.lines)


@router.post("/grants/{grant_id}/approve")
def approve(
    grant_id: str,
    view: ViewHere,
    database: DatabaseHere,
    admin: ActingAdmin,
    *,
    content: Annotated[str, Form(pattern="^[0-9a-f]{64}$")],
) -> Response:
    """Stand for a grant of exactly the content that was shown."""
    command = ApproveGrant(parse_id("grt", grant_id), admin, bytes.fromhex(content))
    grant = execute(database, service.approve, command)
    if grant.state is GrantState.PAID:
        return view.redirect("/admin/grants", notice="admin.grants.paid")
    return view.redirect("/admin/grants", notice="admin.grants.approved")


@router.post("/grants/{grant_id}/close")
def close(grant_id: str, view: ViewHere, database: DatabaseHere, admin: ActingAdmin) -> Response:
    """Withdraw one's own proposal, or reject another's."""
    execute(database, service.close, CloseGrant(parse_id("grt", grant_id), admin))
    return view.redirect("/admin/grants", notice="admin.grants.closed")


def _form(
    view: View,
    database: Database,
    typed: Typed,
    *,
    error: VkladError | None = None,
    previewed: Preview | None = None,
    lines: tuple[GrantLine, ...] = (),
) -> Response:
    with database.read() as work:
        now = work.now
        budgets = store.read_budgets(work)
        suggested = members.list_members(work, after=None, limit=SUGGESTED_MAX)
        kinds = _kinds(work)
        shown = [line.member_id for line in lines[:LINES_SHOWN_MAX]]
        vesting = None if previewed is None else previewed.vesting
        names = names_of(work, [*shown, None if vesting is None else vesting.about])
    problem = None
    if error is not None:
        problem = said(view, error)
        where = error.operands.get("line")
        if isinstance(error, BadGrant) and isinstance(where, int):
            problem = view.catalogue.text(view.language, "admin.grants.bad_line", line=where)
    return view.render(
        "admin/grant_new.html",
        status=200 if error is None else 422,
        typed=typed,
        problem=problem,
        previewed=previewed,
        lines=lines[:LINES_SHOWN_MAX],
        names=names,
        budgets=[
            (format_id("bud", budget.budget_id), budget.name, budget.left) for budget in budgets
        ],
        suggested=[
            (format_id("mem", each.member_id), each.display_name)
            for each in suggested
            if each.display_name
        ],
        csv_example=_example(suggested),
        kinds=kinds,
        vesting=vesting,
        matures_at=None if vesting is None else vesting.matures(now),
        days_max=DAYS_MAX,
        reason_max=REASON_LENGTH_MAX,
        points_max=POINTS_PER_LINE_MAX,
    )


def _kinds(work: Work) -> dict[str, Vesting]:
    """The kinds of the programme in force; none without a programme."""
    try:
        return dict(programmes.in_force(work, work.now).programme.vesting)
    except programmes.NoProgrammeInForce:
        return {}


def _example(known: list[Member]) -> str:
    """A list as it may be pasted, of members there are."""
    rows = [f"{format_id('mem', each.member_id)},100" for each in known[:2]]
    return "\n".join(["member,points", *rows])


def _people(grant: Grant) -> set[UUID | None]:
    return {
        grant.created_by,
        grant.closed_by,
        *(approval.person_id for approval in grant.approvals),
        *(line.member_id for line in grant.lines[:LINES_SHOWN_MAX]),
        None if grant.vesting is None else grant.vesting.about,
    }


def _start_of_day(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError as error:
        raise BadGrant("This is no date.", problem="expires") from error
