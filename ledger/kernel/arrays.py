"""Rows handed to PostgreSQL as one array a column: a batch of any size is one statement.

The statement's text does not depend on the number of rows, so it is prepared once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

UUIDS: Final = pg.ARRAY(sa.Uuid)
TEXTS: Final = pg.ARRAY(sa.Text)
TIMES: Final = pg.ARRAY(sa.DateTime(timezone=True))
FLAGS: Final = pg.ARRAY(sa.Boolean)
BYTES: Final = pg.ARRAY(pg.BYTEA)
COUNTS: Final = pg.ARRAY(sa.Integer)


def unnested(name: str, **columns: tuple[list[Any], pg.ARRAY[Any]]) -> sa.TableValuedAlias:
    """``unnest($1, $2, …) AS name(…)``; every list has the same length."""
    return (
        sa.func.unnest(
            *(sa.bindparam(f"{name}_{key}", values, of) for key, (values, of) in columns.items())
        )
        .table_valued(
            *(sa.column(key, of.item_type) for key, (_, of) in columns.items()), name=name
        )
        .render_derived()
    )


def any_uuid(name: str, values: Iterable[UUID]) -> sa.CollectionAggregate[Any]:
    """``ANY($1)`` over ids."""
    return sa.any_(sa.bindparam(name, list(values), UUIDS))
