"""``/v1/event-types``: what sources may state, for whoever writes one. Public and always the same.

The same as ``docs/event-types.json``; which of the types a source may state is in its
registration.
"""

from __future__ import annotations

from typing import Final

import orjson
from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from api import event_types
from api.http.problems import responses

router: Final = APIRouter(prefix="/v1/event-types", tags=["facts"])

_AN_HOUR: Final = {"Cache-Control": "public, max-age=3600"}


@router.get("")
def list_event_types() -> JSONResponse:
    """Every known type: what it says, what is kept of it, its JSON Schema and an example."""
    return JSONResponse(event_types.whole(), headers=_AN_HOUR)


@router.get("/{event_type}/schema", responses=responses(404))
def schema(event_type: str) -> Response:
    """The JSON Schema (2020-12) of one type, to validate with."""
    found = event_types.event_type(event_type)["schema"]
    return Response(orjson.dumps(found), media_type="application/schema+json", headers=_AN_HOUR)
