"""What docs/integrating.md shows works as shown."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from api.webhooks import standard_webhooks
from api.webhooks.model import Delivered
from ledger.events.admission import admit
from ledger.events.model import Source
from ledger.events.sources.model import read_spec
from ledger.kernel.ids import RandomIds

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "integrating.md").read_text()
NOW = datetime(2026, 3, 2, 9, 1, tzinfo=UTC)
SECRET = standard_webhooks.new_secret("0" * 43)


def shown(language: str) -> str:
    (block,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(block)


def test_the_shown_event_signed_as_shown_is_taken_by_the_shown_source() -> None:
    spec = read_spec(yaml.safe_load(shown("yaml")))
    source = Source(
        RandomIds().new(NOW), spec.uri, spec.name, spec.profile, spec.state, spec.authority
    )
    names: dict[str, Any] = {}
    exec(shown("python"), names)  # noqa: S102 - our own page
    body = shown("json").strip().encode()
    headers = names["headers"](SECRET, "msg_1", int(NOW.timestamp()), body)
    delivered = Delivered(headers, body, NOW)
    standard_webhooks.verify(delivered, [SECRET])
    (event,) = admit(source, standard_webhooks.read(delivered, source.uri).events, NOW)
    assert (event.id, event.values) == ("read-81", {"section": "s7", "course": "go"})
