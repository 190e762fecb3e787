"""The product's application with one more route, the empty POST that the rows compare with.

The route is the bench's alone: the same process, server, envelope and router, and nothing to do. It
is added as any new route is, after the product's; routes are tried in order, so the same in first
place is quicker. That one is there too, and its figure is told, but no row compares with it.
Started by ``http_rows``; the environment says where the database is.
"""

from __future__ import annotations

import sys

import uvicorn
from fastapi import FastAPI
from starlette.responses import Response

from api.composition import compose
from api.http.app import create_app
from api.settings import load_settings

EMPTY_PATH = "/bench/empty"
FIRST_PATH = "/bench/first"


def application() -> FastAPI:
    """What each process serves."""
    app = create_app(compose(load_settings()))
    app.post(FIRST_PATH, status_code=202)(_empty)
    app.router.routes.insert(0, app.router.routes.pop())
    app.post(EMPTY_PATH, status_code=202)(_empty)
    return app


async def _empty() -> Response:
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
