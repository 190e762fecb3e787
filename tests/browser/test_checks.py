"""The checks of a page find what they are for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.visitor import faults_of

NOTHING: frozenset[str] = frozenset()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page()
    yield page
    page.close()


def _show(page: Page, body: str, language: str = "ru") -> list[str]:
    page.set_content(f'<!doctype html><html lang="{language}"><body>{body}</body></html>')
    return faults_of(page, language, NOTHING)


@pytest.mark.parametrize(
    "body",
    [
        "<p>Баллы, VKL и <code>lms.exercise.completed</code></p>",
        '<p>Причина: <span lang="en">execution reverted</span></p>',
        "<p>Заказ D-0123abcd, кошелёк 0x52908400098527886E0F7030069857D2E4169EE7</p>",
        '<p hidden>a sentence for a script</p><p style="display:none">another</p>',
    ],
)
def test_what_may_be_on_a_page(page: Page, body: str) -> None:
    assert _show(page, body) == []


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<p>member.overview.title</p>", "a raw message"),
        ("<p hidden>votes.say.sent</p>", "a raw message"),
        ("<button aria-label='layout.theme'>+</button>", "a raw message"),
        ("<p>Осталось {count} дней</p>", "a raw message"),
        ("<p>Ваши points</p>", "Latin words ['points']"),
        ("<details><summary>Ещё</summary><p>hidden until opened</p></details>", "Latin words"),
        ("<input placeholder='Search'>", "Latin words ['Search']"),
        ("<div style='width:361px'>Широко</div>", "px wider than 360 px"),
        ("<details><summary>Ещё</summary><div style='width:400px'>я</div></details>", "wider"),
    ],
)
def test_what_may_not(page: Page, body: str, fault: str) -> None:
    found = _show(page, f"<style>body {{ margin: 0 }}</style>{body}")
    assert len(found) == 1
    assert fault in found[0]


def test_a_page_in_the_other_language_is_found(page: Page) -> None:
    page.set_content('<html lang="en"><body></body></html>')
    assert faults_of(page, "ru", NOTHING) == ["the page is in 'en', not 'ru'"]
