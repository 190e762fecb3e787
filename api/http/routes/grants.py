"""Grants. Persons propose and approve; machines may look.

A list comes as ``lines`` or as ``csv`` (columns ``member,points``). A preview writes nothing, and
its answer carries ``confirm``, which proposing a list of several lines must hand back.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from api.auth.model import Principal
from api.http.idempotency import OnceHere, once_responses
from api.http.pagination import PageHere
from api.http.parts import DatabaseHere
from api.http.principal import CurrentMember, allow, require_role
from api.http.problems import responses
from ledger.grants import service, store
from ledger.grants.model import (
    LINES_MAX,
    POINTS_PER_LINE_MAX,
    REASON_LENGTH_MAX,
    ApproveGrant,
    CloseGrant,
    CreateGrant,
    Grant,
    GrantLine,
    GrantState,
    Notice,
    Preview,
)
from ledger.grants.rows import parse_rows
from ledger.grants.vesting import DAYS_MAX, KIND_LENGTH_MAX, AskedVesting
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.units import Points

router = APIRouter(prefix="/v1", tags=["grants"])

CSV_LENGTH_MAX = 64 * LINES_MAX
NOTICES_MAX = 100
Admin = Annotated[Principal, Depends(require_role("admin"))]
Reader = Annotated[Principal, Depends(allow(roles=("admin", "auditor"), scopes=("grants:read",)))]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class LineBody(BaseModel):
    """Who gets how much."""

    model_config = ConfigDict(extra="forbid")

    member: Annotated[str, Field(max_length=64)]
    points: Annotated[int, Field(strict=True, ge=1, le=POINTS_PER_LINE_MAX)]


class VestingBody(BaseModel):
    """A kind under ``vesting`` of the programme in force, by which the points are pending.

    ``days`` only within ``days`` to ``days_max`` of the kind; ``about`` is the member whom a
    condition is about that names a field of an event, such as ``data.guest``.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Annotated[str, Field(min_length=1, max_length=KIND_LENGTH_MAX)]
    days: Annotated[int, Field(strict=True, ge=0, le=DAYS_MAX)] | None = None
    about: Annotated[str, Field(max_length=64)] | None = None


class GrantBody(BaseModel):
    """A proposal; either ``lines`` or ``csv``."""

    model_config = ConfigDict(extra="forbid")

    budget: Annotated[str, Field(max_length=64)]
    reason: Annotated[str, Field(min_length=1, max_length=REASON_LENGTH_MAX)]
    lines: Annotated[list[LineBody], Field(min_length=1, max_length=LINES_MAX)] | None = None
    csv: Annotated[str, Field(max_length=CSV_LENGTH_MAX)] | None = None
    activates_at: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None
    confirm: Digest | None = None
    vesting: VestingBody | None = None

    @model_validator(mode="after")
    def _one_list(self) -> Self:
        if (self.lines is None) == (self.csv is None):
            raise ValueError("give either lines or csv")
        return self


class ApprovalBody(BaseModel):
    """The hash of the content that is approved, as the grant states it."""

    model_config = ConfigDict(extra="forbid")

    content: Digest


@router.post("/grants/preview", responses=responses(401, 403, 404, 422, 503))
def preview(
    body: GrantBody, database: DatabaseHere, member: CurrentMember, _: Admin
) -> dict[str, Any]:
    """A dry run: what proposing this would mean, and the ``confirm`` to propose it with."""
    command = _create(body, member)
    with database.read() as work:
        return _preview_json(service.preview(work, command))


@router.post("/grants", status_code=201, responses=once_responses(404))
def create(body: GrantBody, once: OnceHere, member: CurrentMember, _: Admin) -> Response:
    """Propose a grant; it is paid when enough other persons approve."""
    return once(service.create, _create(body, member), render=grant_json)


@router.get("/grants", responses=responses(400, 401, 403, 422, 503))
def list_grants(
    page: PageHere,
    database: DatabaseHere,
    _: Reader,
    state: Annotated[GrantState | None, Query()] = None,
) -> JSONResponse:
    """Grants, newest first."""
    before = None if page.after is None else parse_id("grt", str(page.after[0]))
    with database.read() as work:
        found = store.list_grants(work, state=state, before=before, limit=page.fetch)
    return page.answer(
        found, key=lambda grant: [format_id("grt", grant.grant_id)], render=grant_json
    )


@router.get("/grants/notices", responses=responses(503))
def notices(database: DatabaseHere) -> dict[str, Any]:
    """Public: grants of a single admin that are payable after a stated time, unless withdrawn."""
    with database.read() as work:
        found = store.open_notices(work, NOTICES_MAX)
    return {"data": [_notice_json(notice) for notice in found], "next_cursor": None}


@router.get("/grants/{grant_id}", responses=responses(401, 403, 404, 503))
def get(grant_id: str, database: DatabaseHere, _: Reader) -> dict[str, Any]:
    """One grant, with every line and who stands for it."""
    wanted = parse_id("grt", grant_id)
    with database.read() as work:
        return grant_json(service.find(work, wanted))


@router.post("/grants/{grant_id}/approve", status_code=200, responses=once_responses(404))
def approve(
    grant_id: str, body: ApprovalBody, once: OnceHere, member: CurrentMember, _: Admin
) -> Response:
    """Stand for a grant of exactly this content; with enough persons it is paid at once."""
    command = ApproveGrant(parse_id("grt", grant_id), member, bytes.fromhex(body.content))
    return once(service.approve, command, render=grant_json, status=200)


@router.post("/grants/{grant_id}/close", status_code=200, responses=once_responses(404))
def close(grant_id: str, once: OnceHere, member: CurrentMember, _: Admin) -> Response:
    """Withdraw one's own proposal, or reject another's."""
    command = CloseGrant(parse_id("grt", grant_id), member)
    return once(service.close, command, render=grant_json, status=200)


def grant_json(grant: Grant) -> dict[str, Any]:
    """A grant as clients see it; ``content`` is what an approval repeats."""
    return {
        "id": format_id("grt", grant.grant_id),
        "budget": format_id("bud", grant.budget_id),
        "state": grant.state.value,
        "reason": grant.reason,
        "points": grant.points.amount,
        "lines": [
            {"member": format_id("mem", line.member_id), "points": line.points.amount}
            for line in grant.lines
        ],
        "created_by": format_id("mem", grant.created_by),
        "created_at": Instant.of(grant.created_at).isoformat(),
        "activates_at": _text(grant.activates_at),
        "expires_at": _text(grant.expires_at),
        "vesting": None if grant.vesting is None else grant.vesting.stated(),
        "content": grant.content_digest.hex(),
        "persons_needed": grant.persons_needed,
        "payable_from": _text(grant.payable_from),
        "approvals": [
            {
                "person": format_id("mem", approval.person_id),
                "at": Instant.of(approval.approved_at).isoformat(),
            }
            for approval in grant.approvals
        ],
        "closed_by": None if grant.closed_by is None else format_id("mem", grant.closed_by),
        "closed_at": _text(grant.closed_at),
    }


def _create(body: GrantBody, member: CurrentMember) -> CreateGrant:
    lines = (
        parse_rows(body.csv)
        if body.csv is not None
        else tuple(
            GrantLine(parse_id("mem", line.member), Points(line.points))
            for line in body.lines or ()
        )
    )
    return CreateGrant(
        created_by=member,
        budget_id=parse_id("bud", body.budget),
        reason=body.reason,
        lines=lines,
        activates_at=body.activates_at,
        expires_at=body.expires_at,
        confirm=None if body.confirm is None else bytes.fromhex(body.confirm),
        vesting=None if body.vesting is None else _vesting(body.vesting),
    )


def _vesting(body: VestingBody) -> AskedVesting:
    about = None if body.about is None else parse_id("mem", body.about)
    return AskedVesting(body.kind, body.days, about)


def _preview_json(preview: Preview) -> dict[str, Any]:
    return {
        "points": preview.points.amount,
        "lines": preview.line_count,
        "persons_needed": preview.persons_needed,
        "payable_from": _text(preview.payable_from),
        "budget_left": preview.budget_left.amount,
        "vesting": None if preview.vesting is None else preview.vesting.stated(),
        "confirm": preview.confirm.hex(),
    }


def _notice_json(notice: Notice) -> dict[str, Any]:
    return {
        "id": format_id("grt", notice.grant_id),
        "points": notice.points.amount,
        "lines": notice.line_count,
        "created_at": Instant.of(notice.created_at).isoformat(),
        "payable_from": Instant.of(notice.payable_from).isoformat(),
    }


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else Instant.of(moment).isoformat()
