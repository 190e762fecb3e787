"""The files of a till, cell by cell."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ledger.redemption.offline_text import (
    ROWS_MAX,
    USES_MAX,
    CodeUsesUnreadable,
    ListedCode,
    StatedUse,
    read_uses,
    write_list,
)

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
HEADER = "code,order,currency,product,price_minor,given_minor,used_at\n"
ROW = "AB-1,A-1,USD,course:go,5000,100,2026-03-02T10:00:00Z\n"
BOOK = ROW.replace("course:go,5000", "book,70")
WITHOUT = ROW.replace("course:go,5000", ",")


def test_a_list_names_products_or_the_order() -> None:
    code = ListedCode(b"\x01\x02", 400, "USD", ("course:*", "book"), None, AT)
    ordered = ListedCode(b"\x03", 70, "EUR", (), "A-17", AT)
    assert write_list([code, ordered]).splitlines() == [
        "digest,discount_minor,currency,products,order,expires_at",
        "0102,400,USD,course:* book,,2026-03-02T10:00:00Z",
        "03,70,EUR,,A-17,2026-03-02T10:00:00Z",
    ]


def use(*lines: tuple[str, int], order: str = "A-1") -> StatedUse:
    return StatedUse("AB-1", order, "USD", lines, 100, AT)


@pytest.mark.parametrize(
    ("text", "uses"),
    [
        (HEADER, []),
        (f"\ufeff{HEADER.upper()}{ROW}\n , ,,,,,\n", [use(("course:go", 5000))]),
        (HEADER + WITHOUT, [use()]),
        (HEADER + ROW + BOOK, [use(("course:go", 5000), ("book", 70))]),
        (
            HEADER + ROW + BOOK.replace("A-1", "A-2"),
            [use(("course:go", 5000)), use(("book", 70), order="A-2")],
        ),
        (HEADER + ROW.replace("5000", "9" * 15), [use(("course:go", 10**15 - 1))]),
    ],
)
def test_rows_of_one_order_are_its_lines(text: str, uses: list[StatedUse]) -> None:
    assert read_uses(text) == uses


@pytest.mark.parametrize(
    ("rows", "line", "problem"),
    [
        (ROW.replace(",100,", ","), 2, "has 6 columns instead of 7"),
        (ROW.replace("AB-1", " "), 2, "names no code or no order"),
        (ROW.replace("A-1", ""), 2, "names no code or no order"),
        (ROW.replace("5000", ""), 2, "has a product without a price"),
        (ROW.replace("course:go", ""), 2, "has a product without a price"),
        (ROW.replace("2026-03-02T10:00:00Z", "today"), 2, "'today' is no time"),
        (ROW.replace("5000", "-5"), 2, "'-5' is no whole number of minor units"),
        (ROW.replace("5000", "٣"), 2, "'٣' is no whole number of minor units"),
        (ROW.replace("5000", "1" * 16), 2, "'1111111111111111' is no whole number"),
        (ROW.replace(",100,", ",,"), 2, "'' is no whole number of minor units"),
        (ROW + BOOK.replace("USD", "EUR"), 3, "says otherwise of order A-1"),
        (ROW + WITHOUT, 3, "says otherwise of order A-1"),
        (WITHOUT + ROW, 3, "says otherwise of order A-1"),
        (WITHOUT + WITHOUT, 3, "says otherwise of order A-1"),
        (ROW.replace("course:go", '"a"b'), 2, "is no CSV"),
    ],
)
def test_what_cannot_be_read_is_told_by_its_line(rows: str, line: int, problem: str) -> None:
    with pytest.raises(CodeUsesUnreadable) as refused:
        read_uses(HEADER + rows)
    assert refused.value.line == line
    assert str(refused.value.problem).startswith(problem)


def test_another_header_is_refused() -> None:
    with pytest.raises(CodeUsesUnreadable, match="Line 1: the header must be code,order"):
        read_uses(ROW)


def test_a_file_has_so_many_uses_and_rows_at_most() -> None:
    orders = [ROW.replace("A-1", f"A-{number}") for number in range(USES_MAX + 1)]
    assert len(read_uses(HEADER + "".join(orders[:-1]))) == USES_MAX
    with pytest.raises(CodeUsesUnreadable, match=f"Line {USES_MAX + 2}: at most"):
        read_uses(HEADER + "".join(orders))
    (one,) = read_uses(HEADER + ROW * (ROWS_MAX - 1))
    assert len(one.lines) == ROWS_MAX - 1
    with pytest.raises(CodeUsesUnreadable, match=f"Line {ROWS_MAX + 1}: at most"):
        read_uses(HEADER + ROW * ROWS_MAX)
