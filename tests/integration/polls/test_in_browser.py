"""Voting in a real browser: a key made and kept there, every way of counting, both languages.

The clock is the test's, so that a poll opens and closes when told.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import Request
from playwright.sync_api import Browser, ConsoleMessage, Download, Page, expect, sync_playwright

from api.auth.model import Principal
from api.composition import Composition
from api.http.app import create_app
from api.http.principal import optional_principal
from api.i18n.catalogue import Language, load_catalogue, refuse_missing
from api.supervisor.anvil import free_port
from governance.polls import service
from governance.polls.counting import Method
from governance.polls.model import Poll
from governance.recount import polls as recount
from tests.browser.visitor import faults_of
from tests.integration.pages.conftest import MEMBER_HEADER, ROLES_HEADER, fake_principal
from tests.support.polls import OPEN_FOR, OPTIONS, Electorate, recounted
from tests.support.sign_in import serving

CATALOGUE = load_catalogue()
WAIT_MS = 15_000
LANGUAGES = pytest.mark.parametrize("language", ["en", "ru"])


@dataclass
class Window:
    """Whoever the test says, in front of the site."""

    electorate: Electorate
    page: Page
    origin: str
    language: Language
    member_id: UUID | None = None
    roles: str = "member"

    def say(self, key: str, **operands: Any) -> str:
        return CATALOGUE.text(self.language, key, **operands)

    def open(self, path: str) -> None:
        self.page.goto(self.origin + path)
        self.look()

    def look(self) -> None:
        """Nothing runs over 360 px, and no word is of the other language."""
        assert faults_of(self.page, self.language, frozenset({*OPTIONS, *_WORDS})) == []

    def press(self, key: str) -> None:
        self.page.get_by_role("button", name=self.say(key), exact=True).first.click()

    def reads(self, text: str) -> None:
        shown = self.page.locator("main").get_by_text(text).filter(visible=True)
        expect(shown.first).to_be_visible(timeout=WAIT_MS)

    def download(self, key: str) -> dict[str, Any]:
        with self.page.expect_download() as downloaded:
            self.page.get_by_role("link", name=self.say(key)).click()
        found: Download = downloaded.value
        read: dict[str, Any] = recount.parse(found.path().read_bytes())
        return read


_WORDS = ("What to plant", "There is room for one tree.", "python verifier.py")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        yield launched
        launched.close()


@pytest.fixture
def language() -> Language:
    return "ru"


@pytest.fixture
def window(language: Language, electorate: Electorate, browser: Browser) -> Iterator[Window]:
    composition: Composition = electorate.composition
    app = create_app(composition, on_missing=refuse_missing)
    port = free_port()
    page = browser.new_context(locale=language).new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if _is_fault(said) else None)
    found = Window(electorate, page, f"http://127.0.0.1:{port}", language)

    def whoever(request: Request) -> Principal | None:
        if found.member_id is None:
            return None
        who = [
            (MEMBER_HEADER.encode(), str(found.member_id).encode()),
            (ROLES_HEADER.encode(), found.roles.encode()),
        ]
        request.scope["headers"] = [*request.scope["headers"], *who]
        return fake_principal(Request(request.scope))

    app.dependency_overrides[optional_principal] = whoever
    with serving(app, port):
        yield found
    assert faults == []


def _is_fault(said: ConsoleMessage) -> bool:
    """A form that is filled in wrongly is shown again with 422."""
    return said.type == "error" and "status of 422" not in said.text


def _ask(window: Window) -> str:
    """An admin asks by the form; where the poll is."""
    page = window.page
    window.member_id, window.roles = window.electorate.world.first_admin, "member,admin"
    window.open("/polls")
    page.get_by_role("link", name=window.say("polls.new.open")).click()
    page.locator('[name="title"]').fill(_WORDS[0])
    page.locator('[name="body"]').fill(_WORDS[1])
    page.locator('[name="options"]').fill("Apples")
    window.press("polls.new.announce")
    window.reads(window.say("polls.new.not_possible"))
    page.locator('[name="options"]').fill("\n".join(OPTIONS))
    page.locator('[name="method"][value="ranked"]').check()
    window.look()
    window.press("polls.new.announce")
    window.reads(window.say("polls.announced_now"))
    window.look()
    return page.url.removeprefix(window.origin)


def _vote_and_change(window: Window, path: str) -> None:
    """Ann votes by keyboard alone, and changes her mind with the key that her browser kept."""
    page = window.page
    window.member_id, window.roles = window.electorate.world.linked["ann"], "member"
    window.open(path)
    page.locator('[name="place-2"]').focus()
    page.keyboard.press("1")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name=window.say("polls.my.by_device"))).to_be_focused()
    page.keyboard.press("Enter")
    window.reads(window.say("polls.kind.device"))
    window.look()
    receipt = window.download("polls.my.receipt")
    assert receipt["ballot"]["choice"] == [2]
    assert recount.check_receipt(receipt)[-1] == "Ballot 1 (device) is for: Plums."
    page.get_by_text(window.say("polls.my.change")).click()
    page.locator('[name="place-0"]').select_option("2")
    window.press("polls.my.by_device")
    window.reads("Plums > Apples")
    with window.electorate.database.read() as work:
        keys = work.connection.exec_driver_sql("SELECT count(*) FROM poll_keys").scalar_one()
    assert keys == 1


@LANGUAGES
def test_from_a_question_to_a_recount(window: Window) -> None:
    electorate, page = window.electorate, window.page
    path = _ask(window)
    _vote_and_change(window, path)

    window.member_id = electorate.world.linked["bob"]
    window.open(path)
    page.locator('[name="place-0"]').select_option("1")
    page.get_by_text(window.say("polls.my.unsigned"), exact=True).click()
    window.press("polls.my.by_session")
    window.reads(window.say("polls.kind.unsigned"))
    window.look()

    electorate.clock.forward(timedelta(days=8))
    window.open(path)
    window.reads(window.say("polls.state.closed"))
    service.count_due(electorate.database)
    # The page looks for itself whether it was counted.
    window.reads(window.say("polls.result.first", names="Plums"))
    window.reads(window.say("polls.result.unsigned"))
    window.look()
    export = window.download("polls.recount.export")
    window.member_id = electorate.world.linked["ann"]
    window.open(path)
    receipt = window.download("polls.my.receipt")
    opening = window.download("polls.recount.opening")
    said = recounted(export, receipt, openings=[opening])
    assert said[-1] == "Your ballot 2 is in the export and counts."
    window.open("/polls")


@pytest.mark.parametrize(
    ("method", "language"),
    [
        (Method.SINGLE, "ru"),
        (Method.APPROVAL, "en"),
        (Method.RANKED, "en"),
        (Method.QUADRATIC, "ru"),
    ],
)
def test_each_way_of_voting(window: Window, method: Method) -> None:
    electorate, page = window.electorate, window.page
    credits_each = 100 if method is Method.QUADRATIC else None
    poll: Poll = electorate.announce(
        method=method, credits=credits_each, body="", closes_at=electorate.clock.now() + OPEN_FOR
    )
    window.member_id = electorate.world.linked["cid"]
    window.open("/polls")
    page.get_by_role("link", name=_WORDS[0]).click()
    window.look()
    if method in {Method.SINGLE, Method.APPROVAL}:
        page.get_by_label("Pears").check()
    elif method is Method.RANKED:
        page.get_by_label("Pears").select_option("1")
        page.get_by_label("Plums").select_option("1")
        window.press("polls.my.by_device")
        window.reads(window.say("polls.say.same_place"))
        page.get_by_label("Plums").select_option("")
    else:
        page.get_by_label("Pears").fill("11")
        expect(page.locator("[data-spent]")).to_have_text("121 / 100")
        page.get_by_label("Pears").fill("9")
        expect(page.locator("[data-spent]")).to_have_text("81 / 100")
    window.press("polls.my.by_device")
    window.reads(window.say("polls.kind.device"))
    window.look()
    page.get_by_text(window.say("polls.keys.title", count=1)).click()
    window.press("polls.keys.revoke")
    window.reads(window.say("polls.revoked_now"))
    # With the key revoked the browser makes another, which signs the change.
    page.get_by_text(window.say("polls.my.change")).click()
    window.press("polls.my.by_device")
    window.reads(window.say("polls.keys.title", count=2))
    electorate.close(poll)
    window.open(page.url.removeprefix(window.origin))
    window.reads(window.say("polls.result.first", names="Pears"))
    export = window.download("polls.recount.export")
    assert json.dumps(export["closing"]["tallies"]["signed"]["winners"]) == "[1]"
    recounted(export)


@LANGUAGES
def test_a_stranger_and_a_newcomer(window: Window) -> None:
    electorate = window.electorate
    later = electorate.clock.now() + timedelta(days=1)
    poll = electorate.announce(opens_at=later, closes_at=later + OPEN_FOR)
    window.open("/polls")
    window.page.get_by_role("link", name=_WORDS[0]).click()
    window.reads(window.say("polls.my.stranger"))
    window.look()
    path = window.page.url.removeprefix(window.origin)
    window.member_id = electorate.world.link("zoe")
    window.open(path)
    window.reads(window.say("polls.my.not_eligible"))
    window.member_id = electorate.world.linked["ann"]
    window.open(path)
    window.reads(window.say("polls.my.soon"))
    window.member_id, window.roles = electorate.world.second_admin, "member,admin"
    window.open(path)
    window.press("polls.withdraw")
    window.reads(window.say("polls.withdrawn_now"))
    window.look()
    assert electorate.close(poll).closing is None
    window.member_id, window.roles = electorate.world.linked["ann"], "member"
    window.open("/polls/new")
    window.reads(window.say("polls.new.too_little", needed=100, reached=0))
