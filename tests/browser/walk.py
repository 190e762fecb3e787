"""Every page that a person can reach by links, one of each kind, and what a page weighs.

Nothing here names a page: one that is added tomorrow and linked from anywhere is walked tomorrow.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import Browser, BrowserContext, Page

from api.http.parts import LANGUAGE_COOKIE
from api.pages.rendering import THEME_COOKIE
from tests.browser.installation import Installation
from tests.browser.visitor import HEIGHT

PAGES_MAX: Final = 250
AUDIENCES: Final = ("student", "voter", "teacher", "auditor", "admin")
"""Subjects of the demo's issuer; before them somebody who is not signed in."""
_LINK: Final = re.compile(r'<a\b[^>]*?\shref="([^"#]*)', re.DOTALL)
_ID: Final = re.compile(
    r"\d{3,}|(?:[a-z]{3}_)?[0-9a-z]{20,}|0x[0-9a-fA-F]{8,}|\d{4}-w?\d\d(?:-\d\d)?|\d{4}-q\d"
)
_NOT_WALKED: Final = ("/v1/", "/static/", "/sign-in/", "/sign-out", "/brand", "/embed")
_QUERIED: Final = frozenset({"id"})
"""Parameters that make another page of one address; others page through one or sort it."""


def kind_of(path: str) -> str:
    """The page's address without what names one thing in particular."""
    return "/".join("*" if _ID.fullmatch(part) else part for part in path.split("/"))


def reachable(context: BrowserContext, installation: Installation) -> Iterator[str]:
    """Paths of pages, one of a kind, breadth first from the front page, as this context is let."""
    waiting, seen, asked = deque(["/"]), {"/"}, 0
    while waiting and asked < PAGES_MAX:
        path = waiting.popleft()
        answer = context.request.get(installation.url + path, max_redirects=5)
        asked += 1
        if answer.status != 200 or "text/html" not in answer.headers.get("content-type", ""):
            continue
        arrived = urlsplit(answer.url)
        if not answer.url.startswith(installation.url + "/"):
            continue
        if kind_of(arrived.path) != kind_of(path.partition("?")[0]):
            if kind_of(arrived.path) in seen:
                continue
            seen.add(kind_of(arrived.path))
            path = arrived.path
        yield path
        for link in _LINK.findall(answer.text()):
            found = urlsplit(urljoin(answer.url, unescape(link)))
            if f"{found.scheme}://{found.netloc}" != installation.url:
                continue
            kind = kind_of(found.path)
            queried = any(part.split("=")[0] in _QUERIED for part in found.query.split("&"))
            kind += "?" if queried else ""
            if kind in seen or found.path.startswith(_NOT_WALKED):
                continue
            seen.add(kind)
            waiting.append(f"{found.path}?{found.query}" if queried else found.path)


@dataclass(frozen=True)
class Place:
    """A page, and as whom it was reached; ``None``: by anybody."""

    path: str
    audience: str | None


Contexts = dict[str | None, BrowserContext]


def signed_in(browser: Browser, installation: Installation) -> Contexts:
    """A window's cookies for each audience, signed in by the issuer's page."""
    found: Contexts = {}
    for audience in (None, *AUDIENCES):
        context = found[audience] = browser.new_context(
            locale="ru-RU", viewport={"width": 1280, "height": HEIGHT}
        )
        if audience is not None:
            page = context.new_page()
            page.goto(f"{installation.url}/sign-in/start")
            page.locator(f'form:has(input[name="person"][value="{audience}"]) button').click()
            page.wait_for_url(installation.url + "/**")
            page.close()
    return found


def places_of(contexts: Contexts, installation: Installation) -> list[Place]:
    """One page of each kind, by the first audience that reaches it."""
    found: dict[str, Place] = {}
    for audience, context in contexts.items():
        for path in reachable(context, installation):
            bare, asked, _ = path.partition("?")
            found.setdefault(kind_of(bare) + asked, Place(path, audience))
    return list(found.values())


def dress(context: BrowserContext, installation: Installation, language: str, theme: str) -> None:
    """Have a window's next pages in this language and theme."""
    context.add_cookies(
        [
            {"name": LANGUAGE_COOKIE, "value": language, "url": installation.url},
            {"name": THEME_COOKIE, "value": theme, "url": installation.url},
        ]
    )


@dataclass
class Weight:
    """What a page took over the wire, counted by the browser itself with an empty cache."""

    requests: int = 0
    transferred: int = 0
    elsewhere: list[str] = field(default_factory=list)


WATCH_SHIFTS: Final = """() => {
  window.shifted = 0;
  new PerformanceObserver((list) => {
    for (const each of list.getEntries()) if (!each.hadRecentInput) window.shifted += each.value;
  }).observe({type: "layout-shift", buffered: true});
}"""
"""Cumulative layout shift as web.dev defines it for one load, without input."""


def weighed(page: Page, url: str, origins: tuple[str, ...]) -> Weight:
    """Open an address and count what came with it."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    weight = Weight()
    ignored: set[str] = set()

    def asked(event: dict[str, Any]) -> None:
        address = str(event["request"]["url"])
        if address.startswith(("data:", "blob:")):
            ignored.add(event["requestId"])
            return
        if event["type"] in {"Fetch", "XHR"}:
            ignored.add(event["requestId"])  # What keeps a page fresh is not the page.
        else:
            weight.requests += 1
        if not address.startswith(origins):
            weight.elsewhere.append(address)

    def finished(event: dict[str, Any]) -> None:
        if event["requestId"] not in ignored:
            weight.transferred += int(event["encodedDataLength"])

    session.on("Network.requestWillBeSent", asked)
    session.on("Network.loadingFinished", finished)
    page.goto(url, wait_until="load")
    page.wait_for_timeout(250)
    session.detach()
    return weight


CLIPPED: Final = """() => {
  const found = [];
  const name = (each) => {
    const own = each.className && each.className.baseVal === undefined ? "." + each.className : "";
    return each.tagName.toLowerCase() + own + " " + each.textContent.trim().slice(0, 60);
  };
  const shown = (each) => each.checkVisibility?.() ?? true;
  const scrolls = (each) => {
    for (let one = each; one && one !== document.body; one = one.parentElement) {
      if (["auto", "scroll"].includes(getComputedStyle(one).overflowX)) return true;
    }
    return false;
  };
  for (const each of document.querySelectorAll("body *")) {
    if (!shown(each) || each.closest(".visually-hidden, .skip, svg, pre, textarea")) continue;
    const direct = [...each.childNodes].some((one) => one.nodeType === 3 && one.textContent.trim());
    if (!direct && !each.matches("button, a.button")) continue;
    const style = getComputedStyle(each);
    const hides = (way) => ["hidden", "clip"].includes(way);
    if (hides(style.overflowX) && each.scrollWidth > each.clientWidth + 1) {
      if (!each.title) found.push("cut: " + name(each));
    } else if (hides(style.overflowY) && each.scrollHeight > each.clientHeight + 1) {
      found.push("cut below: " + name(each));
    } else if (each.matches("button, a.button") && each.scrollWidth > each.clientWidth + 1) {
      found.push("runs over its button: " + name(each));
    }
    const box = each.getBoundingClientRect();
    if (box.width && (box.right > innerWidth + 0.5 || box.left < -0.5) && !scrolls(each)) {
      found.push("outside: " + name(each));
    }
  }
  return [...new Set(found)].slice(0, 6);
}"""
"""What of a page's words nobody can read: cut off, over the edge of its button or of the screen."""
