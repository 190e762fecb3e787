"""Reading events from lines: good ones kept, bad ones named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ledger.scoring.lines import DEPTH_MAX, LINE_BYTES_MAX, BadLine, fact_of_line, read_lines

GOOD: dict[str, Any] = {
    "specversion": "1.0",
    "source": "lms",
    "id": "1",
    "type": "a.done",
    "subject": "ann",
    "time": "2026-03-02T09:00:00Z",
    "data": {"n": 1},
}


def line(**changes: Any) -> bytes:
    stated = {**GOOD, **changes}
    return json.dumps({k: v for k, v in stated.items() if v is not ...}).encode()


def test_a_good_line() -> None:
    fact = fact_of_line(line())
    assert (fact.source, fact.id, fact.type, fact.subject) == ("lms", "1", "a.done", "ann")
    assert fact.time.isoformat() == "2026-03-02T09:00:00Z"
    assert fact.data == {"n": 1}


@pytest.mark.parametrize("name", ["specversion", "subject", "data"])
def test_what_may_be_left_out(name: str) -> None:
    assert fact_of_line(line(**{name: ...})).id == "1"


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"nonsense", "not JSON"),
        (b"[1]", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b"\xff{}", "not JSON"),
        (line(source=...), "source is missing"),
        (line(id=...), "id is missing"),
        (line(id=""), "id is not a text"),
        (line(id=7), "id is not a text"),
        (line(type=...), "type is missing"),
        (line(time=...), "time is missing"),
        (line(time="yesterday"), "time: "),
        (line(time="2026-03-02T09:00:00"), "time: "),
        (line(time="2026-02-30T09:00:00Z"), "time: "),
        (line(time="1800-01-01T00:00:00Z"), "outside the years"),
        (line(subject=7), "subject"),
        (line(subject=""), "subject"),
        (line(data=[1]), "data is not an object"),
        (line(specversion="0.3"), "specversion"),
        (line(type="activity.retracted"), "data.id"),
        (line(data={"n": 2**60}), "not JSON that can be scored"),
        (b'{"id": "1", "id": "2"}', "stated twice"),
        (b'{"n": NaN}', "NaN"),
        (b'{"n": 1e999}', "not JSON that can be scored"),
        (line(subject="\ud800"), "not JSON that can be scored"),
        (b'{"a":' * 100_000, "nested more than"),
        (line(data=json.loads('{"a":' * 40 + "1" + "}" * 40)), "nested more than"),
        (b" " * LINE_BYTES_MAX + line(), "longer than"),
    ],
)
def test_a_bad_line_says_what_is_bad(raw: bytes, said: str) -> None:
    with pytest.raises(BadLine) as caught:
        fact_of_line(raw)
    assert said in caught.value.message
    assert caught.value.code == "bad_line"


def test_reading_keeps_the_good_and_numbers_the_bad() -> None:
    reading = read_lines(
        [b"\xef\xbb\xbf" + line(), b"\n", b"nonsense\n", line(id="2"), line(id="3", time=...)]
    )
    assert [(each.number, each.fact.id) for each in reading.lines] == [(1, "1"), (4, "2")]
    assert [number for number, _ in reading.faults] == [3, 5]


def test_brackets_in_texts_are_not_nesting() -> None:
    assert fact_of_line(line(data={"text": '[{\\"' * 50})).id == "1"
    assert fact_of_line(line(data={str(n): [{}] for n in range(50)})).id == "1"


@pytest.mark.parametrize(
    "same",
    [
        line(),
        line(time="2026-03-02T11:00:00.000+02:00"),
        line(data={"n": 1.0}),
        json.dumps(dict(reversed(GOOD.items())), indent=None).encode(),
    ],
)
def test_the_same_event_again_is_dropped_in_silence(same: bytes) -> None:
    reading = read_lines([line(), same])
    assert len(reading.lines) == 1
    assert reading.faults == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"time": "2026-03-02T09:00:01Z"},
        {"subject": "bob"},
        {"subject": ...},
        {"type": "b.done"},
        {"data": {"n": 2}},
        {"data": {"n": True}},
    ],
)
def test_the_same_id_with_other_content_is_a_conflict(changes: dict[str, Any]) -> None:
    reading = read_lines([line(), line(**changes)])
    assert [each.fact.data for each in reading.lines] == [{"n": 1}]
    assert reading.faults == ((2, "(lms, 1) was stated otherwise in line 1, which stays"),)


def nested(depth: int, *, lists: bool) -> bytes:
    """A line with its data so many brackets deep in all: the line's own and those of data."""
    inside = b"[" * (depth - 2) + b"]" * (depth - 2) if lists else b"1"
    if not lists:
        inside = b'{"a":' * (depth - 2) + inside + b"}" * (depth - 2)
    return line(data={"before": [], "n": "HERE", "beside": []}).replace(b'"HERE"', inside)


@pytest.mark.parametrize("lists", [True, False])
def test_so_deep_and_no_deeper(*, lists: bool) -> None:
    assert fact_of_line(nested(DEPTH_MAX, lists=lists)).id == "1"
    with pytest.raises(BadLine, match="nested"):
        fact_of_line(nested(DEPTH_MAX + 1, lists=lists))


def test_side_by_side_is_not_deep() -> None:
    wide: Any = [[[]] for _ in range(3 * DEPTH_MAX)]
    assert fact_of_line(line(data={"n": wide})).id == "1"


def test_a_line_may_be_so_long() -> None:
    sound = line()
    padded = sound + b" " * (LINE_BYTES_MAX - len(sound))
    assert fact_of_line(padded).id == "1"
    with pytest.raises(BadLine, match="longer"):
        fact_of_line(padded + b" ")
