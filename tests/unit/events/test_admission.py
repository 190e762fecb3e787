"""Admission: what a source may state, and what of it is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.events.admission import admit, check_data
from ledger.events.catalogue import TYPES, attribute_of, fields_of, may_assert
from ledger.events.errors import (
    BatchTooLarge,
    EventInFuture,
    EventInvalid,
    EventTooLate,
    IdentityNotAllowed,
    PersonalField,
    TypeNotAllowed,
)
from ledger.events.model import (
    AdmittedEvent,
    Authority,
    ExactJson,
    FieldKind,
    IncomingEvent,
    Source,
)
from ledger.events.personal import first_personal_field, is_personal
from ledger.kernel.clock import Instant
from ledger.kernel.errors import VkladError
from ledger.kernel.keyed import KeyedHashes
from ledger.members.model import IdentityKey
from ledger.programme.model_thanks import THANKS_GIVEN, THANKS_SOURCE

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HASHES = KeyedHashes(bytes(32))
SOURCE = Source(
    source_id=UUID(int=1),
    uri="https://lms.example",
    name="lms",
    profile="bearer",
    state="active",
    authority=Authority(
        types=("lms.*", "own.thing.done", "club.like.given"),
        issuers={"lms": "https://lms.example"},
        attributes=("qualification",),
        declared={
            "own.thing.done": {kind.value: kind for kind in FieldKind} | {"email": FieldKind.STRING}
        },
    ),
    lateness_days=30,
)


def event(**changes: Any) -> IncomingEvent:
    whole: dict[str, Any] = {
        "id": "e1",
        "type": "lms.section.read",
        "subject": "lms:1042",
        "time": Instant.of(NOW),
        "data": {},
    }
    return IncomingEvent(**(whole | changes))


def admitted(**changes: Any) -> AdmittedEvent:
    return admit(SOURCE, [event(**changes)], NOW)[0]


def test_only_declared_fields_are_kept() -> None:
    found = admitted(data={"section": 7, "course": "c", "note": "free text", "object": None})
    assert found.values == {"section": 7, "course": "c"}
    assert found.subject == IdentityKey("lms", "https://lms.example", "1042")
    assert found.recognised


def test_identities_in_data_are_kept_apart() -> None:
    found = admitted(type="club.like.given", data={"post": "p", "owner": "lms:7"})
    assert found.identities == {"owner": IdentityKey("lms", "https://lms.example", "7")}
    assert found.values == {"post": "p"}
    assert len(found.identity_keys()) == 2


def test_a_type_nobody_declared_keeps_nothing_and_needs_no_subject() -> None:
    found = admitted(type="lms.unheard.of", data={"a": 1}, subject=None)
    assert (found.recognised, found.values, found.subject) == (False, {}, None)


GOOD: list[tuple[FieldKind, ExactJson, object]] = [
    (FieldKind.KEY, "a", "a"),
    (FieldKind.KEY, 5, 5),
    (FieldKind.STRING, "é" * 512, "é" * 512),
    (FieldKind.INTEGER, 2**53 - 1, 2**53 - 1),
    (FieldKind.INTEGER, Decimal("4.0"), 4),
    (FieldKind.DECIMAL, Decimal("0.1"), Decimal("0.1")),
    (FieldKind.DECIMAL, "12.50", Decimal("12.50")),
    (FieldKind.DECIMAL, 3, Decimal(3)),
    (FieldKind.BOOLEAN, False, False),
    (FieldKind.TIME, "2026-03-02T10:00:00.500+01:00", "2026-03-02T09:00:00.5Z"),
    (FieldKind.VALUE, True, True),
    (FieldKind.VALUE, Decimal("1.5"), Decimal("1.5")),
    (FieldKind.VALUE, 3, 3),
    (FieldKind.VALUE, "x", "x"),
]
BAD: list[tuple[FieldKind, ExactJson]] = [
    (FieldKind.IDENTITY, 5),
    (FieldKind.IDENTITY, "1042"),
    (FieldKind.IDENTITY, "LMS:1042"),
    (FieldKind.IDENTITY, "lms:" + "x" * 257),
    (FieldKind.IDENTITY, "lms:a\x00"),
    (FieldKind.KEY, Decimal("1.5")),
    (FieldKind.KEY, "a\nb"),
    (FieldKind.STRING, 5),
    (FieldKind.STRING, "x" * 513),
    (FieldKind.STRING, "a\x00"),
    (FieldKind.STRING, "idn_06aqm3"),
    (FieldKind.INTEGER, 2**53),
    (FieldKind.INTEGER, True),
    (FieldKind.INTEGER, "5"),
    (FieldKind.INTEGER, Decimal("1.5")),
    (FieldKind.INTEGER, Decimal("1e999999999")),
    (FieldKind.DECIMAL, "1e5"),
    (FieldKind.DECIMAL, "NaN"),
    (FieldKind.DECIMAL, "٣"),
    (FieldKind.DECIMAL, True),
    (FieldKind.DECIMAL, Decimal("1e999999999")),
    (FieldKind.DECIMAL, Decimal("1e-999999999")),
    (FieldKind.DECIMAL, "1" * 25),
    (FieldKind.BOOLEAN, 1),
    (FieldKind.TIME, "yesterday"),
    (FieldKind.TIME, 5),
    (FieldKind.VALUE, []),
    (FieldKind.VALUE, {}),
]


@pytest.mark.parametrize(("kind", "stated", "kept"), GOOD)
def test_a_declared_field_is_kept_as_its_kind(
    kind: FieldKind, stated: ExactJson, kept: object
) -> None:
    found = admitted(type="own.thing.done", data={kind.value: stated})
    assert found.values == {kind.value: kept}
    assert type(found.values[kind.value]) is type(kept)


@pytest.mark.parametrize(("kind", "stated"), BAD)
def test_a_declared_field_of_another_kind_is_refused_by_name(
    kind: FieldKind, stated: ExactJson
) -> None:
    with pytest.raises(EventInvalid) as refused:
        admitted(type="own.thing.done", data={kind.value: stated})
    assert refused.value.operands["field"] == f"data.{kind.value}"
    assert refused.value.operands["index"] == 0


def test_personal_fields_pass_only_where_declared() -> None:
    assert admitted(type="own.thing.done", data={"email": "x"}).values == {"email": "x"}
    for data in (
        {"email": "x"},
        {"E-Mail": "x"},
        {"nested": {"deep": [{"Phone Number": 1}]}},
        {"telegram_id": None},
    ):
        with pytest.raises(PersonalField) as refused:
            admitted(data=data)
        assert str(refused.value.operands["pointer"]).startswith("/data/")
    with pytest.raises(PersonalField):
        admitted(type="own.thing.done", data={"string": "a", "x": {"email": "y"}})


def test_pointers_say_where() -> None:
    assert first_personal_field({"a": [{"b/c": {"ip": 1}}]}) == "/a/0/b~1c/ip"
    assert first_personal_field({"name": 1, "title": 2, "email_sent": True}) is None
    assert is_personal("Date-Of-Birth")


@pytest.mark.parametrize(
    ("allowed", "event_type", "may"),
    [
        ("*", "anything.at.all", True),
        ("lms.*", "lms.section.read", True),
        ("lms.*", "lmsx.section.read", False),
        ("lms.*", "lms", False),
        ("lms.section.read", "lms.section.read", True),
        ("lms.section.read", "lms.section.reads", False),
        ("*", "member.level.changed", False),
        ("member.*", "member.level.changed", False),
        ("", "activity.retracted", True),
    ],
)
def test_what_a_source_may_assert(allowed: str, event_type: str, may: bool) -> None:  # noqa: FBT001 - a table
    assert may_assert(event_type, Authority(types=(allowed,))) is may


def test_attributes_are_allowed_by_name() -> None:
    assert may_assert("member.level.changed", Authority(attributes=("level",)))
    assert not may_assert("member.level.changed", Authority(attributes=("rank",)))
    assert attribute_of("member.Level.changed") is None
    found = admitted(type="member.qualification.changed", data={"level": 3, "other": 1})
    assert found.values == {"level": 3}
    assert fields_of("member.rank.changed", Authority()) == dict.fromkeys(
        ("level", "value", "rank"), FieldKind.VALUE
    )


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"id": ""}, EventInvalid),
        ({"id": "x" * 513}, EventInvalid),
        ({"id": "a\u2028b"}, EventInvalid),
        ({"type": "lms"}, EventInvalid),
        ({"type": "lms..read"}, EventInvalid),
        ({"type": "lms." + "x" * 128}, EventInvalid),
        ({"type": "lms.sectión.read"}, EventInvalid),
        ({"type": "club.post.created"}, TypeNotAllowed),
        ({"type": "member.age.changed"}, TypeNotAllowed),
        ({"subject": None}, EventInvalid),
        ({"subject": "nobody"}, EventInvalid),
        ({"subject": "nobody:1"}, IdentityNotAllowed),
        ({"subject": "discourse:5"}, IdentityNotAllowed),
        ({"type": "activity.retracted"}, EventInvalid),
        ({"type": "activity.retracted", "data": {"id": 5}}, EventInvalid),
    ],
)
def test_what_is_no_event_of_this_source(changes: dict[str, Any], error: type[VkladError]) -> None:
    with pytest.raises(error) as refused:
        admit(SOURCE, [event(), event(**changes)], NOW)
    assert refused.value.operands["index"] == 1


def test_thanks_are_stated_by_this_program_alone() -> None:
    to = {"to": FieldKind.IDENTITY, "counted": FieldKind.INTEGER}
    for types in (("*",), ("club.*",), (THANKS_GIVEN,)):
        authority = replace(SOURCE.authority, types=types, declared={THANKS_GIVEN: to})
        gift = event(type=THANKS_GIVEN, data={"to": "lms:7", "counted": 1000})
        for any_age in (False, True):
            with pytest.raises(TypeNotAllowed) as refused:
                admit(replace(SOURCE, authority=authority), [gift], NOW, any_age=any_age)
            assert refused.value.operands["type"] == THANKS_GIVEN
        own = replace(SOURCE, authority=authority, uri=THANKS_SOURCE)
        assert admit(own, [gift], NOW)[0].values == {"counted": 1000}


def test_a_retraction_needs_no_subject() -> None:
    found = admitted(type="activity.retracted", subject=None, data={"id": "e0", "reason": "spam"})
    assert found.retracts() == "e0"


def test_time_is_bounded_on_both_sides_at_full_precision() -> None:
    latest = NOW + timedelta(minutes=5)
    earliest = NOW - timedelta(days=30)
    for moment in (latest, earliest, NOW):
        assert admitted(time=Instant.of(moment)).occurred == Instant.of(moment)
    just_after = Instant(Instant.of(latest).seconds, "00000000000000000001")
    with pytest.raises(EventInFuture) as future:
        admitted(time=just_after)
    assert future.value.operands["limit_s"] == 300
    just_before = Instant(Instant.of(earliest).seconds - 1, "99999999999999999999")
    with pytest.raises(EventTooLate) as late:
        admitted(time=just_before)
    assert late.value.operands["limit_days"] == 30
    old = event(time=Instant(0))
    assert admit(SOURCE, [old], NOW, any_age=True)[0].occurred == Instant(0)
    with pytest.raises(EventTooLate):
        admit(SOURCE, [event(time=Instant(-1))], NOW, any_age=True)


def test_an_event_without_a_time_has_ours_and_says_the_same_later() -> None:
    first = admitted(time=None)
    (later,) = admit(SOURCE, [event(time=None)], NOW + timedelta(hours=1))
    assert first.occurred == Instant.of(NOW)
    assert first.says_the_same(later)
    assert not admitted().says_the_same(admitted()._replace(occurred=Instant(5)))


def test_a_batch_has_a_limit() -> None:
    with pytest.raises(BatchTooLarge):
        admit(SOURCE, [event()] * 1_001, NOW)


def test_data_is_an_object_or_absent() -> None:
    assert check_data(None) == {}
    for data in ([], "x", 5, True):
        with pytest.raises(EventInvalid):
            check_data(data)


def test_every_known_type_can_be_named_in_a_programme() -> None:
    for event_type, fields in TYPES.items():
        assert event_type == event_type.lower()
        assert "." in event_type
        assert not any(is_personal(name) for name in fields)


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    data=st.dictionaries(
        st.sampled_from([kind.value for kind in FieldKind]) | st.text(max_size=8), JSON, max_size=6
    ),
    subject=st.none() | st.text(max_size=20).map(lambda text: f"lms:{text}") | st.text(max_size=9),
    event_id=st.text(max_size=20),
)
def test_whatever_is_stated_is_admitted_or_refused_by_name(
    data: Mapping[str, ExactJson], subject: str | None, event_id: str
) -> None:
    stated = event(id=event_id, type="own.thing.done", subject=subject, data=data)
    found, index = _outcome(stated)
    assert index == 0
    assert set(found) <= {kind.value for kind in FieldKind} | {"email"}
    assert not any(isinstance(value, float) for value in found.values())


def _outcome(stated: IncomingEvent) -> tuple[Mapping[str, object], object]:
    try:
        return admit(SOURCE, [stated], NOW)[0].values, 0
    except VkladError as refused:
        return {}, refused.operands["index"]


DEVICE = "keyed_84cc4b0c2d38d2b3d2d6d4c80dbb4d4cb4a4c3d8e6e4b9c7a5f1b2c3d4e5f607"


def kept(hashes: KeyedHashes | None = HASHES, **changes: Any) -> dict[str, Any]:
    return dict(admit(SOURCE, [event(**changes)], NOW, hashes=hashes)[0].values)


def test_a_device_is_kept_as_a_keyed_hash_of_its_source() -> None:
    (device,) = kept(data={"device": "d-1"}).values()
    assert re.fullmatch("keyed_[0-9a-f]{64}", device)
    assert kept(data={"device": "d-1"}) == {"device": device}
    assert kept(data={"device": "d-2"}) != {"device": device}
    assert kept(KeyedHashes(b"other"), data={"device": "d-1"}) != {"device": device}
    other = replace(SOURCE, uri="https://forum.example")
    (elsewhere,) = admit(other, [event(data={"device": "d-1"})], NOW, hashes=HASHES)
    assert elsewhere.values != {"device": device}
    assert kept(data={"device": DEVICE}) == {"device": DEVICE}, "our export comes back"


@pytest.mark.parametrize(
    "value", ["", True, {"os": "x"}, ["d"], "x" * 100_000, None, Decimal("1.5")]
)
def test_a_device_that_cannot_be_read_is_dropped(value: Any) -> None:
    assert kept(data={"device": value, "section": 7}) == {"section": 7}


def test_without_a_key_nothing_is_kept_of_devices() -> None:
    assert kept(None, data={"device": "d-1"}) == {}
    retraction = event(type="activity.retracted", subject=None, data={"id": "x", "device": "d"})
    assert admit(SOURCE, [retraction], NOW, hashes=HASHES)[0].values == {"id": "x"}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.7", "192.0.2.200", True),
        ("192.0.2.7", "192.0.3.7", False),
        ("192.0.2.7", "::ffff:192.0.2.9", True),
        ("2001:db8:1:2::1", "2001:db8:1:ffff::9", True),
        ("2001:db8:1::1", "2001:db8:2::1", False),
    ],
)
def test_an_address_is_kept_as_its_network(one: str, other: str, *, same: bool) -> None:
    found = [
        kept(type="own.thing.done", data={"network": address})["network"]
        for address in (one, other)
    ]
    assert "192" not in str(found)
    assert (found[0] == found[1]) is same
    assert kept(type="own.thing.done", data={"network": "no address"}) == {}


def test_nobody_states_what_looks_hashed_elsewhere() -> None:
    with pytest.raises(EventInvalid):
        admitted(data={"section": DEVICE})
