"""JSON without floats, and nothing but our errors whatever the bytes."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.http.problems import MalformedJson
from api.webhooks.exact_json import read_json
from ledger.events.errors import EventInvalid


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"{}", {}),
        (b'{"a":1}', {"a": 1}),
        (b'{"a":0.1}', {"a": Decimal("0.1")}),
        (b"[0.10000000000000000001]", [Decimal("0.10000000000000000001")]),
        (b"123456789012345678901234567890", 123456789012345678901234567890),
        (b"1e2", Decimal("1E+2")),
        (b"-0", 0),
        (b'{"a":[{"b":2},{"c":[0.5]}]}', {"a": [{"b": 2}, {"c": [Decimal("0.5")]}]}),
        (b"[1.0, 2]", [Decimal("1.0"), 2]),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
    ],
)
def test_numbers_are_exact(text: bytes, value: object) -> None:
    assert read_json(text) == value


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"NaN",
        b"Infinity",
        b'{"a":-Infinity}',
        b'"\xff"',
        b'"\\ud800"',
        b"\x00",
        b"{'a':1}",
        b"[1,]",
        b"1 2",
        b"9" * 5_000,
        b"[" * 100_000,
    ],
)
def test_what_is_no_json_is_malformed(text: bytes) -> None:
    with pytest.raises(MalformedJson):
        read_json(text)


@pytest.mark.parametrize("inside", [b"1.5", b"1", b""])
def test_depth_is_bounded(inside: bytes) -> None:
    assert read_json(b"[" * 64 + inside + b"]" * 64)
    with pytest.raises(EventInvalid):
        read_json(b"[" * 66 + inside + b"]" * 66)


NUMBERS = st.from_regex(
    r"-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?", fullmatch=True
)
SPACE = st.sampled_from(["", " ", "\n\t "])


@given(st.lists(st.tuples(SPACE, NUMBERS, SPACE), min_size=1, max_size=4), st.text(max_size=9))
def test_every_number_is_exact_wherever_it_stands(
    numbers: list[tuple[str, str, str]], key: str
) -> None:
    inside = ",".join("".join(parts) for parts in numbers)
    exact = [int(n) if n.lstrip("-").isdigit() else Decimal(n) for _, n, _ in numbers]
    assert read_json(f"[{inside}]".encode()) == exact
    assert read_json(numbers[0][1].encode()) == exact[0]
    text = f"{{{json.dumps(key)} : {''.join(numbers[0])}}}"
    assert read_json(text.encode()) == {key: exact[0]}
    assert not isinstance(read_json(numbers[0][1].encode()), float)


@given(st.binary(max_size=200))
def test_any_bytes_are_json_or_refused(text: bytes) -> None:
    try:
        read_json(text)
    except (MalformedJson, EventInvalid):
        return
    json.loads(text)
