"""Rows handed to PostgreSQL as one parameter: a batch of any size is one statement.

The statement's text does not depend on the number of rows, so it is prepared once; JSON is written
here and read there by compiled code, several times quicker than arrays of the driver. On hot paths
the statement is also built once, around :func:`given`: building it costs more than running it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
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
    return _derived(name, parameter, {key: of for key, (of, _) in columns.items()})


@dataclass(frozen=True, slots=True)
class Given:
    """A derived table whose rows come with each execution.

    ``table`` goes into a statement that is built once, ``rows`` makes the parameters of a run.
    """

    table: sa.TableValuedAlias
    parameter: str
    names: tuple[str, ...]
    of: tuple[TypeEngine[Any], ...]

    def rows(self, rows: Iterable[tuple[Any, ...]]) -> dict[str, str]:
        """The parameter that stands for these rows, values in the order of the columns."""
        written = [dict(zip(self.names, row, strict=True)) for row in rows]
        for name, of in zip(self.names, self.of, strict=True):
            if of is BYTES:
                for row in written:
                    row[name] = f"\\x{row[name].hex()}"
            elif of is JSON_TEXT:
                for row in written:
                    row[name] = orjson.Fragment(row[name])
        return {self.parameter: orjson.dumps(written).decode()}

    def written(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
        """As :meth:`rows`, of rows by column whose bytes are hexadecimal (:func:`hexadecimal`).

        JSON is given as a value; a decimal in it keeps its digits.
        """
        return {self.parameter: orjson.dumps(rows, default=_exact).decode()}


def hexadecimal(value: bytes) -> str:
    """Bytes as PostgreSQL reads them in a text."""
    return f"\\x{value.hex()}"


def given(name: str, **columns: TypeEngine[Any]) -> Given:
    """A derived table of these columns, whose rows are given later."""
    parameter = sa.bindparam(f"{name}_rows", type_=sa.Text)
    table = _derived(name, parameter, columns)
    return Given(table, f"{name}_rows", tuple(columns), tuple(columns.values()))


def any_uuid(name: str, values: Iterable[UUID]) -> sa.CollectionAggregate[Any]:
    """``ANY($1)`` over ids."""
    return sa.any_(sa.bindparam(name, list(values), _UUIDS))


def any_given_uuid(name: str) -> sa.CollectionAggregate[Any]:
    """``ANY($1)`` over ids that come with each execution."""
    return sa.any_(sa.bindparam(name, type_=_UUIDS))


def any_text(name: str, values: Iterable[str]) -> sa.CollectionAggregate[Any]:
    """``ANY($1)`` over texts."""
    return sa.any_(sa.bindparam(name, list(values), _TEXTS))


def _derived(
    name: str, parameter: sa.BindParameter[str], columns: Mapping[str, TypeEngine[Any]]
) -> sa.TableValuedAlias:
    return (
        sa.func.json_to_recordset(sa.cast(parameter, pg.JSON))
        .table_valued(*(sa.column(key, of) for key, of in columns.items()), name=name)
        .render_derived(with_types=True)
    )


def _writable(of: TypeEngine[Any], values: Sequence[Any]) -> Sequence[Any]:
    if of is BYTES:
        return [f"\\x{value.hex()}" for value in values]
    if of is JSON_TEXT:
        return [orjson.Fragment(value) for value in values]
    return values


def _exact(value: object) -> orjson.Fragment:
    """A decimal as a JSON number with every digit; PostgreSQL keeps it as numeric."""
    if isinstance(value, Decimal):
        return orjson.Fragment(format(value, "f"))
    raise TypeError(type(value).__name__)
