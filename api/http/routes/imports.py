"""Balances brought along from another system. Persons propose and approve; machines may look.

The file comes as text in ``csv``. A dry run writes nothing, and its answer carries ``confirm``,
which the proposal hands back with the same file. Faults of a file are told all at once, by line and
in both languages.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth.model import Principal
from api.http.idempotency import OnceHere, once_responses
from api.http.pagination import PageHere
from api.http.parts import DatabaseHere
from api.http.principal import CurrentMember, allow, require_role
from api.http.problems import responses
from ledger.grants.imports import paying_store, service, store
from ledger.grants.imports.model import (
    ApproveImport,
    CloseImport,
    Effect,
    Import,
    ImportNotice,
    Progress,
    ProposeImport,
    TakeBackImport,
)
from ledger.grants.imports.rows import BYTES_MAX
from ledger.grants.model import REASON_LENGTH_MAX
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id, parse_id

PREFIX = "imp"
"""The prefix of an import's id."""
NOTICES_MAX = 100
router = APIRouter(prefix="/v1/imports", tags=["grants"])

Admin = Annotated[Principal, Depends(require_role("admin"))]
Reader = Annotated[Principal, Depends(allow(roles=("admin", "auditor"), scopes=("grants:read",)))]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class FileBody(BaseModel):
    """A file of balances, and the budget it comes out of."""

    model_config = ConfigDict(extra="forbid")

    budget: Annotated[str, Field(max_length=64)]
    reason: Annotated[str, Field(min_length=1, max_length=REASON_LENGTH_MAX)]
    csv: Annotated[str, Field(max_length=BYTES_MAX)]


class ImportBody(FileBody):
    """A file as a dry run saw it; ``confirm`` is of its answer."""

    confirm: Digest


class ContentBody(BaseModel):
    """The hash of the content that is approved or taken back, as the import states it."""

    model_config = ConfigDict(extra="forbid")

    content: Digest


@router.post("/preview", responses=responses(401, 403, 404, 413, 422, 503))
def preview(
    body: FileBody, database: DatabaseHere, member: CurrentMember, _: Admin
) -> dict[str, Any]:
    """A dry run: everything that is wrong with the file, or what it would do."""
    command = _asked(body, member)
    with database.read() as work:
        return effect_json(service.preview(work, command))


@router.post("", status_code=201, responses=once_responses(404, 413))
def propose(body: ImportBody, once: OnceHere, member: CurrentMember, _: Admin) -> Response:
    """Propose exactly the file that a dry run saw; it is paid when enough others approve."""
    command = _asked(body, member, bytes.fromhex(body.confirm))
    return once(service.propose, command, render=import_json)


@router.get("", responses=responses(400, 401, 403, 422, 503))
def list_imports(page: PageHere, database: DatabaseHere, _: Reader) -> JSONResponse:
    """Imports, newest first."""
    before = None if page.after is None else parse_id(PREFIX, str(page.after[0]))
    with database.read() as work:
        found = store.list_imports(work, before=before, limit=page.fetch)
    return page.answer(
        found, key=lambda each: [format_id(PREFIX, each.import_id)], render=import_json
    )


@router.get("/notices", responses=responses(503))
def notices(database: DatabaseHere) -> dict[str, Any]:
    """Public: imports that are payable after a stated time for want of another person."""
    with database.read() as work:
        found = store.open_notices(work, NOTICES_MAX)
    return {"data": [_notice_json(notice) for notice in found], "next_cursor": None}


@router.get("/{import_id}", responses=responses(401, 403, 404, 503))
def get(import_id: str, database: DatabaseHere, _: Reader) -> dict[str, Any]:
    """One import, and what became of its lines so far."""
    with database.read() as work:
        what = service.find(work, parse_id(PREFIX, import_id))
        return import_json(what) | {"progress": progress_json(paying_store.progress(work, what))}


@router.post("/{import_id}/approve", status_code=200, responses=once_responses(404))
def approve(
    import_id: str, body: ContentBody, once: OnceHere, member: CurrentMember, _: Admin
) -> Response:
    """Stand for an import of exactly this content; with enough persons paying begins."""
    command = ApproveImport(parse_id(PREFIX, import_id), member, bytes.fromhex(body.content))
    return once(service.approve, command, render=import_json, status=200)


@router.post("/{import_id}/close", status_code=200, responses=once_responses(404))
def close(import_id: str, once: OnceHere, member: CurrentMember, _: Admin) -> Response:
    """Withdraw one's own proposal, or reject another's."""
    command = CloseImport(parse_id(PREFIX, import_id), member)
    return once(service.close, command, render=import_json, status=200)


@router.post("/{import_id}/take-back", status_code=200, responses=once_responses(404))
def take_back(
    import_id: str, body: ContentBody, once: OnceHere, member: CurrentMember, _: Admin
) -> Response:
    """Ask for what an import paid; with a second person's asking it is taken back."""
    command = TakeBackImport(parse_id(PREFIX, import_id), member, bytes.fromhex(body.content))
    return once(service.take_back, command, render=import_json, status=200)


def effect_json(effect: Effect) -> dict[str, Any]:
    """What a dry run found."""
    return {
        "points": effect.points.amount,
        "lines": effect.line_count,
        "members_known": effect.members_known,
        "identities_unknown": effect.identities_unknown,
        "points_waiting": effect.points_waiting.amount,
        "by_expiry": [
            {"month": month, "points": points.amount} for month, points in effect.by_expiry.items()
        ],
        "liability_minor": dict(effect.liability_minor),
        "budget_left": effect.budget_left.amount,
        "persons_needed": effect.persons_needed,
        "payable_from": _text(effect.payable_from),
        "file": effect.file_digest.hex(),
        "confirm": effect.confirm.hex(),
    }


def import_json(what: Import) -> dict[str, Any]:
    """An import as clients see it; ``content`` is what an approval repeats."""
    return {
        "id": format_id(PREFIX, what.import_id),
        "budget": format_id("bud", what.budget_id),
        "state": what.state.value,
        "reason": what.reason,
        "points": what.points.amount,
        "lines": what.line_count,
        "file": what.file_digest.hex(),
        "content": what.content_digest.hex(),
        "created_by": format_id("mem", what.created_by),
        "created_at": Instant.of(what.created_at).isoformat(),
        "persons_needed": what.persons_needed,
        "payable_from": _text(what.payable_from),
        "approvals": [
            {
                "person": format_id("mem", approval.person_id),
                "at": Instant.of(approval.approved_at).isoformat(),
            }
            for approval in what.approvals
        ],
        "closed_by": None if what.closed_by is None else format_id("mem", what.closed_by),
        "closed_at": _text(what.closed_at),
    }


def progress_json(progress: Progress) -> dict[str, Any]:
    """What became of an import's lines so far."""
    return {
        "credited": progress.credited,
        "points_credited": progress.points_credited.amount,
        "lapsed": progress.lapsed,
        "waiting": progress.waiting,
        "points_waiting": progress.points_waiting.amount,
        "withheld": progress.withheld,
        "points_withheld": progress.points_withheld.amount,
        "withheld_because": "reaches_who_stands_for_it" if progress.withheld else None,
        "taken_back": progress.taken_back,
    }


def _asked(body: FileBody, member: CurrentMember, confirm: bytes | None = None) -> ProposeImport:
    return ProposeImport(
        created_by=member,
        budget_id=parse_id("bud", body.budget),
        reason=body.reason,
        content=body.csv.encode("utf-8", "surrogatepass"),
        confirm=confirm,
    )


def _notice_json(notice: ImportNotice) -> dict[str, Any]:
    return {
        "id": format_id(PREFIX, notice.import_id),
        "points": notice.points.amount,
        "lines": notice.line_count,
        "created_at": Instant.of(notice.created_at).isoformat(),
        "payable_from": Instant.of(notice.payable_from).isoformat(),
    }


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else Instant.of(moment).isoformat()
