"""Prices are shared by the rule, to the point."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.journal.model import AccountKind
from ledger.kernel.canonical import Json
from ledger.kernel.units import Points
from ledger.programme.faults import ProgrammeInvalid
from ledger.programme.load import load_programme
from ledger.purchases.errors import OfferExpired, OfferMalformed
from ledger.purchases.offers import read_offer
from ledger.purchases.splits import Share, read_splits, split
from ledger.redemption.terms import LimitPeriod
from tests.unit.redemption.conftest import NOW

WEEKLY = Path(__file__).parents[3] / "examples" / "programmes" / "weekly.yaml"
TEXT = """
programme: market
version: "1"
zone: UTC
rules:
  - {id: read, on: lms.section.read, to: actor, points: 1}
splits:
  rules:
    course:
      shares:
        - {to: author, per_cent: 70}
        - {to: school, per_cent: 30, pool: treasury}
    mentor-hour:
      shares:
        - {to: mentor, per_cent: 80}
        - {to: school, per_cent: 20, pool: treasury}
    ai-agent:
      shares:
        - {to: author, per_cent: 60}
        - {to: school, per_cent: 40, pool: treasury}
    programme-revenue:
      shares:
        - {to: platform, per_cent: 30, pool: treasury}
        - {to: author, per_cent: 50}
        - {to: instructor, per_cent: 15}
        - {to: curator, per_cent: 5}
  limits:
    - {per: day, count: 3}
    - {per: month, points: 500}
  pending_days: 0
  refund_days: 30
"""


@pytest.mark.parametrize(
    ("rule", "price", "shares"),
    [
        # 70 % of 101 is 70.7: 70; the treasury, named last, gets the remainder.
        ("course", 101, (70, 31)),
        ("course", 100, (70, 30)),
        ("course", 1, (0, 1)),
        ("course", 3, (2, 1)),
        ("mentor-hour", 99, (79, 20)),
        ("mentor-hour", 4, (3, 1)),
        ("ai-agent", 99, (59, 40)),
        ("ai-agent", 7, (4, 3)),
        # 30 %, 50 % and 15 % of 99 are 29.7, 49.5 and 14.85; the curator gets 99 − 29 − 49 − 14.
        ("programme-revenue", 99, (29, 49, 14, 7)),
        ("programme-revenue", 100, (30, 50, 15, 5)),
        ("programme-revenue", 1, (0, 0, 0, 1)),
    ],
)
def test_the_published_splits_worked_by_hand(
    rule: str, price: int, shares: tuple[int, ...]
) -> None:
    section = load_programme(WEEKLY.read_text("utf-8")).splits
    assert section is not None
    said = read_splits(section).rules[rule]
    assert tuple(each.amount for each in split(Points(price), said)) == shares


@given(
    st.integers(1, 10**12),
    st.lists(st.fractions(Fraction(1, 100), 1, max_denominator=10_000), min_size=1, max_size=20),
)
def test_no_point_is_lost_or_made(price: int, weights: list[Fraction]) -> None:
    total = sum(weights, Fraction(0))
    shares = [Share(str(place), weight / total, None) for place, weight in enumerate(weights)]
    parts = split(Points(price), shares)
    assert sum(part.amount for part in parts) == price
    for part, share in zip(parts[:-1], shares, strict=False):
        assert part.amount <= price * share.part < part.amount + 1
    assert parts[-1].amount >= price * shares[-1].part
    assert parts[-1].amount < price * shares[-1].part + len(shares)


def test_a_section_is_read_whole() -> None:
    section = load_programme(TEXT.replace("pending_days: 0", "validity: {years: 1}")).splits
    assert section is not None
    terms = read_splits(section)
    assert terms.rules["course"][1] == Share("school", Fraction(3, 10), AccountKind.TREASURY)
    assert [limit.per for limit in terms.limits] == [LimitPeriod.DAY, LimitPeriod.MONTH]
    assert [limit.count for limit in terms.limits] == [3, None]
    assert terms.expires_at(NOW, "UTC") == NOW.replace(year=NOW.year + 1)


@pytest.mark.parametrize(
    ("old", "new", "field", "said"),
    [
        ("per_cent: 70", "per_cent: 71", "splits.rules.course.shares", "101 per cent"),
        (
            "per_cent: 5}",
            "per_cent: 0}",
            "splits.rules.programme-revenue.shares[3].per_cent",
            "above",
        ),
        ("{to: mentor,", "{to: school,", "splits.rules.mentor-hour.shares", "twice"),
        (
            "{to: mentor, per_cent: 80}",
            "{to: mentor, per_cent: 80, pool: team}",
            "splits.rules.mentor-hour.shares",
            "nobody",
        ),
        ("{per: day, count: 3}", "{per: day}", "splits.limits[0]", "of points or of a count"),
        ("pending_days: 0", "validity: {}", "splits.validity", "no time"),
    ],
)
def test_splits_that_cannot_be(old: str, new: str, field: str, said: str) -> None:
    with pytest.raises(ProgrammeInvalid) as caught:
        load_programme(TEXT.replace(old, new))
    found = [(fault.field, fault.wrong) for fault in caught.value.found]
    assert any(each == field and said in wrong for each, wrong in found), found


def claims(**changes: Json) -> dict[str, Json]:
    now = int(NOW.timestamp())
    stated: dict[str, Json] = {
        "sub": "lms:1042",
        "sale": "S-9",
        "iat": now,
        "exp": now + 3600,
        "rule": "course",
        "points": 100,
        "recipients": {"author": "lms:7"},
    }
    return stated | changes


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"price": 5}, "price"),
        ({"points": 0}, "points"),
        ({"points": 1.5}, "points"),
        ({"points": 10**12 + 1}, "points"),
        ({"sale": ""}, "sale"),
        ({"sub": 5}, "sub"),
        ({"rule": "a\x00b"}, "rule"),
        ({"recipients": ["lms:7"]}, "recipients"),
        ({"recipients": {"author": 7}}, "recipients.author"),
        ({"iat": "now"}, "iat"),
        ({"exp": int(NOW.timestamp()) + 8 * 86_400}, "exp"),
        ({"iat": int(NOW.timestamp()) + 600, "exp": int(NOW.timestamp()) + 700}, "iat"),
    ],
)
def test_a_signed_offer_may_still_be_malformed(changes: dict[str, Json], field: str) -> None:
    with pytest.raises(OfferMalformed) as refused:
        read_offer(claims(**changes), source="s", at=NOW)
    assert refused.value.operands["field"] == field


def test_an_offer_lives_until_its_end() -> None:
    offer = read_offer(claims(), source="s", at=NOW)
    assert (offer.points, offer.recipients) == (Points(100), {"author": "lms:7"})
    with pytest.raises(OfferExpired):
        read_offer(claims(), source="s", at=offer.expires_at)
