"""Reading JSON without a float: whole numbers as int, others as Decimal.

How deep a value may be nested is bounded by whoever walks it; here, and where personal fields are
looked for, by ``DEPTH_MAX``.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, Final, NoReturn, cast

import orjson

from api.http.problems import MalformedJson
from ledger.events.errors import EventInvalid
from ledger.events.model import ExactJson
from ledger.events.personal import DEPTH_MAX

_MAY_BE_INEXACT: Final = re.compile(rb"(?:^|[\[:,])\s*-?[0-9]+(?:[.eE]|(?<=[0-9]{18})[0-9])")
"""Where a number with a fraction, an exponent or over 18 digits may stand (or a text looks so)."""


def read_json(raw: bytes) -> ExactJson:
    """The value of a JSON text (RFC 8259, UTF-8).

    The quick parser reads first; only a text that may hold a fraction or a huge number is looked
    through, and only one that does is read again exactly.

    Raises:
        MalformedJson: not JSON.
        EventInvalid: looked through and nested deeper than ``DEPTH_MAX``.
    """
    try:
        quick = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise MalformedJson("The body is not JSON.", position=error.pos) from error
    if _MAY_BE_INEXACT.search(raw) is None or not _holds_float(quick, 0):
        return cast("ExactJson", quick)
    try:
        exact = json.loads(raw, parse_float=Decimal, parse_constant=_refuse)
    except ValueError as error:
        raise MalformedJson("The body is not JSON.", position=0) from error
    return cast("ExactJson", exact)


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
