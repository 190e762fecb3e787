from __future__ import annotations

from decimal import Decimal

import orjson
import pytest

from ledger.kernel.arrays import BYTES, JSON_TEXT, TEXT, given, hexadecimal

_TABLE = given("new", key=TEXT, digest=BYTES, data=JSON_TEXT)


def test_both_ways_of_writing_rows_say_the_same() -> None:
    given_so = _TABLE.rows([("a", b"\x00\xff", b'{"x":1}')])
    written = _TABLE.written([{"key": "a", "digest": hexadecimal(b"\x00\xff"), "data": {"x": 1}}])
    assert written == given_so == {"new_rows": r'[{"key":"a","digest":"\\x00ff","data":{"x":1}}]'}


@pytest.mark.parametrize("text", ["4.50", "-0.1", "100", "0.000000000000000000000001"])
def test_a_decimal_keeps_every_digit(text: str) -> None:
    (written,) = _TABLE.written([{"data": {"x": Decimal(text)}}]).values()
    assert written == f'[{{"data":{{"x":{text}}}}}]'


def test_a_great_decimal_has_no_exponent() -> None:
    (written,) = _TABLE.written([{"data": Decimal("1E+3")}]).values()
    assert written == '[{"data":1000}]'


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(orjson.JSONEncodeError):
        _TABLE.written([{"data": object()}])
