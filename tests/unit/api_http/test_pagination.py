"""Cursors: what we gave out comes back as it was; anything else is refused."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.http.pagination import BadCursor, Page, decode_cursor, encode_cursor

SECRET = bytes(32)
KEYS = st.lists(
    st.one_of(st.text(max_size=40), st.integers(-(2**53), 2**53), st.none()), max_size=4
)


@given(KEYS)
def test_a_cursor_comes_back_as_it_was(key: list[str | int | None]) -> None:
    assert decode_cursor(encode_cursor(key, "/v1/a", SECRET), "/v1/a", SECRET) == key


@given(KEYS, st.integers(0, 10_000), st.integers(1, 255))
def test_a_cursor_with_any_byte_changed_is_refused(
    key: list[str | int | None], at: int, flip: int
) -> None:
    cursor = encode_cursor(key, "/v1/a", SECRET)
    raw = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    raw[at % len(raw)] ^= flip
    changed = base64.urlsafe_b64encode(bytes(raw)).decode().rstrip("=")
    with pytest.raises(BadCursor):
        decode_cursor(changed, "/v1/a", SECRET)


def test_a_cursor_of_another_list_or_installation_is_refused() -> None:
    cursor = encode_cursor([1], "/v1/a", SECRET)
    with pytest.raises(BadCursor):
        decode_cursor(cursor, "/v1/b", SECRET)
    with pytest.raises(BadCursor):
        decode_cursor(cursor, "/v1/a", bytes([1]) * 32)


@given(st.text(max_size=100))
def test_any_text_at_all_is_refused_and_never_a_crash(text: str) -> None:
    with pytest.raises(BadCursor):
        decode_cursor(text, "/v1/a", SECRET)


@pytest.mark.parametrize(("rows", "shown", "more"), [(0, 0, False), (3, 3, False), (4, 3, True)])
def test_a_page_shows_its_limit_and_knows_whether_it_is_the_last(
    rows: int, shown: int, *, more: bool
) -> None:
    page = Page(3, None, SECRET, "/v1/a")
    items = list(range(rows))[: page.fetch]
    body = page.body(items, key=lambda item: [item], render=lambda item: item)
    assert body["data"] == items[:shown]
    assert (body["next_cursor"] is not None) == more
    if more:
        assert decode_cursor(str(body["next_cursor"]), "/v1/a", SECRET) == [items[shown - 1]]
