from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.kernel.clock import FRACTION_DIGITS_MAX, BadInstant, Instant, SystemClock

digits = st.text("0123456789", max_size=FRACTION_DIGITS_MAX)
moments = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30))  # noqa: DTZ001


def _fraction(text: str) -> Fraction:
    return Fraction(int(text or "0"), 10 ** len(text))


@given(digits, digits)
def test_fractions_of_a_second_compare_as_the_numbers_they_denote(a: str, b: str) -> None:
    first = Instant.parse(f"2026-03-02T09:00:00{'.' + a if a else ''}Z")
    second = Instant.parse(f"2026-03-02T09:00:00{'.' + b if b else ''}Z")
    assert (first < second) == (_fraction(a) < _fraction(b))
    assert (first == second) == (_fraction(a) == _fraction(b))


@given(moments, st.integers(-14 * 60, 14 * 60))
def test_an_offset_names_the_same_moment(moment: datetime, offset_minutes: int) -> None:
    at = moment.replace(tzinfo=UTC)
    elsewhere = at.astimezone(timezone(timedelta(minutes=offset_minutes)))
    assert Instant.parse(elsewhere.isoformat()) == Instant.of(at) == Instant.of(elsewhere)
    assert Instant.of(at).floor_datetime() == at


@given(moments, digits)
def test_what_is_written_is_read_back(moment: datetime, fraction: str) -> None:
    instant = Instant(Instant.of(moment.replace(tzinfo=UTC)).seconds, fraction.rstrip("0"))
    assert Instant.parse(instant.isoformat()) == instant


def test_digits_below_the_microsecond_are_kept_and_floored_only_for_a_datetime() -> None:
    instant = Instant.parse("2026-03-02T09:00:00.1234567890Z")
    assert instant.fraction == "123456789"
    assert instant.floor_datetime() == datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02T09:00:00",
        "2026-03-02 09:00:00Z",
        "2026-03-02T09:00Z",
        "2026-03-02T09:00:00.Z",
        "2026-03-02T09:00:00+0100",
        "2026-02-30T09:00:00Z",
        "2026-03-02T24:00:00Z",
        "2016-12-31T23:59:60Z",
        "0001-01-01T00:00:00+10:00",
        "9999-12-31T23:59:59-10:00",
        "0000-01-01T00:00:00Z",
        "2026-03-02T09:00:00+25:00",
        "٢٠٢٦-03-02T09:00:00Z",
        "2026-03-02T09:00:00Z\n",
        "2026-03-02T09:00:00." + "1" * (FRACTION_DIGITS_MAX + 1) + "Z",
        "",
        "now",
    ],
)
def test_what_is_not_rfc_3339_is_refused(text: str) -> None:
    with pytest.raises(BadInstant):
        Instant.parse(text)


def test_a_small_z_and_t_are_allowed() -> None:
    assert Instant.parse("2026-03-02t09:00:00z") == Instant.parse("2026-03-02T09:00:00Z")


def test_the_system_clock_is_aware_and_does_not_stand() -> None:
    first, second = SystemClock().now(), SystemClock().now()
    assert first.tzinfo is UTC
    assert second >= first


def test_a_naive_datetime_is_a_programming_error() -> None:
    with pytest.raises(AssertionError):
        Instant.of(datetime(2026, 3, 2))  # noqa: DTZ001


def test_a_second_has_so_many_digits_at_most() -> None:
    text = "1" * FRACTION_DIGITS_MAX
    assert Instant.parse(f"2026-03-02T09:00:00.{text}Z").fraction == text
