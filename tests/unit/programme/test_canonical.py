"""The hash names what a programme means."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest

from ledger.programme.canonical import canonical_form, canonical_text, programme_hash
from ledger.programme.load import load_programme
from tests.scoring_cases import DAILY, WEEKLY

PLAIN = """\
programme: small
version: "1"
zone: UTC
attributes:
  level: {field: level, values: [1, 2], default: 1}
multipliers:
  level: {by: attribute, attribute: level, table: {1: 1, 2: 1.5}}
rules:
  - {id: done, on: a.done, to: actor, points: 2.3, multipliers: [level]}
  - {id: made, on: b.done, to: actor, points: 10}
validity: {months: 12}
redemption: {rates: {USD: 1}}
"""


def hash_of(text: str) -> str:
    return load_programme(text).hash_text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("points: 2.3", "points: 2.30"),
        ("points: 2.3", 'points: "23/10"'),
        ("zone: UTC", "# the zone\nzone: 'UTC'\nrounding: half_up\nperiod: at_once"),
        ("on: a.done", "on: [a.done]"),
        ("table: {1: 1, 2: 1.5}", "table: {2: 1.5, 1: 1.0}"),
        ("{id: done, on: a.done, to: actor", "{to: actor, on: a.done, id: done"),
        ("validity: {months: 12}", "validity: {months: 12, days: 0}"),
        ("validity: {months: 12}", "validity: {months: 12}\ncaps: []"),
        ("rates: {USD: 1}", "rates: {USD: 1.0}, max_share: 100, hold_minutes: 30"),
    ],
)
def test_how_it_is_typed_changes_nothing(old: str, new: str) -> None:
    assert old in PLAIN
    assert hash_of(PLAIN.replace(old, new)) == hash_of(PLAIN)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("programme: small", "programme: other"),
        ('version: "1"', 'version: "2"'),
        ("zone: UTC", "zone: Europe/Moscow"),
        ("zone: UTC", "zone: UTC\nrounding: down"),
        ("zone: UTC", "zone: UTC\ncap: {per: day, points: 100}"),
        ("zone: UTC", "zone: UTC\ntitle: {en: One, ru: Раз}"),
        ("default: 1", "default: 2"),
        ("2: 1.5", "2: 1.6"),
        ("points: 2.3", "points: 2.31"),
        ("points: 2.3", "points: data.n * 2.3"),
        ("points: 2.3", "points: 2.3, when: event.data.n > 1"),
        ("points: 2.3", "points: 2.3, once_per: [data.n]"),
        ("points: 2.3", "points: 2.3, owner: data.owner"),
        ("points: 2.3", "points: 2.3, limit: {per: day, count: 5}"),
        ("points: 2.3", "points: 2.3, category: learning"),
        ("points: 2.3", "points: 2.3, limit: {per: week, count: 5}"),
        ("points: 2.3", "points: 2.3, limit: [{per: day, count: 5}, {per: month, count: 9}]"),
        ("zone: UTC", "zone: UTC\ncaps: [{id: a, of: programme, per: day, points: 100}]"),
        ("to: actor, points: 10", "to: data.owner, points: 10"),
        ("months: 12", "months: 11"),
        ("USD: 1}", "USD: 2}"),
        ("USD: 1}", "USD: 1}, hold_minutes: 31"),
        ("redemption", "bridge: {returned_points_per_year: 5}\nredemption"),
    ],
)
def test_what_it_means_changes_the_hash(old: str, new: str) -> None:
    assert old in PLAIN
    assert hash_of(PLAIN.replace(old, new)) != hash_of(PLAIN)


def test_an_expression_is_what_it_means() -> None:
    forms = ["data.n*2 + 1", "( data.n * 2.0 )+1", '"data.n * 2 + 1"']
    assert len({hash_of(PLAIN.replace("points: 2.3", f"points: {form}")) for form in forms}) == 1


def test_the_order_of_limits_means_nothing_and_that_of_caps_something() -> None:
    limits = "limit: [{per: day, count: 5}, {per: month, count: 9}]"
    turned = "limit: [{per: month, count: 9}, {per: day, count: 5}]"
    one, other = (PLAIN.replace("points: 2.3", f"points: 2.3, {each}") for each in (limits, turned))
    assert hash_of(one) == hash_of(other)
    caps = [f"{{id: {name}, of: {{rules: [done, made]}}, per: day, points: 9}}" for name in "ab"]
    forms = {hash_of(PLAIN + f"caps: [{', '.join(order)}]\n") for order in (caps, caps[::-1])}
    assert len(forms) == 2
    again = [cap.replace("[done, made]", "[made, done]") for cap in caps]
    assert hash_of(PLAIN + f"caps: [{', '.join(again)}]\n") in forms


def test_the_order_of_rules_is_part_of_the_meaning() -> None:
    programme = load_programme(PLAIN)
    turned = replace(programme, rules=programme.rules[::-1])
    assert programme_hash(turned) != programme.programme_hash


def test_the_hash_is_over_the_canonical_text() -> None:
    programme = load_programme(PLAIN)
    text = canonical_text(programme)
    assert hashlib.sha256(text.encode()).digest() == programme.programme_hash
    assert json.loads(text) == json.loads(json.dumps(canonical_form(programme)))
    assert len(programme.programme_hash) == 32


def test_the_published_hashes_of_the_examples() -> None:
    # They are on chain once voted for: a change of the form is a change of all of them.
    assert hash_of(WEEKLY) == "0x2f31f8c87f33d1640c7215c6a0e20f81f208745b635e298a1354f0f13f5e629a"
    assert hash_of(DAILY) == "0x9f620d64a1c6bb8195bdd7fc4348c67bfa10c6ec5e1a7d116ab5cd3f3ac06671"
