"""Deliveries captured from a live Discourse, signed here with a test secret."""

from __future__ import annotations

import copy
import hmac
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from api.webhooks.model import Delivered
from tests.peer.material import material

SECRET = "only-for-tests-0123456789"
RECEIVED_AT = datetime(2026, 1, 10, tzinfo=UTC)
FOLDER = material("discourse")


@dataclass(frozen=True)
class Capture:
    """One delivery: the event's name, the headers Discourse sent, and the body."""

    name: str
    headers: dict[str, str]
    body: bytes

    def sent(self, secret: str = SECRET, content_type: str = "application/json") -> dict[str, str]:
        """All headers, signed."""
        signature = hmac.digest(secret.encode(), self.body, sha256).hex()
        return {
            **self.headers,
            "content-type": content_type,
            "x-discourse-event-signature": f"sha256={signature}",
        }

    def delivered(self, **options: str) -> Delivered:
        return Delivered(self.sent(**options), self.body, RECEIVED_AT)

    def content(self) -> Any:
        return json.loads(self.body)

    def changed(self, name: str | None = None, **fields: Any) -> Capture:
        """A delivery derived from this one: another event's name, other fields of its object."""
        content = copy.deepcopy(self.content())
        kind = self.headers["x-discourse-event-type"]
        inner = (
            content[kind]["post"] if kind == "like" and "post" in content[kind] else content[kind]
        )
        inner.update(fields)
        headers = {**self.headers, "x-discourse-event": name or self.name}
        return replace(
            self, name=name or self.name, headers=headers, body=json.dumps(content).encode()
        )


def load() -> dict[str, Capture]:
    """Every capture by its event's name."""
    captures = {}
    for body in sorted(FOLDER.glob("*/*/*-body.json")):
        head = json.loads(body.with_name(body.name.replace("-body", "-header")).read_text())
        headers = {
            "user-agent": head["UserAgent"],
            "x-discourse-instance": head["Instance"],
            "x-discourse-event-id": head["EventId"],
            "x-discourse-event-type": head["EventType"],
            "x-discourse-event": head["Event"],
        }
        captures[head["Event"]] = Capture(head["Event"], headers, body.read_bytes())
    return captures


CAPTURES = load()
