"""Load in a process of its own: keep-alive connections, each sending as soon as it was answered.

    python http_client.py PORT

Rounds are asked for on standard input, a JSON object a line, and answered so on standard output.
One names what to send and for how long. Requests are made before the clock starts, so signing is
not measured as the server's time. Bounded: by connections, by seconds, by requests made.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import uvloop

from ledger.kernel.clock import SystemClock

BATCH: Final = 100
MEMBERS: Final = 200
DRAIN_S: Final = 10.0
_NOW: Final = SystemClock().now()


@dataclass
class Round:
    """One measured stretch: the requests to send and what came back."""

    requests: Iterator[bytes]
    ends_at: float
    statuses: Counter[int] = field(default_factory=Counter)
    open: int = 0
    done: asyncio.Event = field(default_factory=asyncio.Event)


class Connection(asyncio.Protocol):
    """One keep-alive connection: one request at a time."""

    def __init__(self) -> None:
        self._buffer = b""
        self._round: Round | None = None

    def connection_made(self, transport: Any) -> None:
        """Keep what to write to."""
        self._transport = transport

    def connection_lost(self, _: Exception | None) -> None:
        """Count a broken connection as an answer of status 0."""
        if self._round is not None:
            self._round.statuses[0] += 1
            self._finish()

    def begin(self, current: Round) -> None:
        """Send requests of this round until it ends."""
        current.open += 1
        self._round = current
        self._send()

    def data_received(self, data: bytes) -> None:
        """Gather an answer; when it is whole, count it and send the next request."""
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        mark = head.find(b"content-length:")
        length = int(head[mark + 15 :].split(b"\r\n", 1)[0]) if mark >= 0 else 0
        if len(self._buffer) < end + 4 + length:
            return
        assert self._round is not None, "an answer nobody asked for"
        self._round.statuses[int(head[9:12])] += 1
        self._buffer = self._buffer[end + 4 + length :]
        self._send()

    def _send(self) -> None:
        current = self._round
        assert current is not None, "begin comes first"
        request = next(current.requests, None) if time.perf_counter() < current.ends_at else None
        if request is None:
            self._finish()
        else:
            self._transport.write(request)

    def _finish(self) -> None:
        current, self._round = self._round, None
        assert current is not None, "it had begun"
        current.open -= 1
        if not current.open:
            current.done.set()


def _post(path: str, headers: dict[str, str], body: bytes) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def _event(uri: str, number: str, subject: int) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "source": uri,
        "id": number,
        "type": "lms.section.read",
        "subject": f"lms:{subject % MEMBERS}",
        "time": _NOW.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "data": {"object": f"section-{subject % 997}", "course": "go"},
    }


def singles(asked: dict[str, Any]) -> list[bytes]:
    """Signed deliveries (Standard Webhooks) of one event each, every id new."""
    key = base64.b64decode(asked["secret"].removeprefix("whsec_"))
    now = int(SystemClock().now().timestamp())
    made = []
    for index in range(asked["count"]):
        number = f"{asked['name']}-{index}"
        body = json.dumps(_event(asked["uri"], number, index), separators=(",", ":")).encode()
        signed = f"{number}.{now}.".encode() + body
        mac = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
        headers = {
            "Content-Type": "application/cloudevents+json",
            "webhook-id": number,
            "webhook-timestamp": str(now),
            "webhook-signature": f"v1,{mac}",
        }
        made.append(_post(asked["path"], headers, body))
    return made


def batches(asked: dict[str, Any]) -> list[bytes]:
    """Batches of ``BATCH`` events under the source's key."""
    headers = {
        "Content-Type": "application/cloudevents-batch+json",
        "Authorization": f"Bearer {asked['key']}",
    }
    made = []
    for index in range(asked["count"]):
        events = [
            _event(asked["uri"], f"{asked['name']}-{index}-{one}", index * BATCH + one)
            for one in range(BATCH)
        ]
        body = json.dumps(events, separators=(",", ":")).encode()
        made.append(_post(asked["path"], headers, body))
    return made


def empties(asked: dict[str, Any]) -> list[bytes]:
    """The same empty POST again and again."""
    return [_post(asked["path"], {}, b"")] * asked["count"]


KINDS: Final = {"single": singles, "batch": batches, "ordinary": empties, "plain": empties}


async def run(port: int) -> None:
    """Do the rounds that standard input asks for, until it ends."""
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        asked = json.loads(line)
        requests = KINDS[asked["kind"]](asked)
        made = [
            await loop.create_connection(Connection, "127.0.0.1", port)
            for _ in range(asked["connections"])
        ]
        started = time.perf_counter()
        current = Round(iter(requests), started + asked["seconds"])
        for _, connection in made:
            connection.begin(current)
        await asyncio.wait_for(current.done.wait(), asked["seconds"] + DRAIN_S)
        took_s = time.perf_counter() - started
        for transport, _ in made:
            transport.close()
        answer = {"took_s": took_s, "statuses": current.statuses, "made": len(requests)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    uvloop.run(run(int(sys.argv[1])))
