"""The memorandum in a real browser: outsiders speak and members sign by keys kept there.

The clock is the test's, of the page as well: what is signed says when.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from fastapi import Request
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from api.auth.model import Principal
from api.http.app import create_app
from api.http.principal import optional_principal
from api.i18n.catalogue import Language, load_catalogue, refuse_missing
from api.supervisor.anvil import free_port
from governance.memorandum import drafts
from governance.recount import memorandum as recount
from tests.browser.visitor import faults_of
from tests.integration.pages.conftest import MEMBER_HEADER, ROLES_HEADER, fake_principal
from tests.support.memorandum import Assembly
from tests.support.sign_in import serving

CATALOGUE = load_catalogue()
WAIT_MS = 15_000
LANGUAGES = pytest.mark.parametrize("language", ["en", "ru"])
NAMES = frozenset({"python verifier.py", "agree", "come-for", "Zoe", "zoe@example.org"})


@dataclass
class Window:
    """Whoever the test says, in front of the site."""

    assembly: Assembly
    page: Page
    origin: str
    language: Language
    member_id: UUID | None = None
    roles: str = "member"

    def say(self, key: str, **operands: Any) -> str:
        return CATALOGUE.text(self.language, f"memorandum.{key}", **operands)

    def open(self, path: str) -> None:
        self.page.goto(self.origin + path)
        self.look()

    def look(self) -> None:
        """Nothing runs over 360 px, and no word is of the other language."""
        assert faults_of(self.page, self.language, NAMES) == []

    def press(self, key: str) -> None:
        button = self.page.get_by_role("button", name=self.say(key), exact=True)
        button.filter(visible=True).first.click()

    def follow(self, key: str) -> None:
        self.page.get_by_role("link", name=self.say(key)).first.click()
        self.look()

    def unfold(self, key: str, **operands: Any) -> None:
        self.page.get_by_text(self.say(key, **operands), exact=True).first.click()

    def reads(self, text: str) -> None:
        shown = self.page.locator("main").get_by_text(text).filter(visible=True)
        expect(shown.first).to_be_visible(timeout=WAIT_MS)

    def as_member(self, name: str) -> None:
        self.member_id, self.roles = self.assembly.world.linked[name], "member"

    def as_admin(self, which: UUID) -> None:
        self.member_id, self.roles = which, "member,admin"

    def download(self, key: str) -> dict[str, Any]:
        with self.page.expect_download() as downloaded:
            self.page.get_by_role("link", name=self.say(key)).click()
        read: dict[str, Any] = recount.parse(downloaded.value.path().read_bytes())
        return read


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
def window(language: Language, assembly: Assembly, browser: Browser) -> Iterator[Window]:
    app = create_app(assembly.composition, on_missing=refuse_missing)
    port = free_port()
    page = browser.new_context(locale=language).new_page()
    page.clock.set_fixed_time(assembly.clock.now())
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if _is_fault(said) else None)
    found = Window(assembly, page, f"http://127.0.0.1:{port}", language)

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
    return said.type == "error" and "status of 4" not in said.text


def _publish(window: Window) -> None:
    """An admin proposes the shipped draft by the form, another publishes it."""
    world = window.assembly.world
    window.as_admin(world.first_admin)
    window.open("/memorandum")
    window.reads(window.say("draft.badge"))
    window.open("/admin/memorandum")
    window.follow("admin.new")
    title = window.page.locator('[name="title-ru"]')
    kept = title.input_value()
    title.fill("")
    window.press("new.propose")
    window.reads(window.say("new.not_possible"))
    window.page.locator('[name="title-ru"]').fill(kept)
    window.press("new.propose")
    window.reads(window.say("admin.another"))
    window.look()
    window.as_admin(world.second_admin)
    window.open("/admin/memorandum")
    window.press("admin.publish")
    window.reads(window.say("notice.published"))
    window.look()


def _speak(window: Window) -> None:
    """An outsider comments, answers and leaves their interest, and takes the comment back."""
    page = window.page
    window.member_id = None
    window.open("/memorandum")
    first = page.locator("#who-we-are")
    first.get_by_text(window.say("comments.first")).click()
    first.get_by_label(window.say("comments.name")).fill("Zoe")
    first.get_by_label(window.say("comments.said")).fill("<b>Zoe</b>")
    first.get_by_role("button", name=window.say("comments.send")).click()
    window.unfold("comments.count", count=1)
    window.reads("<b>Zoe</b>")
    window.look()
    page.locator('[name="agree"][value="1"]').check()
    window.press("answers.send")
    window.unfold("answers.count", count=1)
    page.get_by_label(window.say("interest.contact")).fill("zoe@example.org")
    page.locator('[name="agree"][required]').check()
    window.press("interest.send")
    window.reads(window.say("say.interested"))
    window.look()
    page.reload()
    window.reads(window.say("interested", count=1))
    window.unfold("comments.count", count=1)
    window.press("comments.withdraw")
    expect(page.locator("#who-we-are").get_by_text(window.say("comments.first"))).to_be_visible()


def _sign(window: Window) -> None:
    """Ann signs by keyboard alone, withdraws, and signs again with the key that was kept."""
    page = window.page
    window.as_member("ann")
    window.open("/memorandum")
    page.get_by_role("button", name=window.say("sign.sign_device")).focus()
    page.keyboard.press("Enter")
    window.reads(window.say("sign.stands"))
    window.look()
    window.unfold("sign.withdraw")
    window.press("sign.withdraw_device")
    window.reads(window.say("sign.withdrawn"))
    window.press("sign.sign_device")
    window.reads(window.say("sign.stands"))
    receipt = window.download("sign.receipt")
    window.follow("about.register")
    window.reads(window.say("register.act.withdraw", number=1))
    export = window.download("register.export")
    head = window.download("register.head")
    said = recount.check_export(export, [receipt], [head])
    assert said[-1] == "Your 3 entries are in the register."
    keys = {each["signature"]["key"] for each in export["entries"]}
    assert ([each["language"] for each in export["entries"]], len(keys)) == (
        [window.language] * 3,
        1,
    )


@LANGUAGES
def test_from_the_draft_to_a_checked_register(window: Window) -> None:
    _publish(window)
    _speak(window)
    _sign(window)


@LANGUAGES
def test_the_next_version_is_compared_and_moderated(window: Window) -> None:
    assembly, page = window.assembly, window.page
    assembly.publish(assembly.propose(drafts.founding()))
    world = assembly.world
    window.as_member("bob")
    window.open("/memorandum")
    section = page.locator("#how-to-leave")
    section.get_by_text(window.say("comments.first")).click()
    section.get_by_label(window.say("comments.said")).fill("Zoe")
    section.get_by_role("button", name=window.say("comments.send")).click()
    window.reads(window.say("notice.commented"))
    window.as_admin(world.first_admin)
    window.open("/admin/memorandum")
    window.unfold("comments.hide")
    page.locator('[name="reason"]').fill("Zoe")
    window.press("comments.hide")
    window.reads(window.say("notice.hidden"))
    window.open("/admin/memorandum/new")
    page.locator('[name="s0-passage-ru"]').fill("Мы учимся вместе.")
    page.locator('[name="s0-passage-en"]').fill("We learn together.")
    page.locator('[name="s7-id"]').fill("")
    page.locator('[name="summary-ru"]').fill("Короче.")
    page.locator('[name="summary-en"]').fill("Shorter.")
    window.press("new.propose")
    window.reads(window.say("notice.proposed"))
    window.follow("about.differences")
    window.reads(window.say("change.changed"))
    window.reads(window.say("change.removed"))
    assert page.locator("ins").count() > 0
    assert page.locator("del").count() > 0
    window.follow("back")
    window.reads(window.say("state.proposed"))
    window.member_id = None
    window.open("/memorandum")
    window.reads(window.say("waiting", number=2))
    window.unfold("comments.count", count=1)
    window.reads(window.say("comments.hidden"))
    window.open("/memorandum/versions")


def test_an_outsider_has_everything_deleted(window: Window) -> None:
    assembly, page = window.assembly, window.page
    assembly.publish(assembly.propose(drafts.founding()))
    window.open("/memorandum")
    page.locator("#interest-name").fill("Zoe")
    page.locator('[name="agree"][required]').check()
    window.press("interest.send")
    window.reads(window.say("say.interested"))
    window.as_admin(assembly.world.first_admin)
    window.open("/admin/memorandum")
    window.reads("Zoe")
    window.member_id = None
    window.open("/memorandum")
    window.reads(window.say("interested", count=1))
    window.unfold("forget.title")
    window.press("forget.send")
    window.reads(window.say("interested", count=0))


def test_a_signature_at_a_wrong_clock_is_explained(window: Window) -> None:
    assembly = window.assembly
    assembly.publish(assembly.propose(drafts.founding()))
    assembly.forward(hours=1)
    window.as_member("cid")
    window.open("/memorandum")
    window.press("sign.sign_device")
    window.reads(CATALOGUE.text("ru", "errors.statement_not_now.detail", minutes=10))
