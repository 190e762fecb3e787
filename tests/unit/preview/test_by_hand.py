"""Edges of a preview by hand: on one side only, by a single point, at the very hour."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest

from ledger.kernel.clock import Instant
from ledger.preview.model import Line, Worth, document
from ledger.preview.money import Rates
from ledger.preview.project import as_of, comparison, of_facts
from ledger.programme.load import load_programme
from ledger.scoring.model import FROM_THE_BEGINNING, Activation, ActivationMode
from tests.scoring_cases import DAILY, WEEKLY, Event, event, facts_of

RAISED = DAILY.replace("2.3", "3.3")
"""A chat is worth 3 in place of 2."""
SILENT = DAILY.replace("on: ai.chat", "on: other.chat")
"""A chat is worth nothing."""
LEVELS = """
levels:
  steps:
    - {id: new, from: 0, title: {en: New, ru: Новый}}
    - {id: known, from: 3, title: {en: Known, ru: Знакомый}}
"""


def chats(*minutes: int) -> list[Event]:
    return [event("ai.chat", "ann", f"2026-03-02T10:{minute:02d}:00Z") for minute in minutes]


def compared(before: str | None, after: str, acts: list[Event]) -> dict[str, Any]:
    """The document of replacing one programme by another, and ann's line of it."""
    in_force = [] if before is None else [Activation(load_programme(before))]
    proposed = Activation(load_programme(after), mode=ActivationMode.RESTATEMENT)
    asked = comparison(in_force, proposed)
    lines = list(of_facts(asked, facts_of(acts)))
    said = json.loads(json.dumps(document(asked.question, lines)))
    return said | {"line": lines[0]}


def test_the_reason_is_the_rule_that_moved_most_either_way() -> None:
    before = Worth(9, by_rule={"a": Fraction(2), "b": Fraction(7)})
    assert Line("ann", before, Worth(4, by_rule={"a": Fraction(4)})).reason == ("b", Fraction(-7))
    assert Line("ann", Worth(), Worth(5, by_rule={"a": Fraction(5)})).reason == ("a", Fraction(5))
    assert Line("ann", before, before).reason is None


def test_a_single_point_more_is_a_gain() -> None:
    said = compared(DAILY, RAISED, chats(0))
    assert (said["totals"]["gain"], said["totals"]["lose"]) == (1, 0)


@pytest.mark.parametrize(
    ("before", "after", "gained", "lost"),
    [
        (DAILY, RAISED, 2, 0),
        (RAISED, DAILY, 0, 2),
        (None, DAILY, 4, 0),
        (DAILY, SILENT, 0, 4),
    ],
    ids=["a point more each", "a point less each", "awarded newly", "awarded no more"],
)
def test_gains_and_losses_are_summed_award_by_award(
    before: str | None, after: str, gained: int, lost: int
) -> None:
    line = compared(before, after, chats(0, 1))["line"]
    assert (line.gained, line.lost) == (gained, lost)


def test_levels_are_by_the_terms_of_each_side() -> None:
    said = compared(DAILY + LEVELS, RAISED + LEVELS, chats(0))
    (row,) = said["members"]
    assert (row["level_before"], row["level_after"]) == ("new", "known")
    assert said["cross_a_level"] == ["ann"]
    (row,) = compared(DAILY, RAISED + LEVELS, chats(0))["members"]
    assert (row["level_before"], row["level_after"]) == (None, "known")


def test_rates_before_are_those_in_force_and_after_those_proposed() -> None:
    def dated(since: str, rates: str) -> str:
        return DAILY.replace("rates: {USD: 1}", f"rates: [{{from: {since}, rates: {rates}}}]")

    before = dated("2026-01-01", "{USD: 2}")
    after = dated("2026-02-01", "{EUR: 5}").replace("min_cash: {USD: 0}", "min_cash: {EUR: 0}")
    totals = compared(before, after, chats(0))["totals"]
    assert (totals["rates_from_before"], totals["rates_from_after"]) == ("2026-01-01", "2026-02-01")
    assert (totals["liability_before"], totals["liability_after"]) == ({"USD": 4}, {"EUR": 10})


def test_what_is_owed_in_all_is_rounded_down_as_well() -> None:
    assert Rates({"RUB": Fraction(5, 2)}).worth(-3) == {"RUB": -8}


def test_who_waits_hears_of_each_projection() -> None:
    asked = comparison([], Activation(load_programme(DAILY)))
    heard: list[int] = []
    list(of_facts(asked, facts_of(chats(0)), heard.append))
    assert heard == [1, 2]


def test_a_version_counts_from_its_hour_and_rates_after_from_the_later() -> None:
    first, second = load_programme(DAILY), load_programme(RAISED)
    hour, later = Instant.parse("2026-03-10T00:00:00Z"), Instant.parse("2026-04-01T00:00:00Z")
    in_force = [Activation(first), Activation(second, hour)]
    asked = comparison(in_force, Activation(load_programme(SILENT), later))
    at = as_of(asked, hour, None)
    assert at.question.in_force == second
    assert at.question.rates_at == (hour, later)
    assert as_of(asked, Instant.parse("2026-03-09T23:59:59Z"), None).question.in_force == first
    past = Instant.parse("2026-05-01T00:00:00Z")
    assert as_of(asked, past, None).question.rates_at == (past, past)


def test_periods_are_compared_up_to_the_last_close() -> None:
    asked = comparison([], Activation(load_programme(WEEKLY)))
    wednesday, stated = (
        Instant.parse(time) for time in ("2026-03-11T12:00:00Z", "2026-03-20T00:00:00Z")
    )
    told = as_of(asked, wednesday, stated)
    assert (told.closed_until, told.question.closed_until) == (stated, stated.isoformat())
    early = Instant.parse("2026-03-01T00:00:00Z")
    monday = Instant.parse("2026-03-09T00:00:00Z")
    assert as_of(asked, wednesday, early).closed_until == monday


def test_without_periods_nothing_is_closed() -> None:
    asked = as_of(
        comparison([], Activation(load_programme(DAILY))),
        Instant.parse("2026-03-11T12:00:00Z"),
        None,
    )
    assert (asked.closed_until, asked.question.closed_until) == (FROM_THE_BEGINNING, None)
