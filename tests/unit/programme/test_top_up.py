"""Which versions can top each other up: any that pay at once, else those of the same periods."""

from __future__ import annotations

import pytest

from ledger.programme.load import load_programme
from ledger.programme.model import Programme
from ledger.programme.top_up import incomparable


def version(name: str = "school", period: str = "", zone: str = "UTC") -> Programme:
    waits = f"period: {period}\n" if period else ""
    return load_programme(
        f'programme: {name}\nversion: "1"\nzone: {zone}\n{waits}'
        "rules: [{id: read, on: lms.section.read, to: actor, points: 5}]\n"
    )


def test_what_is_paid_at_once_is_compared_event_by_event() -> None:
    assert incomparable(version("school"), version("club", zone="Europe/Moscow")) is None


@pytest.mark.parametrize("period", ["day", "week", "month"])
def test_the_same_periods_are_compared(period: str) -> None:
    assert incomparable(version(period=period), version(period=period)) is None


@pytest.mark.parametrize(
    ("programme", "before", "said"),
    [
        (version(period="week"), version(period="month"), "the period of this version is week"),
        (version(period="week"), version(), "the period of this version is week"),
        (version(), version(period="week"), "an earlier one week"),
        (version("club", "week"), version("school", "week"), "the name of this version is club"),
        (
            version(period="week"),
            version(period="week", zone="Europe/Moscow"),
            "the zone of this version is UTC, of an earlier one Europe/Moscow",
        ),
    ],
)
def test_other_periods_are_not(programme: Programme, before: Programme, said: str) -> None:
    why = incomparable(programme, before)
    assert why is not None
    assert said in why
