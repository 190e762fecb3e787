from __future__ import annotations

import hashlib
import json
from decimal import Decimal

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from ledger.kernel.canonical import Json, canonical_json, digest, plain_json
from ledger.kernel.errors import ErrorKind, VkladError

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_it_is_json_of_the_same_value(value: object) -> None:
    assert json.loads(canonical_json(value)) == value  # type: ignore[arg-type]


@given(values | st.dictionaries(st.text(), values | st.floats(allow_nan=False), max_size=4))
def test_compiled_code_writes_the_same_bytes_as_the_reference(value: object) -> None:
    """Whichever of the two wrote it: hashes rest on these bytes."""
    try:
        expected = rfc8785.dumps(value)  # type: ignore[arg-type]
    except rfc8785.CanonicalizationError:
        with pytest.raises(ValueError, match=r"."):
            canonical_json(value)  # type: ignore[arg-type]
    else:
        assert canonical_json(value) == expected  # type: ignore[arg-type]


def test_every_character_of_the_first_planes_is_written_as_the_reference_does() -> None:
    text = "".join(map(chr, [*range(0xD800), *range(0xE000, 0x20000)]))
    assert canonical_json({"text": text}) == rfc8785.dumps({"text": text})


def test_nesting_too_deep_for_compiled_code_is_written_all_the_same() -> None:
    deep: list[object] = []
    for _ in range(300):
        deep = [deep]
    assert canonical_json(deep) == b"[" * 301 + b"]" * 301  # type: ignore[arg-type]


@given(st.dictionaries(st.text(), st.integers(-9, 9), max_size=6))
def test_the_order_of_members_does_not_matter(value: dict[str, int]) -> None:
    assert digest(value) == digest(dict(reversed(value.items())))


def test_the_example_of_rfc_8785() -> None:
    """Section 3.2.2 and 3.2.4 of the RFC, numbers and order of keys."""
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/",
        "literals": [None, True, False],
    }
    assert canonical_json(value).decode() == (  # type: ignore[arg-type]
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


def test_the_digest_is_sha_256_of_it() -> None:
    assert digest({"b": 1, "a": 2}) == hashlib.sha256(b'{"a":2,"b":1}').digest()


@pytest.mark.parametrize(
    "value", [2**53, 2**53 + 1, -(2**53), float("nan"), float("inf"), {1: 2}, ["\ud800"]]
)
def test_what_json_cannot_say_exactly_is_refused(value: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        canonical_json(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "by_compiled_code"),
    [
        ({"a": "x", "b": {"c": [1, None, True, False, "ё"]}, "d": (2,)}, True),
        ({}, True),
        ([2**53 - 1, -(2**53) + 1], True),
        ([2**53], False),
        ([-(2**53)], False),
        ({"ё": 1}, False),
        ({"a": {"ё": 1}}, False),
        ({"a": 1.5}, False),
        ({"a": [{"b": 1.5}]}, False),
        ({"a": "x", "b": 1.5}, False),
        ({1: 2}, False),
        (ErrorKind.INVALID, False),
    ],
    ids=repr,
)
def test_compiled_code_writes_just_what_leaves_it_no_choice(
    value: Json, *, by_compiled_code: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    by: list[str] = []
    for library in (orjson, rfc8785):
        name = library.__name__
        monkeypatch.setattr(library, "dumps", lambda *_, name=name, **__: by.append(name) or b"")
    canonical_json(value)
    assert by == ["orjson" if by_compiled_code else "rfc8785"]


def test_exact_numbers_become_those_of_json_at_any_depth() -> None:
    exact = {"a": Decimal("0.1"), "b": [Decimal("1E+2"), "0.1", {"c": (Decimal(3), None, True, 7)}]}
    assert repr(plain_json(exact)) == (
        "{'a': 0.1, 'b': [100.0, '0.1', {'c': [3.0, None, True, 7]}]}"
    )


class _TooFew(VkladError):
    code = "too_few_for_this_test"
    kind = ErrorKind.INVALID


def test_operands_of_an_error_are_attributes_and_the_sentence_its_text() -> None:
    error = _TooFew("3 are missing.", shortfall=3)
    assert (str(error), error.message, error.shortfall) == ("3 are missing.", "3 are missing.", 3)
    assert error.operands == {"shortfall": 3}
    with pytest.raises(AttributeError):
        _ = error.nothing_of_the_kind
