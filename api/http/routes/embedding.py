"""``/v1/embed``: from which pages members see what they have, and tokens for those pages.

An admin proposes an origin, another approves it (``/v1/sources/credentials/{id}/approve``). What
the frame itself asks for is no part of the API: ``api/pages/embedding.py``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Self

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.auth.model import Principal
from api.embedding.model import EmbedPurpose, IssueEmbedToken
from api.embedding.service import Issuing
from api.http.pagination import LIMIT_MAX
from api.http.parts import DatabaseHere, PartsHere
from api.http.principal import CurrentMember, allow, require_role, require_scope
from api.http.problems import responses
from api.http.routes.credentials import credential_json
from api.webhooks.secret_box import FernetBox
from ledger.events.origins import service, store
from ledger.events.origins.model import (
    ORIGIN_LENGTH_MAX,
    EmbedOrigin,
    EndOrigin,
    ProposeOrigin,
)
from ledger.kernel.canonical import Json
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import execute
from ledger.redemption.tokens import TOKEN_LENGTH_MAX

router: Final = APIRouter(prefix="/v1/embed", tags=["embedding"])

Overseer = Annotated[Principal, Depends(allow(roles=("admin", "auditor")))]
Admin = Annotated[Principal, Depends(require_role("admin"))]
Issuer = Annotated[Principal, Depends(require_scope("embed:write"))]
PREFIX: Final = "org"
_IDENTITY_LENGTH_MAX: Final = 512


class OriginBody(BaseModel):
    """An origin of a source's pages; ``source`` by its name."""

    model_config = ConfigDict(extra="forbid")

    source: Annotated[str, Field(max_length=64)]
    origin: Annotated[str, Field(max_length=ORIGIN_LENGTH_MAX)]


class TokenBody(BaseModel):
    """For whom, for which page and what for; ``order`` exactly if ``pay`` is among ``purposes``."""

    model_config = ConfigDict(extra="forbid")

    identity: Annotated[str, Field(max_length=_IDENTITY_LENGTH_MAX, description="lms:1042")]
    origin: Annotated[str, Field(max_length=ORIGIN_LENGTH_MAX)]
    purposes: Annotated[list[EmbedPurpose], Field(min_length=1, max_length=len(EmbedPurpose))]
    order: (
        Annotated[str, Field(max_length=TOKEN_LENGTH_MAX, description="Signed by the LMS.")] | None
    ) = None

    @model_validator(mode="after")
    def _paying_is_for_an_order(self) -> Self:
        if (EmbedPurpose.PAY in self.purposes) != (self.order is not None):
            raise ValueError("state an order if pay is among the purposes, and only then")
        return self


@router.get("/origins", responses=responses(401, 403, 503))
def list_origins(database: DatabaseHere, _: Overseer) -> JSONResponse:
    """Every origin there was, newest first, and who stands for each."""
    with database.read() as work:
        data = [origin_json(one) for one in store.list_origins(work, LIMIT_MAX)]
    return JSONResponse({"data": data, "next_cursor": None})


@router.post(
    "/origins", status_code=201, responses=responses(400, 401, 403, 404, 409, 415, 422, 503)
)
def propose(
    body: OriginBody, database: DatabaseHere, admin: CurrentMember, _: Admin
) -> JSONResponse:
    """Propose an origin; nothing is shown there until another admin approved it."""
    command = ProposeOrigin(body.source, body.origin, admin)
    credential = execute(database, service.propose_origin, command)
    return JSONResponse(credential_json(credential), status_code=201)


@router.delete("/origins/{origin_id}", status_code=204, responses=responses(401, 403, 404, 503))
def end(origin_id: str, database: DatabaseHere, admin: CurrentMember, _: Admin) -> Response:
    """Show nothing there any more, at once; tokens for it end, too."""
    execute(database, service.end_origin, EndOrigin(parse_id(PREFIX, origin_id), admin))
    return Response(status_code=204)


@router.post(
    "/tokens", status_code=201, responses=responses(400, 401, 403, 404, 409, 410, 415, 422, 503)
)
def issue(body: TokenBody, parts: PartsHere, principal: Issuer) -> JSONResponse:
    """A token of a few minutes for one member and one page; this answer alone tells it."""
    assert principal.source is not None, "the scope is for keys of sources"
    command = IssueEmbedToken(
        principal.source, body.identity, body.origin, frozenset(body.purposes), body.order
    )
    issued = execute(parts.database, Issuing(FernetBox(parts.secret)).issue, command)
    told = {"token": issued.text, "expires_at": _time(issued.expires_at)}
    return JSONResponse(told, status_code=201, headers={"Cache-Control": "no-store"})


def origin_json(found: EmbedOrigin) -> dict[str, Json]:
    """An origin and who stands for it."""
    return {
        "id": format_id(PREFIX, found.origin_id),
        "source": found.source_name,
        "origin": found.origin,
        "state": found.state,
        "digest": found.content_digest.hex(),
        "proposed_by": None if found.proposed_by is None else format_id("mem", found.proposed_by),
        "proposed_at": _time(found.proposed_at),
        "decided_by": None if found.decided_by is None else format_id("mem", found.decided_by),
        "decided_at": None if found.decided_at is None else _time(found.decided_at),
        "ended_by": None if found.ended_by is None else format_id("mem", found.ended_by),
        "ended_at": None if found.ended_at is None else _time(found.ended_at),
    }


def _time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
