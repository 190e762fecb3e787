"""Reading JSON without a float: whole numbers as int, others as Decimal.

How deep a value may be nested is bounded by whoever walks it: here, and where personal fields are
looked for, by ``DEPTH_MAX``.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Final, NoReturn, cast

import orjson

from api.http.problems import MalformedJson
from ledger.events.errors import EventInvalid
from ledger.events.model import ExactJson
from ledger.events.personal import DEPTH_MAX

_INNER: Final = (dict, list)


def read_json(raw: bytes) -> ExactJson:
    """The value of a JSON text (RFC 8259, UTF-8).

    The quick parser reads first, and makes a float of every fraction, exponent and huge number;
    only a text that holds one is read again exactly.

    Raises:
        MalformedJson: not JSON.
        EventInvalid: nested deeper than ``DEPTH_MAX``.
    """
    try:
        quick = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise MalformedJson("The body is not JSON.", position=error.pos) from error
    if not _holds_float(quick, 0):
        return cast("ExactJson", quick)
    try:
        exact = json.loads(raw, parse_float=Decimal, parse_constant=_refuse)
    except ValueError as error:
        raise MalformedJson("The body is not JSON.", position=0) from error
    return cast("ExactJson", exact)


def _holds_float(value: Any, depth: int) -> bool:
    if not isinstance(value, _INNER):
        return isinstance(value, float)
    if depth >= DEPTH_MAX:
        raise EventInvalid(f"JSON here is nested {DEPTH_MAX} deep at most.", field="body")
    children = value.values() if isinstance(value, dict) else value
    kinds = set(map(type, children))
    found = float in kinds
    if not kinds.isdisjoint(_INNER):
        # Every child is looked at, so that the depth of all of them is known.
        for child in children:
            if isinstance(child, _INNER) and _holds_float(child, depth + 1):
                found = True
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
