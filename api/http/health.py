"""Is the process alive, may it be sent requests, and what has it counted."""

from __future__ import annotations

from typing import Annotated, Final, cast

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from api.http.metrics import MEDIA_TYPE, Metrics
from api.http.parts import DatabaseHere
from api.http.principal import MaybePrincipal, allow, principal_of
from api.http.problems import responses
from api.migrations.runner import require_newest

router: Final = APIRouter(tags=["service"])

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})


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


@router.get("/metrics", response_class=Response, responses=responses(401, 403, 503))
def metrics(
    request: Request, principal: MaybePrincipal, counted: Annotated[Metrics, Depends(_metrics)]
) -> Response:
    """What this process has counted, for Prometheus on this machine or with a key for it."""
    if request.client is None or request.client.host not in _LOOPBACK:
        allow(roles=("admin", "auditor"), scopes=("metrics:read",))(principal_of(principal))
    return Response(counted.text(), media_type=MEDIA_TYPE)
