"""Signing on the pages, in a real browser with a wallet that really signs."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from fastapi import Request
from playwright.sync_api import Page, expect, sync_playwright

from api.auth.model import Principal
from api.http.principal import optional_principal
from api.supervisor.anvil import free_port
from tests.support.governance import MEMBER_HEADER, Community, Voter, fake_principal
from tests.support.sign_in import serving

pytestmark = pytest.mark.parametrize("place", ["anvil"], indirect=True)

WALLET = """
const provider = {
  request: async ({ method, params }) => {
    const shown = await window.walletAccounts();
    if (method === "eth_requestAccounts" || method === "eth_accounts") return shown;
    if (method === "eth_chainId") return "0x7a69";
    const signed = method === "eth_signTypedData_v4" ? await window.walletSign(params[1]) : "";
    if (!signed) throw { code: 4001, message: "User rejected the request." };
    return signed;
  },
};
"""
INJECTED = WALLET + "window.ethereum = provider;"
ANNOUNCED = (
    WALLET
    + """
addEventListener("eip6963:requestProvider", () => {
  for (const name of ["Acorn", "Birch"]) {
    const info = { uuid: name, name, icon: "data:,", rdns: name };
    const detail = Object.freeze({ info, provider: { ...provider } });
    dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
  }
});
"""
)


@dataclass
class Wallet:
    """What the wallet of the browser does: shows these accounts, and signs or declines."""

    voter: Voter
    accounts: list[str]
    willing: bool = True

    def sign(self, text: str) -> str:
        return self.voter.sign(json.loads(text)) if self.willing else ""


@dataclass
class Window:
    """A page of the site in a browser, signed in as the first voter."""

    community: Community
    page: Page
    origin: str
    wallet: Wallet

    def open(self, path: str) -> None:
        self.page.goto(self.origin + path)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def says(self, text: str) -> None:
        """Sooner or later, to be seen; the page holds sentences that are not shown, too."""
        shown = self.page.get_by_text(text).filter(visible=True)
        expect(shown.first).to_be_visible(timeout=15_000)


@pytest.fixture(params=[INJECTED], ids=["injected"])
def window(request: pytest.FixtureRequest, community: Community) -> Iterator[Window]:
    voter = community.voters[0]

    def always(request: Request) -> Principal | None:
        who = (MEMBER_HEADER.encode(), str(voter.member_id).encode())
        request.scope["headers"] = [*request.scope["headers"], who]
        return fake_principal(Request(request.scope))

    community.app.dependency_overrides[optional_principal] = always
    port = free_port()
    wallet = Wallet(voter, [voter.key.address])
    with serving(community.app, port), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(locale="en")
        page.expose_function("walletAccounts", lambda: wallet.accounts)
        page.expose_function("walletSign", wallet.sign)
        if request.param:
            page.add_init_script(request.param)
        yield Window(community, page, f"http://127.0.0.1:{port}", wallet)
        browser.close()
    community.app.dependency_overrides[optional_principal] = fake_principal


def test_delegate_propose_and_vote(window: Window) -> None:
    community, voter = window.community, window.wallet.voter
    window.open("/votes/new")
    window.says("Your 100 VKL do not vote yet.")
    window.press("I vote myself")
    window.says("Received.")
    community.until(lambda: community.power(voter) > 0)
    window.open("/votes/new")
    window.page.get_by_label("Title").fill("By browser")
    window.press("Sign and propose")
    window.page.wait_for_url(re.compile(r"/votes/\d+$"))
    proposal = window.page.url.rpartition("/")[2]
    community.opened(proposal)
    window.says("Everybody votes by signature.")
    window.page.get_by_label("Reason, if you like").fill("Because")
    window.press("For")
    window.says("Ballot received")
    community.until(lambda: not community.waiting_ballots())
    (ballot,) = community.ballots(voter)
    assert (ballot["state"], ballot["support"], ballot["reason"]) == ("recorded", "for", "Because")


def test_votes_are_divided(window: Window) -> None:
    community, voter = window.community, window.wallet.voter
    community.all_delegate()
    proposal = community.opened(community.propose(voter))
    window.open(f"/votes/{proposal}")
    window.page.get_by_text("Divide your votes").click()
    window.page.get_by_label("For, percent").fill("60")
    window.press("Vote so")
    window.says("For and against come to more than a hundred percent.")
    window.page.get_by_label("Against, percent").fill("15")
    window.press("Vote so")
    window.says("Ballot received")
    window.says("Divided")
    (ballot,) = community.ballots(voter)
    votes = {"for": 60, "against": 15, "abstain": 25}
    assert ballot["division"] == {side: str(count * 10**18) for side, count in votes.items()}


def test_another_account_may_move_tokens(window: Window) -> None:
    community, spender = window.community, window.community.voters[1].key.address
    window.open("/wallet")
    window.page.get_by_text("Let another account move my tokens").click()
    window.says("at any time and without asking again")
    window.page.get_by_label("Account that may").fill(spender)
    window.page.get_by_label("Whole tokens, at most").fill("7")
    window.wallet.accounts = [spender]
    window.press("Sign the permit")
    window.says("Your wallet is set to another account.")
    window.page.set_viewport_size({"width": 360, "height": 800})
    assert window.page.evaluate("document.documentElement.scrollWidth") == 360
    window.wallet.accounts = [window.wallet.voter.key.address]
    window.wallet.willing = False
    window.press("Sign the permit")
    window.says("You did not sign. Nothing was sent.")
    window.wallet.willing = True
    window.press("Sign the permit")
    window.says("Received.")
    community.until(lambda: bool(community.get("/v1/permits")["data"]))
    community.until(lambda: community.get("/v1/permits")["data"][0]["state"] == "done")
    (made,) = community.get("/v1/permits")["data"]
    assert (made["spender"], made["units"]) == (spender, str(7 * 10**18))
    window.says("May take 7 VKL from you at any time")
    window.press("Take the permit back")
    window.says("Received.")
    community.until(lambda: community.get("/v1/permits")["data"][0]["allowed_now"] == "0")
    expect(window.page.get_by_text("May take 7 VKL")).to_have_count(0, timeout=15_000)


def test_what_a_wallet_may_refuse(window: Window) -> None:
    window.open("/votes/new")
    window.wallet.accounts = [window.community.voters[1].key.address]
    window.press("I vote myself")
    window.says("Your wallet is set to another account.")
    window.says(window.wallet.voter.key.address)
    window.wallet.accounts = [window.wallet.voter.key.address]
    window.wallet.willing = False
    window.press("I vote myself")
    window.says("You did not sign. Nothing was sent.")
    window.wallet.willing, window.wallet.voter = True, window.community.voters[1]
    window.press("I vote myself")
    window.says("That did not work. This is not a signature of")
    assert window.community.get("/v1/delegations")["data"] == []


@pytest.mark.parametrize("window", [""], indirect=True)
def test_without_a_wallet_the_page_says_so(window: Window) -> None:
    window.open("/votes/new")
    window.press("I vote myself")
    window.says("No wallet was found in this browser.")


@pytest.mark.parametrize("window", [ANNOUNCED], indirect=True)
def test_one_of_several_wallets_is_chosen(window: Window) -> None:
    mine, window.wallet.accounts = window.wallet.accounts, []
    window.open("/votes/new")
    window.press("I vote myself")
    window.says("Which wallet?")
    window.wallet.accounts = mine
    window.press("Birch")
    window.says("Received.")
