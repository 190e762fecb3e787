"""Whatever comes as a CloudEvent or a Standard Webhook is read or refused, never a crash."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.webhooks import discourse, standard_webhooks
from api.webhooks.cloudevents import read_batch, read_binary, read_event
from api.webhooks.lines import read_line
from api.webhooks.model import Delivered
from api.webhooks.xapi import read_statement
from ledger.events.errors import EventInvalid, SecretInvalid
from ledger.kernel.clock import Instant
from ledger.kernel.errors import VkladError

SOURCE = "https://lms.example"
WHOLE: dict[str, Any] = {
    "specversion": "1.0",
    "id": "e1",
    "source": SOURCE,
    "type": "lms.section.read",
    "subject": "lms:1",
    "time": "2026-03-02T09:00:00.123456789Z",
    "data": {"section": "s"},
    "traceparent": "an extension that nobody needs",
}
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


def test_an_event_is_read_whole() -> None:
    event = read_event(WHOLE, SOURCE)
    assert (event.id, event.type, event.subject) == ("e1", "lms.section.read", "lms:1")
    assert event.time == Instant.parse("2026-03-02T09:00:00.123456789Z")
    assert event.data == {"section": "s"}
    without = {name: WHOLE[name] for name in WHOLE if name != "data"}
    assert read_event(without, SOURCE).data == {}
    assert read_event(WHOLE | {"datacontenttype": "application/x+json; a=b"}, SOURCE)


def test_a_batch_names_the_index() -> None:
    with pytest.raises(EventInvalid) as refused:
        read_batch([WHOLE, WHOLE | {"id": None}], SOURCE)
    assert refused.value.operands["index"] == 1
    with pytest.raises(EventInvalid):
        read_batch(WHOLE, SOURCE)


def test_binary_data_may_be_absent() -> None:
    headers = {f"ce-{name}": WHOLE[name] for name in WHOLE if name != "data"}
    assert read_binary(headers, b"", SOURCE).data == {}


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(WHOLE, VALUES)), st.booleans())
def test_any_object_is_read_or_refused(changes: dict[str, Any], rest: bool) -> None:  # noqa: FBT001 - drawn
    assert _told(lambda: read_event((WHOLE if rest else {}) | changes, SOURCE))


STATEMENT: dict[str, Any] = {
    "id": "12345678-1234-5678-1234-567812345678",
    "actor": {"account": {"homePage": SOURCE, "name": "1"}},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
    "object": {"id": "https://a/video", "definition": {"type": "x"}},
    "timestamp": "2026-03-02T09:00:00Z",
    "result": {"score": {"scaled": 1}},
    "context": {"contextActivities": {"parent": []}},
}


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(STATEMENT, VALUES)))
def test_any_statement_is_read_or_refused(changes: dict[str, Any]) -> None:
    assert _told(lambda: read_statement(STATEMENT | changes, b"{}"))


def _told(read: Callable[[], object]) -> str:
    """What came of it; anything but a refusal of ours gets through as it is."""
    try:
        return repr(read())
    except VkladError as refused:
        return refused.message


@given(st.binary(max_size=80))
def test_any_line_is_read_or_refused(line: bytes) -> None:
    with pytest.raises(VkladError):
        read_line(line)


HEADERS = (
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "x-discourse-event-signature",
    "x-discourse-event",
    "x-discourse-event-type",
    "x-discourse-event-id",
    "content-type",
)


@given(
    headers=st.dictionaries(st.sampled_from(HEADERS), st.text(max_size=30), max_size=8),
    body=st.binary(max_size=60),
)
def test_any_delivery_is_refused_by_name(headers: dict[str, str], body: bytes) -> None:
    delivered = Delivered(headers, body, datetime(2026, 3, 2, tzinfo=UTC))
    for profile, secret in (
        (standard_webhooks.PROFILE, "whsec_" + "A" * 44),
        (discourse.PROFILE, "a secret of ours"),
    ):
        with pytest.raises(VkladError):
            profile.verify(delivered, [secret])


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_é", "whsec_" + "A" * 20, "A" * 44, "whsec_!" * 9]
)
def test_a_secret_that_can_verify_nothing_is_refused(secret: str) -> None:
    with pytest.raises(SecretInvalid):
        standard_webhooks.check_secret(secret)


def test_a_forums_secret_is_any_long_text() -> None:
    discourse.check_secret("long enough for it")
    with pytest.raises(SecretInvalid):
        discourse.check_secret("short")
