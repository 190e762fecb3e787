"""Products are remembered by the programme's own points, and never by an event's."""

from __future__ import annotations

from fractions import Fraction

import pytest

from ledger.programme.load import load_programme
from ledger.scoring import products
from ledger.scoring.products import Products

TEXT = """\
programme: p
version: "1"
zone: UTC
rules:
  - {id: a, on: a.done, to: actor, points: 2.5}
  - {id: b, on: b.done, to: actor, points: 7}
"""


def test_what_a_rule_states_is_worked_out_once_and_an_events_points_each_time() -> None:
    programme, known = load_programme(TEXT), Products()
    rule = programme.rules[0]
    assert isinstance(rule.points, Fraction)
    first = known.of(programme, rule, rule.points, ())
    assert first.exact == Fraction(5, 2)
    assert known.of(programme, rule, rule.points, ()) is first
    stated = Fraction(9)
    assert known.of(programme, rule, stated, ()).rounded == 9
    assert known.of(programme, rule, stated, ()) is not known.of(programme, rule, stated, ())


def test_no_more_are_remembered_than_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "KEPT_MAX", 1)
    programme, known = load_programme(TEXT), Products()
    a, b = programme.rules
    assert isinstance(a.points, Fraction)
    assert isinstance(b.points, Fraction)
    first = known.of(programme, a, a.points, ())
    known.of(programme, b, b.points, ())
    again = known.of(programme, a, a.points, ())
    assert (again, again is first) == (first, False)
