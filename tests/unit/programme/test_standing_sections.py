"""``standing``, ``levels`` and ``voice`` of a programme file."""

from __future__ import annotations

from fractions import Fraction

import pytest

from ledger.programme.faults import ProgrammeInvalid
from ledger.programme.load import load_programme
from ledger.programme.model import Rounding

PLAIN = """\
programme: small
version: "1"
zone: UTC
rules:
  - {id: done, on: a.done, to: actor, points: 2, category: learning}
  - {id: made, on: b.done, to: actor, points: 10, category: help}
"""
NAMED = "levels: {steps: [{id: new, from: 0}, {id: old, from: 100}]}\n"
NUMBERED = 'levels: {threshold: "50 * data.level * (data.level - 1)", count: 4}\n'
VOICE = "voice: {categories: [learning], per_month: 200, decay: 12.5}\n"


def test_the_sections_are_read() -> None:
    programme = load_programme(PLAIN + "standing: {categories: [learning]}\n" + NAMED + VOICE)
    assert programme.standing is not None
    assert programme.standing.categories == ("learning",)
    assert programme.levels is not None
    assert [(each.level_id, each.points) for each in programme.levels.steps] == [
        ("new", 0),
        ("old", 100),
    ]
    assert programme.voice is not None
    assert programme.voice.decay == Fraction(1, 8)
    assert (programme.voice.per_month, programme.voice.rounding) == (200, Rounding.DOWN)


def test_thresholds_by_an_expression_are_worked_out() -> None:
    levels = load_programme(PLAIN + NUMBERED).levels
    assert levels is not None
    assert [(each.level_id, each.points) for each in levels.steps] == [
        ("1", 0),
        ("2", 100),
        ("3", 300),
        ("4", 600),
    ]


def test_without_the_sections_the_hash_is_what_it_was() -> None:
    programme = load_programme(PLAIN)
    assert (programme.standing, programme.levels, programme.voice) == (None, None, None)
    hashes = {
        load_programme(PLAIN + more).hash_text
        for more in ("", NAMED, NUMBERED, VOICE, VOICE.replace("200", "201"))
    }
    assert len(hashes) == 5
    assert (
        load_programme(PLAIN + VOICE.replace("12.5", "12.50")).hash_text
        == load_programme(PLAIN + VOICE).hash_text
    )


@pytest.mark.parametrize(
    ("part", "field", "said"),
    [
        ("standing: {categories: [sport]}", "standing.categories[0]", "no rule is of the category"),
        ("standing: {categories: []}", "standing.categories", "at least 1"),
        ("voice: {categories: [help, help], per_month: 1, decay: 1}", "voice.categories", "twice"),
        ("voice: {categories: [help], per_month: 0, decay: 1}", "voice.per_month", "greater"),
        ("voice: {categories: [help], per_month: 1, decay: 0}", "voice.decay", "greater"),
        ("voice: {categories: [help], per_month: 1, decay: 101}", "voice.decay", "less"),
        ("voice: {categories: [help], decay: 1}", "voice.per_month", "must be stated"),
        ("levels: {}", "levels", "either `steps` by name"),
        ("levels: {count: 3}", "levels", "either `steps` by name"),
        ('levels: {threshold: "data.level"}', "levels", "either `steps` by name"),
        (
            'levels: {threshold: "data.level", count: 2, steps: [{id: a, from: 1}]}',
            "levels",
            "either `steps` by name",
        ),
        (
            "levels: {steps: [{id: a, from: 1}, {id: a, from: 2}]}",
            "levels.steps[1].id",
            "names two levels",
        ),
        (
            "levels: {steps: [{id: a, from: 1}, {id: b, from: 1}]}",
            "levels.steps[1].from",
            "from more points on",
        ),
        ('levels: {threshold: "data.n", count: 2}', "levels.threshold", "data.n is not known"),
        ("levels: {threshold: 5, count: 2}", "levels.threshold", "expression over data.level"),
        ('levels: {threshold: "1 +", count: 2}', "levels.threshold", "is no expression"),
        ('levels: {threshold: "5 - data.level", count: 3}', "levels.threshold", "level 2"),
        ('levels: {threshold: "data.level / 2", count: 3}', "levels.threshold", "write floor"),
        ('levels: {threshold: "9 / (2 - data.level)", count: 3}', "levels.threshold", "zero"),
    ],
)
def test_what_is_wrong_is_said(part: str, field: str, said: str) -> None:
    with pytest.raises(ProgrammeInvalid) as caught:
        load_programme(f"{PLAIN}{part}\n")
    (fault,) = caught.value.faults
    assert fault["field"] == field
    assert said in str(fault["wrong"])
    assert fault["line"] == 7
