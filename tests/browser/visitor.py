"""Somebody in front of a browser, and what must hold of every page that they see."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response, expect
from playwright.sync_api import Error as PlaywrightError

from api.i18n.catalogue import load_catalogue
from api.pages.navigation import MENU
from tests.browser.installation import Installation
from tests.unit.api_i18n.test_catalogues import LATIN_ALLOWED

CATALOGUE = load_catalogue()
ROOMS = "|".join(sorted({key.partition(".")[0] for key in CATALOGUE.messages["en"]}))
RAW_KEY = re.compile(rf"(?<![\w.@/:-])(?:{ROOMS})(?:\.[a-z][a-z0-9_]*)+\b(?![\w/@-])")
UNFILLED = re.compile(r"\{\w+\}")
LATIN = re.compile(r"[A-Za-z]+")

# Names, not words: what the other language is called on its button, the demo's order numbers, its
# products, and identifiers.
NAMES = re.compile(
    r"https?://\S+|\bEng\b|\bRead in English\b|\bD-[0-9a-f]{8}\b|\bcourse:[a-z]+\b"
    r"|\b0x[0-9A-Fa-f]+(?:…[0-9A-Fa-f]*)?|\b(?:mem|evt|grt|red|bud)_\w+"
)

NARROW, WIDE = 360, 1280
HEIGHT = 900
SETTLE_MS = 15_000
LOOKS_MAX = 5

# What the reader sees and what is read out to them; what is marked as code or as another language
# is not a sentence of the page.
READ_PAGE = """() => {
  for (const each of document.querySelectorAll("details:not([open])")) {
    each.open = true;
    each.dataset.wasShut = "yes";
  }
  const strange = "code, pre, script, style, noscript, textarea, datalist, [lang]:not(html)";
  const shown = (node) => node.checkVisibility?.() ?? true;
  const said = [document.title], own = [document.title];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim(), around = walker.currentNode.parentElement;
    if (!text || around.closest("script, style, code, pre, textarea")) continue;
    said.push(text);
    if (shown(around) && !around.closest(strange)) own.push(text);
  }
  for (const each of document.querySelectorAll("[aria-label], [title], [placeholder]")) {
    for (const name of ["aria-label", "title", "placeholder"]) {
      const text = each.getAttribute(name);
      if (!text) continue;
      said.push(text);
      if (!each.closest(strange)) own.push(text);
    }
  }
  const root = document.scrollingElement;
  const wide = [...document.querySelectorAll("body *")].filter((each) =>
    each.getBoundingClientRect().right > innerWidth + 0.5 && shown(each));
  const found = {
    language: document.documentElement.lang, said, own,
    overflow: root.scrollWidth - innerWidth,
    wide: wide.slice(0, 4).map((each) => each.outerHTML.slice(0, 120)),
  };
  for (const each of document.querySelectorAll("[data-was-shut]")) {
    each.open = false;
    delete each.dataset.wasShut;
  }
  return found;
}"""


def faults_of(page: Page, language: str, names: frozenset[str]) -> list[str]:
    """What is wrong with what a page says and with its width; ``names`` are the test's own."""
    page.set_viewport_size({"width": NARROW, "height": HEIGHT})
    seen = page.evaluate(READ_PAGE)
    page.set_viewport_size({"width": WIDE, "height": HEIGHT})
    found = []
    if seen["language"] != language:
        found.append(f"the page is in {seen['language']!r}, not {language!r}")
    if seen["overflow"] > 0:
        found.append(f"{seen['overflow']} px wider than {NARROW} px: {seen['wide']}")
    raw = {text for text in seen["said"] if RAW_KEY.search(text) or UNFILLED.search(text)}
    found += [f"a raw message: {text!r}" for text in sorted(raw)]
    if language == "ru":
        for text in sorted(set(seen["own"]) - raw):
            foreign = _latin_words(text, names)
            if foreign:
                found.append(f"Latin words {foreign} in {text!r}")
    return found


def _latin_words(text: str, names: frozenset[str]) -> list[str]:
    for name in names:
        text = text.replace(name, "")
    return sorted(set(LATIN.findall(NAMES.sub("", text))) - LATIN_ALLOWED)


@dataclass
class Visitor:
    """A window of the browser in one language, and everything that went wrong in it."""

    installation: Installation
    context: BrowserContext
    page: Page
    language: str
    faults: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    refusals: set[str] = field(default_factory=set)
    """Paths where this test asks for something that has to be refused with 422."""
    _unseen: set[str] = field(default_factory=set)

    def listen(self) -> None:
        """Take down what the browser complains of, and where it goes."""
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self._blame(f"an exception: {error}"))
        self.page.on("request", self._on_request)
        self.page.on("requestfailed", self._on_request_failed)
        self.page.on("response", self._on_response)
        self.page.on(
            "framenavigated",
            lambda frame: self._unseen.add(urlsplit(frame.url).path) if frame.url else None,
        )

    def say(self, key: str, **operands: Any) -> str:
        """A sentence of the product in this visitor's language."""
        assert self.language in CATALOGUE.languages
        return CATALOGUE.text(self.language, key, **operands)

    def open(self, path: str) -> None:
        """Go to a page and look at it."""
        self.page.goto(self.installation.url + path)
        self.look()

    def look(self) -> None:
        """Check the page that is shown now."""
        for attempt in range(LOOKS_MAX):
            self.page.wait_for_load_state()
            path = urlsplit(self.page.url).path
            try:
                faults = faults_of(self.page, self.language, frozenset(self.names))
            except PlaywrightError as error:
                # Pages that wait for the chain show themselves anew when something happened.
                if "context was destroyed" not in str(error) or attempt == LOOKS_MAX - 1:
                    raise
                continue
            self.faults += [f"{path}: {fault}" for fault in faults]
            self._unseen.discard(path)
            return

    def press(self, key: str, **operands: Any) -> None:
        """Press the button with this message on it."""
        name = self.say(key, **operands)
        self.page.get_by_role("button", name=name, exact=True).first.click()

    def follow(self, key: str, **operands: Any) -> None:
        """Follow the link with this message, and look at where it leads."""
        self.page.get_by_role("link", name=self.say(key, **operands)).first.click()
        self.look()

    def go(self, key: str) -> None:
        """By the menu to one of its pages, looking at what is on the way."""
        area = next(area for area in MENU if any(item.key == key for item in area.items))
        menu = self.page.get_by_role("navigation", name=self.say("layout.navigation.label"))
        menu.get_by_role("link", name=self.say(f"layout.area.{area.key}")).click()
        self.look()
        name = self.say(f"layout.navigation.{key}")
        pages = self.page.locator("nav.area")
        if pages.count():
            pages.get_by_role("link", name=name, exact=True).click()
            self.look()

    def sees(self, text: str) -> None:
        """Wait until the page's content has this text."""
        expect(self.page.locator("main")).to_contain_text(text, timeout=SETTLE_MS)

    def reads(self, key: str, **operands: Any) -> None:
        """Wait until the page's content has this message."""
        self.sees(self.say(key, **operands))

    def sign_in(self, subject: str) -> None:
        """From the welcome page through the issuer's page to one's own."""
        self.open("/")
        self.follow("session.sign_in")
        self.page.get_by_role("link", name=self.say("session.sign_in_page.button")).click()
        self.page.wait_for_url(self.installation.issuer_url + "/**")
        self.look()
        self.page.locator(f'form:has(input[name="person"][value="{subject}"]) button').click()
        self.page.wait_for_url(self.installation.url + "/**")
        self.look()

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the API with this browser's session, for what no page is the test's matter."""
        headers = {}
        if method != "GET":
            session = self.api("GET", "/v1/session")
            headers = {"x-csrf-token": session["csrf"], "idempotency-key": secrets.token_hex(8)}
        answer = self.context.request.fetch(
            self.installation.url + path,
            method=method,
            headers={"content-type": "application/json", **headers},
            data=None if body is None else json.dumps(body),
        )
        assert answer.ok, f"{method} {path}: {answer.status} {answer.text()}"
        return answer.json() if answer.body() else None

    def verify(self) -> None:
        """Every page was looked at, and nothing went wrong on any."""
        assert not self.faults, "\n".join(dict.fromkeys(self.faults))
        assert not self._unseen, f"pages that the test never looked at: {self._unseen}"

    def _may_refuse(self, url: str) -> bool:
        return urlsplit(url).path in self.refusals

    def _blame(self, fault: str) -> None:
        self.faults.append(f"{urlsplit(self.page.url).path}: {fault}")

    def _on_console(self, message: ConsoleMessage) -> None:
        refused = "status of 422" in message.text and self._may_refuse(message.location["url"])
        if message.type in {"error", "warning"} and not refused:
            self._blame(f"console {message.type}: {message.text}")

    def _on_request(self, request: Request) -> None:
        ours = (self.installation.url + "/", self.installation.issuer_url + "/", "data:")
        if not request.url.startswith(ours):
            self._blame(f"asks another origin: {request.url}")

    def _on_request_failed(self, request: Request) -> None:
        # A page that is left while its script looks for news, or shows itself anew, drops that.
        dropped = request.resource_type == "fetch" or (
            request.is_navigation_request() and request.method == "GET"
        )
        if not (request.failure == "net::ERR_ABORTED" and dropped):
            self._blame(f"failed: {request.method} {request.url}: {request.failure}")

    def _on_response(self, response: Response) -> None:
        refused = response.status == 422 and self._may_refuse(response.url)
        if response.status >= 400 and not refused:
            self._blame(f"{response.status}: {response.request.method} {response.url}")
