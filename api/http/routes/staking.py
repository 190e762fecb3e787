"""``/v1/stakes``: points held on projects, and the ranking that anybody can work out again."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from api.governed import own_stake_json, priorities_json, stake_json
from api.http.idempotency import OnceHere, once_responses
from api.http.parts import DatabaseHere
from api.http.principal import CurrentMember
from api.http.problems import responses
from governance.projects.model import PREFIX as PROJECT_PREFIX
from governance.staking import service, store
from governance.staking.model import PREFIX, ranking
from governance.staking.service import PlaceStake, ReleaseStake
from ledger.journal.model import AMOUNT_MAX
from ledger.kernel.ids import parse_id
from ledger.kernel.units import Points

router = APIRouter(prefix="/v1/stakes", tags=["projects"])


class StakeBody(BaseModel):
    """How much, and on what."""

    model_config = ConfigDict(extra="forbid")

    project: Annotated[str, Field(max_length=64)]
    points: Annotated[int, Field(strict=True, ge=1, le=AMOUNT_MAX)]


@router.post("", status_code=201, responses=once_responses(404))
def place(body: StakeBody, once: OnceHere, member: CurrentMember) -> Response:
    """Hold points on a project; they are back whenever they are let go of."""
    project_id = parse_id(PROJECT_PREFIX, body.project)
    command = PlaceStake(member, project_id, Points(body.points))
    return once(service.place, command, render=stake_json)


@router.get("", responses=responses(401, 403, 503))
def mine(member: CurrentMember, database: DatabaseHere) -> dict[str, Any]:
    """The open stakes of whoever asks, oldest first, with what each weighs now."""
    with database.read() as work:
        found = store.open_stakes(work, member_id=member)
        data = [own_stake_json(each, work.now) for each in found]
    return {"data": data, "next_cursor": None}


@router.get("/ranking", responses=responses(503))
def show_ranking(database: DatabaseHere) -> dict[str, Any]:
    """Public: projects by weight, with every open stake (never whose) and the formula."""
    with database.read() as work:
        stakes = store.open_stakes(work)
        return priorities_json(ranking(stakes, work.now), stakes, work.now)


@router.post("/{stake_id}/release", status_code=200, responses=once_responses(404))
def release(stake_id: str, once: OnceHere, member: CurrentMember) -> Response:
    """Let go of a stake: the points are back at once. Again: no change."""
    command = ReleaseStake(parse_id(PREFIX, stake_id), member)
    return once(service.release, command, render=stake_json, status=200)
