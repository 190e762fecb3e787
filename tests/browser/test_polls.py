"""A poll in the real installation: asked by a member, voted on by two, each in their language."""

from __future__ import annotations

import re

from api.demo.proposer import TITLE
from tests.browser.conftest import Welcome
from tests.browser.visitor import Visitor

SUBJECTS = {"ru": "p12", "en": "p13"}
QUESTION = "Где встретимся?"
OPTIONS = ("В парке", "У реки")


def _visitor(welcome: Welcome, language: str) -> Visitor:
    visitor = welcome(language)
    visitor.names |= {QUESTION, *OPTIONS, TITLE, "python verifier.py"}
    visitor.sign_in(SUBJECTS[language])
    visitor.go("polls")
    return visitor


def _ask(visitor: Visitor) -> str:
    visitor.follow("polls.new.open")
    visitor.page.locator('[name="title"]').fill(QUESTION)
    visitor.page.locator('[name="options"]').fill("\n".join(OPTIONS))
    visitor.page.locator('[name="method"][value="approval"]').check()
    visitor.page.locator('[name="lasts"]').select_option("hour")
    visitor.press("polls.new.announce")
    visitor.page.wait_for_url(re.compile(r"/polls/pol_\w+$"))
    visitor.look()
    return visitor.page.url.rpartition("/")[2]


def test_two_members_vote_by_keys_of_their_browsers(welcome: Welcome) -> None:
    visitors = [_visitor(welcome, language) for language in ("ru", "en")]
    poll = _ask(visitors[0])
    for visitor, chosen in zip(visitors, OPTIONS, strict=True):
        visitor.open(f"/polls/{poll}")
        visitor.page.get_by_label(chosen).check()
        visitor.press("polls.my.by_device")
        visitor.reads("polls.kind.device")
        visitor.look()
    shown = visitors[0].api("GET", f"/v1/polls/{poll}")
    assert (shown["ballots"], shown["state"], shown["closing"]) == (2, "open", None)
    mine = [visitor.api("GET", f"/v1/polls/{poll}/mine") for visitor in visitors]
    assert [each["ballots"][0]["choice"] for each in mine] == [[0], [1]]
    assert mine[0]["voter"] != mine[1]["voter"]
    receipt = visitors[1].api("GET", f"/v1/polls/{poll}/receipt")
    assert receipt["acknowledgement"]["number"] == 2
