"""Rows handed to PostgreSQL as one parameter: a batch of any size is one statement.

The statement's text does not depend on the number of rows, so it is prepared once; JSON is written
here and read there by compiled code, several times quicker than arrays of the driver.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.types import TypeEngine

UUID_: Final = sa.Uuid()
TEXT: Final = sa.Text()
TIME: Final = sa.DateTime(timezone=True)
FLAG: Final = sa.Boolean()
BYTES: Final = pg.BYTEA()
COUNT: Final = sa.Integer()
JSON_TEXT: Final = pg.JSONB()
"""Values of this column are given as JSON text, whose numbers stay as written."""

_UUIDS: Final = pg.ARRAY(sa.Uuid)
_TEXTS: Final = pg.ARRAY(sa.Text)

Column = tuple[TypeEngine[Any], Sequence[Any]]


def table_of(name: str, **columns: Column) -> sa.TableValuedAlias:
    """A derived table of these columns; all have the same number of values, ``None`` is null."""
    lists = [_writable(of, values) for of, values in columns.values()]
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*lists, strict=True)]
    parameter = sa.bindparam(f"{name}_rows", orjson.dumps(rows).decode(), sa.Text)
    return (
        sa.func.json_to_recordset(sa.cast(parameter, pg.JSON))
        .table_valued(*(sa.column(key, of) for key, (of, _) in columns.items()), name=name)
        .render_derived(with_types=True)
    )


def any_uuid(name: str, values: Iterable[UUID]) -> sa.CollectionAggregate[Any]:
    """``ANY($1)`` over ids."""
    return sa.any_(sa.bindparam(name, list(values), _UUIDS))


def any_text(name: str, values: Iterable[str]) -> sa.CollectionAggregate[Any]:
    """``ANY($1)`` over texts."""
    return sa.any_(sa.bindparam(name, list(values), _TEXTS))


def _writable(of: TypeEngine[Any], values: Sequence[Any]) -> Sequence[Any]:
    if of is BYTES:
        return [f"\\x{value.hex()}" for value in values]
    if of is JSON_TEXT:
        return [orjson.Fragment(value) for value in values]
    return values
