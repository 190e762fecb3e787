"""The hot doors read and answer as a framework's route would."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request

from api.http.door import Door, body_of, headers_of

_names = st.sampled_from([b"content-type", b"webhook-id", b"webhook-signature", b"x-other"])
_values = st.binary(max_size=8)


def _receive(messages: Iterable[dict[str, Any]]) -> Callable[[], Awaitable[dict[str, Any]]]:
    waiting = iter(messages)

    async def receive() -> dict[str, Any]:
        return next(waiting)

    return receive


def _request(
    messages: Iterable[dict[str, Any]] = (), headers: Iterable[tuple[bytes, bytes]] = ()
) -> Request:
    return Request({"type": "http", "headers": list(headers)}, _receive(messages))


@given(st.lists(st.tuples(_names, _values)))
def test_headers_are_what_starlette_finds(raw: list[tuple[bytes, bytes]]) -> None:
    request = _request(headers=raw)
    assert headers_of(request) == dict(Headers(raw=raw))


@given(st.lists(st.binary(max_size=5), min_size=1))
def test_a_body_in_pieces_is_joined(pieces: list[bytes]) -> None:
    last = len(pieces) - 1
    messages = [
        {"type": "http.request", "body": piece, "more_body": place < last}
        for place, piece in enumerate(pieces)
    ]
    assert asyncio.run(body_of(_request(messages))) == b"".join(pieces)


def test_no_body_is_an_empty_one() -> None:
    assert asyncio.run(body_of(_request([{"type": "http.request"}]))) == b""


def test_a_client_that_goes_away_halfway_states_nothing() -> None:
    messages = [
        {"type": "http.request", "body": b"half", "more_body": True},
        {"type": "http.disconnect"},
    ]
    with pytest.raises(ClientDisconnect):
        asyncio.run(body_of(_request(messages)))


def test_the_answer_is_json_with_its_length() -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def answer(request: Request) -> bytes:
        return b"[" + await body_of(request) + b"]"

    messages = [{"type": "http.request", "body": b"1"}]
    asyncio.run(Door("/x", answer)({"type": "http", "headers": []}, _receive(messages), send))
    head, body = sent
    assert head["status"] == 202
    assert dict(head["headers"]) == {b"content-length": b"3", b"content-type": b"application/json"}
    assert body["body"] == b"[1]"
