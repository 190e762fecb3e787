"""The product's application with one more door, the empty POST that the rows compare with.

The door is the bench's alone and stands on the same footing as the product's doors for events: the
same process, server, envelope, and mechanism (a plain route tried before FastAPI's), right behind
them. It has nothing to do. Started by ``http_rows``; the environment says where the database is.
"""

from __future__ import annotations

import sys

import uvicorn
from fastapi import FastAPI, Request
from starlette.responses import Response
from starlette.routing import Route

from api.cli.up import http_application
from api.http.app import DOORS
from api.settings import load_settings

EMPTY_PATH = "/bench/empty"


def application() -> FastAPI:
    """What each process serves: what ``vklad serve`` does, and the peer."""
    app = http_application()
    app.router.routes.insert(len(DOORS), Route(EMPTY_PATH, _empty, methods=["POST"]))
    return app


async def _empty(_: Request) -> Response:
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
