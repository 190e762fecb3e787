"""A node as the public gets to see it: the ordinary questions are passed on, all others refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final

import requests

TIMEOUT_S: Final = 30
ORDINARY: Final = ("eth_", "net_version", "web3_clientVersion")
OF_THE_NODES_OWN_KEYS: Final = ("eth_accounts", "eth_sendTransaction", "eth_sign")
METHOD_NOT_FOUND: Final = -32_601


@dataclass
class PublicNode:
    """Where it answers, and what it was asked for that it does not do."""

    url: str = ""
    refused: list[str] = field(default_factory=list)


def is_ordinary(method: str) -> bool:
    """Whether any public node answers this."""
    return method.startswith(ORDINARY) and not method.startswith(OF_THE_NODES_OWN_KEYS)


@contextmanager
def public_node(behind: str) -> Iterator[PublicNode]:
    """In front of the node at ``behind``, on loopback."""
    seen = PublicNode()

    class Front(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["content-length"]))
            question = json.loads(raw)
            each = question if isinstance(question, list) else [question]
            foreign = [str(one["method"]) for one in each if not is_ordinary(one["method"])]
            if foreign:
                seen.refused.extend(foreign)
                refusal: dict[str, Any] = {
                    "jsonrpc": "2.0",
                    "id": each[0].get("id"),
                    "error": {"code": METHOD_NOT_FOUND, "message": f"no {foreign[0]} here"},
                }
                body = json.dumps(refusal).encode()
            else:
                headers = {"content-type": "application/json"}
                body = requests.post(behind, data=raw, headers=headers, timeout=TIMEOUT_S).content
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Silent: each question would be a line."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Front)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    seen.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
