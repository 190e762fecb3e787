"""The ``detectors`` section: what is usual, what may be stated, and what is wrong."""

from __future__ import annotations

import pytest

from ledger.programme.canonical import canonical_form
from ledger.programme.faults import ProgrammeInvalid
from ledger.programme.load import load_programme
from ledger.programme.model_detectors import USUAL, DetectorTerms

REST = """\
programme: p
version: "1"
zone: UTC
rules: [{id: a, on: a, to: actor, points: 1}]
"""
SPELT_OUT = """\
detectors:
  window_days: 7
  reciprocity: {percent: 50, least: 6}
  velocity: {events: 100, minutes: 10}
  shared_device: {members: 3}
  ring: {length: 4, times: 2}
"""


def test_what_is_usual_is_in_no_form_whether_or_not_it_is_spelt_out() -> None:
    bare = load_programme(REST)
    assert bare.detectors == USUAL
    assert "detectors" not in canonical_form(bare)
    for section in ("detectors: {}\n", "detectors: {velocity: {minutes: 10}}\n", SPELT_OUT):
        assert load_programme(REST + section).programme_hash == bare.programme_hash


def test_types_are_in_the_form_only_where_they_are_others() -> None:
    bare = load_programme(REST)
    usual = "detectors: {ring: {types: [peer.review.completed, club.thanks.given]}}\n"
    assert load_programme(REST + usual).programme_hash == bare.programme_hash
    asked = "detectors: {reciprocity: {types: [b.b, a.a, b.b]}}\n"
    other = load_programme(REST + asked)
    assert other.detectors == DetectorTerms(reciprocity_types=("a.a", "b.b"))
    form = canonical_form(other)["detectors"]
    assert isinstance(form, dict)
    assert (form["reciprocity_types"], "ring_types" in form) == (["a.a", "b.b"], False)


def test_what_differs_is_stated_whole() -> None:
    other = load_programme(REST + "detectors: {velocity: {events: 20}, ring: {times: 3}}\n")
    assert other.detectors == DetectorTerms(velocity_events=20, ring_times=3)
    assert canonical_form(other)["detectors"] == {
        "window_days": 7,
        "reciprocity_percent": 50,
        "reciprocity_least": 6,
        "velocity_events": 20,
        "velocity_minutes": 10,
        "device_members": 3,
        "ring_length": 4,
        "ring_times": 3,
    }
    assert other.programme_hash != load_programme(REST).programme_hash


@pytest.mark.parametrize(
    ("section", "field", "example"),
    [
        ("detectors: {window_days: 0}", "detectors.window_days", "window_days: 7"),
        ("detectors: {window_days: 32}", "detectors.window_days", "window_days: 7"),
        ("detectors: {reciprocity: {percent: 100}}", "detectors.reciprocity.percent", "50"),
        ("detectors: {reciprocity: {least: 1.5}}", "detectors.reciprocity.least", "least: 6"),
        ("detectors: {velocity: {minutes: 1441}}", "detectors.velocity.minutes", "minutes: 10"),
        ("detectors: {velocity: {events: many}}", "detectors.velocity.events", "events: 100"),
        ("detectors: {shared_device: {members: 0}}", "shared_device.members", "members: 3"),
        ("detectors: {ring: {length: 6}}", "detectors.ring.length", "length: 4"),
        ("detectors: {rings: {length: 4}}", "detectors.rings", ""),
    ],
)
def test_what_is_wrong_is_named_with_an_example(section: str, field: str, example: str) -> None:
    with pytest.raises(ProgrammeInvalid) as refused:
        load_programme(REST + section)
    (fault,) = refused.value.found
    assert fault.field.endswith(field)
    assert example in (fault.example or "")
    assert fault.line == 5
