"""Somebody between the reader and the door: passes GETs on and changes one answer's one field."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final

import httpx

TIMEOUT_S: Final = 30
PASSED_ON: Final = "authorization"


@contextmanager
def tampering(base_url: str, change: Callable[[Any], Any]) -> Iterator[str]:
    """The address of a proxy on loopback to ``base_url``; every JSON answer goes by ``change``."""

    class Between(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = {PASSED_ON: self.headers.get(PASSED_ON, "")}
            answer = httpx.get(base_url + self.path, headers=headers, timeout=TIMEOUT_S)
            body = answer.content
            if answer.is_success:
                body = json.dumps(change(answer.json())).encode()
            self.send_response(answer.status_code)
            self.send_header("content-type", answer.headers["content-type"])
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Not a word: who tampers leaves no log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Between)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
