"""Real Discourse deliveries: proved by their bytes, and meaning what they should."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from api.http.problems import MalformedBody, MalformedJson
from api.webhooks import discourse
from api.webhooks.model import BadSignature, Delivered
from ledger.events.admission import admit
from ledger.events.errors import EventInvalid
from ledger.events.model import Authority, IncomingEvent, ObjectStep, Source
from ledger.kernel.clock import Instant
from ledger.kernel.ids import RandomIds
from tests.peer.discourse.captures import CAPTURES, FOLDER, RECEIVED_AT, SECRET, Capture

SOURCE = Source(
    source_id=RandomIds().new(RECEIVED_AT),
    uri="https://club.example",
    name="club",
    profile="discourse",
    state="active",
    authority=Authority(types=("club.*",), issuers={"discourse": "https://club.example"}),
)
NAMES = sorted(CAPTURES)


def refused(delivered: Delivered) -> bool:
    try:
        discourse.verify(delivered, [SECRET])
    except BadSignature:
        return True
    return False


def event_of(capture: Capture) -> IncomingEvent:
    (event,) = discourse.read(capture.delivered(), SOURCE.uri).events
    return event


def why_nothing(capture: Capture) -> str | None:
    mapped = discourse.read(capture.delivered(), SOURCE.uri)
    assert not mapped.events
    return mapped.ignored


def test_the_projects_own_vector_verifies() -> None:
    vector = json.loads((FOLDER / "signature_vector.json").read_text())
    headers = {vector["header"].lower(): vector["value"]}
    delivered = Delivered(headers, vector["body"].encode(), RECEIVED_AT)
    discourse.verify(delivered, [vector["secret"]])
    with pytest.raises(BadSignature):
        discourse.verify(delivered, ["another secret of ours"])


@pytest.mark.parametrize("name", NAMES)
def test_a_capture_signed_with_any_live_secret_is_proved(name: str) -> None:
    discourse.verify(CAPTURES[name].delivered(), ["the-new-secret-0123456789", SECRET])
    with pytest.raises(BadSignature):
        discourse.verify(CAPTURES[name].delivered(), [])


@pytest.mark.parametrize("name", NAMES)
def test_any_byte_of_the_body_changed_is_refused(name: str) -> None:
    delivered = CAPTURES[name].delivered()
    body = bytearray(delivered.body)
    for place in range(len(body)):
        body[place] ^= 0x01
        assert refused(replace(delivered, body=bytes(body))), place
        body[place] ^= 0x01
    assert refused(replace(delivered, body=bytes(body) + b" "))
    assert refused(replace(delivered, body=bytes(body)[:-1]))


@pytest.mark.parametrize("name", NAMES)
def test_any_character_of_the_signature_changed_is_refused(name: str) -> None:
    delivered = CAPTURES[name].delivered()
    header = "x-discourse-event-signature"
    signature = delivered.headers[header]
    for place in range(len(signature)):
        for other in ("0", "1", "f", "F", "g", "=", ",", " ", "\x00", "é", ""):
            changed = signature[:place] + other + signature[place + 1 :]
            if changed != signature:
                assert refused(replace(delivered, headers={**delivered.headers, header: changed}))
    for changed in ("", "sha256=", signature.upper(), signature * 2, signature + "0", "sha1=0"):
        assert refused(replace(delivered, headers={**delivered.headers, header: changed}))
    without = {name: value for name, value in delivered.headers.items() if name != header}
    assert refused(replace(delivered, headers=without))


@pytest.mark.parametrize("name", NAMES)
def test_every_capture_is_taken_and_nobodys_address_is_in_what_is_kept(name: str) -> None:
    mapped = discourse.read(CAPTURES[name].delivered(), SOURCE.uri)
    assert (mapped.ignored is None) == bool(mapped.events)
    far_back = replace(SOURCE, lateness_days=400)
    for event in admit(far_back, mapped.events, RECEIVED_AT):
        assert "@" not in repr(event)
        assert "xuxiaowei" not in repr(event)


def test_a_topic_and_its_first_post_name_the_same_act() -> None:
    post = event_of(CAPTURES["post_created"])
    topic = event_of(CAPTURES["topic_created"].changed(id=10))
    assert (post.id, topic.id) == ("post:12", "topic:10")
    assert post.type == topic.type == "club.post.created"
    assert post.subject == topic.subject == "discourse:1"
    assert post.data == topic.data == {"post": "topic:10", "category": 4}
    assert post.time == Instant.parse("2026-01-02T13:58:49.606Z")


def test_a_reply_is_a_comment_on_its_topic() -> None:
    reply = CAPTURES["post_created"].changed(id=13, post_number=2, user_id=7)
    event = event_of(reply)
    assert (event.id, event.type, event.subject) == (
        "post:13",
        "club.comment.created",
        "discourse:7",
    )
    assert event.data == {"post": "topic:10", "comment": "post:13", "category": 4}
    answered = reply.changed(reply_to_user={"id": 3, "username": "user3"})
    assert event_of(answered).data["owner"] == "discourse:3"
    assert "owner" not in event_of(reply.changed(reply_to_user={"username": "user3"})).data


def test_in_a_like_the_liker_acts_and_the_author_owns() -> None:
    event = event_of(CAPTURES["post_liked"])
    assert (event.id, event.type, event.subject) == (
        "like:425:80",
        "club.like.given",
        "discourse:80",
    )
    assert event.data["owner"] == "discourse:1"
    assert event.data["post"] == "topic:336", "the first post is the topic's act"
    assert event_of(CAPTURES["post_liked"].changed(post_number=3)).data["post"] == "post:425"
    assert event.time is None, "the body only has the post's time"


def test_a_solution_is_the_solvers_and_is_taken_back() -> None:
    accepted = event_of(CAPTURES["accepted_solution"])
    assert (accepted.id, accepted.type, accepted.subject) == (
        "solution:24:stated:2494",
        "club.solution.accepted",
        "discourse:1",
    )
    undone = event_of(CAPTURES["accepted_solution"].changed("unaccepted_solution"))
    assert (undone.type, undone.data) == (
        "activity.retracted",
        {"id": "solution:24", "step": 2494},
    )


def test_destroyed_and_recovered_are_steps_of_the_object() -> None:
    destroyed = event_of(CAPTURES["topic_destroyed"])
    assert destroyed.data == {"id": "topic:9", "step": 1386}
    assert destroyed.id == "topic:9:removed:2026-01-05T13:19:34.880Z"
    recovered = event_of(CAPTURES["topic_recovered"])
    assert (recovered.id, recovered.step) == ("topic:9:stated:1383", ObjectStep("topic:9", 1383))
    post = event_of(CAPTURES["post_recovered"])
    assert (post.id, post.data["post"]) == ("post:10:stated:1381", "topic:9")
    gone = event_of(CAPTURES["post_recovered"].changed("post_destroyed", topic_archetype=""))
    assert (gone.id, gone.data) == ("post:10:removed:1381", {"id": "post:10", "step": 1381})


@pytest.mark.parametrize("number", ["", "x", "-1", "1.0", "9" * 16, "²"])
@pytest.mark.parametrize("name", ["topic_destroyed", "topic_recovered", "accepted_solution"])
def test_a_step_needs_its_number(name: str, number: str) -> None:
    capture = CAPTURES[name]
    headers = {**capture.headers, "x-discourse-event-id": number}
    with pytest.raises(EventInvalid):
        event_of(replace(capture, headers=headers))


def test_a_user_is_a_number() -> None:
    event = event_of(CAPTURES["user_created"])
    assert (event.id, event.subject, event.data) == ("user:4", "discourse:4", {})
    assert why_nothing(CAPTURES["user_created"].changed(id=-1)) == "system_user"


PRIVATE = {
    "post_created": {"topic_archetype": "private_message"},
    "post_recovered": {"topic_archetype": "private_message"},
    "topic_created": {"archetype": "private_message"},
    "topic_destroyed": {"archetype": "private_message"},
    "post_liked": {"topic_archetype": "private_message"},
    "accepted_solution": {"topic_archetype": "private_message"},
}


@pytest.mark.parametrize("name", PRIVATE)
def test_a_private_message_means_nothing(name: str) -> None:
    assert why_nothing(CAPTURES[name].changed(**PRIVATE[name])) == "private_message"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"topic_archetype": None}, "not_public"),
        ({"post_type": 3}, "not_an_ordinary_post"),
        ({"post_type": 4}, "not_an_ordinary_post"),
        ({"hidden": True}, "not_an_ordinary_post"),
        ({"user_id": -1}, "system_user"),
    ],
)
def test_posts_that_are_nobodys_work_mean_nothing(fields: dict[str, Any], why: str) -> None:
    assert why_nothing(CAPTURES["post_created"].changed(**fields)) == why


@pytest.mark.parametrize(
    "name",
    ["post_edited", "topic_edited", "topic_closed_status_updated", "user_logged_in", "new_kind"],
)
def test_kinds_we_have_no_word_for_are_ignored(name: str) -> None:
    capture = CAPTURES.get(name) or CAPTURES["post_created"].changed(name)
    assert why_nothing(capture) == "not_mapped"


def test_a_ping_is_taken() -> None:
    assert why_nothing(CAPTURES["ping"]) == "ping"


@pytest.mark.parametrize("form", ["bare", "wrapped"])
def test_a_body_called_a_form_is_read_too(form: str) -> None:
    capture = CAPTURES["post_created"]
    if form == "wrapped":
        capture = replace(capture, body=urlencode({"payload": capture.body.decode()}).encode())
    delivered = capture.delivered(content_type="application/x-www-form-urlencoded")
    discourse.verify(delivered, [SECRET])
    (event,) = discourse.read(delivered, SOURCE.uri).events
    assert event == event_of(CAPTURES["post_created"])


@pytest.mark.parametrize("body", [b"a=1&" * 9, b"\xff=1", "é=1".encode(), b"", b"a=1"])
def test_a_form_that_is_none_is_malformed(body: bytes) -> None:
    capture = replace(CAPTURES["post_created"], body=body)
    with pytest.raises((MalformedBody, MalformedJson)):
        discourse.read(
            capture.delivered(content_type="application/x-www-form-urlencoded"), SOURCE.uri
        )


@pytest.mark.parametrize("field", ["id", "user_id", "post_number", "topic_id", "created_at"])
@pytest.mark.parametrize("value", [None, "x", True, []])
def test_a_body_without_what_we_need_is_refused(field: str, value: object) -> None:
    if field == "created_at" and value == "x":
        return
    with pytest.raises(EventInvalid):
        event_of(CAPTURES["post_created"].changed(**{field: value}))


def test_headers_must_fit_the_signed_body() -> None:
    capture = CAPTURES["post_created"]
    for kind, name in (("topic", "topic_created"), ("like", "post_liked"), ("", ""), ("A b", "x")):
        headers = {"x-discourse-event-type": kind, "x-discourse-event": name}
        with pytest.raises(EventInvalid):
            event_of(replace(capture, headers={**capture.headers, **headers}))
    for body in (b"[]", b'"x"', b"null"):
        with pytest.raises(EventInvalid):
            event_of(replace(capture, body=body))


@pytest.mark.parametrize("name", NAMES)
def test_a_delivery_becomes_one_of_the_types_that_the_catalogue_names(name: str) -> None:
    mapped = discourse.read(CAPTURES[name].delivered(), SOURCE.uri)
    for event in mapped.events:
        assert event.type in discourse.TYPES_OF_DELIVERIES[mapped.kind]
