"""Lines of a grant from a CSV file with the columns ``member`` and ``points``. Pure."""

from __future__ import annotations

import csv
import io

from ledger.grants.errors import BadGrant
from ledger.grants.model import LINES_MAX, POINTS_PER_LINE_MAX, GrantLine
from ledger.kernel.ids import BadId, parse_id
from ledger.kernel.units import Points

_COLUMNS = ["member", "points"]


def parse_rows(text: str) -> tuple[GrantLine, ...]:
    """Every row after the header; blank lines are skipped.

    Raises:
        BadGrant: another header, a row that is not a member's id and whole points, or too many.
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    lines: list[GrantLine] = []
    try:
        header = next(reader, [])
        if [name.strip().lower() for name in header] != _COLUMNS:
            raise _bad(1, f"the header must be {','.join(_COLUMNS)}")
        for row in reader:
            if any(cell.strip() for cell in row):
                lines.append(_line(reader.line_num, row))
            if len(lines) > LINES_MAX:
                raise _bad(reader.line_num, f"a grant has at most {LINES_MAX} lines")
    except csv.Error as error:
        raise _bad(reader.line_num, f"is no CSV: {error}") from error
    return tuple(lines)


def _line(number: int, row: list[str]) -> GrantLine:
    if len(row) != len(_COLUMNS):
        raise _bad(number, f"has {len(row)} columns instead of {len(_COLUMNS)}")
    member, points = (cell.strip() for cell in row)
    if not (points.isascii() and points.isdigit()) or len(points) > len(str(POINTS_PER_LINE_MAX)):
        raise _bad(number, f"{points[:32]!r} is no whole number of points")
    try:
        return GrantLine(parse_id("mem", member), Points(int(points)))
    except BadId as error:
        raise _bad(number, f"{member[:64]!r} is no member's id") from error


def _bad(line: int, problem: str) -> BadGrant:
    return BadGrant(f"Line {line}: {problem}.", line=line, problem=problem)
