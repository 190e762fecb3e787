"""A node behind somebody who loses, delays, refuses, changes or holds back its answers."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from oracle.chain.web3_adapter import Web3Chain

FAULTS = (
    *("lost", "late", "limited", "broken", "garbled"),
    *("another chain", "lagging", "no receipts"),
)
"""The connection is cut; the answer comes too late; 429; 500; no JSON; another chain's id; a head
two blocks old; no transaction is known to be mined."""
LATE_S = 0.6
"""Longer than whoever asks waits."""
_ASKED_S = 10


class Died(BaseException):
    """The worker is gone in the middle of a turn."""


class Proxy(ThreadingHTTPServer):
    """Passes JSON-RPC on; ``fault`` names what is wrong at present, if anything.

    ``dies``: who sends bytes through it dies ``before`` or ``after`` it has.
    """

    daemon_threads = True

    def __init__(self, url: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.node_url = url
        self.fault: str | None = None
        self.dies: str | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asked waits no more, as was meant."""

    def ask(self, question: Any) -> Any:
        """The node's own answer."""
        request = urllib.request.Request(  # noqa: S310 - a node of the test's own
            self.node_url, json.dumps(question).encode(), {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=_ASKED_S) as answer:  # noqa: S310 - as above
            return json.load(answer)


@contextmanager
def proxied(url: str) -> Iterator[Proxy]:
    """A proxy before a node."""
    proxy = Proxy(url)
    thread = threading.Thread(target=proxy.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        proxy.server_close()
        thread.join()


class Mortal(Web3Chain):
    """The node behind a proxy, as somebody sees it who may die in the middle of sending."""

    def __init__(self, proxy: Proxy) -> None:
        super().__init__(proxy.url, timeout_s=LATE_S / 2)
        self._proxy = proxy

    def send_raw(self, raw: bytes) -> bytes:
        if self._proxy.dies == "before":
            raise Died
        sent = super().send_raw(raw)
        if self._proxy.dies == "after":
            raise Died
        return sent


class _Handler(BaseHTTPRequestHandler):
    server: Proxy
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        question = json.loads(self.rfile.read(int(self.headers["content-length"])))
        fault = self.server.fault
        if fault == "lost":
            self.close_connection = True
            return
        if fault == "late":
            time.sleep(LATE_S)
        if fault in {"limited", "broken"}:
            self._say(429 if fault == "limited" else 500, b"no")
            return
        many = isinstance(question, list)
        asked = [self._held_back(each) for each in (question if many else [question])]
        answered = self.server.ask(asked) if many else [self.server.ask(asked[0])]
        for one in answered:
            self._spoil(next(each for each in asked if each["id"] == one["id"]), one)
        answer = answered if many else answered[0]
        self._say(200, b"{oh" if fault == "garbled" else json.dumps(answer).encode())

    def _spoil(self, question: Any, answer: Any) -> None:
        fault = self.server.fault
        if fault == "another chain" and question["method"] == "eth_chainId":
            answer["result"] = "0x1"
        if fault == "no receipts" and question["method"] == "eth_getTransactionReceipt":
            answer["result"] = None

    def _held_back(self, question: Any) -> Any:
        newest = question["method"] == "eth_getBlockByNumber" and question["params"][0] == "latest"
        if self.server.fault != "lagging" or not newest:
            return question
        head = self.server.ask({**question, "method": "eth_blockNumber", "params": []})["result"]
        older = hex(max(0, int(head, 16) - 2))
        return {**question, "params": [older, *question["params"][1:]]}

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Nothing."""
