"""A member's path: sign in, see points and why, what earns more, pay a part of an order."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Welcome
from tests.browser.installation import LMS_ID_BY_SUBJECT
from tests.browser.visitor import Visitor

SUBJECTS = {"ru": "student", "en": "p07"}
OTHER = {"ru": "en", "en": "ru"}


@pytest.fixture(params=["ru", "en"])
def member(request: pytest.FixtureRequest, welcome: Welcome) -> Visitor:
    visitor = welcome(request.param)
    visitor.sign_in(SUBJECTS[request.param])
    return visitor


def _digits(text: str) -> int:
    return int(re.sub(r"\D", "", text))


def test_points_and_where_they_come_from(member: Visitor) -> None:
    member.open("/me")
    shown = member.page.locator(".balance .stat-value").first.inner_text()
    assert _digits(shown) == member.api("GET", "/v1/balances")["available"] > 0

    award = member.page.locator("details.why").first
    expect(award.locator(".why-body")).to_be_hidden()
    award.locator("summary").click()
    expect(award.locator(".why-body")).to_contain_text(member.say("member.receipt.base"))
    expect(award.locator(".why-body")).to_contain_text(member.say("member.receipt.programme"))

    member.follow("member.overview.all_history")
    member.reads("member.history.text")
    entries = member.page.locator("ul.feed > li")
    assert entries.count() > 1
    member.go("earn")
    rules = member.page.locator("ul.feed > li")
    assert rules.count() > 1


def test_the_week_and_everything_to_take_home(member: Visitor) -> None:
    page = member.page
    member.open("/me")
    member.follow("statement.link")
    member.reads("statement.sums.title")
    closing = page.locator(".sums tbody tr").last.locator("td").first.inner_text()
    assert _digits(closing) == member.api("GET", "/v1/balances")["available"]
    printed = page.get_by_role("link", name=member.say("statement.print")).get_attribute("href")
    answer = page.context.request.get(f"{member.installation.url}{printed}")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/pdf")

    member.open("/history")
    member.follow("archive.link")
    with page.expect_download() as taken:
        page.get_by_role("link", name=member.say("archive.take")).click()
    assert taken.value.suggested_filename == "vklad-archive.zip"
    assert taken.value.path().read_bytes().startswith(b"PK")


def test_the_other_language_is_one_press_away(member: Visitor) -> None:
    member.open("/earn")
    first = member.language
    for language in (OTHER[first], first):
        member.language = language  # A language is named in itself.
        member.press("layout.language.read")
        expect(member.page.locator("html")).to_have_attribute("lang", language)
        member.look()
        member.reads("member.earn.title")


def test_the_other_theme_is_one_press_away(member: Visitor) -> None:
    member.open("/me")
    before = _background(member)
    member.press("layout.theme")
    member.page.wait_for_load_state()
    member.page.wait_for_function(
        "before => getComputedStyle(document.body).backgroundColor != before", arg=before
    )
    member.open("/history")
    assert _background(member) != before


def _background(member: Visitor) -> str:
    return str(member.page.evaluate("getComputedStyle(document.body).backgroundColor"))


def test_pay_a_part_of_an_order_with_points(member: Visitor) -> None:
    before = member.api("GET", "/v1/balances")
    page = member.page
    member.open("/checkout")
    member.follow("checkout.shop")
    member.reads("demo.shop.title")
    course = page.locator("section.card").first
    course.locator("select").select_option(LMS_ID_BY_SUBJECT[SUBJECTS[member.language]])
    course.get_by_role("button").click()
    page.wait_for_url(re.compile(r"/checkout\?order="))
    member.look()

    page.get_by_label(member.say("checkout.quote.use")).fill("7")
    member.press("checkout.quote.again")
    member.reads("checkout.quote.discount", count=7)
    member.look()
    member.press("checkout.quote.hold", count=7)
    page.wait_for_url(re.compile(r"/checkout/red_"))
    member.look()
    member.reads("checkout.stage.waiting")
    assert page.locator("main form").count() == 0, "what follows is the school's alone"
    held = member.api("GET", "/v1/balances")
    assert (held["available"], held["held"]) == (before["available"] - 7, before["held"] + 7)

    member.follow("checkout.redemption.pay")
    member.press("demo.shop.pay")
    page.wait_for_url(re.compile(r"/checkout/red_"))
    member.look()
    member.reads("checkout.stage.captured")
    spent = member.api("GET", "/v1/balances")
    assert (spent["available"], spent["held"]) == (before["available"] - 7, before["held"])

    member.open("/checkout")
    member.reads("checkout.state.captured")
    member.open("/history")
    newest = member.page.locator("ul.feed > li").first
    spent_said = member.say("member.history.kind.capture")
    expect(newest).to_contain_text(spent_said, ignore_case=True)


def test_a_stranger_is_asked_to_sign_in_and_lands_where_they_wanted(welcome: Welcome) -> None:
    visitor = welcome("ru")
    visitor.page.goto(visitor.installation.url + "/sign-in?return_to=/history")
    visitor.look()
    visitor.page.get_by_role("link", name=visitor.say("session.sign_in_page.button")).click()
    visitor.page.wait_for_url(visitor.installation.issuer_url + "/**")
    visitor.look()
    visitor.page.locator('form:has(input[name="person"][value="p09"]) button').click()
    visitor.page.wait_for_url("**/history")
    visitor.look()
    visitor.press("session.sign_out")
    visitor.reads("welcome.earn.title")
    visitor.look()
    assert visitor.context.request.get(visitor.installation.url + "/v1/balances").status == 401
