"""What the check of what was taken back reads: clawbacks beside what their causes gave."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import sqlalchemy as sa

from ledger.kernel.transaction import Work

_TOO_MUCH: Final = """
    WITH clawed AS (
        SELECT t.sequence, t.amount, of.kind, of.id,
            lots.cause_kind IS NOT DISTINCT FROM of.kind
                AND lots.cause_id IS NOT DISTINCT FROM of.id AS own
        FROM transfers AS t
        JOIN accounts AS revoked
            ON revoked.account_id = t.credit_account_id AND revoked.kind = 'revoked'
        JOIN transfers AS first ON first.entry_id = t.entry_id AND first.line = 1
        JOIN accounts AS payer ON payer.account_id = t.debit_account_id
        LEFT JOIN lots ON lots.lot_id = payer.owner
        CROSS JOIN LATERAL (
            SELECT stated ->> 'kind' AS kind, stated ->> 'id' AS id
            FROM (SELECT first.cause::jsonb #> '{claw_back,cause}' AS stated) AS s
        ) AS of
        WHERE starts_with(first.cause, '{"claw_back":')
    ), taken AS (
        SELECT kind, id, sum(amount)::int8 AS points,
               min(sequence) FILTER (WHERE NOT own) AS elsewhere_from
        FROM clawed GROUP BY kind, id
    ), left_for_good AS (
        SELECT lot_id, entry_id, points FROM inactivity_decays
        UNION ALL
        SELECT lot_id, entry_id, cancelled FROM vesting_decisions WHERE cancelled > 0
    ), gave AS (
        SELECT cause_kind, cause_id, sum(granted)::int8 AS points
        FROM lots JOIN transfers AS t ON t.entry_id = lots.entry_id AND t.line = 1
        WHERE t.kind NOT IN ('refund', 'escrow_return', 'token_return')
        AND (cause_kind, cause_id) IN (
            SELECT kind, id FROM taken WHERE elsewhere_from IS NOT NULL)
        GROUP BY cause_kind, cause_id
    )
    SELECT taken.kind, taken.id, gave.points, taken.points, gone.points
    FROM taken JOIN gave ON gave.cause_kind = taken.kind AND gave.cause_id = taken.id
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(l.points), 0)::int8 AS points
        FROM lots JOIN left_for_good AS l USING (lot_id)
        JOIN transfers AS t ON t.entry_id = l.entry_id AND t.line = 1
        WHERE lots.cause_kind = taken.kind AND lots.cause_id = taken.id
        AND t.sequence < taken.elsewhere_from
    ) AS gone
    WHERE taken.points + gone.points > gave.points
    ORDER BY taken.kind, taken.id
"""


class TooMuch(NamedTuple):
    """A cause of lots, what it gave, what was taken back of it, and what was gone before."""

    kind: str
    cause_id: str
    gave: int
    taken: int
    gone: int


def taken_too_much(work: Work) -> Iterator[TooMuch]:
    """Causes that gave less than was taken back of them and had decayed or been cancelled.

    A lot cannot give more than it has; so it is asked of those for which other lots or a debt
    stood in, and what was gone is counted up to the first time that they did.
    """
    for row in work.connection.execute(sa.text(_TOO_MUCH)):
        yield TooMuch._make(row)
