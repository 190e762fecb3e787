"""The memorandum in the real installation: two admins put the shipped draft in force, outsiders
comment and members sign, each in their language.
"""

from __future__ import annotations

from governance.recount import memorandum as recount
from tests.browser.conftest import Welcome
from tests.browser.visitor import Visitor

SUBJECTS = {"ru": "p14", "en": "p15"}
SAID = "Всё ясно."
NAMES = frozenset({SAID, "python verifier.py", "agree", "come-for"})


def _publish(welcome: Welcome) -> None:
    """One admin proposes what the form begins with, the other publishes it."""
    proposer, approver = welcome("ru"), welcome("en")
    for visitor, subject in ((proposer, "admin"), (approver, "second-admin")):
        visitor.names |= NAMES
        visitor.sign_in(subject)
        visitor.open("/admin/memorandum")
    proposer.follow("memorandum.admin.new")
    proposer.press("memorandum.new.propose")
    proposer.reads("memorandum.notice.proposed")
    proposer.look()
    approver.open("/admin")
    approver.follow("admin.waiting.memorandum")
    approver.press("memorandum.admin.publish")
    approver.reads("memorandum.notice.published")
    approver.look()


def _comment(visitor: Visitor) -> None:
    """An outsider comes by the welcome page and says something of the first part."""
    visitor.names |= NAMES
    visitor.open("/")
    visitor.follow("welcome.memorandum")
    visitor.reads("memorandum.sign.stranger")
    first = visitor.page.locator("#who-we-are")
    first.locator("summary").first.click()
    first.locator("textarea").fill(SAID)
    with visitor.page.expect_navigation():  # Another outsider's comment may be there already.
        first.get_by_role("button", name=visitor.say("memorandum.comments.send")).click()
    visitor.reads("memorandum.comments.by_outsider")
    visitor.look()


def _sign(visitor: Visitor) -> None:
    visitor.names |= NAMES
    visitor.sign_in(SUBJECTS[visitor.language])
    visitor.go("memorandum")
    with visitor.page.expect_navigation():  # Signed, the page loads itself anew.
        visitor.press("memorandum.sign.sign_device")
    visitor.reads("memorandum.sign.stands")
    visitor.look()


def test_from_the_draft_to_two_signatures(welcome: Welcome) -> None:
    _publish(welcome)
    for language in ("ru", "en"):
        _comment(welcome(language))
    signers = [welcome(language) for language in ("ru", "en")]
    for visitor in signers:
        _sign(visitor)
    receipt = signers[0].api("GET", "/v1/memorandum/receipt")
    said = recount.check_export(signers[1].api("GET", "/v1/memorandum/export"), [receipt])
    assert "2 stand by it, 0 have withdrawn." in said[1]
    assert said[-1] == "Your 1 entries are in the register."
    signers[0].open("/memorandum/register")
