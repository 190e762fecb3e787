"""What is read from the address by which somebody came, and what of it may be kept."""

from __future__ import annotations

import pytest

from ledger.funnel.model import Channel
from ledger.funnel.touches import DIRECT, channel_of

OWN = "https://vklad.example"


@pytest.mark.parametrize(
    ("query", "referrer", "channel"),
    [
        (
            {"utm_source": "Telegram", "utm_medium": "Social ", "utm_campaign": "Spring  2026"},
            None,
            Channel("telegram", "social", "spring 2026"),
        ),
        ({"utm_source": "рассылка"}, "https://mail.example/x", Channel("рассылка", "none")),
        ({"utm_campaign": "a"}, None, Channel("other", "none", "a")),
        ({}, "https://www.school.example/page?who=anna", Channel("school.example", "referral")),
        ({}, f"{OWN}/memorandum", DIRECT),
        ({}, None, DIRECT),
        ({}, "https://[broken", DIRECT),
        ({"utm_term": "anna"}, None, DIRECT),
    ],
)
def test_the_words_of_the_field(
    query: dict[str, str], referrer: str | None, channel: Channel
) -> None:
    assert channel_of(query, referrer, OWN) == channel


@pytest.mark.parametrize(
    "word",
    ["anna@school.example", "+7 921 123-45-67", "id1234567", "=1+1", "-1", "a" * 65, "<b>", "a,b"],
)
def test_what_could_name_a_person_or_be_a_formula_is_not_kept(word: str) -> None:
    assert channel_of({"utm_source": word}, None, OWN) == Channel("other", "none")


def test_what_was_read_once_is_read_again_as_it_is() -> None:
    """The form of the public page sends it back."""
    for channel in (DIRECT, Channel("school.example", "referral"), Channel("a", "b", "c")):
        words = {f"utm_{name}": getattr(channel, name) for name in ("source", "medium", "campaign")}
        assert channel_of(words, None, "") == channel
