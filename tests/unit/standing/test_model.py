"""The formulas of standing, levels and voice, worked by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest

from ledger.kernel.clock import Instant
from ledger.kernel.units import Points
from ledger.programme.load import load_programme
from ledger.programme.model import Rounding
from ledger.programme.model_standing import StandingTerms, VoiceTerms
from ledger.scoring.project import project
from ledger.standing.model import (
    Merit,
    level,
    merit_of,
    merit_of_award,
    standing,
    voice,
    when_reached,
)
from tests.naive_standing import naive_voice
from tests.scoring_cases import activations_of, event, facts_of

AT_ONCE = """\
programme: small
version: "1"
zone: Europe/Moscow
rules:
  - {id: learn, on: a.done, to: actor, points: 60, category: learning}
  - {id: chat, on: b.done, to: actor, points: 60, category: talk}
caps: [{id: day, of: programme, per: day, points: 100}]
standing: {categories: [learning, talk]}
levels: {steps: [{id: new, from: 0}, {id: regular, from: 100}, {id: old, from: 1000}]}
voice: {categories: [learning], per_month: 100, decay: 10}
"""
WEEKLY = """\
programme: weeks
version: "1"
zone: UTC
period: week
rules:
  - {id: learn, on: a.done, to: actor, points: 2, category: learning}
  - {id: chat, on: b.done, to: actor, points: 1, category: talk}
"""


def merits_of(text: str, *acts: tuple[str, str]) -> list[Merit]:
    events = [event(f"{kind}.done", "ann", time) for kind, time in acts]
    found = project(facts_of(events), activations_of([(text, None)]), closed_until=None)
    return [merit_of(each) for each in found]


def month(points: int, time: str, category: str = "learning") -> Merit:
    return Merit(((category, Fraction(points)),), Instant.parse(time))


def voice_at(merits: list[Merit], at: str, rounding: Rounding = Rounding.DOWN) -> int:
    terms = VoiceTerms(("learning",), 100, Fraction(1, 10), rounding)
    return voice(merits, terms, "Europe/Moscow", Instant.parse(at)).points.amount


def test_what_a_cap_took_away_is_no_standing() -> None:
    # 60 and 60 in a day, capped at 100: the second is worth 40, and the 20 above count nowhere.
    merits = merits_of(AT_ONCE, ("a", "2026-03-02T10:00:00Z"), ("b", "2026-03-02T11:00:00Z"))
    programme = load_programme(AT_ONCE)
    found = standing(merits, programme.standing)
    assert found.points == Points(100)
    assert found.by_category == {"learning": 60, "talk": 40}
    reached = level(found.points, programme.levels)
    assert (reached.level and reached.level.level_id) == "regular"
    assert (reached.following and reached.following.level_id) == "old"
    assert reached.missing == Points(900)


def test_levels_below_the_first_above_the_last_and_without_any() -> None:
    levels = load_programme(AT_ONCE.replace("from: 0", "from: 5")).levels
    low, high = level(Points(4), levels), level(Points(5000), levels)
    assert low.level is None
    assert low.missing == Points(1)
    assert high.following is None
    assert high.missing == Points(0)
    none = level(Points(7), None)
    assert (none.level, none.following, none.missing) == (None, None, Points(0))


def test_an_award_of_a_week_is_divided_as_its_weights_are() -> None:
    # Weights 2 + 2 of learning, 1 of talk: 5 points, of which 4 are of learning.
    merits = merits_of(
        WEEKLY,
        ("a", "2026-03-02T10:00:00Z"),
        ("a", "2026-03-03T10:00:00Z"),
        ("b", "2026-03-04T10:00:00Z"),
    )
    assert [dict(each.shares) for each in merits] == [{"learning": 4, "talk": 1}]


def test_a_week_counts_in_the_month_of_its_sunday() -> None:
    # The week of 30 March 2026 ends on Sunday 5 April.
    merits = merits_of(WEEKLY, ("a", "2026-03-30T10:00:00Z"))
    terms = VoiceTerms(("learning",), 100, Fraction(1, 2), Rounding.HALF_UP)
    heard = voice(merits, terms, "UTC", Instant.parse("2026-05-01T00:00:00Z"))
    assert [each.month for each in heard.months] == ["2026-04"]
    assert heard.exact == 1


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-01-31T12:00:00Z", 100),  # 150 earned, 100 count
        ("2026-02-28T12:00:00Z", 90 + 40),  # 100 x 0.9 + 40
        ("2026-03-31T12:00:00Z", 117),  # 81 + 36
        ("2026-04-30T12:00:00Z", 105),  # 72.9 + 32.4 = 105.3
        ("2026-05-31T12:00:00Z", 94),  # 65.61 + 29.16 = 94.77
    ],
)
def test_a_voice_fades_month_by_month(at: str, expected: int) -> None:
    merits = [month(150, "2026-01-10T00:00:00Z"), month(40, "2026-02-10T00:00:00Z")]
    assert voice_at(merits, at) == expected
    assert voice_at([*merits, month(500, "2026-02-11T00:00:00Z", "talk")], at) == expected


def test_rounding_is_once_at_the_end() -> None:
    # 95 x 0.9 = 85.5 and 5 x 0.9^2 = 4.05: 89.55 together.
    merits = [month(5, "2026-01-10T00:00:00Z"), month(95, "2026-02-10T00:00:00Z")]
    assert voice_at(merits, "2026-03-31T00:00:00Z") == 89
    assert voice_at(merits, "2026-03-31T00:00:00Z", Rounding.HALF_UP) == 90


def test_months_are_those_of_the_zone() -> None:
    # 31 January 21:00 UTC is 1 February in Moscow: a cap of its own, no decay in February.
    merits = [month(100, "2026-01-31T20:59:59Z"), month(100, "2026-01-31T21:00:00Z")]
    assert voice_at(merits, "2026-01-31T21:00:00Z") == 190
    assert voice_at(merits, "2026-01-31T20:59:59Z") == 100


def test_what_is_earned_later_is_not_heard_yet() -> None:
    assert voice_at([month(50, "2026-03-02T00:00:00Z")], "2026-03-01T00:00:00Z") == 0
    assert voice([], None, "UTC", Instant.parse("2026-03-01T00:00:00Z")).months == ()


def test_an_award_that_nothing_earns_any_more_is_no_merit() -> None:
    gone = {"points": 0, "because": "no_longer_earned"}
    when = Instant.parse("2026-03-01T00:00:00Z")
    assert merit_of_award(0, gone, when, lambda _: load_programme(AT_ONCE)) is None


def test_the_judge_knows_silence() -> None:
    assert (
        naive_voice(
            [], ["learning"], 1, Fraction(1, 2), Instant(0).floor_datetime().date(), half_up=False
        )
        == 0
    )


def test_without_a_section_there_is_no_voice() -> None:
    found = voice([month(50, "2026-03-02T09:00:00Z")], None, "UTC", Instant(0))
    assert (found.points, found.exact, found.months) == (Points(0), Fraction(0), ())


def test_a_standing_is_rounded_down_from_its_exact_sum() -> None:
    thirds = [Merit((("learning", Fraction(7, 3)),), Instant(number)) for number in (1, 2)]
    assert standing(thirds, None).points == Points(4)


def test_a_periods_award_counts_on_the_day_of_the_second_before_its_close() -> None:
    programme = load_programme(WEEKLY)
    receipt = {
        "programme": {"hash": "0x00"},
        "contributions": [{"rule": "learn", "weight": "1"}],
    }
    for close, day in (("2026-03-09T00:00:00Z", -1), ("2026-03-09T00:00:01Z", 0)):
        earned = Instant.parse(close)
        merit = merit_of_award(5, receipt, earned, lambda _: programme)
        assert merit is not None
        assert merit.last_day == Instant.parse("2026-03-09T00:00:00Z").seconds // 86_400 + day


@pytest.mark.parametrize(
    ("points", "categories", "reached"),
    [
        (5, None, 1),
        (6, None, 2),
        (12, None, 2),
        (13, None, 3),
        (15, None, 3),
        (16, None, None),
        (13, ("learning",), None),
        (8, ("learning",), 3),
        (7, ("talk",), 2),
    ],
)
def test_when_a_standing_was_reached(
    points: int, categories: tuple[str, ...] | None, reached: int | None
) -> None:
    merits = [
        Merit(((category, Fraction(worth)),), Instant(number))
        for number, category, worth in ((3, "learning", 3), (1, "learning", 5), (2, "talk", 7))
    ]
    terms = None if categories is None else StandingTerms(categories)
    expected = None if reached is None else Instant(reached)
    assert when_reached(merits, terms, points) == expected
