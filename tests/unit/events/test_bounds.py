"""What is just within its bounds is admitted, and what is just beyond is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from ledger.events.admission import admit
from ledger.events.errors import BatchTooLarge, EventInvalid, EventTooLate
from ledger.events.model import (
    BATCH_EVENTS_MAX,
    EVENT_ID_LENGTH_MAX,
    TEXT_LENGTH_MAX,
    TYPE_LENGTH_MAX,
    ExactJson,
)
from ledger.events.objects import ObjectHistory, is_repeated, taken_back
from ledger.events.personal import DEPTH_MAX, first_personal_field
from ledger.kernel.clock import Instant
from ledger.members.model import SUBJECT_LENGTH_MAX
from tests.unit.events.test_admission import HASHES, NOW, SOURCE, admitted, event
from tests.unit.events.test_objects import step

LATE = timedelta(days=SOURCE.lateness_days)
HALF = timedelta(milliseconds=500)


def test_a_batch_has_so_many_events_at_most() -> None:
    assert len(admit(SOURCE, [event()] * BATCH_EVENTS_MAX, NOW)) == BATCH_EVENTS_MAX
    with pytest.raises(BatchTooLarge):
        admit(SOURCE, [event()] * (BATCH_EVENTS_MAX + 1), NOW)


@pytest.mark.parametrize(
    "field",
    [
        {"id": "x" * EVENT_ID_LENGTH_MAX},
        {"type": "lms.unheard.of".ljust(TYPE_LENGTH_MAX, "f")},
        {"subject": f"lms:{'x' * SUBJECT_LENGTH_MAX}"},
    ],
    ids=lambda field: next(iter(field)),
)
def test_a_field_is_so_long_at_most(field: dict[str, str]) -> None:
    assert admitted(**field)
    with pytest.raises(EventInvalid):
        admitted(**{name: f"{text}x" for name, text in field.items()})


def test_what_tells_a_device_is_so_long_at_most() -> None:
    def kept(text: str) -> object:
        told = event(type="own.thing.done", data={"device": text})
        return admit(SOURCE, [told], NOW, hashes=HASHES)[0].values.get("device")

    assert kept("x" * TEXT_LENGTH_MAX) is not None
    assert kept("x" * (TEXT_LENGTH_MAX + 1)) is None


def test_of_the_earliest_second_the_later_part_is_in_time() -> None:
    received = NOW + HALF
    (found,) = admit(SOURCE, [event(time=Instant.of(received - LATE))], received)
    assert found.occurred == Instant.of(received - LATE)
    early = event(time=Instant.of(received - LATE - HALF / 5))
    with pytest.raises(EventTooLate):
        admit(SOURCE, [early], received)


@pytest.mark.parametrize(
    "value",
    [
        "1" * 24,
        Decimal("1" * 24),
        Decimal("1E+23"),
        Decimal("1E-24"),
        f"0.{'0' * 23}1",
        10**23,
        "0" * 511 + "7",
    ],
)
def test_a_number_of_so_many_digits_is_kept(value: ExactJson) -> None:
    found = admitted(type="own.thing.done", data={"decimal": value})
    assert found.values["decimal"] == Decimal(str(value))


@pytest.mark.parametrize(
    "value",
    ["1" * 25, Decimal("1E+24"), Decimal("12E+23"), Decimal("1E-25"), 10**24, "0" * 512 + "7"],
)
def test_a_number_of_more_digits_is_refused(value: ExactJson) -> None:
    with pytest.raises(EventInvalid):
        admitted(type="own.thing.done", data={"decimal": value})


@pytest.mark.parametrize(("one_is_ours", "other_is_ours"), [(True, False), (False, True)])
def test_a_time_of_ours_on_either_side_does_not_count(
    *, one_is_ours: bool, other_is_ours: bool
) -> None:
    one = admitted()._replace(time_is_ours=one_is_ours)
    other = one._replace(time_is_ours=other_is_ours, occurred=Instant(7))
    assert one.says_the_same(other)
    plain = one._replace(time_is_ours=False)
    assert not plain.says_the_same(plain._replace(occurred=Instant(7)))


def test_what_stands_again_is_repeated_whatever_was_removed_before() -> None:
    history = ObjectHistory({"a": 2, "b": 6}, {"c": 4})
    assert is_repeated(step("stated", 8), history)
    assert not is_repeated(step("stated", 8), replace(history, removed={"c": 7}))
    assert not is_repeated(step("stated", 1), history)


def test_what_has_no_history_takes_back_its_target_alone() -> None:
    removal = step("removed", 3)
    assert taken_back(removal, None) == [("post:1", removal.id)]
    assert taken_back(removal._replace(step=None), ObjectHistory({"a": 2})) == [
        ("post:1", removal.id)
    ]
    assert taken_back(step("stated", 2), None) == []


@pytest.mark.parametrize("of", [dict, list])
def test_data_is_nested_so_deep_at_most(of: type) -> None:
    def nested(deep: int) -> ExactJson:
        value: ExactJson = {} if of is dict else []
        for _ in range(deep):
            value = {"a": value} if of is dict else [value]
        return value

    assert first_personal_field(nested(DEPTH_MAX)) is None
    with pytest.raises(EventInvalid, match="nested 64 deep at most"):
        first_personal_field(nested(DEPTH_MAX + 1))
