"""Reading JSON without a float: whole numbers as int, others as Decimal, bounded in depth."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, Final, NoReturn, cast

import orjson

from api.http.problems import MalformedJson
from ledger.events.errors import EventInvalid
from ledger.events.model import ExactJson

DEPTH_MAX: Final = 64
_LIKE_A_FLOAT: Final = re.compile(rb"(?:[:,\[]\s*|\A\s*)-?[0-9]+(?:[.eE]|(?<=[0-9]{18}))")
"""A number with a fraction or exponent, or of so many digits that the quick parser may round it."""
_ALL_BUT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))


def read_json(raw: bytes) -> ExactJson:
    """The value of a JSON text (RFC 8259, UTF-8).

    The quick parser reads first; only a text with a fraction or a huge number is read again
    exactly. Its value is walked only if the text looks as if it had one, or were nested too deep.

    Raises:
        MalformedJson: not JSON.
        EventInvalid: nested deeper than ``DEPTH_MAX``.
    """
    try:
        quick = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise MalformedJson("The body is not JSON.", position=error.pos) from error
    if not (_LIKE_A_FLOAT.search(raw) or _is_deep(raw)) or not _holds_float(quick, 0):
        return cast("ExactJson", quick)
    try:
        exact = json.loads(raw, parse_float=Decimal, parse_constant=_refuse)
    except ValueError as error:
        raise MalformedJson("The body is not JSON.", position=0) from error
    return cast("ExactJson", exact)


def _is_deep(raw: bytes) -> bool:
    """Whether brackets are nested over ``DEPTH_MAX``, those within texts counted too."""
    depth = 0
    for bracket in raw.translate(None, _ALL_BUT_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > DEPTH_MAX:
            return True
    return False


def _holds_float(value: Any, depth: int) -> bool:
    if isinstance(value, float):
        return True
    if not isinstance(value, dict | list):
        return False
    if depth >= DEPTH_MAX:
        raise EventInvalid(f"JSON here is nested {DEPTH_MAX} deep at most.", field="body")
    children = value.values() if isinstance(value, dict) else value
    # Every child is looked at, so that the depth of all of them is known.
    return any([_holds_float(child, depth + 1) for child in children])  # noqa: C419 - no early end


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
