"""What a member has, in which lots, and every entry that changed it."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from api.auth.model import Principal
from api.http.pagination import PageHere
from api.http.parts import DatabaseHere
from api.http.principal import CurrentMember, allow
from api.http.problems import responses
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Database
from ledger.lots import service
from ledger.lots.history import HistoryEntry, LotParts, history, parts_of_lots

router = APIRouter(prefix="/v1", tags=["ledger"])

BalanceReader = Annotated[
    Principal, Depends(allow(roles=("admin", "auditor"), scopes=("balances:read",)))
]
JournalReader = Annotated[
    Principal, Depends(allow(roles=("admin", "auditor"), scopes=("journal:read",)))
]
_MINE = responses(400, 401, 403, 503)
_THEIRS = responses(400, 401, 403, 404, 503)


@router.get("/balances", responses=responses(401, 403, 503))
def my_balances(database: DatabaseHere, member: CurrentMember) -> dict[str, Any]:
    """What whoever asks has now: pending, available, held, and what is owed."""
    return _balances(database, member)


@router.get("/members/{member_id}/balances", responses=responses(401, 403, 404, 503))
def balances_of_member(member_id: str, database: DatabaseHere, _: BalanceReader) -> dict[str, Any]:
    """What a member has now; zeros for a member without points."""
    return _balances(database, parse_id("mem", member_id))


@router.get("/lots", responses=_MINE)
def my_lots(page: PageHere, database: DatabaseHere, member: CurrentMember) -> JSONResponse:
    """Every lot of whoever asks, newest first, with where all of its points are."""
    return _lots(page, database, member)


@router.get("/members/{member_id}/lots", responses=_THEIRS)
def lots_of_member(
    member_id: str, page: PageHere, database: DatabaseHere, _: BalanceReader
) -> JSONResponse:
    """Every lot of a member, newest first."""
    return _lots(page, database, parse_id("mem", member_id))


@router.get("/entries", responses=_MINE)
def my_entries(page: PageHere, database: DatabaseHere, member: CurrentMember) -> JSONResponse:
    """Every entry that changed what whoever asks has, newest first."""
    return _entries(page, database, member)


@router.get("/members/{member_id}/entries", responses=_THEIRS)
def entries_of_member(
    member_id: str, page: PageHere, database: DatabaseHere, _: JournalReader
) -> JSONResponse:
    """Every entry that changed what a member has, newest first."""
    return _entries(page, database, parse_id("mem", member_id))


def _balances(database: Database, member_id: UUID) -> dict[str, Any]:
    with database.read() as work:
        found = service.summary(work, member_id, work.now)
    return {
        "member": format_id("mem", member_id),
        "at": Instant.of(found.at).isoformat(),
        "pending": found.pending.amount,
        "available": found.available.amount,
        "held": found.held.amount,
        "debt": found.debt.amount,
    }


def _lots(page: PageHere, database: Database, member_id: UUID) -> JSONResponse:
    before = None if page.after is None else parse_id("lot", str(page.after[0]))
    with database.read() as work:
        found = parts_of_lots(work, member_id, before=before, limit=page.fetch)
    return page.answer(
        found, key=lambda parts: [format_id("lot", parts.lot.lot_id)], render=_lot_json
    )


def _entries(page: PageHere, database: Database, member_id: UUID) -> JSONResponse:
    before = None if page.after is None else int(str(page.after[0]))
    with database.read() as work:
        found = history(work, member_id, before=before, limit=page.fetch)
    return page.answer(found, key=lambda entry: [entry.sequence], render=_entry_json)


def _lot_json(parts: LotParts) -> dict[str, Any]:
    lot = parts.lot
    return {
        "id": format_id("lot", lot.lot_id),
        "granted": lot.granted.amount,
        "activates_at": Instant.of(lot.activates_at).isoformat(),
        "expires_at": None if lot.expires_at is None else Instant.of(lot.expires_at).isoformat(),
        "cause": {"kind": lot.cause.kind, "id": lot.cause.cause_id},
        "continues": _id("lot", lot.continues),
        "cites": _id("lot", lot.cites),
        "entry": format_id("ent", lot.entry_id),
        "pending": parts.pending.amount,
        "available": parts.available.amount,
        "held": parts.held.amount,
        "spent": parts.spent.amount,
        "expired": parts.expired.amount,
        "revoked": parts.revoked.amount,
        "bridged": parts.bridged.amount,
    }


def _entry_json(entry: HistoryEntry) -> dict[str, Any]:
    return {
        "id": format_id("ent", entry.entry_id),
        "kind": entry.kind.value,
        "sequence": entry.sequence,
        "effective_at": Instant.of(entry.effective_at).isoformat(),
        "recorded_at": Instant.of(entry.recorded_at).isoformat(),
        "pending": entry.pending.amount,
        "available": entry.available.amount,
        "held": entry.held.amount,
        "debt": entry.debt.amount,
        "lots": [format_id("lot", lot_id) for lot_id in entry.lot_ids],
        "cites": _id("ent", entry.cites),
        "cause": entry.cause,
    }


def _id(prefix: str, value: UUID | None) -> str | None:
    return None if value is None else format_id(prefix, value)
