"""Awards: what a member earned, for what, with the receipt; and why an event earned nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from api.auth.model import Principal
from api.http.pagination import PageHere
from api.http.parts import DatabaseHere
from api.http.principal import CurrentMember, allow
from api.http.problems import responses
from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Database
from ledger.members.persons import store as persons
from ledger.scoring import store
from ledger.scoring.store import StoredAward
from ledger.settlement import store as settlement
from ledger.settlement.model import Reason

router = APIRouter(prefix="/v1", tags=["awards"])
Onlooker = Annotated[
    Principal, Depends(allow(roles=("admin", "auditor"), scopes=("balances:read",)))
]


class UnknownAward(VkladError):
    """No award of this member has this id."""

    code = "unknown_award"
    kind = ErrorKind.NOT_FOUND


@router.get("/awards", responses=responses(400, 401, 403, 503))
def my_awards(page: PageHere, database: DatabaseHere, member: CurrentMember) -> JSONResponse:
    """The awards of whoever asks, newest first, each with its receipt."""
    return _page(page, database, member)


@router.get("/awards/{award_id}", responses=responses(401, 403, 404, 503))
def my_award(award_id: str, database: DatabaseHere, member: CurrentMember) -> dict[str, Any]:
    """One award of whoever asks."""
    wanted = parse_id("awd", award_id)
    with database.read() as work:
        found = store.award(work, wanted)
        gaps = settlement.gaps_of(work, [wanted])
        owner = None if found is None else persons.person_of(work, found.member_id)
    if found is None or owner != member:
        raise UnknownAward("You have no award with this id.", award=award_id)
    return dict(_award(found, gaps))


@router.get("/members/{member_id}/awards", responses=responses(400, 401, 403, 404, 503))
def awards_of_member(
    member_id: str, page: PageHere, database: DatabaseHere, _: Onlooker
) -> JSONResponse:
    """A member's awards for admins, auditors and machines with ``balances:read``."""
    return _page(page, database, parse_id("mem", member_id))


def _page(page: PageHere, database: Database, member_id: UUID) -> JSONResponse:
    before = None if page.after is None else UUID(str(page.after[0]))
    with database.read() as work:
        found = store.award_page(work, member_id, before, page.fetch)
        gaps = settlement.gaps_of(work, [award.award_id for award in found])

    def render(award: StoredAward) -> dict[str, Json]:
        return _award(award, gaps)

    return page.answer(found, key=lambda award: [str(award.award_id)], render=render)


def _award(award: StoredAward, gaps: Mapping[tuple[UUID, Reason], int]) -> dict[str, Json]:
    """``unpaid``: what waits for the rewards pool, and what a budget did not cover."""
    return {
        "id": format_id("awd", award.award_id),
        "rule": award.key.rule_id,
        "event": None if award.key.event_id is None else format_id("evt", award.key.event_id),
        "period": award.key.period,
        "earned_at": Instant.of(award.earned_at).isoformat(),
        "points": award.points,
        "excess": award.excess,
        "unpaid": {
            "waiting": gaps.get((award.award_id, Reason.POOL), 0),
            "never": gaps.get((award.award_id, Reason.BUDGET), 0),
        },
        "revision": award.revision,
        "recorded_at": Instant.of(award.recorded_at).isoformat(),
        "entry": None if award.entry_id is None else format_id("ent", award.entry_id),
        "receipt": award.receipt,
    }
