from __future__ import annotations

from datetime import timedelta

import pytest

from ledger.kernel.canonical import Json
from ledger.redemption.errors import OrderExpired, OrderMalformed
from ledger.redemption.orders import read_order
from tests.unit.redemption.conftest import NOW, SOURCE, claims

SECONDS = int(NOW.timestamp())
LINE: dict[str, Json] = {"id": "1", "product": "course:go", "price_minor": 5000}


def test_an_order_is_read() -> None:
    order = read_order(
        claims(
            lines=[
                LINE | {"discounts": [{"code": "annual", "amount_minor": 500}]},
                {"id": "2", "product": "book", "price_minor": 700},
            ],
            discounts=[{"code": "friend", "amount_minor": 300}],
            jti="anything",
        ),
        source=SOURCE,
        at=NOW,
    )
    assert (order.gross_minor, order.net_minor) == (5700, 4900)
    assert order.discount_codes() == {"annual", "friend"}
    assert (order.source, order.number, order.buyer) == ("https://lms.example", "A-17", "lms:1042")


def test_the_digest_is_of_the_content_not_of_the_token() -> None:
    first = read_order(claims(), source=SOURCE, at=NOW)
    again = read_order(claims(iat=SECONDS - 60, exp=SECONDS + 60, jti="x"), source=SOURCE, at=NOW)
    other = read_order(claims(lines=[LINE | {"price_minor": 4999}]), source=SOURCE, at=NOW)
    assert first.digest == again.digest != other.digest


def test_expiry_is_exclusive() -> None:
    assert read_order(claims(), source=SOURCE, at=NOW + timedelta(seconds=3599)).number == "A-17"
    with pytest.raises(OrderExpired) as refused:
        read_order(claims(), source=SOURCE, at=NOW + timedelta(seconds=3600))
    assert refused.value.operands["order"] == "A-17"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": "a@b.example"}, "order"),
        ({"sub": ""}, "sub"),
        ({"sub": "x" * 201}, "sub"),
        ({"sub": "a\x00b"}, "sub"),
        ({"order": 17}, "order"),
        ({"iat": 1.5}, "iat"),
        ({"iat": SECONDS + 301, "exp": SECONDS + 900}, "iat"),
        ({"exp": SECONDS}, "exp"),
        ({"exp": SECONDS + 7 * 86400 + 1}, "exp"),
        ({"exp": 10**12}, "exp"),
        ({"currency": "usd"}, "currency"),
        ({"lines": []}, "lines"),
        ({"lines": [LINE, LINE]}, "lines"),
        ({"lines": [LINE] * 201}, "lines"),
        ({"lines": {"1": LINE}}, "lines"),
        ({"lines": ["1"]}, "lines[0]"),
        ({"lines": [LINE | {"vat": 1}]}, "lines[0]"),
        ({"lines": [LINE | {"price_minor": -1}]}, "lines[0].price_minor"),
        ({"lines": [LINE | {"price_minor": 50.0}]}, "lines[0].price_minor"),
        ({"lines": [LINE | {"price_minor": True}]}, "lines[0].price_minor"),
        ({"lines": [LINE | {"price_minor": 10**12 + 1}]}, "lines[0].price_minor"),
        (
            {"lines": [LINE | {"discounts": [{"code": "a", "amount_minor": 5001}]}]},
            "lines[0].discounts",
        ),
        ({"lines": [LINE | {"discounts": [{"code": "a"}]}]}, "lines[0].discounts[0]"),
        ({"discounts": [{"code": "a", "amount_minor": 5001}]}, "discounts"),
        ({"discounts": "none"}, "discounts"),
        ({"jti": {"unsafe": 2**60}, "order": "\ud800"}, "order"),
    ],
)
def test_what_is_out_of_bounds_is_refused(changes: dict[str, Json], field: str) -> None:
    with pytest.raises(OrderMalformed) as refused:
        read_order(claims(**changes), source=SOURCE, at=NOW)
    assert refused.value.operands["field"] == field


@pytest.mark.parametrize("missing", sorted(claims()))
def test_every_claim_is_needed(missing: str) -> None:
    stated = claims()
    del stated[missing]
    with pytest.raises(OrderMalformed, match=missing):
        read_order(stated, source=SOURCE, at=NOW)
