"""Numbers, money and times as each language writes them; nothing rounded."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from api.i18n.formats import write, write_day, write_exact, write_number, write_share, write_time
from api.i18n.negotiation import negotiate
from ledger.kernel.clock import Instant
from ledger.kernel.units import Money, Points, TokenUnits

NBSP, NNBSP = "\u00a0", "\u202f"


@pytest.mark.parametrize(
    ("value", "english", "russian"),
    [
        (1584, "1,584", f"1{NBSP}584"),
        (Points(-1234567), "-1,234,567", f"-1{NBSP}234{NBSP}567"),
        (Money(158400, "RUB"), f"RUB{NBSP}1,584.00", f"1{NBSP}584,00{NBSP}₽"),
        (Money(5, "USD"), "$0.05", f"0,05{NBSP}$"),
        (Money(1584, "JPY"), "¥1,584", f"1{NBSP}584{NBSP}¥"),
        (TokenUnits(10**18), "1", "1"),
        (TokenUnits(1_500_000_000_000_000_000), "1.5", "1,5"),
        (TokenUnits(1), "0.000000000000000001", "0,000000000000000001"),
        (TokenUnits(-(10**17)), "-0.1", "-0,1"),
        (date(2026, 3, 2), "March 2, 2026", f"2 марта 2026{NBSP}г."),
        (datetime(2026, 3, 2, 9, 5, tzinfo=UTC), "2 March 2026, 09:05", "2 марта 2026, 09:05"),
        (Instant.parse("2026-03-02T09:05:59.999Z"), "2 March 2026, 09:05", "2 марта 2026, 09:05"),
        ("as it is", "as it is", "as it is"),
        (None, "", ""),
    ],
)
def test_each_type_in_each_language(value: object, english: str, russian: str) -> None:
    told = [write(value, language).replace(NNBSP, NBSP) for language in ("en", "ru")]  # type: ignore[arg-type]
    assert told == [english, russian]


def test_a_token_amount_keeps_every_digit_however_large() -> None:
    units = TokenUnits(123_456_789_012_345_678_901_234_567_890_123_456_789)
    assert write(units, "en") == "123,456,789,012,345,678,901.234567890123456789"


def test_a_day_is_the_one_of_the_zone() -> None:
    late = datetime(2026, 3, 2, 22, 30, tzinfo=UTC)
    moscow = timezone(timedelta(hours=3))
    assert write_day(late, "en") == "2 March 2026"
    assert write_day(late, "en", moscow) == "3 March 2026"
    assert write_time(late, "ru", moscow) == "3 марта 2026, 01:30"


def test_a_share_of_nothing_is_no_error() -> None:
    assert write_share(0, 0, "en") == "0%"
    assert write_share(1, 4, "en") == "25%"


@pytest.mark.parametrize(
    ("header", "chosen", "language"),
    [
        (None, [], "en"),
        ("", [None], "en"),
        ("ru", [], "ru"),
        ("ru-RU,ru;q=0.9,en;q=0.8", [], "ru"),
        ("en;q=0.5, ru;q=0.6", [], "ru"),
        ("de, fr;q=0.9", [], "en"),
        ("de, ru;q=0.1", [], "ru"),
        ("ru;q=0", [], "en"),
        ("ru;q=nonsense", [], "en"),
        ("*", [], "en"),
        ("en", ["ru"], "ru"),
        ("en", ["xx", "ru"], "ru"),
        ("ru", ["xx"], "ru"),
        ("," * 10_000, [], "en"),
    ],
)
def test_the_language_of_a_request(
    header: str | None, chosen: list[str | None], language: str
) -> None:
    assert negotiate(header, ["en", "ru"], chosen) == language


def test_exact_numbers_take_the_sign_of_the_language() -> None:
    assert write_exact("1.25", "ru") == "1,25"
    assert write_exact("1.25", "en") == "1.25"
    assert write_exact("12345.5", "en") == "12,345.5"
    assert write_exact("-0.5", "ru") == "-0,5"
    assert write_exact("1306", "ru") == write_number(1306, "ru")
    assert write_exact("1/3", "ru") == "1/3"
