from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from ledger.kernel.units import Points
from ledger.redemption.errors import QuoteExpired, QuoteForged
from ledger.redemption.orders import read_order
from ledger.redemption.pricing import Allowance, price
from ledger.redemption.quotes import (
    Quote,
    QuoteKeys,
    Versions,
    make_quote,
    quote_json,
    read_quote,
    same_promise,
    sign_quote,
)
from ledger.redemption.terms import parse_terms
from tests.unit.redemption.conftest import MEMBER, NOW, SOURCE, claims

KEYS = QuoteKeys("k2", {"k1": b"1" * 32, "k2": b"2" * 32})
SECTION = {"rates": {"USD": "5/2"}, "max_share": 50}


def _quote(*, requested: int = 401, life_s: int = 3600, programme: bytes = b"p" * 32) -> Quote:
    order = read_order(claims(exp=int(NOW.timestamp()) + life_s), source=SOURCE, at=NOW)
    versions = Versions(programme, parse_terms(SECTION))
    return make_quote(
        member_id=MEMBER,
        order=order,
        priced=price(order, versions.terms, Allowance(), Points(requested)),
        requested=Points(requested),
        versions=versions,
        at=NOW + timedelta(microseconds=5),
    )


def test_a_quote_is_read_back_as_it_was_signed() -> None:
    quote = _quote()
    assert read_quote(sign_quote(quote, KEYS), KEYS, at=NOW) == quote
    assert quote_json(quote)["points"] == 401
    assert quote.payable_minor == 5000 - 1002


def test_the_same_input_gives_the_same_token() -> None:
    assert sign_quote(_quote(), KEYS) == sign_quote(_quote(), KEYS)


def test_a_retired_key_still_verifies_and_an_unknown_one_does_not() -> None:
    old = sign_quote(_quote(), replace(KEYS, active="k1"))
    assert read_quote(old, KEYS, at=NOW) == _quote()
    with pytest.raises(QuoteForged):
        read_quote(old, QuoteKeys("k2", {"k2": b"2" * 32}), at=NOW)


def test_an_order_is_no_quote() -> None:
    token = sign_quote(_quote(), KEYS)
    with pytest.raises(QuoteForged, match="no quote of ours"):
        read_quote(token[:-4] + "AAAA", KEYS, at=NOW)
    with pytest.raises(QuoteForged):
        read_quote("", KEYS, at=NOW)


def test_a_quote_ends_after_its_minutes_and_with_its_order() -> None:
    token = sign_quote(_quote(), KEYS)
    assert read_quote(token, KEYS, at=NOW + timedelta(seconds=599)).member_id == MEMBER
    with pytest.raises(QuoteExpired) as refused:
        read_quote(token, KEYS, at=NOW + timedelta(seconds=600))
    assert refused.value.operands["expired_at"] == "2026-03-02T09:10:00Z"
    assert _quote(life_s=60).expires_at == NOW + timedelta(seconds=60)


def test_a_promise_is_what_not_when() -> None:
    quote = _quote()
    later = replace(quote, quote_id=UUID(int=1), issued_at=NOW, expires_at=NOW)
    assert same_promise(quote, later)
    for changed in (
        _quote(requested=402),
        _quote(programme=b"q" * 32),
        replace(quote, rate="3"),
        replace(quote, order_digest=b"x"),
        replace(quote, lines=()),
        replace(quote, discount_minor=1),
        replace(quote, hold_for=timedelta(minutes=1)),
    ):
        assert not same_promise(quote, changed)
