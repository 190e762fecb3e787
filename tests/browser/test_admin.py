"""The admins' path: everything that gives power or value takes two persons, in two windows.

Each test is walked twice: the one who proposes reads Russian and the one who approves English, and
the other way round.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, StorageState, expect

from tests.browser.conftest import Welcome
from tests.browser.visitor import Visitor

OTHER = {"ru": "en", "en": "ru"}
NUMBERS = {"ru": "71", "en": "72"}
"""What a test makes is told apart by a number, which is no word of either language."""
MEMBERS = {"ru": "p20", "en": "p21"}
MENU = ("overview", "grants", "sources", "programme", "members", "reviews", "events")


@dataclass
class Pair:
    """The two persons that it takes."""

    proposer: Visitor
    approver: Visitor


@pytest.fixture(params=["ru", "en"])
def pair(
    request: pytest.FixtureRequest,
    welcome: Welcome,
    kept_cookies: dict[tuple[str, str], StorageState],
) -> Pair:
    proposer, approver = welcome(request.param), welcome(OTHER[request.param])
    for visitor, subject in ((proposer, "admin"), (approver, "second-admin")):
        kept = kept_cookies.get((subject, visitor.language))
        if kept is None:
            visitor.sign_in(subject)
            kept_cookies[subject, visitor.language] = visitor.context.storage_state()
        else:
            visitor.context.set_storage_state(kept)
    return Pair(proposer, approver)


def _item(visitor: Visitor, text: str) -> Locator:
    """The entry of a list that says this."""
    return visitor.page.locator("ul.feed > li", has_text=text).first


def _unfold(visitor: Visitor, key: str, within: Locator | None = None) -> None:
    place = within or visitor.page.locator("main")
    place.locator("summary", has_text=visitor.say(key)).first.click()


def _press_in(visitor: Visitor, item: Locator, key: str) -> None:
    item.get_by_role("button", name=visitor.say(key), exact=True).first.click()


def _has_no_button(visitor: Visitor, item: Locator, key: str) -> None:
    expect(item.get_by_role("button", name=visitor.say(key), exact=True)).to_have_count(0)


def test_the_administrations_pages(pair: Pair) -> None:
    visitor = pair.proposer
    visitor.open("/me")
    visitor.go("admin")
    visitor.reads("admin.overview.programme")
    visitor.reads("admin.reconciliation.equal")
    for name in MENU:
        visitor.page.locator(".sub-menu").get_by_role(
            "link", name=visitor.say(f"admin.menu.{name}"), exact=True
        ).click()
        current = visitor.page.locator('.sub-menu.wide [aria-current="page"]')
        expect(current).to_have_text(visitor.say(f"admin.menu.{name}"))
        visitor.look()
        visitor.reads(f"admin.{name}.title")


def test_a_grant_is_tried_proposed_and_paid_by_another(pair: Pair, welcome: Welcome) -> None:
    first, second = pair.proposer, pair.approver
    number = NUMBERS[first.language]
    budget, reason = f"Бюджет {number}", f"За встречу {number}"
    receiver = welcome(first.language)
    receiver.sign_in(MEMBERS[first.language])
    before = receiver.api("GET", "/v1/balances")

    first.open("/admin/grants")
    _unfold(first, "admin.grants.open_budget")
    first.page.get_by_label(first.say("admin.grants.budget_name")).fill(budget)
    first.page.locator('form[action="/admin/budgets"] [name="points"]').fill("500")
    first.press("admin.grants.open_budget")
    first.reads("admin.grants.budget_proposed")
    first.look()
    _has_no_button(first, _item(first, budget), "admin.approve")
    second.open("/admin")
    second.follow("admin.waiting.budgets")
    _press_in(second, _item(second, budget), "admin.approve")
    second.reads("admin.grants.budget_opened")
    second.look()

    first.open("/admin/grants")
    first.follow("admin.grants.new")
    page = first.page
    page.locator("#budget").select_option(label=_option(first, budget))
    page.locator('[name="reason"]').fill(reason)
    page.locator('[name="member"]:visible').fill(before["member"])
    page.locator('[name="points"]:visible').fill("120")
    first.press("admin.grants.try")
    first.reads("admin.grants.preview_hint")
    first.look()
    assert _said_nothing_yet(second, reason)
    first.press("admin.grants.propose")
    first.reads("admin.grants.proposed")
    first.look()
    _has_no_button(first, _item(first, reason), "admin.approve")
    assert receiver.api("GET", "/v1/balances")["available"] == before["available"]

    second.open("/admin")
    second.follow("admin.waiting.grants")
    _press_in(second, _item(second, reason), "admin.approve")
    second.reads("admin.grants.paid")
    second.look()
    expect(_item(second, reason)).to_contain_text(second.say("admin.grant_state.paid"))
    after = receiver.api("GET", "/v1/balances")["available"]
    assert after == before["available"] + 120
    receiver.open("/history")
    receiver.open("/me")


def _option(visitor: Visitor, budget: str) -> str:
    options = visitor.page.locator("#budget option").all_inner_texts()
    return next(text for text in options if budget in text)


def _said_nothing_yet(visitor: Visitor, reason: str) -> bool:
    visitor.open("/admin/grants")
    return visitor.page.locator("ul.feed > li", has_text=reason).count() == 0


def test_what_cannot_be_granted_is_said_in_the_form(pair: Pair) -> None:
    visitor = pair.proposer
    visitor.open("/admin/grants/new")
    visitor.refusals.add("/admin/grants/new")
    visitor.page.locator('[name="reason"]').fill("Спасибо")
    visitor.page.locator('[name="csv"]:visible').fill("member,points\nnobody,ten\n")
    visitor.press("admin.grants.try")
    visitor.reads("admin.grants.not_possible")
    visitor.look()
    expect(visitor.page.locator('[name="reason"]:visible')).to_have_value("Спасибо")


def test_a_source_takes_two(pair: Pair) -> None:
    first, second = pair.proposer, pair.approver
    name = f"forum-{first.language}"
    first.names.add(name)
    first.open("/admin/sources")
    first.follow("admin.sources.new")
    page = first.page
    page.locator('[name="name"]').fill(name)
    page.locator('[name="uri"]').fill(f"https://{name}.example/events")
    page.locator('[name="types"]').fill("forum.post.created\nforum.post.liked")
    page.locator('[name="issuers"]').fill(f"forum = https://{name}.example")
    first.press("admin.sources.propose")
    first.reads("admin.sources.proposed")
    first.look()
    _has_no_button(first, _item(first, name), "admin.approve")

    second.open("/admin/sources")
    _press_in(second, _item(second, name), "admin.approve")
    second.reads("admin.sources.approved")
    second.look()

    first.open("/admin/sources")
    _press_in(first, _item(first, name), "admin.sources.make_secret")
    first.reads("admin.sources.secret_title")
    first.look()
    first.open(f"/admin/sources/{name}/edit")


def test_a_version_of_the_rules_takes_two(pair: Pair) -> None:
    first, second = pair.proposer, pair.approver
    version = f"{NUMBERS[first.language]}.1"
    in_force = first.installation.get("/v1/programmes/in-force")["source"]
    changed = re.sub(r"(?m)^version:.*$", f'version: "{version}"', in_force)

    first.open("/admin/programme")
    first.refusals.add("/admin/programme/versions")
    first.page.locator('textarea[name="source"]').fill(changed.replace("points:", "pints:", 1))
    first.press("admin.programme.store")
    expect(first.page.locator("#faults li").first).to_be_visible()
    first.look()
    first.refusals.clear()
    first.page.locator('textarea[name="source"]').fill(changed)
    first.press("admin.programme.store")
    first.reads("admin.programme.stored")
    first.look()
    stored = first.page.locator("ul.feed > li:has(pre)", has_text=version).first
    _unfold(first, "admin.programme.propose", stored)
    _press_in(first, stored, "admin.programme.propose")
    first.reads("admin.programme.proposed")
    first.look()
    _has_no_button(first, _item(first, version), "admin.approve")

    second.open("/admin")
    second.follow("admin.waiting.programme")
    _press_in(second, _item(second, version), "admin.approve")
    second.reads("admin.programme.approved")
    second.look()
    now = first.installation.get("/v1/programmes/in-force")
    assert now["source"].splitlines() == changed.splitlines()


def test_a_role_takes_two(pair: Pair, welcome: Welcome) -> None:
    first, second = pair.proposer, pair.approver
    candidate = welcome(first.language)
    candidate.sign_in(MEMBERS[first.language])
    member = candidate.api("GET", "/v1/balances")["member"]
    first.open("/admin/members")
    entry = first.page.locator("ul.feed > li:has(select)", has_text=member)
    while not entry.count():
        first.follow("layout.more")
    _unfold(first, "admin.members.propose", entry)
    entry.locator("select").select_option("auditor")
    _press_in(first, entry, "admin.members.propose")
    first.reads("admin.members.proposed")
    first.look()

    second.open("/admin/members")
    waiting = second.page.locator(f'ul.feed > li:has(form[action*="{member}/roles/auditor"])')
    _press_in(second, waiting.first, "admin.approve")
    second.reads("admin.members.approved")
    second.look()
    again = welcome(first.language)
    again.sign_in(MEMBERS[first.language])
    again.open("/admin")
    again.reads("admin.read_only")


def test_a_switch_stops_at_once(pair: Pair) -> None:
    visitor = pair.proposer
    for turn, state in (("turn_off", "off"), ("turn_on", "on")):
        visitor.open("/admin")
        entry = visitor.page.locator('ul.feed > li:has(form[action="/admin/switches/bridging"])')
        _unfold(visitor, f"admin.switches.{turn}", entry)
        entry.locator('[name="reason"]').fill("Проверка")
        _press_in(visitor, entry, f"admin.switches.{turn}")
        visitor.reads("admin.switches.turned")
        visitor.look()
        expect(entry).to_contain_text(visitor.say(f"admin.switches.{state}"))
