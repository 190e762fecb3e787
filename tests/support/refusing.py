"""Servers that answer, and let nobody in."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Refusing(BaseHTTPRequestHandler):
    """Says no to everything."""

    def do_POST(self) -> None:
        self.send_response(401)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"no")

    do_GET = do_POST  # noqa: N815 - named so by the library.

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Repeating(Refusing):
    """Says what it was asked by, as a proxy or a node that explains a refusal may."""

    def do_POST(self) -> None:
        asked = f"{self.path} by {self.headers['Authorization']} is not allowed"
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "error": {"code": -1, "message": asked}})
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())


@contextmanager
def refusing(handler: type[Refusing] = Refusing) -> Iterator[str]:
    """Where it listens."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
