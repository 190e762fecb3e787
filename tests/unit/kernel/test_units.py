from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.kernel.units import Money, Points, TokenUnits, round_half_up, sum_points

amounts = st.integers(-(10**30), 10**30)


@given(amounts, amounts)
def test_points_add_and_subtract_as_integers(a: int, b: int) -> None:
    assert Points(a) + Points(b) - Points(b) == Points(a)
    assert -(Points(a) - Points(b)) == Points(b) - Points(a)
    assert sum_points([Points(a), Points(b)]) == Points(a + b)


@pytest.mark.parametrize("amount", [1.0, "1", None, True, Fraction(1)])
@pytest.mark.parametrize("unit", [Points, TokenUnits, lambda a: Money(a, "EUR")])
def test_an_amount_is_an_int_and_nothing_else(unit: type, amount: object) -> None:
    with pytest.raises(TypeError, match="An amount is an int"):
        unit(amount)


@pytest.mark.parametrize("other", [1, 1.0, TokenUnits(1), Money(1, "EUR")])
def test_points_mix_with_nothing(other: object) -> None:
    with pytest.raises(TypeError):
        Points(1) + other  # type: ignore[operator]
    with pytest.raises(TypeError):
        Points(1) < other  # type: ignore[operator]  # noqa: B015
    assert Points(1) != other


@given(amounts)
def test_points_and_token_units_convert_exactly(amount: int) -> None:
    assert Points(amount).to_token_units().to_points_exact() == Points(amount)


@given(amounts, st.integers(1, 10**18 - 1))
def test_token_units_that_are_no_whole_points_are_refused(amount: int, rest: int) -> None:
    units = TokenUnits(amount * 10**18) + TokenUnits(rest)
    with pytest.raises(ValueError, match="not a whole number of points"):
        units.to_points_exact()


def test_money_of_two_currencies_does_not_add_up() -> None:
    assert Money(150, "EUR") + Money(50, "EUR") == Money(200, "EUR")
    assert Money(1, "EUR") < Money(2, "EUR")
    for operation in (Money.__add__, Money.__sub__, Money.__lt__, Money.__le__):
        with pytest.raises(TypeError, match="EUR and RUB"):
            operation(Money(1, "EUR"), Money(1, "RUB"))


@pytest.mark.parametrize(
    ("money", "major"),
    [
        (Money(1999, "GBP"), "19.99"),
        (Money(-5, "EUR"), "-0.05"),
        (Money(1999, "JPY"), "1999"),
        (Money(1999, "KWD"), "1.999"),
        (Money(10**40 + 1, "USD"), "1" + "0" * 38 + ".01"),
    ],
)
def test_money_in_whole_units_is_exact(money: Money, major: str) -> None:
    assert str(money.major) == major
    assert Money.of_major(Decimal(major), money.currency) == money


@pytest.mark.parametrize(("major", "currency"), [("0.001", "EUR"), ("0.1", "JPY"), ("1", "eur")])
def test_a_part_of_a_minor_unit_is_no_money(major: str, currency: str) -> None:
    with pytest.raises(ValueError, match=currency):
        Money.of_major(Decimal(major), currency)


@pytest.mark.parametrize("currency", ["eur", "EURO", "EU", "", "EUR\n"])
def test_a_currency_is_three_capital_letters(currency: str) -> None:
    with pytest.raises(ValueError, match="three capital letters"):
        Money(1, currency)


@given(st.fractions())
def test_half_up_is_the_nearest_and_never_below_by_a_half(value: Fraction) -> None:
    rounded = round_half_up(value)
    assert Fraction(-1, 2) < rounded - value <= Fraction(1, 2)


@pytest.mark.parametrize(
    ("value", "rounded"),
    [("1/2", 1), ("-1/2", 0), ("3/2", 2), ("-3/2", -1), ("5/2", 3), ("2/3", 1)],
)
def test_a_half_goes_up(value: str, rounded: int) -> None:
    assert round_half_up(Fraction(value)) == rounded


@pytest.mark.parametrize("unit", [Points, TokenUnits])
def test_an_amount_is_false_when_it_is_nothing(unit: type) -> None:
    assert [bool(unit(amount)) for amount in (-1, 0, 1, 2)] == [True, False, True, True]


def test_token_units_add_and_subtract() -> None:
    assert TokenUnits(7) + TokenUnits(5) == TokenUnits(12)
    assert TokenUnits(7) - TokenUnits(5) == TokenUnits(2)


def test_money_of_one_currency_subtracts_and_compares() -> None:
    less, more = Money(150, "EUR"), Money(200, "EUR")
    assert more - less == Money(50, "EUR")
    assert (less < more, more < less, less < Money(150, "EUR")) == (True, False, False)
    assert (less <= more, more <= less, less <= Money(150, "EUR")) == (True, False, True)
