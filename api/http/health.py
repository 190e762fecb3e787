"""Is the process alive, may it be sent requests, and what has it counted."""

from __future__ import annotations

from typing import Annotated, Final, cast

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from api.http.chain_metrics import chain_text
from api.http.metrics import MEDIA_TYPE, Metrics
from api.http.parts import DatabaseHere, PartsHere
from api.http.principal import MaybePrincipal, allow, principal_of
from api.http.problems import responses
from api.migrations.runner import require_newest

router: Final = APIRouter(tags=["service"])


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """The process answers. Says nothing of what it depends on."""
    return {"status": "ok"}


@router.get("/readyz", responses=responses(503))
def readyz(database: DatabaseHere) -> JSONResponse:
    """The database answers and is at our schema.

    Broker and chain are not asked: without them events, holds and pages still work (the outbox and
    the queue of claims wait), so their absence must not take this process out of service.
    """
    with database.read() as work:
        revision = require_newest(work.connection)
    return JSONResponse({"status": "ready", "schema": revision})


def _metrics(request: Request) -> Metrics:
    return cast("Metrics", request.app.state.metrics)


def is_public(parts: PartsHere) -> bool:
    """Whether anyone but this machine is meant to reach us; see ``Settings.is_public``."""
    return parts.settings.is_public


@router.get("/metrics", response_class=Response, responses=responses(401, 403, 503))
def metrics(
    principal: MaybePrincipal,
    counted: Annotated[Metrics, Depends(_metrics)],
    parts: PartsHere,
    *,
    public: Annotated[bool, Depends(is_public)],
) -> Response:
    """What this process has counted, and how the chain stands, for Prometheus.

    With a key for it, unless all is on loopback.

    Whose socket it is says nothing: behind a proxy on this machine everybody's is loopback.
    """
    if public:
        allow(roles=("admin", "auditor"), scopes=("metrics:read",))(principal_of(principal))
    return Response(counted.text() + chain_text(parts), media_type=MEDIA_TYPE)
