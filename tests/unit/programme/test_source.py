"""YAML as programmes are written in it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ledger.programme.source import Place, SourceUnreadable, read_document


def test_scalars_are_what_is_written() -> None:
    text = "{a: 1, b: 2.30, c: '2.30', d: on, e: yes, f: true, g: null, h: 2026-03-02, i: 1e3}"
    assert read_document(text).content == {
        "a": 1,
        "b": Decimal("2.30"),
        "c": "2.30",
        "d": "on",
        "e": "yes",
        "f": True,
        "g": None,
        "h": "2026-03-02",
        "i": "1e3",
    }


def test_no_float_is_ever_made() -> None:
    content = read_document("[0.1, 1.0, 123456789012345678901.5, -2.5, .5, 1.]").content
    assert isinstance(content, list)
    assert not any(isinstance(each, float) for each in content)
    assert content[:2] == [Decimal("0.1"), Decimal("1.0")]


def test_keys_keep_their_kind() -> None:
    assert read_document("{1: a, '1': b, on: c, 2.5: d}").content == {
        1: "a",
        "1": "b",
        "on": "c",
        "2.5": "d",
    }


def test_places_are_counted_from_one() -> None:
    document = read_document("a:\n  - b: 1\n    c: 2\n")
    assert document.place(("a", 0, "c")) == Place(3, 5)
    assert document.place(("a", 0, "missing")) == Place(2, 5)
    assert document.place(("nowhere",)) == Place(1, 1)


@pytest.mark.parametrize(
    ("text", "said", "line"),
    [
        ("", "empty", 1),
        ("# only a comment\n", "empty", 1),
        ("a: 1\na: 2\n", "stated twice", 2),
        ("a: &x 1\nb: *x\n", "anchors", 1),
        ("a: !!float 1\n", "tags", 1),
        ("a: !!python/object:os.system {}\n", "tags", 1),
        ("a: 1\n---\nb: 2\n", "second document", 2),
        ("a: [1, 2\n", "not YAML", 2),
        ("a: 1\n\tb: 2\n", "not YAML", 2),
        ("? [a]\n: 1\n", "a key is", 1),
        ("[" * 13 + "]" * 13, "nested deeper", 1),
        ("a: \x00", "not YAML", 1),
        ("a: " + "x" * 300_000, "larger than", 1),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(text: str, said: str, line: int) -> None:
    with pytest.raises(SourceUnreadable) as caught:
        read_document(text)
    assert said in caught.value.wrong
    assert caught.value.place.line == line
    assert caught.value.example


def test_aliases_are_refused_before_they_are_expanded() -> None:
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)]
    with pytest.raises(SourceUnreadable, match="anchors"):
        read_document("\n".join(lines))
