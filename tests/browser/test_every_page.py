"""Every page that links lead to: accessible, light, still, unclipped, within every width.

In an ordinary run each page is opened once, the next in another language, theme and width, and once
more in the pseudo-locale at both widths; in a deep run in all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Welcome
from tests.browser.installation import Installation
from tests.browser.visitor import HEIGHT
from tests.browser.walk import (
    CLIPPED,
    WATCH_SHIFTS,
    Contexts,
    Place,
    dress,
    kind_of,
    places_of,
    signed_in,
    weighed,
)
from tests.conftest import DEEP, Tell
from tests.support.pseudo import TAG

BYTES_MAX: Final = 150_000
REQUESTS_MAX: Final = 16
SHIFT_MAX: Final = 0.1
SERIOUS: Final = frozenset({"serious", "critical"})
WIDTHS: Final = (360, 1280)
NARROWEST: Final = 320
THEMES: Final = ("light", "dark")
LANGUAGES: Final = ("ru", "en")
PAGES_MIN: Final = 45
"""A walk that finds fewer has lost its way."""

Look = tuple[str, str, int]
EVERY_LOOK: Final[tuple[Look, ...]] = tuple(product(LANGUAGES, THEMES, WIDTHS))
TURNS: Final[tuple[Look, ...]] = (
    ("ru", "light", 360),
    ("en", "dark", 1280),
    ("ru", "dark", 360),
    ("en", "light", 360),
    ("ru", "light", 1280),
)
"""Mostly as most people have it: on a phone, in Russian."""


@pytest.fixture(scope="module")
def contexts(chromium: Browser, installation: Installation) -> Iterator[Contexts]:
    """A window's cookies for each audience."""
    found = signed_in(chromium, installation)
    for context in found.values():
        context.add_init_script(f"({WATCH_SHIFTS})()")
    yield found
    for context in found.values():
        context.close()


@pytest.fixture(scope="module")
def places(contexts: Contexts, installation: Installation) -> list[Place]:
    """One page of each kind, by the first audience that reaches it."""
    found = places_of(contexts, installation)
    assert len(found) >= PAGES_MIN, found
    return found


def test_every_page_is_accessible_light_and_still(
    contexts: Contexts, places: list[Place], installation: Installation, tell: Tell
) -> None:
    faults, heaviest, most, shifts = [], 0, 0, 0.0
    axe, opened = Axe(), 0
    for number, place in enumerate(places):
        context = contexts[place.audience]
        page = context.new_page()
        for language, theme, width in EVERY_LOOK if DEEP else (TURNS[number % len(TURNS)],):
            where = f"{place.path} as {place.audience} in {language}, {theme}, {width} px"
            dress(context, installation, language, theme)
            page.set_viewport_size({"width": width, "height": HEIGHT})
            weight = weighed(page, installation.url + place.path, (installation.url + "/",))
            opened += 1
            shifted = float(page.evaluate("() => window.shifted"))
            heaviest, most = max(heaviest, weight.transferred), max(most, weight.requests)
            shifts = max(shifts, shifted)
            faults += [f"{where}: asks {url}" for url in weight.elsewhere]
            if weight.transferred > BYTES_MAX:
                faults.append(f"{where}: {weight.transferred} bytes")
            if weight.requests > REQUESTS_MAX:
                faults.append(f"{where}: {weight.requests} requests")
            if shifted > SHIFT_MAX:
                faults.append(f"{where}: shifts by {shifted:.3f}")
            faults += [f"{where}: {each}" for each in _serious(axe, page)]
            if width == min(WIDTHS):
                page.set_viewport_size({"width": NARROWEST, "height": HEIGHT})
                over = page.evaluate("() => document.scrollingElement.scrollWidth - innerWidth")
                if over > 0:
                    faults.append(f"{where}: {over} px wider than {NARROWEST} px")
        page.close()
    tell(
        f"{len(places)} pages, {opened} times opened; the heaviest {heaviest} bytes of "
        f"{BYTES_MAX}, at most {most} requests of {REQUESTS_MAX}, the largest shift {shifts:.3f} "
        f"of {SHIFT_MAX}"
    )
    assert not faults, "\n".join(faults)


def _serious(axe: Axe, page: Page) -> Iterator[str]:
    for rule in axe.run(page).response["violations"]:
        if rule["impact"] in SERIOUS:
            for node in rule["nodes"][:3]:
                yield f"axe {rule['id']} ({rule['impact']}): {node['html'][:160]}"


def test_nothing_is_cut_in_a_language_that_needs_more_room(
    contexts: Contexts, places: list[Place], installation: Installation
) -> None:
    faults = []
    for place in places:
        context = contexts[place.audience]
        dress(context, installation, TAG, "light")
        page = context.new_page()
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            page.goto(installation.url + place.path)
            assert page.locator("html").get_attribute("lang") == TAG
            faults += [f"{place.path} at {width} px: {each}" for each in page.evaluate(CLIPPED)]
        page.close()
    assert not faults, "\n".join(faults)


def test_the_walk_knows_a_page_from_another_of_its_kind() -> None:
    assert kind_of("/admin/members/mem_01m84vgr9pfcraqnsw329hv54f") == "/admin/members/*"
    assert kind_of("/votes/535605085425463384471852") == "/votes/*"
    assert kind_of("/statement/2026-w47") == "/statement/*"
    assert kind_of("/admin/sources") == "/admin/sources"


def test_a_shift_is_seen(chromium: Browser) -> None:
    page = chromium.new_page()
    page.add_init_script(f"({WATCH_SHIFTS})()")
    page.route(
        "**/*",
        lambda route: route.fulfill(content_type="text/html", body="<h1>Moved</h1>" * 30),
    )
    page.goto("http://localhost:9/")
    page.wait_for_timeout(300)
    assert page.evaluate("() => window.shifted") == 0
    page.evaluate(
        "() => { const high = document.createElement('div'); high.style.height = '400px';"
        " document.body.prepend(high); }"
    )
    page.wait_for_function(f"() => window.shifted > {SHIFT_MAX}")
    page.close()


def test_what_is_cut_is_found(welcome: Welcome) -> None:
    visitor = welcome("en")
    visitor.page.set_content(
        "<style>p, button { width: 60px; white-space: nowrap } .cut { overflow: hidden }"
        " .out { position: relative; left: 2000px } .may { overflow-x: auto }</style>"
        "<p class=cut>A sentence that is cut off</p><button>A label that is too long</button>"
        "<p class=out>Outside</p><div class=may><p class=out>In a table that scrolls</p></div>"
        "<p class=cut>Fits</p>"
    )
    found = visitor.page.evaluate(CLIPPED)
    assert [each.partition(":")[0] for each in found] == [
        "cut",
        "runs over its button",
        "outside",
    ], found
