"""What differs between versions, by meaning."""

from __future__ import annotations

from ledger.programme.difference import differences
from ledger.programme.load import load_programme

BASE = """
programme: p
version: "1"
zone: UTC
rules:
  - {id: a, on: x, to: actor, points: 50, limit: {per: day, count: 5}}
  - {id: b, on: y, to: actor, points: 10}
"""


def words(text: str) -> list[str]:
    return [str(each) for each in differences(load_programme(BASE), load_programme(text))]


def test_spelling_is_no_difference() -> None:
    assert words(f"# A remark.\n{BASE}".replace("points: 50", "points: 50.0")) == []


def test_a_changed_field_is_named_with_both_values() -> None:
    assert words(BASE.replace("50", "60")) == ["rules a.points: 50 becomes 60"]


def test_rules_added_and_removed() -> None:
    other = BASE.replace("id: b", "id: c")
    removed, added = words(other)
    assert removed.startswith("rules b: removed: {id b, on [")
    assert added.startswith("rules c: added: {id c, ")


def test_the_order_of_rules_is_a_difference() -> None:
    lines = BASE.splitlines()
    swapped = "\n".join([*lines[:5], lines[6], lines[5], ""])
    assert words(swapped) == ["rules: order: a, b becomes b, a"]


def test_a_new_section() -> None:
    (one,) = words(f"{BASE}cap: {{per: day, points: 100}}\n")
    assert one.startswith("cap: added: {")
