"""The product's application with two more doors, the empty POSTs that the rows compare with.

Both are the bench's alone, served by the same process, server and envelope, and have nothing to do:

- ``ORDINARY_PATH`` is a route as all of the application but its doors for events are written: a
  ``def`` under FastAPI. It has no dependency and is tried before every other of them.
- ``PLAIN_PATH`` stands on the footing of the doors: a plain route, right behind them, without
  FastAPI or a thread of its own.

Started by ``http_rows``; the environment says where the database is.
"""

from __future__ import annotations

import sys

import uvicorn
from fastapi import APIRouter, FastAPI, Request
from starlette.responses import Response
from starlette.routing import Route

from api.cli.up import http_application
from api.http.app import DOORS
from api.settings import load_settings

ORDINARY_PATH = "/bench/ordinary"
PLAIN_PATH = "/bench/plain"


def application() -> FastAPI:
    """What each process serves: what ``vklad serve`` does, and the peers."""
    app = http_application()
    router = APIRouter()
    router.add_api_route(ORDINARY_PATH, _ordinary, methods=["POST"], status_code=202)
    app.include_router(router)
    ordinary = app.router.routes.pop()
    plain = Route(PLAIN_PATH, _plain, methods=["POST"])
    app.router.routes[len(DOORS) : len(DOORS)] = [plain, ordinary]
    return app


def _ordinary() -> Response:
    return Response(status_code=202)


async def _plain(_: Request) -> Response:
    return Response(status_code=202)


if __name__ == "__main__":
    settings = load_settings()
    uvicorn.run(
        "http_server:application",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.api_processes,
        access_log=False,
        server_header=False,
        log_level="warning",
    )
    sys.exit(0)
