"""Rows of the bridge that contradict each other or the ledger: one statement a rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import sqlalchemy as sa

from ledger.kernel.transaction import Work


class Fault(NamedTuple):
    """A row, and what is wrong with it."""

    row: str
    problem: str


_CLAIMS = """
    SELECT r.request_id::text AS row,
           'says ' || r.points || ' points, its claim in escrow '
           || coalesce(h.captured::text, 'does not exist') AS problem
    FROM bridge_requests r
    LEFT JOIN holds h ON h.hold_id = r.request_id AND h.purpose = 'bridge'
    WHERE h.hold_id IS NULL OR h.captured <> r.points OR h.member_id <> r.member_id
          OR h.entry_id <> r.entry_id
    ORDER BY r.request_id
"""
_BATCH_SUMS = """
    SELECT b.batch_id::text AS row,
           'says ' || b.points || ' points in ' || octet_length(b.records) / 26
           || ' records, its requests ' || coalesce(sum(r.points), 0) || ' in ' || count(r.*)
           AS problem
    FROM bridge_batches b LEFT JOIN bridge_requests r ON r.batch_id = b.batch_id
    WHERE b.state <> 'refused'
    GROUP BY b.batch_id
    HAVING b.points <> coalesce(sum(r.points), 0) OR octet_length(b.records) <> 26 * count(r.*)
    ORDER BY b.batch_id
"""
_BATCH_ORDER = """
    SELECT batch_id::text AS row,
           'is number ' || sequence || ' with ' || escrowed_points || ' escrowed in all, after '
           || previous || ' with ' || before AS problem
    FROM (
        SELECT batch_id, chain_key, sequence, escrowed_points,
               lag(sequence, 1, 0::bigint) OVER in_order AS previous,
               (sum(points) OVER in_order)::bigint - points AS before,
               points
        FROM (
            SELECT batch_id, chain_key, sequence, points, escrowed_points
            FROM bridge_batches WHERE state <> 'refused'
            UNION ALL
            SELECT NULL, chain_key, sequence, points, NULL FROM bridge_foreign_batches
        ) AS known
        WINDOW in_order AS (PARTITION BY chain_key ORDER BY sequence)
    ) AS batches
    WHERE batch_id IS NOT NULL AND (sequence <> previous + 1 OR escrowed_points <> before + points)
    ORDER BY chain_key, sequence
"""
_BURN_ORDER = """
    SELECT chain_key || '/' || sequence AS row, 'follows number ' || previous AS problem
    FROM (
        SELECT chain_key, sequence,
               lag(last, 1, 0::bigint) OVER (PARTITION BY chain_key ORDER BY sequence)
               AS previous
        FROM (
            SELECT chain_key, sequence, sequence AS last FROM bridge_redemptions
            UNION ALL
            SELECT chain_key, sequence_from, sequence_to FROM bridge_redemption_gaps
            WHERE confirmed_at IS NOT NULL
        ) AS known
    ) AS burns
    WHERE sequence <> previous + 1
    ORDER BY chain_key, sequence
"""
_CREDITS = """
    SELECT b.chain_key || '/' || b.sequence AS row,
           'is credited with ' || b.points || ' points, its entry moves '
           || coalesce(sum(t.amount)::text, 'none') AS problem
    FROM bridge_redemptions b
    LEFT JOIN transfers t ON t.entry_id = b.entry_id AND t.kind = 'token_return'
    WHERE b.state = 'credited'
    GROUP BY b.chain_key, b.sequence, b.points
    HAVING coalesce(sum(t.amount), 0) <> b.points
    ORDER BY b.chain_key, b.sequence
"""


def claims_that_differ(work: Work) -> Iterator[Fault]:
    """Requests that are not what moved to escrow."""
    return _faults(work, _CLAIMS)


def batches_that_do_not_add_up(work: Work) -> Iterator[Fault]:
    """Batches that are not the sum of their requests."""
    return _faults(work, _BATCH_SUMS)


def batches_out_of_order(work: Work) -> Iterator[Fault]:
    """Batches whose number or cumulative escrow does not follow from the one before."""
    return _faults(work, _BATCH_ORDER)


def burns_out_of_order(work: Work) -> Iterator[Fault]:
    """Burns whose number does not follow from the one before."""
    return _faults(work, _BURN_ORDER)


def credits_that_differ(work: Work) -> Iterator[Fault]:
    """Credited burns whose entry moves another amount."""
    return _faults(work, _CREDITS)


def _faults(work: Work, statement: str) -> Iterator[Fault]:
    for row in work.connection.execute(sa.text(statement)):
        yield Fault(row.row, row.problem)
