"""The product's application with one more route, the empty POST that the rows compare with.

The route is the bench's alone: the same process, server, envelope and router, and nothing to do.
Routes are tried in order, and it is the first, so that it has no handicap. Started by
``http_rows``; the environment says where the database is.
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


def application() -> FastAPI:
    """What each process serves."""
    app = create_app(compose(load_settings()))

    @app.post(EMPTY_PATH, status_code=202)
    async def empty() -> Response:
        return Response(status_code=202)

    app.router.routes.insert(0, app.router.routes.pop())
    return app


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
