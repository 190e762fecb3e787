from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.kernel.ids import BadId, RandomIds, derived_id, format_id, parse_id

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
uuids = st.uuids()


@given(uuids)
def test_text_form_is_read_back(value: UUID) -> None:
    text = format_id("mem", value)
    assert parse_id("mem", text) == value
    assert len(text) == len("mem_") + 26


@given(uuids, uuids)
def test_text_sorts_as_the_number_does(a: UUID, b: UUID) -> None:
    assert (format_id("evt", a) < format_id("evt", b)) == (a < b)


@given(uuids, st.integers(0, 25), st.characters())
def test_a_changed_character_is_another_id_or_none(value: UUID, at: int, letter: str) -> None:
    text = format_id("mem", value)
    changed = text[: 4 + at] + letter + text[5 + at :]
    if changed == text:
        return
    with contextlib.suppress(BadId):
        assert parse_id("mem", changed) != value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mem_",
        "evt_00000000000000000000000000",
        "mem_0000000000000000000000000",
        "mem_000000000000000000000000000",
        "mem_0000000000000000000000000I",
        "mem_0000000000000000000000000u",
        "mem_zzzzzzzzzzzzzzzzzzzzzzzzzz",
        "mem-00000000000000000000000000",
        " mem_00000000000000000000000000",
    ],
)
def test_what_is_not_an_id_is_refused(text: str) -> None:
    with pytest.raises(BadId):
        parse_id("mem", text)


def test_new_ids_are_version_7_and_increase_even_when_time_stands_still() -> None:
    ids = RandomIds()
    made = [ids.new(NOON) for _ in range(1_000)]
    assert all(earlier < later for earlier, later in pairwise(made))
    assert {one.version for one in made} == {7}
    assert made[0].int >> 80 == int(NOON.timestamp() * 1000)


def test_new_ids_increase_when_the_clock_goes_back() -> None:
    ids = RandomIds()
    first = ids.new(NOON)
    assert ids.new(NOON - timedelta(days=1)) > first


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_a_derived_id_is_of_its_parts(a: list[str], b: list[str]) -> None:
    assert (derived_id(NOON, *a) == derived_id(NOON, *b)) == (a == b)


def test_a_derived_id_carries_its_time() -> None:
    assert derived_id(NOON, "x").version == 7
    assert derived_id(NOON, "x") < derived_id(NOON + timedelta(milliseconds=1), "a")


def test_secrets_are_long_and_differ() -> None:
    ids = RandomIds()
    assert len({ids.secret() for _ in range(100)}) == 100
    assert len(ids.secret()) >= 43
