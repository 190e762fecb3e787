"""A voter's path: a wallet, tokens in it, a voice for them, a proposal, a ballot.

Two voters walk it at the same time, one in each language, so that waiting for the chain is shared.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from playwright.sync_api import expect

from api.demo.proposer import BODY, TITLE
from tests.browser.conftest import Welcome
from tests.browser.visitor import Visitor
from tests.browser.wallet import Wallet

SUBJECTS = {"ru": "p10", "en": "p11"}
POINTS = 60
UNIT = 10**18
CHAIN_MS = 60_000
TITLE_HERE = "Открытые вопросы"
POLL_S = 0.3


@dataclass
class Voter:
    """A visitor with a wallet."""

    visitor: Visitor
    wallet: Wallet

    def wait_for(self, what: str, wanted: int) -> None:
        """Until the chain says that this voter has so many ``tokens`` or ``votes``."""
        deadline = time.monotonic() + CHAIN_MS / 1000
        while int(self.visitor.api("GET", "/v1/voting-power")[what]) != wanted:
            assert time.monotonic() < deadline, f"waited in vain for {wanted} {what}"
            time.sleep(POLL_S)


def _voter(welcome: Welcome, language: str) -> Voter:
    visitor, wallet = welcome(language), Wallet()
    visitor.names |= {TITLE, *BODY.split("\n\n")}
    wallet.inject(visitor.page)
    visitor.sign_in(SUBJECTS[language])
    return Voter(visitor, wallet)


def _link(voter: Voter) -> None:
    visitor = voter.visitor
    visitor.open("/me")
    visitor.go("wallet")
    visitor.reads("wallet.link.text")
    visitor.press("wallet.link.button")
    visitor.reads("wallet.address")
    visitor.look()
    linked = visitor.api("GET", "/v1/wallet")["address"]
    assert linked.lower() == voter.wallet.address.lower()


def _carry(voter: Voter) -> None:
    visitor = voter.visitor
    before = visitor.api("GET", "/v1/balances")["available"]
    visitor.page.locator('[name="out-points"]').fill(str(POINTS))
    visitor.press("wallet.out.button")
    visitor.reads("wallet.to_wallet")
    visitor.look()
    assert visitor.api("GET", "/v1/balances")["available"] == before - POINTS


def _prove(voter: Voter) -> None:
    """Tokens are backed, says a page for everybody; what it hands out is signed."""
    visitor = voter.visitor
    visitor.open("/reserve")
    visitor.reads("reserve.equal")
    visitor.reads("reserve.what.no_value")
    visitor.look()
    assert visitor.api("GET", "/v1/reserve")["format"] == "vklad.reserve.v1"
    visitor.follow("guardian.link")
    visitor.reads("guardian.bounds")
    visitor.look()
    assert visitor.api("GET", "/v1/guardian")["paused"] is None


def _delegate(voter: Voter) -> None:
    visitor = voter.visitor
    visitor.open("/wallet")
    visitor.reads("wallet.request.minted")
    visitor.reads("votes.delegation.asleep", tokens=POINTS)
    visitor.press("votes.delegation.self")
    visitor.reads("votes.delegation.to_self", votes=POINTS)
    visitor.look()


def _propose(voter: Voter, title: str) -> str:
    visitor = voter.visitor
    visitor.open("/votes")
    visitor.follow("votes.new.open")
    kind = visitor.page.locator('input[name="kind"][value="text"]')
    kind.check()
    visitor.page.get_by_label(visitor.say("votes.new.title_field")).fill(title)
    visitor.page.get_by_label(visitor.say("votes.new.body")).fill("Чтобы знать, что неясно.")
    visitor.press("votes.new.sign")
    visitor.page.wait_for_url(re.compile(r"/votes/\d+$"))
    visitor.look()
    return visitor.page.url.rpartition("/")[2]


def _vote(voter: Voter, proposal: str, choice: str) -> None:
    visitor = voter.visitor
    visitor.open("/votes")
    link = visitor.page.locator(f'a[href="/votes/{proposal}"]')
    expect(link).to_have_text(TITLE_HERE)
    link.click()
    visitor.look()
    # The page looks for itself whether voting has begun, and shows the buttons then.
    button = visitor.page.get_by_role("button", name=visitor.say(f"votes.choice.{choice}"))
    expect(button.first).to_be_visible(timeout=CHAIN_MS)
    visitor.look()
    visitor.page.get_by_label(visitor.say("votes.my.reason")).fill("За дело")
    visitor.press(f"votes.choice.{choice}")
    visitor.reads("votes.my.stage.received")
    visitor.look()


def test_from_points_to_a_ballot_that_the_chain_has_counted(welcome: Welcome) -> None:
    voters = [_voter(welcome, language) for language in ("ru", "en")]
    for voter in voters:
        _link(voter)
        _carry(voter)
    for voter in voters:
        voter.wait_for("tokens", POINTS * UNIT)
    for voter in voters:
        _prove(voter)
        _delegate(voter)
    for voter in voters:
        voter.wait_for("votes", POINTS * UNIT)

    proposal = _propose(voters[0], TITLE_HERE)
    choices = ["for", "against"]
    for voter, choice in zip(voters, choices, strict=True):
        voter.visitor.names.add("За дело")
        _vote(voter, proposal, choice)
    for voter, choice in zip(voters, choices, strict=True):
        visitor = voter.visitor
        under_way = visitor.page.locator('[data-watch="/v1/ballots"]')
        expect(under_way).to_have_count(0, timeout=CHAIN_MS)
        visitor.reads(f"votes.choice.{choice}")
        visitor.look()
        (ballot,) = visitor.api("GET", "/v1/ballots")["data"]
        assert (ballot["proposal"], ballot["state"]) == (proposal, "recorded")
        assert (ballot["support"], ballot["reason"]) == (choice, "За дело")
    standing = voters[0].visitor.api("GET", f"/v1/proposals/{proposal}")["standing"]
    assert (standing["for"], standing["against"]) == (str(POINTS * UNIT), str(POINTS * UNIT))
    assert standing["voters"] == 1, "who is against helps no quorum"
    for voter in voters:
        _carry_back(voter)


def _carry_back(voter: Voter) -> None:
    visitor = voter.visitor
    before = visitor.api("GET", "/v1/balances")["available"]
    visitor.open("/wallet")
    visitor.page.locator('[name="back-points"]').fill(str(POINTS))
    visitor.press("wallet.back.button")
    visitor.reads("wallet.redemption.credited")
    under_way = visitor.page.locator("[data-under-way]")
    expect(under_way).to_have_count(0, timeout=CHAIN_MS)
    visitor.look()
    visitor.reads("wallet.back.none")
    assert visitor.api("GET", "/v1/balances")["available"] == before + POINTS

    visitor.page.locator("summary", has_text=visitor.say("wallet.unlink.title")).click()
    visitor.press("wallet.unlink.button")
    visitor.reads("wallet.unlinked")
    visitor.look()
