"""What people read of tokens promises no value, no price and no yield."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.architecture.sources import ROOT

ROOMS = ("wallet", "reserve", "votes")
"""The pages that speak of tokens."""
PROMISES = {
    "en": r"\b(invest|profit|dividend|yield|interest rate|price|worth|market|return on|exchange)",
    "ru": r"(инвест|прибыл|дивиденд|доход|процент|цен[аыеу]\b|стоимост|рын(ок|к)|бирж|курс)",
}
DENIALS = {"reserve.what.no_value"}
"""Sentences that say that there is no such thing."""


def _texts(found: Any, key: str) -> list[tuple[str, str]]:
    if isinstance(found, dict):
        return [each for name, below in found.items() for each in _texts(below, f"{key}.{name}")]
    return [(key, str(found))]


@pytest.mark.parametrize("language", PROMISES)
def test_pages_of_tokens_promise_nothing(language: str) -> None:
    said = [
        each
        for room in ROOMS
        for each in _texts(
            yaml.safe_load((ROOT / "api" / "i18n" / language / f"{room}.yaml").read_text()), room
        )
    ]
    assert {key for key, _ in said} >= DENIALS
    promise = re.compile(PROMISES[language], re.IGNORECASE)
    assert [each for each in said if each[0] not in DENIALS and promise.search(each[1])] == []
