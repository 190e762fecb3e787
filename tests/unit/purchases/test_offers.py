"""Offers at their bounds, and a purchase's shares as they are stored."""

from __future__ import annotations

from uuid import UUID

import pytest

from ledger.journal.model import AccountKind
from ledger.kernel.canonical import Json
from ledger.kernel.units import Points
from ledger.programme.load import load_programme
from ledger.purchases.errors import OfferMalformed
from ledger.purchases.model import PaidShare, share_from
from ledger.purchases.offers import POINTS_MAX, RECIPIENTS_MAX, read_offer
from ledger.purchases.splits import read_splits
from tests.unit.purchases.test_splits import TEXT, claims
from tests.unit.redemption.conftest import NOW


@pytest.mark.parametrize("points", [1, 2, POINTS_MAX])
def test_a_price_within_its_bounds(points: int) -> None:
    assert read_offer(claims(points=points), source="s", at=NOW).points == Points(points)


def test_so_many_recipients_and_no_more() -> None:
    named: dict[str, Json] = {f"r{number}": "lms:7" for number in range(RECIPIENTS_MAX)}
    assert read_offer(claims(recipients=named), source="s", at=NOW).recipients == named
    with pytest.raises(OfferMalformed) as refused:
        read_offer(claims(recipients=named | {"more": "lms:8"}), source="s", at=NOW)
    assert refused.value.operands["field"] == "recipients"


def test_a_share_is_stored_and_read_back() -> None:
    member = PaidShare("author", Points(70), UUID(int=1), None, (UUID(int=2),))
    pool = PaidShare("school", Points(30), None, AccountKind.TREASURY, ())
    assert member.to_json() == {
        "to": "author",
        "points": 70,
        "member": str(UUID(int=1)),
        "pool": None,
        "lots": [str(UUID(int=2))],
    }
    assert pool.to_json()["pool"] == AccountKind.TREASURY.value
    assert [share_from(one.to_json()) for one in (member, pool)] == [member, pool]


def test_the_life_of_what_sellers_get_is_in_months_and_days() -> None:
    text = TEXT + "  validity: {years: 2, months: 3, days: 4}\n"
    section = load_programme(text).splits
    assert section is not None
    validity = read_splits(section).validity
    assert validity is not None
    assert (validity.months, validity.days) == (27, 4)
