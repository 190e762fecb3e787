from __future__ import annotations

import base64
import contextlib
import hashlib
import secrets
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


@pytest.mark.parametrize("last", ["", "a", "b", "c", "d"])
def test_a_derived_id_is_never_another_one(last: str) -> None:
    """Worked out from its definition: RFC 9562, 5.7, its random bits the first 74 of SHA-256."""
    parts = [b"award", "ё".encode(), last.encode()]
    message = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    bits = f"{int.from_bytes(hashlib.sha256(message).digest(), 'big'):0256b}"[:74]
    time = f"{1_772_452_800_000:048b}"
    expected = UUID(int=int(f"{time}0111{bits[:12]}10{bits[12:]}", 2))
    assert derived_id(NOON, "award", "ё", last) == expected
    assert (expected.version, expected.variant) == (7, "specified in RFC 4122")


@pytest.mark.parametrize(
    ("time", "stated"),
    [
        (NOON + timedelta(milliseconds=1), 1_772_452_800_001),
        (datetime(1970, 1, 1, tzinfo=UTC), 0),
        (datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC), 2**48 - 1_000),
    ],
)
def test_an_id_states_its_time_by_48_bits(time: datetime, stated: int) -> None:
    assert derived_id(time, "x").int >> 80 == stated


def test_the_first_id_of_a_process_may_be_the_least(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a clock and a chance that give nothing: what was given before is one at a time ahead."""
    asked: list[int] = []
    monkeypatch.setattr(secrets, "randbits", lambda bits: asked.append(bits) or 0)
    ids = RandomIds()
    first = ids.new(NOON)
    assert first.int == int(NOON.timestamp() * 1000) << 80 | 7 << 76 | 2 << 62
    assert [ids.new(NOON).int - first.int for _ in range(2)] == [1, 2]
    assert set(asked) == {74}


def test_a_secret_is_32_bytes() -> None:
    assert len(base64.urlsafe_b64decode(RandomIds().secret() + "=")) == 32


@pytest.mark.parametrize("head", "89abcdefghjkmnpqrstvwxyz")
def test_an_id_is_not_over_128_bits(head: str) -> None:
    with pytest.raises(BadId):
        parse_id("mem", f"mem_{head}{'0' * 25}")


def test_all_bits_of_an_id_are_read() -> None:
    assert parse_id("mem", f"mem_7{'z' * 25}").int == 2**128 - 1
