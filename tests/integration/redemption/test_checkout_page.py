"""The page on which a buyer says how many points to use."""

from __future__ import annotations

import html
import re

import pytest

from tests.integration.redemption.conftest import School
from tests.integration.redemption.test_http import Doors


@pytest.fixture
def doors(school: School) -> Doors:
    return Doors(school)


def page(doors: Doors, points: int | None, language: str = "en") -> str:
    asked = {"order": doors.school.order(), **({} if points is None else {"points": points})}
    answer = doors.member.get("/checkout", params=asked, headers={"accept-language": language})
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def words(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text)).split())


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "You asked for 32 and have 30: 2 points are missing."),
        ("ru", "Вы указали 32, а доступно 30: не хватает 2 баллов."),
    ],
)
def test_more_than_there_is_is_answered_with_what_is_missing(
    doors: Doors, language: str, said: str
) -> None:
    doors.school.grant(30)
    shown = page(doors, 32, language)
    assert said in words(shown)
    assert 'max="30"' in shown
    assert 'value="30"' in shown
    assert 'aria-invalid="true"' in shown
    assert "/checkout/hold" not in shown, "what would be refused is not offered"


def test_what_there_is_can_be_set_aside(doors: Doors) -> None:
    doors.school.grant(30)
    for asked in (30, None):
        shown = page(doors, asked)
        assert "At most 30 points: that is what you have." in words(shown)
        assert "/checkout/hold" in shown


def test_more_than_the_order_takes_is_bounded_by_the_order(doors: Doors) -> None:
    doors.school.grant(10**6)
    shown = page(doors, 10**6)
    assert "for this order." in words(shown)
    assert "missing" not in words(shown)
    assert "/checkout/hold" in shown
