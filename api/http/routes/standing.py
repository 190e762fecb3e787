"""``/v1/members/{id}/standing``: what a member's awards come to beside what can be spent."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from api.http.parts import DatabaseHere
from api.http.principal import CurrentMember, PrincipalHere, allow
from api.http.problems import responses
from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Database
from ledger.programme.model import Text
from ledger.programme.model_standing import Level
from ledger.programme.numbers import exact_text
from ledger.standing import service, store
from ledger.standing.service import MemberStanding
from ledger.standing.store import KeptLevel

router = APIRouter(prefix="/v1/members", tags=["standing"])

LEVELS_MAX: Final = 50
"""So many of the levels that were kept are told, the newest."""


@router.get("/me/standing", responses=responses(401, 403, 503))
def mine(member_id: CurrentMember, database: DatabaseHere) -> JSONResponse:
    """The standing, level and voice of whoever asks, and how they came about."""
    return _answer(database, member_id)


@router.get("/{member_id}/standing", responses=responses(401, 403, 404, 503))
def of_member(member_id: str, principal: PrincipalHere, database: DatabaseHere) -> JSONResponse:
    """A member's, for the member, admins, auditors and machines with ``balances:read``."""
    wanted = parse_id("mem", member_id)
    if principal.member_id != wanted:
        _onlooker(principal)
    return _answer(database, wanted)


_onlooker = allow(roles=("admin", "auditor"), scopes=("balances:read",))


def _answer(database: Database, member_id: UUID) -> JSONResponse:
    with database.read() as work:
        found = service.standing_of(work, member_id)
        kept = store.levels_of(work, member_id, limit=LEVELS_MAX)
    return JSONResponse({**_json(found), "levels": [_kept(each) for each in kept]})


def _kept(kept: KeptLevel) -> dict[str, Json]:
    """As the night found it; ``level`` is ``None`` where none was left."""
    return {
        "level": kept.level_id,
        "reached_at": Instant.of(kept.reached_at).isoformat(),
        "standing": kept.standing,
        "programme": f"0x{kept.programme_hash.hex()}",
        "recorded_at": Instant.of(kept.recorded_at).isoformat(),
    }


def _json(found: MemberStanding) -> dict[str, Json]:
    programme = found.programme
    terms = programme.voice if programme else None
    return {
        "member": format_id("mem", found.member_id),
        "at": Instant.of(found.at).isoformat(),
        "programme": None if programme is None else programme.hash_text,
        "standing": {
            "points": found.standing.points.amount,
            "by_category": [
                {"category": category, "points": exact_text(share)}
                for category, share in sorted(
                    found.standing.by_category.items(), key=lambda row: row[0] or ""
                )
            ],
        },
        "level": {
            "reached": _level(found.reached.level),
            "next": _level(found.reached.following),
            "missing": found.reached.missing.amount,
        },
        "voice": {
            "points": found.voice.points.amount,
            "exact": exact_text(found.voice.exact),
            "per_month": None if terms is None else terms.per_month,
            "decay": None if terms is None else exact_text(terms.decay),
            "rounding": None if terms is None else terms.rounding.value,
            "months": [
                {
                    "month": each.month,
                    "earned": exact_text(each.earned),
                    "counted": exact_text(each.counted),
                    "left": exact_text(each.left),
                }
                for each in found.voice.months
            ],
        },
    }


def _level(level: Level | None) -> Json:
    if level is None:
        return None
    return {"id": level.level_id, "from": level.points, "title": _text(level.title)}


def _text(text: Text | None) -> Json:
    return None if text is None else {"en": text.en, "ru": text.ru}
