"""Lines of a file of balances, read strictly: all faults are told, not only the first. Pure.

The file is UTF-8 (with or without a mark at its beginning), cells separated by commas or by
semicolons, with a header. Nothing is guessed: no number with a point, no other way to write a date,
no column that is not known.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Final
from uuid import UUID

from ledger.grants.imports.errors import BadImport
from ledger.grants.imports.faults import FAULTS_MAX, Fault, shown
from ledger.grants.imports.model import LINES_MAX, FileLine
from ledger.grants.model import POINTS_PER_LINE_MAX
from ledger.kernel.ids import BadId, parse_id
from ledger.kernel.units import Points
from ledger.members.model import BadIdentity, IdentityKey, check_key

COLUMNS: Final = (
    *("member", "provider", "issuer", "subject", "points", "granted_on", "activates_on"),
    *("expires_on", "reference", "reason"),
)
BYTES_MAX: Final = 16 * 1024 * 1024
TEXT_LENGTH_MAX: Final = 200
_ARCHIVES: Final = (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"\xd0\xcf\x11\xe0", b"BZh")
"""How zip (and .xlsx), gzip, old spreadsheets and bzip2 begin."""
_POINTS: Final = re.compile(r"[1-9][0-9]{0,7}\Z", re.ASCII)
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", re.ASCII)
_FORMULA: Final = tuple("=+-@\t\r")
_Complain = Callable[..., None]


def parse_file(content: bytes, today: date) -> tuple[FileLine, ...]:
    """Every line after the header; lines without any text are skipped.

    Raises:
        BadImport: with up to ``FAULTS_MAX`` faults, in order of lines.
    """
    text = _text_of(content)
    delimiter = _delimiter_of(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    faults: list[Fault] = []
    lines: list[FileLine] = []
    try:
        names = _header([name.strip().lower() for name in next(reader, [])])
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            read = _cells_of(reader.line_num, names, row, today)
            if isinstance(read, FileLine):
                lines.append(read)
            else:
                faults += read
            if len(lines) > LINES_MAX:
                faults.append(Fault(0, "too_many_lines", str(LINES_MAX)))
            if len(faults) >= FAULTS_MAX or len(lines) > LINES_MAX:
                break
    except csv.Error as error:
        faults.append(Fault(reader.line_num, "not_csv", shown(str(error))))
    faults += list(_named_twice(lines)) if not faults else []
    if not faults and not lines:
        faults.append(Fault(0, "no_lines"))
    if faults:
        raise BadImport(faults[:FAULTS_MAX])
    return tuple(lines)


def _text_of(content: bytes) -> str:
    if len(content) > BYTES_MAX:
        raise BadImport([Fault(0, "too_large", str(BYTES_MAX))])
    if content.startswith(_ARCHIVES):
        raise BadImport([Fault(0, "is_archive")])
    if b"\0" in content:
        raise BadImport([Fault(content[: content.index(b"\0")].count(b"\n") + 1, "has_nul")])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise BadImport([Fault(line, "not_utf8")]) from error


def _delimiter_of(text: str) -> str:
    header = text.partition("\n")[0]
    return ";" if header.count(";") > header.count(",") else ","


def _header(names: list[str]) -> list[str]:
    faults = [Fault(1, "unknown_column", shown(name)) for name in names if name not in COLUMNS]
    twice = sorted({name for name in names if names.count(name) > 1 and name in COLUMNS})
    faults += [Fault(1, "column_twice", name) for name in twice]
    if "points" not in names:
        faults.append(Fault(1, "column_missing", "points"))
    if "member" not in names and not {"provider", "issuer", "subject"} <= set(names):
        faults.append(Fault(1, "who"))
    if faults:
        raise BadImport(faults[:FAULTS_MAX])
    return names


def _cells_of(number: int, names: list[str], row: list[str], today: date) -> FileLine | list[Fault]:
    if len(row) != len(names):
        return [Fault(number, "columns", "more" if len(row) > len(names) else "fewer")]
    cells = dict(zip(names, (cell.strip() for cell in row), strict=True))
    return _read_line(number, cells, today)


def _named_twice(lines: list[FileLine]) -> Iterator[Fault]:
    first: dict[tuple[object, str], int] = {}
    for line in lines:
        before = first.setdefault((line.who, line.reference), line.number)
        if before != line.number:
            yield Fault(line.number, "twice", str(before))


def _read_line(number: int, cells: dict[str, str], today: date) -> FileLine | list[Fault]:
    faults: list[Fault] = []

    def complain(kind: str, cell: str = "") -> None:
        faults.append(Fault(number, kind, cell))

    who = _who(cells, complain)
    points = _points(cells["points"], complain)
    granted_on = _date(cells.get("granted_on", ""), complain)
    activates_on = _date(cells.get("activates_on", ""), complain)
    expires_on = _date(cells.get("expires_on", ""), complain)
    if granted_on is not None and granted_on > today:
        complain("granted_ahead", granted_on.isoformat())
    if expires_on is not None and expires_on <= today:
        complain("expired", expires_on.isoformat())
    elif expires_on is not None and activates_on is not None and expires_on <= activates_on:
        complain("dead", expires_on.isoformat())
    reference = _words(cells.get("reference", ""), complain)
    reason = _words(cells.get("reason", ""), complain)
    if faults or who is None or points is None:
        return faults
    return FileLine(number, who, points, granted_on, activates_on, expires_on, reference, reason)


def _who(cells: dict[str, str], complain: _Complain) -> UUID | IdentityKey | None:
    member = cells.get("member", "")
    key = IdentityKey(*(cells.get(name, "") for name in ("provider", "issuer", "subject")))
    if bool(member) == any(key):
        complain("who")
        return None
    return _member(member, complain) if member else _identity(key, complain)


def _member(cell: str, complain: _Complain) -> UUID | None:
    try:
        return parse_id("mem", cell)
    except BadId:
        complain("member", shown(cell))
        return None


def _identity(key: IdentityKey, complain: _Complain) -> IdentityKey | None:
    try:
        check_key(key)
    except BadIdentity:
        complain("identity", shown(":".join(key)))
        return None
    formulas = [part for part in key if part.startswith(_FORMULA)]
    if formulas:
        complain("formula", shown(formulas[0]))
    elif "@" in key.subject and "." in key.subject.rpartition("@")[2]:
        complain("mail")
    return key


def _points(cell: str, complain: _Complain) -> Points | None:
    if not _POINTS.match(cell) or int(cell) > POINTS_PER_LINE_MAX:
        complain("points", shown(cell))
        return None
    return Points(int(cell))


def _date(cell: str, complain: _Complain) -> date | None:
    if not cell:
        return None
    try:
        return date.fromisoformat(cell if _DATE.match(cell) else "")
    except ValueError:
        complain("date", shown(cell))
        return None


def _words(cell: str, complain: _Complain) -> str:
    if len(cell) > TEXT_LENGTH_MAX or not cell.isprintable():
        complain("text", shown(cell))
    elif cell.startswith(_FORMULA):
        complain("formula", shown(cell))
    return cell
