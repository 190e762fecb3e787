"""The last value that is taken, and the first that is not, of orders, offers, tokens and terms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from ledger.kernel.canonical import Json
from ledger.kernel.units import Points
from ledger.redemption import pricing, tokens
from ledger.redemption.claims import TEXT_LENGTH_MAX
from ledger.redemption.code_text import TYPED_LENGTH_MAX, digest_of_code
from ledger.redemption.errors import (
    CaptureAboveHold,
    OrderExpired,
    OrderMalformed,
    RefundAbovePaid,
    TermsMalformed,
)
from ledger.redemption.lines import (
    LineCapture,
    RedeemedLine,
    capture_spread,
    held_lines,
    refund_lines,
)
from ledger.redemption.model import Redemption, RedemptionState, decide_capture, decide_refund
from ledger.redemption.orders import AMOUNT_MINOR_MAX, DISCOUNTS_MAX, LINES_MAX, read_order
from ledger.redemption.pricing import PricedLine
from ledger.redemption.reading import NAMES_MAX
from ledger.redemption.terms import parse_terms
from tests.unit.redemption.conftest import NOW, SOURCE, claims

SECONDS = int(NOW.timestamp())
LINE: dict[str, Json] = {"id": "1", "product": "course:go", "price_minor": 5000}


def lines(count: int) -> list[Json]:
    return [LINE | {"id": str(number)} for number in range(count)]


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": SECONDS + 7 * 86_400},
        {"iat": SECONDS + 300, "exp": SECONDS + 900},
        {"lines": lines(LINES_MAX)},
        {"discounts": [{"code": "a", "amount_minor": 1}] * DISCOUNTS_MAX},
        {"lines": [LINE | {"price_minor": AMOUNT_MINOR_MAX}]},
        {"sub": "x"},
        {"sub": "x" * TEXT_LENGTH_MAX},
    ],
    ids=",".join,
)
def test_an_order_at_its_bounds_is_read(changes: dict[str, Json]) -> None:
    assert read_order(claims(**changes), source=SOURCE, at=NOW).number == "A-17"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"iat": SECONDS, "exp": SECONDS}, "exp"),
        ({"iat": -1, "exp": 5}, "iat"),
        ({"iat": 10**11 - 1, "exp": 10**11}, "iat"),
        ({"iat": 10**11 - 1, "exp": 10**11 + 1}, "exp"),
        ({"lines": lines(LINES_MAX + 1)}, "lines"),
    ],
)
def test_and_a_step_beyond_is_refused(changes: dict[str, Json], field: str) -> None:
    with pytest.raises(OrderMalformed) as refused:
        read_order(claims(**changes), source=SOURCE, at=NOW)
    assert refused.value.operands["field"] == field


def test_the_first_second_of_1970_is_a_moment() -> None:
    with pytest.raises(OrderExpired):
        read_order(claims(iat=0, exp=1), source=SOURCE, at=NOW)


def test_what_is_wrong_with_a_far_moment_is_said() -> None:
    for last, said in ((10**11, "future"), (10**11 + 1, "whole seconds")):
        with pytest.raises(OrderMalformed, match=said):
            read_order(claims(iat=last - 1, exp=last), source=SOURCE, at=NOW)


def test_what_is_typed_may_be_so_long() -> None:
    code = "0000-0000-0000-0000"
    plain = digest_of_code(code)
    assert plain is not None
    assert digest_of_code(code + " " * (TYPED_LENGTH_MAX - len(code))) == plain
    assert digest_of_code(code + " " * (TYPED_LENGTH_MAX + 1 - len(code))) is None


def test_a_token_may_be_so_long() -> None:
    for length, said in ((tokens.TOKEN_LENGTH_MAX, "parts"), (tokens.TOKEN_LENGTH_MAX + 1, "long")):
        with pytest.raises(tokens.NotGenuine, match=said):
            tokens.open_token("x" * length, token_type="a")


def test_a_part_with_a_foreign_letter_is_not_base64url() -> None:
    with pytest.raises(tokens.NotGenuine, match="part is not base64url"):
        tokens._decode("abcd!")


@pytest.mark.parametrize(
    ("said", "minutes"), [({"hold_minutes": 1}, 1), ({"hold_minutes": 2}, 2), ({}, 30)]
)
def test_a_hold_lasts_a_minute_at_least(said: dict[str, Json], minutes: int) -> None:
    terms = parse_terms({"rates": {"USD": 1}, **said})
    assert terms.hold_for.total_seconds() == 60 * minutes
    with pytest.raises(TermsMalformed):
        parse_terms({"rates": {"USD": 1}, "hold_minutes": 0})


def test_a_code_lives_a_day_at_least_and_has_no_least_points() -> None:
    terms = parse_terms({"rates": {"USD": 1}, "code_days": 1, "min_points": 50})
    assert terms.code_for is not None
    assert terms.code_for.days == 1
    assert terms.for_code(("*",)).min_points == Points(0)
    with pytest.raises(TermsMalformed):
        parse_terms({"rates": {"USD": 1}, "code_days": 0})


def test_a_pattern_is_all_but_its_star() -> None:
    terms = parse_terms({"rates": {"USD": 1}, "products": ["course:*"]})
    assert terms.is_eligible("course:go")
    assert not terms.is_eligible("course")
    assert not terms.is_eligible("coursex")


def test_a_line_without_points_is_worth_the_common_rate() -> None:
    priced = (PricedLine("own", 100, 0, 10, Fraction(2)), PricedLine("none", 100, 0, 0))
    assert [line.rate for line in held_lines(priced, Fraction(5, 2))] == [
        Fraction(2),
        Fraction(5, 2),
    ]


def test_money_spreads_over_what_each_line_leaves_to_pay() -> None:
    # Of 100 and 300, 60 and 0 are discounts: 40 and 300 are left, and 34 is a tenth of both.
    done = capture_spread(
        (RedeemedLine("a", 100, 60, Fraction(1)), RedeemedLine("b", 300, 0, Fraction(1))), 60, 34
    )
    assert [line.paid_minor for line in done] == [4, 30]


def a_line() -> RedeemedLine:
    return RedeemedLine(
        "a", 100, 40, Fraction(1), captured_minor=40, points=Points(40), paid_minor=60
    )


def test_a_line_is_refunded_up_to_what_was_paid_in_all() -> None:
    (once,) = refund_lines((a_line(),), {"a": 45}, "USD")
    (twice,) = refund_lines((once,), {"a": 15}, "USD")
    assert (twice.refunded_minor, twice.returned_points) == (60, Points(40))
    with pytest.raises(RefundAbovePaid) as refused:
        refund_lines((once,), {"a": 16}, "USD")
    assert refused.value.operands["refundable_minor"] == 15


def test_a_second_refund_by_line_gives_back_the_difference(held: Callable[..., Redemption]) -> None:
    redemption = held(
        state=RedemptionState.CAPTURED,
        captured_minor=40,
        captured_points=Points(40),
        paid_minor=60,
        lines=(a_line(),),
    )
    first = decide_refund(redemption, 30, {"a": 30})
    assert first.points == Points(20)
    again = decide_refund(
        replace(
            redemption,
            state=first.state,
            lines=first.lines,
            refunded_minor=first.refunded_minor,
            returned_minor=first.returned_minor,
            returned_points=first.returned_points,
            refunded_by=first.refunded_by,
        ),
        15,
        {"a": 15},
    )
    assert (again.points, again.returned_points) == (Points(10), Points(30))


def test_what_is_above_a_hold_is_said_of_the_line_or_of_the_order(
    held: Callable[..., Redemption],
) -> None:
    with pytest.raises(CaptureAboveHold, match="of line a"):
        decide_capture(held(), at=NOW, lines={"a": LineCapture(801)})
    with pytest.raises(CaptureAboveHold, match="of the order"):
        decide_capture(held(), at=NOW, lines={"a": LineCapture(0)})


def test_what_the_dearest_rate_took_is_not_there_for_the_next() -> None:
    classes = [
        pricing._Class(Fraction(2), {"a": 100}, 60),
        pricing._Class(Fraction(1), {"b": 100}, 60),
    ]
    assert pricing._buy(classes, None, 80) == {"a": 60, "b": 20}


def test_the_smaller_of_two_bounds_counts() -> None:
    assert pricing._least(Points(5), Points(3)) == Points(3)
    assert pricing._least(None, Points(-3)) == Points(0)


def test_so_many_names_and_no_more() -> None:
    names: list[Json] = [f"book:{number}" for number in range(NAMES_MAX)]
    said: dict[str, Json] = {"rates": {"USD": 1}, "excluded_products": names}
    assert len(parse_terms(said).excluded_products) == NAMES_MAX
    with pytest.raises(TermsMalformed):
        parse_terms({"rates": {"USD": 1}, "excluded_products": [*names, "one-more"]})
