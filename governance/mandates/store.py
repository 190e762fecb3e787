"""Statements over orders and over what became of mandates."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from governance.mandates.model import (
    Mandate,
    MandateKind,
    MandateOutcome,
    MandateResult,
    Order,
    order_hash,
    read_order,
)
from governance.mandates.tables import mandate_orders, mandate_results
from ledger.kernel.transaction import Work


def keep_order(work: Work, order: Order) -> None:
    """Store a document under its hash; the same again changes nothing."""
    work.connection.execute(
        pg.insert(mandate_orders)
        .values(order_hash=order_hash(order), document=order.document(), stored_at=work.now)
        .on_conflict_do_nothing()
    )


def order(work: Work, hashed: bytes) -> Order | None:
    """The order of a hash, if its document is stored."""
    document = work.connection.execute(
        sa.select(mandate_orders.c.document).where(mandate_orders.c.order_hash == hashed)
    ).scalar_one_or_none()
    return None if document is None else read_order(document)


def insert_result(work: Work, chain_key: int, attempt: int, result: MandateResult) -> None:
    """Keep what an attempt came to."""
    mandate = result.mandate
    work.connection.execute(
        mandate_results.insert().values(
            chain_key=chain_key,
            number=mandate.number,
            attempt=attempt,
            kind=mandate.kind,
            order_hash=mandate.order_hash,
            points=mandate.points,
            pool=mandate.pool,
            transaction_hash=mandate.transaction_hash,
            mined_at=mandate.mined_at,
            outcome=result.outcome,
            reason=result.reason,
            recorded_at=work.now,
        )
    )


def latest(work: Work, chain_key: int) -> list[MandateResult]:
    """The last attempt of every mandate, newest mandate first."""
    rows = work.connection.execute(_last(chain_key))
    return sorted((_result(row) for row in rows), key=lambda each: -each.mandate.number)


def everything(work: Work) -> list[tuple[int, MandateResult]]:
    """The last attempt of every mandate of every chain, with the chain's key."""
    rows = work.connection.execute(
        sa.select(*mandate_results.c)
        .ext(pg.distinct_on(mandate_results.c.chain_key, mandate_results.c.number))
        .order_by(
            mandate_results.c.chain_key,
            mandate_results.c.number,
            mandate_results.c.attempt.desc(),
        )
    )
    return [(row.chain_key, _result(row)) for row in rows]


def missing(work: Work, chain_key: int, limit: int) -> list[tuple[Mandate, int]]:
    """Mandates whose document was missing at the last attempt, with that attempt, oldest first."""
    last = _last(chain_key).subquery()
    known = sa.exists().where(mandate_orders.c.order_hash == last.c.order_hash)
    rows = work.connection.execute(
        sa.select(last)
        .where(last.c.outcome == MandateOutcome.DOCUMENT_MISSING, known)
        .order_by(last.c.number)
        .limit(limit)
    )
    return [(_result(row).mandate, row.attempt) for row in rows]


def _last(chain_key: int) -> sa.Select[*tuple[Any, ...]]:
    return (
        sa.select(*mandate_results.c)
        .ext(pg.distinct_on(mandate_results.c.number))
        .where(mandate_results.c.chain_key == chain_key)
        .order_by(mandate_results.c.number, mandate_results.c.attempt.desc())
    )


def _result(row: sa.Row[*tuple[Any, ...]]) -> MandateResult:
    mandate = Mandate(
        number=row.number,
        kind=MandateKind(row.kind),
        order_hash=bytes(row.order_hash),
        points=row.points,
        pool=None if row.pool is None else bytes(row.pool),
        transaction_hash=bytes(row.transaction_hash),
        mined_at=row.mined_at,
    )
    return MandateResult(mandate, MandateOutcome(row.outcome), row.reason)
