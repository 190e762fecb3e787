"""docs/embedding.md is run: every request and answer in it, with a member's yes in between."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.integration.embedding.conftest import Embedding
from tests.integration.embedding.test_frame import quote_in
from tests.integration.redemption.test_documented import REQUEST

DOCS = (Path(__file__).parents[3] / "docs" / "embedding.md").read_text("utf-8")
BLOCKS = re.findall(r"^```http\n(.*?)^```$", DOCS, re.MULTILINE | re.DOTALL)
PAGE = "https://learn.lms.example"


def test_what_the_page_shows_is_so(embedding: Embedding) -> None:
    embedding.school.grant(1_000)
    embedding.register(PAGE)
    names = {"order": embedding.school.order()}
    done = 0
    for block in BLOCKS:
        if "/v1/redemptions" in block:
            say_yes(embedding, names["paying"])
        for found in REQUEST.finditer(block.strip()):
            answer = ask(embedding, found, names)
            assert answer.status_code == int(found["status"]), answer.text
            compare(json.loads(found["answer"]), answer.json(), names)
            done += 1
    assert done == 4


def ask(embedding: Embedding, found: re.Match[str], names: dict[str, str]) -> Any:
    def filled(text: str) -> str:
        return re.sub(r"\$(\w+)", lambda name: names[name[1]], text)

    who = {"server": embedding.server, "lms": embedding.doors.lms}[found["who"]]
    if found["verb"] == "GET":
        return who.get(found["path"])
    return embedding.doors.post(who, filled(found["path"]), json.loads(filled(found["body"])))


def say_yes(embedding: Embedding, token: str) -> None:
    """What the member does in the frame."""
    shown = embedding.get("/embed/parts/pay?points=500", token, origin=PAGE)
    held = embedding.hold(token, {"quote": quote_in(shown.text)}, origin=PAGE)
    assert held.status_code == 200, held.text


def compare(shown: Any, given: Any, names: dict[str, str]) -> None:
    """All that is shown is so; ``$name`` keeps what was given."""
    if isinstance(shown, dict):
        for key, each in shown.items():
            compare(each, given[key], names)
    elif isinstance(shown, list):
        assert len(shown) == len(given)
        for one, other in zip(shown, given, strict=True):
            compare(one, other, names)
    elif isinstance(shown, str) and shown.startswith("$"):
        names[shown[1:]] = given
    else:
        assert shown == given
