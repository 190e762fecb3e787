from __future__ import annotations

from uuid import UUID

import pytest

from ledger.grants.errors import BadGrant
from ledger.grants.model import LINES_MAX, GrantLine
from ledger.grants.rows import parse_rows
from ledger.kernel.ids import format_id
from ledger.kernel.units import Points

ANNA = UUID("0198c2a0-0000-7000-8000-00000000000a")
BORIS = UUID("0198c2a0-0000-7000-8000-00000000000b")
A, B = format_id("mem", ANNA), format_id("mem", BORIS)


def test_rows_become_lines() -> None:
    text = f'\ufeffmember,points\r\n{A},10\r\n\r\n"{B}", 7 \r\n'
    assert parse_rows(text) == (GrantLine(ANNA, Points(10)), GrantLine(BORIS, Points(7)))


def test_a_header_alone_is_no_line() -> None:
    assert parse_rows("member,points\n") == ()


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("", 0, "header"),
        ("points,member\n", 1, "header"),
        (f"member,points\n{A}\n", 2, "1 columns"),
        (f"member,points\n{A},10,x\n", 2, "3 columns"),
        (f"member,points\n{A},-1\n", 2, "whole number"),
        (f"member,points\n{A},1.5\n", 2, "whole number"),
        (f"member,points\n{A},\u0661\n", 2, "whole number"),
        (f"member,points\n{A},{'9' * 40}\n", 2, "whole number"),
        (f"member,points\n{A},1\nanna@example.org,1\n", 3, "no member's id"),
        (f'member,points\n"{A}"x,1\n', 2, "no CSV"),
    ],
)
def test_a_bad_row_is_named(text: str, line: int, problem: str) -> None:
    with pytest.raises(BadGrant) as refused:
        parse_rows(text)
    assert problem in refused.value.message
    assert refused.value.operands["line"] == max(line, 1)


def test_too_many_rows_are_refused() -> None:
    with pytest.raises(BadGrant, match="at most"):
        parse_rows("member,points\n" + f"{A},1\n" * (LINES_MAX + 1))
