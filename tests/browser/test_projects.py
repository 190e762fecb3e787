"""A member proposes, puts first and orders; an admin, who reads the other language, hands out."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from playwright.sync_api import StorageState, expect

from tests.browser.conftest import Welcome
from tests.browser.test_admin import OTHER, _item, _press_in, _unfold
from tests.browser.visitor import Visitor

NUMBERS = {"ru": "8171", "en": "8172"}
"""What a test makes is told apart by a number, which is no word of either language."""
SUBJECTS = {"ru": "p11", "en": "p12"}


@dataclass
class Two:
    """A member, and an admin who reads the other language."""

    member: Visitor
    admin: Visitor

    @property
    def number(self) -> str:
        return NUMBERS[self.member.language]


@pytest.fixture(params=["ru", "en"])
def two(
    request: pytest.FixtureRequest,
    welcome: Welcome,
    kept_cookies: dict[tuple[str, str], StorageState],
) -> Two:
    member, admin = welcome(request.param), welcome(OTHER[request.param])
    for visitor, subject in ((member, SUBJECTS[request.param]), (admin, "admin")):
        kept = kept_cookies.get((subject, visitor.language))
        if kept is None:
            visitor.sign_in(subject)
            kept_cookies[subject, visitor.language] = visitor.context.storage_state()
        else:
            visitor.context.set_storage_state(kept)
    return Two(member, admin)


def _available(visitor: Visitor) -> int:
    return int(visitor.api("GET", "/v1/balances")["available"])


def test_a_project_is_proposed_approved_and_put_first(two: Two) -> None:
    member, admin = two.member, two.admin
    page = member.page
    member.open("/projects")
    member.follow("projects.propose")
    page.get_by_label(member.say("projects.new.title_field")).fill(f"№ {two.number}")
    page.get_by_label(member.say("projects.new.plan")).fill("1, 2, 3.")
    page.get_by_label(member.say("projects.new.budget")).fill("30")
    member.press("projects.propose")
    page.wait_for_url("**/projects/prj_*")
    member.reads("projects.state.proposed")
    member.look()

    before = _available(member)
    page.get_by_label(member.say("projects.stake_points")).fill("5")
    member.press("projects.stake")
    member.reads("projects.notice.staked")
    member.reads("projects.your_stake", points="5", weight="0")
    member.look()
    assert _available(member) == before - 5

    member.press("projects.let_go")
    member.reads("projects.notice.released")
    member.look()
    assert _available(member) == before

    admin.open(page.url.removeprefix(member.installation.url))
    admin.press("projects.approve")
    admin.reads("projects.persons", have=1, need=2)
    admin.look()
    _unfold(admin, "projects.refuse")
    admin.page.locator("main textarea:visible").last.fill("4.")
    admin.press("projects.refuse")
    admin.reads("projects.state.refused")
    admin.look()

    member.open("/projects")
    expect(_item(member, two.number)).to_contain_text(member.say("projects.state.refused"))
    member.open("/history")
    member.look()


def test_a_good_is_ordered_handed_out_and_refunded(two: Two) -> None:
    member, admin = two.member, two.admin
    admin.open("/admin/goods")
    _unfold(admin, "goods.admin.add")
    form = admin.page.locator('form[action="/admin/goods"]')
    filled = {
        "name_en": f"Cup {two.number}",
        "name_ru": f"Кружка {two.number}",
        "text_en": "White.",
        "text_ru": "Белая.",
        "price": "7",
        "stock": "2",
    }
    for name, value in filled.items():
        form.locator(f'[name="{name}"]').fill(value)
    form.get_by_role("button").click()
    admin.reads("goods.notice.saved")
    admin.look()

    before = _available(member)
    member.open("/goods")
    good = _item(member, two.number)
    good.locator("summary").click()
    _press_in(member, good, "goods.order")
    member.reads("goods.notice.ordered")
    member.look()
    assert _available(member) == before - 7

    admin.open("/admin/goods")
    _press_in(admin, _item(admin, two.number), "goods.admin.fulfil")
    admin.reads("goods.notice.fulfilled")
    member.open("/goods")
    member.reads("goods.state.fulfilled")
    admin.page.locator("ul.feed > li", has_text=two.number).last.get_by_role(
        "button", name=admin.say("goods.admin.refund"), exact=True
    ).click()
    admin.reads("goods.notice.refunded")
    admin.look()
    assert _available(member) == before
