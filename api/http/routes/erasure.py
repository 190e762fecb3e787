"""``/v1/members/me/erasure``: being forgotten, after reading what the chain will not forget."""

from __future__ import annotations

from typing import Annotated, Final, cast

from fastapi import APIRouter, Body, Depends, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict

from api.composition import Composition
from api.erasing import EraseMember, Told, erase_and_list, tell
from api.http.parts import DatabaseHere, parts_of
from api.http.principal import CurrentMember
from api.http.problems import responses
from ledger.kernel.canonical import Json

router: Final = APIRouter(prefix="/v1/members/me/erasure", tags=["members"])

FORGOTTEN: Final = ("display_name", "identities", "wallets", "roles", "sessions", "event_bodies")
KEPT: Final = ("facts", "lots", "journal_entries")


def composition_of(request: Request) -> Composition:
    """The whole composition: erasing writes a list into the state folder."""
    return cast("Composition", parts_of(request))


CompositionHere = Annotated[Composition, Depends(composition_of)]


class ErasureBody(BaseModel):
    """What was read, confirmed."""

    model_config = ConfigDict(extra="forbid")

    confirm: str


@router.get("", responses=responses(401, 403, 404, 503))
def told(member_id: CurrentMember, database: DatabaseHere) -> JSONResponse:
    """What would be forgotten, what is kept under a random id, and what stays on chain for ever."""
    with database.read() as work:
        return JSONResponse(told_json(tell(work, member_id)))


@router.post("", status_code=204, responses=responses(400, 401, 403, 404, 409, 415, 422, 503))
def erase(
    member_id: CurrentMember,
    composition: CompositionHere,
    body: Annotated[ErasureBody, Body()],
) -> Response:
    """Forget whoever asks, for good. ``confirm`` is the one that was told with what stays."""
    command = EraseMember(member_id, body.confirm, "member")
    erase_and_list(composition.database, composition.state, command)
    return Response(status_code=204)


def told_json(found: Told) -> dict[str, Json]:
    """What is told, and what confirms that it was read."""
    return {
        **found.to_json(),
        "forgotten": list(FORGOTTEN),
        "kept_under_random_ids": list(KEPT),
        "confirm": found.confirm,
    }
