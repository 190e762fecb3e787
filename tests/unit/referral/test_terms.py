"""What a version promises each side: when it can be spent, and which budget it is of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ledger.kernel.units import Points
from ledger.programme.load import load_programme
from ledger.programme.model import Programme
from ledger.referral.model import Shares, Side
from ledger.referral.terms import budget_since, life_of, terms_of
from tests.unit.programme.test_referral_section import REST, SECTION

AT = datetime(2026, 7, 15, 22, 30, 41, 5, tzinfo=UTC)
MOSCOW = REST.replace("zone: UTC", "zone: Europe/Moscow")


def programme(per: str, *, pending: str = "", more: str = "") -> Programme:
    section = SECTION.replace("per: year", f"per: {per}")
    return load_programme(MOSCOW + section.replace("points: 500", f"points: 500{pending}") + more)


@pytest.mark.parametrize(
    ("per", "since"),
    [
        # 22:30 in UTC is the 16th in Moscow; midnight there is 21:00 the day before.
        ("month", datetime(2026, 6, 30, 21, tzinfo=UTC)),
        ("year", datetime(2025, 12, 31, 21, tzinfo=UTC)),
        ("lifetime", None),
    ],
)
def test_a_budgets_span_begins_at_local_midnight(per: str, since: datetime | None) -> None:
    assert budget_since(programme(per), AT) == since


def test_a_span_may_begin_twice_and_begins_the_first_time() -> None:
    # In Havana the clocks went back from 1:00 to 0:00 on 1 November 2020: midnight came twice.
    havana = load_programme(
        REST.replace("zone: UTC", "zone: America/Havana") + SECTION.replace("year", "month")
    )
    at = datetime(2020, 11, 9, tzinfo=UTC)
    since = budget_since(havana, at)
    assert since is not None
    assert since.astimezone(UTC) == datetime(2020, 11, 1, 4, tzinfo=UTC)


def test_only_the_side_that_waits_waits() -> None:
    promised = programme("year", pending=", pending: {days: 14}")
    assert life_of(promised, Side.INVITER, AT) == (AT + timedelta(days=14), None)
    assert life_of(promised, Side.GUEST, AT) == (AT, None)


def test_points_live_from_when_they_can_be_spent() -> None:
    promised = programme("year", pending=", pending: {days: 14}", more="validity: {days: 10}\n")
    starts = AT + timedelta(days=14)
    assert life_of(promised, Side.INVITER, AT) == (starts, starts + timedelta(days=10))


def test_a_point_is_worth_what_it_buys_at_best() -> None:
    assert REST.count("redemption: {rates: {USD: 1}}") == 1
    rated = REST.replace(
        "redemption: {rates: {USD: 1}}",
        "redemption:\n  rates: {USD: 1}\n  products: ['*', {product: 'book:*', rates: {USD: 2}}]",
    )
    # Rows are looked through in order: the first takes all products, and then the second.
    assert terms_of(load_programme(rated + SECTION), AT).point_value == {"USD": 1}
    rated = rated.replace(
        "'*', {product: 'book:*', rates: {USD: 2}}", "{product: 'book:*', rates: {USD: 2}}, '*'"
    )
    assert terms_of(load_programme(rated + SECTION), AT).point_value == {"USD": 2}


def test_each_side_gets_its_own_share() -> None:
    shares = Shares(Points(5), Points(2))
    assert (shares.of(Side.INVITER), shares.of(Side.GUEST)) == (Points(5), Points(2))
