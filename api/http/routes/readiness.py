"""``/v1/sources/{name}/sync``: a source says up to when it is complete; scoring waits beyond."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.auth.model import Principal
from api.http.parts import DatabaseHere
from api.http.principal import PrincipalHere, allow, require_role, require_scope
from api.http.problems import responses
from ledger.events.sources import service as sources
from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.transaction import execute
from ledger.readiness import service
from ledger.readiness.model import (
    COUNT_MAX,
    DeclareSync,
    NotThisSource,
    Readiness,
    Status,
)

router: Final = APIRouter(prefix="/v1/sources", tags=["facts"])
Overseer = Annotated[Principal, Depends(allow(roles=("admin", "auditor")))]


class SyncBody(BaseModel):
    """How the last sync went; everything before ``complete_until`` was told, ``count`` events."""

    model_config = ConfigDict(extra="forbid")

    status: Status
    complete_until: AwareDatetime
    count: Annotated[int, Field(strict=True, ge=0, le=COUNT_MAX)] | None = None


@router.put("/{name}/sync", responses=responses(400, 401, 403, 404, 409, 422, 503))
def declare(
    name: str, body: SyncBody, principal: PrincipalHere, database: DatabaseHere
) -> JSONResponse:
    """Declare a sync, as the source itself (scope ``events:write``) or as an admin for it."""
    if principal.source is None:
        require_role("admin")(principal)
    else:
        require_scope("events:write")(principal)
        with database.read() as work:
            if sources.require_source(work, name).uri != principal.source:
                raise NotThisSource("A source declares its own syncs.")
    command = DeclareSync(name, body.status, body.complete_until, body.count, principal.member_id)
    return JSONResponse(readiness_json(execute(database, service.declare_sync, command)))


@router.get("/{name}/sync", responses=responses(401, 403, 404, 503))
def look(name: str, _: Overseer, database: DatabaseHere) -> JSONResponse:
    """Up to when a source's facts are released, and what is in the way."""
    with database.read() as work:
        uri = sources.require_source(work, name).uri
        found = service.all_readiness(work)[uri]
    return JSONResponse(readiness_json(found))


def readiness_json(found: Readiness) -> dict[str, Json]:
    """A source that never declared a sync is ready, and has no watermark."""
    last = found.last
    return {
        "source": found.source,
        "ready": found.is_ready,
        "released_until": None
        if found.released_until is None
        else Instant.of(found.released_until).isoformat(),
        "obstacle": None if found.obstacle is None else found.obstacle.value,
        "last": None
        if last is None
        else {
            "status": last.status,
            "complete_until": Instant.of(last.complete_until).isoformat(),
            "count": last.stated,
            "ours": last.stored,
            "released": last.is_released,
            "declared_at": Instant.of(last.declared_at).isoformat(),
        },
    }
