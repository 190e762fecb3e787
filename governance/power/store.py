"""SQL over what the token said. One statement, one function.

"Then" is the end of that second: the Governor counts a block of the snapshot's own time as well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from governance.power.model import ChangeKind, ReadTo, TokenChange
from governance.power.tables import token_changes, token_checkpoints
from ledger.kernel.transaction import Work
from oracle.indexer.tables import chain_events

ROWS_AT_ONCE: Final = 5_000
_CHANGE: Final = token_changes.c


def read_to(work: Work, chain_key: int) -> ReadTo | None:
    """How far the token was read; ``None`` before its first block."""
    row = work.connection.execute(
        sa.select(token_checkpoints.c.block_number, token_checkpoints.c.block_time).where(
            token_checkpoints.c.chain_key == chain_key
        )
    ).one_or_none()
    return None if row is None else ReadTo(row.block_number, row.block_time)


def move_checkpoint(work: Work, chain_key: int, old: ReadTo | None, new: ReadTo) -> bool:
    """Compare and set; ``False`` if somebody else has read on."""
    values = {"block_number": new.block_number, "block_time": new.block_time}
    if old is None:
        insert = pg.insert(token_checkpoints).values(chain_key=chain_key, **values)
        changed = work.connection.execute(
            insert.on_conflict_do_nothing().returning(token_checkpoints.c.chain_key)
        )
        return changed.first() is not None
    moved = work.connection.execute(
        token_checkpoints.update()
        .where(
            token_checkpoints.c.chain_key == chain_key,
            token_checkpoints.c.block_number == old.block_number,
        )
        .values(**values)
    )
    return moved.rowcount == 1


def insert_changes(work: Work, chain_key: int, changes: Sequence[TokenChange]) -> None:
    """Keep what the token said."""
    for start in range(0, len(changes), ROWS_AT_ONCE):
        work.connection.execute(
            token_changes.insert(),
            [
                {
                    "chain_key": chain_key,
                    "block_number": each.block_number,
                    "log_index": each.log_index,
                    "block_time": each.at,
                    "kind": each.kind.value,
                    "account": each.account,
                    "other": each.other,
                    "units": each.units,
                }
                for each in changes[start : start + ROWS_AT_ONCE]
            ],
        )


def changes(work: Work, chain_key: int) -> Iterator[TokenChange]:
    """Everything the token said, in the chain's order."""
    rows = work.connection.execution_options(yield_per=ROWS_AT_ONCE).execute(
        sa.select(token_changes)
        .where(_CHANGE.chain_key == chain_key)
        .order_by(_CHANGE.block_number, _CHANGE.log_index)
    )
    for row in rows:
        yield TokenChange(
            row.block_number,
            row.log_index,
            row.block_time,
            ChangeKind(row.kind),
            row.account,
            row.other,
            None if row.units is None else int(row.units),
        )


def powerful(work: Work, chain_key: int, then: datetime) -> set[str]:
    """Accounts that had votes then, their own or others'."""
    last = _last(chain_key, ChangeKind.VOTES, then, _CHANGE.units)
    query = sa.select(last.c.account).where(last.c.units > 0)
    return set(work.connection.execute(query).scalars())


def delegators(work: Work, chain_key: int, delegate: str, then: datetime) -> set[str]:
    """Other accounts that delegated to this one then, those without tokens included."""
    last = _last(chain_key, ChangeKind.DELEGATE, then, _CHANGE.other)
    query = sa.select(last.c.account).where(last.c.other == delegate, last.c.account != delegate)
    return set(work.connection.execute(query).scalars())


def holders(work: Work, chain_key: int, accounts: Collection[str], then: datetime) -> set[str]:
    """Which of these accounts had tokens then."""
    moved = [
        sa.select(column.label("holder"), (_CHANGE.units * sign).label("units")).where(
            *_until(chain_key, ChangeKind.TRANSFER, then), column.in_(accounts)
        )
        for column, sign in ((_CHANGE.other, 1), (_CHANGE.account, -1))
    ]
    both = sa.union_all(*moved).subquery()
    query = sa.select(both.c.holder).group_by(both.c.holder).having(sa.func.sum(both.c.units) > 0)
    return set(work.connection.execute(query).scalars())


def units_held(work: Work, chain_key: int, account: str) -> int:
    """What an account has, of all that was read."""
    transfers = (_CHANGE.chain_key == chain_key, _CHANGE.kind == ChangeKind.TRANSFER.value)
    got, gave = (
        sa.select(sa.func.coalesce(sa.func.sum(_CHANGE.units), 0)).where(*transfers, own == account)
        for own in (_CHANGE.other, _CHANGE.account)
    )
    query = sa.select(got.scalar_subquery() - gave.scalar_subquery())
    return int(work.connection.execute(query).scalar_one())


def address_of(work: Work, chain_key: int, contract: str) -> str | None:
    """Where a contract of the deployment is, once it has said anything."""
    query = sa.select(sa.func.lower(chain_events.c.address)).where(
        chain_events.c.chain_key == chain_key, chain_events.c.contract == contract
    )
    return work.connection.execute(query.limit(1)).scalar_one_or_none()


def _last(
    chain_key: int, kind: ChangeKind, then: datetime, wanted: sa.Column[object]
) -> sa.Subquery:
    """What of each account was said last by then."""
    return (
        sa.select(_CHANGE.account, wanted)
        .ext(pg.distinct_on(_CHANGE.account))
        .where(*_until(chain_key, kind, then))
        .order_by(_CHANGE.account, _CHANGE.block_number.desc(), _CHANGE.log_index.desc())
        .subquery()
    )


def _until(chain_key: int, kind: ChangeKind, then: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        _CHANGE.chain_key == chain_key,
        _CHANGE.kind == kind.value,
        _CHANGE.block_time <= then,
    )
