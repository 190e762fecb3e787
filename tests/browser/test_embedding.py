"""Points in a page of the school's, on another site than ours: seen, explained, and paid with."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, Page, expect

from tests.browser.conftest import LOCALES
from tests.browser.installation import LMS_ID_BY_SUBJECT, Installation
from tests.browser.school import PRICE_MINOR, School, register, serving
from tests.browser.visitor import CATALOGUE, HEIGHT, NARROW, SETTLE_MS, WIDE, faults_of

SUBJECTS = {"ru": "student", "en": "p07"}
COVER = """() => {
  const cover = document.createElement("div");
  cover.id = "cover";
  cover.style.cssText = "position:fixed; inset:0; z-index:2147483647; opacity:.02; background:red;"
    + "pointer-events:none";
  document.body.append(cover);
}"""

OTHER_WORDS = """() => {
  const cover = document.createElement("div");
  cover.id = "cover";
  cover.textContent = "Win a prize?";
  const end = document.querySelector("iframe").getBoundingClientRect().bottom - 155;
  cover.style.cssText = `position:absolute; inset:0 0 auto 0; height:${end}px; background:white`;
  document.body.append(cover);
}"""
"""Over the question and not over the button."""


@pytest.fixture(scope="module")
def school(installation: Installation) -> Iterator[School]:
    with serving(School(installation.url)) as found:
        register(installation, found)
        yield found


@pytest.fixture(scope="module")
def strangers(installation: Installation, school: School) -> Iterator[School]:
    """Another site, whose server has the same key, and whose origin nobody registered."""
    with serving(School(installation.url, key=school.key, secret=school.secret)) as found:
        yield found


class Guest:
    """A window at the school's site, and everything that it asked for."""

    def __init__(self, context: BrowserContext, language: str) -> None:
        self.page: Page = context.new_page()
        self.page.set_default_timeout(SETTLE_MS)
        self.language = language
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console",
            lambda message: (
                self.complaints.append(message.text)
                if message.type in {"error", "warning"}
                else None
            ),
        )

    def say(self, key: str, **operands: object) -> str:
        return CATALOGUE.text(self.language, key, **operands)  # type: ignore[arg-type] # as given

    def visit(self, school: School, subject: str | None = None, **asked: str) -> None:
        person = LMS_ID_BY_SUBJECT[subject or SUBJECTS[self.language]]
        query = urlencode({"person": person, "lang": self.language, **asked})
        self.page.goto(f"{school.origin}/?{query}")

    @property
    def frame(self) -> Frame:
        """Our frame in the page."""
        handle = self.page.wait_for_selector("#place iframe", state="attached")
        assert handle is not None
        frame = handle.content_frame()
        assert frame is not None
        return frame

    def heard(self) -> list[list[object]]:
        found: list[list[object]] = self.page.evaluate("() => window.heard")
        return found

    def use(self, points: int) -> Frame:
        """Say by keyboard how many points to use."""
        frame = self.frame
        field = frame.get_by_label(self.say("checkout.quote.use"))
        field.fill(str(points))
        field.press("Enter")
        words = self.say("checkout.quote.discount", count=points)
        expect(frame.get_by_text(words, exact=True)).to_be_visible()
        expect(frame.locator("#offer-button")).to_be_focused()
        return frame

    def offer(self, points: int) -> Frame:
        """Go as far as the question, at which only a yes is missing."""
        frame = self.use(points)
        frame.locator("#offer-button").click()
        expect(frame.locator("#confirm")).to_be_visible()
        return frame


Arrive = Callable[..., Guest]


@pytest.fixture
def arrive(chromium: Browser) -> Iterator[Arrive]:
    contexts: list[BrowserContext] = []

    def open_window(language: str, width: int = WIDE, script: str = "") -> Guest:
        context = chromium.new_context(
            viewport={"width": width, "height": HEIGHT}, locale=LOCALES[language]
        )
        if script:
            context.add_init_script(script)
        contexts.append(context)
        return Guest(context, language)

    yield open_window
    for context in contexts:
        context.close()


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("width", [NARROW, WIDE])
@pytest.mark.parametrize("align", ["left", "right"])
def test_the_balance_and_why_by_keyboard(
    arrive: Arrive, school: School, language: str, width: int, align: str
) -> None:
    guest = arrive(language, width)
    guest.visit(school, align=align)
    page, frame = guest.page, guest.frame
    chip, why = frame.locator("#chip"), frame.locator("#why")
    expect(chip).to_be_visible()
    assert int(re.sub(r"\D", "", chip.inner_text())) > 0
    assert page.locator("iframe").get_attribute("title") == guest.say("embed.title.badge")
    expect(why).to_be_hidden()
    shut = page.locator("iframe").bounding_box()
    place = chip.bounding_box()
    below = page.locator("#after").bounding_box()

    page.locator("#before").focus()
    page.keyboard.press("Tab")
    expect(chip).to_be_focused()
    page.keyboard.press("Enter")
    expect(why).to_be_visible()
    expect(chip).to_have_attribute("aria-expanded", "true")
    expect(why).to_contain_text(guest.say("member.overview.newest"))
    expect(why).to_contain_text(guest.say("member.overview.expiry"))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    reason = why.locator("details").first
    expect(reason).to_have_attribute("open", "")
    expect(reason).to_contain_text(guest.say("member.receipt.base"))
    _comes_to(page, chip.bounding_box, place)
    opened = page.locator("iframe").bounding_box()
    assert shut is not None
    assert opened is not None
    assert opened["height"] > shut["height"] + 300
    assert opened["x"] >= 0
    assert opened["x"] + opened["width"] <= width
    assert page.locator("#after").bounding_box() == below, "nothing jumps"
    assert frame.evaluate("document.documentElement.scrollWidth <= innerWidth")

    page.keyboard.press("Escape")
    expect(why).to_be_hidden()
    expect(chip).to_be_focused()
    chip.click()
    expect(why).to_be_visible()
    page.mouse.click(width // 2, HEIGHT - 10)
    expect(why).to_be_hidden()
    _asked_only_ours(guest, school)
    assert guest.complaints == []


def _comes_to(page: Page, seen: Callable[[], object], wanted: object) -> None:
    """Wait until something is so: messages between two sites take a moment."""
    for _ in range(100):
        if seen() == wanted:
            return
        page.wait_for_timeout(20)
    assert seen() == wanted


def _asked_only_ours(guest: Guest, school: School) -> None:
    """Two sites were asked and no other, and no address had a token in it."""
    ours = (f"{school.service}/embed/", f"{school.service}/static/", school.origin, "data:")
    assert [url for url in guest.requests if not url.startswith(ours)] == []
    assert [url for url in guest.requests if "vke_" in url] == []


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_paying_with_points_from_the_page_to_the_capture(
    arrive: Arrive, school: School, language: str, width: int
) -> None:
    number = f"D-{width:06}{CATALOGUE.languages.index(language):02}"
    guest = arrive(language, width)
    guest.visit(school, order=number)
    frame = guest.use(10)
    guest.page.keyboard.press("Enter")
    expect(frame.locator("#no")).to_be_focused()
    expect(frame.locator("#yes")).to_be_enabled()
    assert _fits(guest)
    guest.page.keyboard.press("Shift+Tab")
    expect(frame.locator("#yes")).to_be_focused()
    guest.page.keyboard.press("Enter")
    expect(frame.locator("h1")).to_have_text(guest.say("checkout.stage.held"))
    expect(frame.locator("h1")).to_be_focused()

    name, detail = next(each for each in guest.heard() if each[0] == "held")
    assert isinstance(detail, dict)
    assert (name, detail["order"], detail["state"]) == ("held", number, "held")
    captured = school.take_the_money(number)
    assert (captured["id"], captured["state"]) == (detail["redemption"], "captured")
    assert captured["capture"]["points"] == 10
    assert captured["capture"]["discount_minor"] == 1_000
    assert captured["capture"]["paid_minor"] == PRICE_MINOR - 1_000
    guest.page.reload()
    expect(guest.frame.locator("h1")).to_have_text(guest.say("checkout.stage.captured"))
    _asked_only_ours(guest, school)
    assert guest.complaints == []


def _fits(guest: Guest) -> bool:
    """Whether the frame is exactly as high as what is in it, and no wider than the page."""
    box = guest.page.locator("iframe").bounding_box()
    height = guest.frame.evaluate("Math.ceil(document.body.getBoundingClientRect().height)")
    wide = guest.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    return box is not None and bool(wide) and abs(box["height"] - height) <= 1


@pytest.mark.parametrize("language", ["ru", "en"])
def test_words_of_the_frame(arrive: Arrive, school: School, language: str) -> None:
    guest = arrive(language)
    token = school.token({"person": LMS_ID_BY_SUBJECT[SUBJECTS[language]]})["token"]
    for path in ("badge", "pay"):
        shell = guest.page.context.request.get(
            f"{school.service}/embed/{path}?{urlencode({'origin': school.origin})}&lang={language}"
        ).text()
        guest.page.set_content(re.sub(r"<(link|script)[^>]*>(</script>)?", "", shell))
        assert faults_of(guest.page, language, frozenset()) == []
    guest.visit(school, given=token)
    guest.frame.locator("#chip").click()
    said = guest.frame.locator("#why").inner_text()
    assert (re.search("[а-яё]", said) is not None) == (language == "ru")


def test_a_page_that_nobody_registered_shows_nothing(
    arrive: Arrive, school: School, strangers: School
) -> None:
    guest = arrive("en")
    guest.visit(strangers)
    guest.page.wait_for_function("heard.some(([name]) => name === 'failed')")
    assert guest.heard() == [["failed", {"code": "not_shown"}]]
    assert guest.page.locator("iframe").count() == 0
    assert guest.page.locator("#place").inner_text() == ""

    # Not with a token that is good elsewhere, nor in a frame of its own that says it is elsewhere.
    good = school.token({"person": LMS_ID_BY_SUBJECT["p07"]})["token"]
    assert strangers.token({"person": LMS_ID_BY_SUBJECT["p07"]}).get("token") is None
    assert strangers.asked == ["embed_origin_not_registered"]
    guest.visit(strangers, given=good)
    guest.page.wait_for_function("heard.some(([name]) => name === 'failed')")
    assert guest.page.locator("iframe").count() == 0
    guest.page.goto(f"{strangers.origin}/empty")
    claimed = urlencode({"origin": school.origin})
    guest.page.evaluate(
        """(address) => new Promise((done) => {
          const frame = document.createElement("iframe");
          frame.onload = done;
          frame.src = address;
          document.body.append(frame);
        })""",
        f"{school.service}/embed/badge?{claimed}",
    )
    framed = [frame for frame in guest.page.frames if frame != guest.page.main_frame]
    assert [frame.locator("html[data-origin]").count() for frame in framed] == [0]
    assert any("frame-ancestors" in each for each in guest.complaints)


def test_a_tampered_price_is_refused(arrive: Arrive, school: School) -> None:
    guest = arrive("en")
    school.asked.clear()
    guest.visit(school, order="E-tampered", tampered="yes")
    guest.page.wait_for_function("heard.some(([name]) => name === 'failed')")
    assert school.asked == ["order_forged"]
    expect(guest.frame.locator("#offer-button")).to_have_count(0)
    assert school.ask("GET", "/v1/redemptions?order=E-tampered")["data"] == []


def test_what_the_page_says_of_price_and_consent_is_not_heard(
    arrive: Arrive, school: School
) -> None:
    guest = arrive("en")
    guest.visit(school, order="E-said")
    frame = guest.offer(10)
    yes = frame.locator("#yes")
    expect(yes).to_be_enabled()
    before = frame.locator("#content").inner_text()
    guest.page.evaluate(
        """(service) => {
          const frame = document.querySelector("iframe").contentWindow;
          for (const type of ["hold", "yes", "confirm", "click", "price", "order", "constructor"]) {
            frame.postMessage({ vklad: 1, type, price_minor: 1, points: 999999 }, service);
          }
        }""",
        school.service,
    )
    assert (
        guest.page.evaluate(
            """() => {
          try { return document.querySelector("iframe").contentWindow.document.title; }
          catch (error) { return error.name; }
        }"""
        )
        == "SecurityError"
    )
    frame.evaluate("document.getElementById('yes').click()")
    guest.page.wait_for_timeout(300)
    assert frame.locator("#content").inner_text() == before
    assert school.ask("GET", "/v1/redemptions?order=E-said")["data"] == []
    yes.click()
    expect(frame.locator("#held")).to_be_visible()
    held = school.ask("GET", "/v1/redemptions?order=E-said")["data"][0]
    assert held["net_minor"] == PRICE_MINOR


@pytest.mark.parametrize(
    ("hide", "bare"),
    [
        (COVER, "() => document.getElementById('cover').remove()"),
        (OTHER_WORDS, "() => document.getElementById('cover').remove()"),
        (
            "() => { document.querySelector('iframe').style.opacity = '0.1'; }",
            "() => { document.querySelector('iframe').style.opacity = ''; }",
        ),
        (
            (
                "() => { document.getElementById('place').style.cssText += "
                "'display:block; height:60px; overflow:hidden'; }"
            ),
            "() => { document.getElementById('place').style.height = 'auto'; }",
        ),
    ],
    ids=["covered", "other words over the question", "transparent", "cut off"],
)
def test_nobody_confirms_what_they_do_not_see(
    arrive: Arrive, school: School, hide: str, bare: str
) -> None:
    guest = arrive("en")
    guest.visit(school, order="E-hidden")
    frame = guest.offer(10)
    expect(frame.locator("#yes")).to_be_enabled()
    guest.page.evaluate(hide)
    expect(frame.locator("#yes")).to_be_disabled()
    expect(frame.locator("#seen")).to_have_text(guest.say("embed.say.covered"))
    guest.page.evaluate(bare)
    expect(frame.locator("#yes")).to_be_enabled()
    frame.locator("#no").click()
    expect(frame.locator("#offer-button")).to_be_focused()
    expect(frame.locator("#confirm")).to_be_hidden()


def test_where_the_browser_does_not_tell_the_number_is_typed(
    arrive: Arrive, school: School
) -> None:
    guest = arrive("en", script="delete IntersectionObserver.prototype.trackVisibility")
    guest.visit(school, order="E-typed")
    frame = guest.offer(12)
    typed = frame.get_by_label(guest.say("embed.pay.type", points=12))
    expect(typed).to_be_focused()
    expect(frame.locator("#yes")).to_be_disabled()
    typed.fill("1")
    expect(frame.locator("#yes")).to_be_disabled()
    typed.fill("12")
    frame.locator("#yes").click()
    expect(frame.locator("#held")).to_be_visible()


def test_a_token_that_is_over_is_asked_for_again(arrive: Arrive, school: School) -> None:
    guest = arrive("en")
    answers: list[str] = ["vke_over", str(school.token({"person": "1"}).get("token", ""))]
    good = school.token({"person": LMS_ID_BY_SUBJECT["p07"]})["token"]
    answers[1] = good
    guest.page.route("**/token?**", lambda route: route.fulfill(json={"token": answers.pop(0)}))
    guest.visit(school)
    expect(guest.frame.locator("#chip")).to_be_visible()
    assert answers == []


def test_the_page_says_how_it_looks_within_what_can_be_read(arrive: Arrive, school: School) -> None:
    guest = arrive("en")
    style = (
        "#place { --vklad-accent: teal; --vklad-radius: 3px; --vklad-font-size: 18px;"
        " --vklad-text: #eee; --vklad-surface: #112 } .odd { --vklad-surface: #ddd !important;"
        " --vklad-radius: 900px !important; --vklad-font-size: 1px !important;"
        " --vklad-scheme: dark }"
    )
    guest.visit(school, order="E-theme", style=style)
    button, root = guest.frame.locator("#offer-button"), guest.frame.locator("html")
    expect(button).to_have_css("background-color", "rgb(0, 128, 128)")
    expect(button).to_have_css("color", "rgb(255, 255, 255)")
    expect(button).to_have_css("border-radius", "3px")
    expect(root).to_have_css("font-size", "18px")
    expect(root).to_have_css("background-color", "rgb(17, 17, 34)")
    guest.page.evaluate("document.getElementById('place').className = 'odd'; Vklad.retheme()")
    expect(root).to_have_css("font-size", "16px")
    expect(root).to_have_attribute("data-scheme", "dark")
    expect(root).to_have_css("background-color", "rgb(25, 29, 26)")
    expect(root).to_have_css("color", "rgb(236, 239, 233)")
