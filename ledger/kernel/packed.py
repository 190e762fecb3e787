"""Columns of rows as PostgreSQL's binary arrays: one parameter a column, packed at once. Pure.

For hot paths whose statements take their rows by ``SELECT unnest(…), unnest(…)``: such a statement
is prepared once whatever the number of rows, can share an exchange with others
(``ledger.kernel.pipeline``), which a COPY cannot, and was measured to cost no more than COPY of the
same rows. In the select list all go side by side; ``FROM unnest(…, …)`` would first write each out.

The format is that of ``array_send``: dimensions, whether there may be nulls, the element's type;
the dimension's length and lower bound; then each element's length and bytes, -1 for null.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from psycopg.adapt import AdaptersMap, Dumper
from psycopg.pq import Format

_INT8, _INT2, _TEXT, _UUID, _TIMESTAMPTZ, _BYTEA = 20, 21, 25, 2950, 1184, 17
"""Types of elements, as ``pg_type`` numbers them."""
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_HEADER: Final = struct.Struct(">iiIii")
_NULL: Final = struct.pack(">i", -1)
_MOMENT: Final = struct.Struct(">iq").pack
_LENGTH: Final = struct.Struct(">i").pack
_SIXTEEN: Final = _LENGTH(16)


@dataclass(frozen=True, slots=True)
class Packed:
    """An array parameter; the statement casts it to its type (``CAST(:name AS int8[])``)."""

    packed: bytes


class _PackedDumper(Dumper):
    """Hands it to the server as it is; of unstated type, so that the cast says what it is."""

    format = Format.BINARY

    def dump(self, obj: Packed) -> bytes:
        """Its bytes."""
        return obj.packed


def accept_packed(adapters: AdaptersMap) -> None:
    """Let the driver take :class:`Packed` as parameters."""
    adapters.register_dumper(Packed, _PackedDumper)


def int8s(values: Sequence[int]) -> Packed:
    """``int8[]``."""
    return _fixed(_INT8, "q", 8, values)


def int2s(values: Sequence[int]) -> Packed:
    """``int2[]``."""
    return _fixed(_INT2, "h", 2, values)


def moments(values: Sequence[datetime | None]) -> Packed:
    """``timestamptz[]``: microseconds since 2000."""
    return _array(
        _TIMESTAMPTZ,
        len(values),
        [_NULL if v is None else _MOMENT(8, (v - _EPOCH) // _MICROSECOND) for v in values],
    )


def uuids(values: Sequence[UUID | None]) -> Packed:
    """``uuid[]``."""
    return _array(_UUID, len(values), [_NULL if v is None else _SIXTEEN + v.bytes for v in values])


def texts(values: Sequence[str]) -> Packed:
    """``text[]``; a subclass's value is what it is as a string."""
    return _varying(_TEXT, [value.encode() for value in values])


def byteas(values: Sequence[bytes]) -> Packed:
    """``bytea[]``."""
    return _varying(_BYTEA, values)


def _fixed(element: int, letter: str, width: int, values: Sequence[int]) -> Packed:
    count = len(values)
    flat = [width] * (2 * count)
    flat[1::2] = values
    return _array(element, count, [struct.pack(f">{f'i{letter}' * count}", *flat)])


def _varying(element: int, values: Sequence[bytes]) -> Packed:
    parts: list[bytes] = []
    for value in values:
        parts += (_LENGTH(len(value)), value)
    return _array(element, len(values), parts)


def _array(element: int, count: int, parts: Iterable[bytes]) -> Packed:
    return Packed(_HEADER.pack(1, 1, element, count, 1) + b"".join(parts))
