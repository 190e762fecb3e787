"""The two files of a checkout without a connection: codes to take along, uses to bring back. Pure.

The list names no code: of each it has the digest, so that who finds the list can spend nothing. A
till that is told a code works its digest out and looks it up.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from ledger.kernel.clock import BadInstant, Instant
from ledger.kernel.errors import ErrorKind, VkladError

LIST_COLUMNS: Final = ("digest", "discount_minor", "currency", "products", "order", "expires_at")
USE_COLUMNS: Final = (
    "code",
    "order",
    "currency",
    "product",
    "price_minor",
    "given_minor",
    "used_at",
)
USES_MAX: Final = 200
"""So many uses in one file: they are counted in one transaction."""
ROWS_MAX: Final = 2_000
_MINOR_DIGITS_MAX: Final = 15


class CodeUsesUnreadable(VkladError):
    """A file of uses that is not one; ``line`` and ``problem`` say where and why."""

    code = "code_uses_unreadable"
    kind = ErrorKind.INVALID


@dataclass(frozen=True, slots=True)
class ListedCode:
    """A code that a till may take; for an order, or for products of these patterns."""

    digest: bytes
    discount_minor: int
    currency: str
    products: tuple[str, ...]
    order: str | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class StatedUse:
    """What a till says that it did: a code, an order with its lines, and what was given off."""

    code: str
    order: str
    currency: str
    lines: tuple[tuple[str, int], ...]
    given_minor: int
    used_at: datetime


def write_list(codes: Sequence[ListedCode]) -> str:
    """The list as CSV; patterns of products with blanks between."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(LIST_COLUMNS)
    for code in codes:
        writer.writerow(
            [
                code.digest.hex(),
                code.discount_minor,
                code.currency,
                " ".join(code.products),
                code.order or "",
                Instant.of(code.expires_at).isoformat(),
            ]
        )
    return text.getvalue()


def read_uses(text: str) -> list[StatedUse]:
    """Every use; rows of one code and order are the lines of that order.

    A row without product and price is of a code that was issued for its order.

    Raises:
        CodeUsesUnreadable: another header, a cell that cannot be read, or too many rows.
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    found: dict[tuple[str, str], StatedUse] = {}
    try:
        header = next(reader, [])
        if tuple(name.strip().lower() for name in header) != USE_COLUMNS:
            raise _bad(1, f"the header must be {','.join(USE_COLUMNS)}")
        for row in reader:
            if any(cell.strip() for cell in row):
                _take(found, reader.line_num, _use(reader.line_num, row))
            if reader.line_num > ROWS_MAX or len(found) > USES_MAX:
                raise _bad(reader.line_num, f"at most {USES_MAX} uses and {ROWS_MAX} rows")
    except csv.Error as error:
        raise _bad(reader.line_num, f"is no CSV: {error}") from error
    return list(found.values())


def _take(found: dict[tuple[str, str], StatedUse], number: int, use: StatedUse) -> None:
    before = found.get((use.code, use.order))
    if before is None:
        found[use.code, use.order] = use
        return
    if replace(before, lines=()) != replace(use, lines=()) or not (before.lines and use.lines):
        raise _bad(number, f"says otherwise of order {use.order} than a row before")
    found[use.code, use.order] = replace(before, lines=before.lines + use.lines)


def _use(number: int, row: list[str]) -> StatedUse:
    if len(row) != len(USE_COLUMNS):
        raise _bad(number, f"has {len(row)} columns instead of {len(USE_COLUMNS)}")
    code, order, currency, product, price, given, used_at = (cell.strip() for cell in row)
    if not code or not order:
        raise _bad(number, "names no code or no order")
    if bool(product) != bool(price):
        raise _bad(number, "has a product without a price, or a price without a product")
    try:
        moment = Instant.parse(used_at).floor_datetime()
    except BadInstant as error:
        raise _bad(number, f"{used_at[:64]!r} is no time (RFC 3339)") from error
    lines = ((product, _minor(number, price)),) if product else ()
    return StatedUse(code, order, currency, lines, _minor(number, given), moment)


def _minor(number: int, text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > _MINOR_DIGITS_MAX:
        raise _bad(number, f"{text[:32]!r} is no whole number of minor units")
    return int(text)


def _bad(line: int, problem: str) -> CodeUsesUnreadable:
    return CodeUsesUnreadable(f"Line {line}: {problem}.", line=line, problem=problem)
