"""What the checks of merges read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from ledger.kernel.transaction import Work
from ledger.members.tables import members
from ledger.merges.model import Merge
from ledger.merges.store import merges_query, read_merge

_ENTRIES: Final = """
    SELECT coalesce(e.entry_id, t.entry_id) AS entry_id, e.merge_id, t.kind, t.cause,
           d.decision, m.survivor, m.absorbed, m.undoes
    FROM member_merge_entries AS e
    LEFT JOIN member_merges AS m USING (merge_id)
    LEFT JOIN member_merge_decisions AS d USING (merge_id)
    FULL JOIN (
        SELECT entry_id, kind, cause FROM transfers
        WHERE line = 1 AND kind IN ('merge', 'unmerge')
    ) AS t ON t.entry_id = e.entry_id
    ORDER BY 1
"""
_NET: Final = """
    WITH moved AS (
        SELECT entry_id, debit_account_id AS account_id, -amount AS change FROM transfers
        WHERE kind IN ('merge', 'unmerge')
        UNION ALL
        SELECT entry_id, credit_account_id, amount FROM transfers
        WHERE kind IN ('merge', 'unmerge')
    )
    SELECT entry_id, account_id, sum(change)::int8 AS change
    FROM moved JOIN accounts USING (account_id)
    WHERE accounts.kind <> 'debt' GROUP BY entry_id, account_id HAVING sum(change) <> 0
    ORDER BY entry_id, account_id LIMIT 1
"""
_OTHERS_THROUGH: Final = """
    SELECT sequence, kind FROM transfers
    WHERE kind NOT IN ('merge', 'unmerge') AND EXISTS (SELECT FROM accounts AS a
        WHERE a.kind = 'merging' AND a.account_id IN (debit_account_id, credit_account_id))
    ORDER BY sequence LIMIT 1
"""
_LEFT_BEHIND: Final = """
    SELECT m.member_id, CASE
        WHEN EXISTS (SELECT FROM identities AS i WHERE i.member_id = m.member_id)
            THEN 'has identities of its own'
        WHEN EXISTS (SELECT FROM accounts AS a WHERE a.kind = 'debt' AND a.owner = m.member_id
            AND a.balance <> 0) THEN 'owes points of its own'
        WHEN EXISTS (SELECT FROM member_roles AS r WHERE r.member_id = m.member_id)
            THEN 'has a role of its own' END AS problem
    FROM members AS m WHERE m.merged_into IS NOT NULL ORDER BY m.member_id
"""


class EntryRow(NamedTuple):
    """An entry of a merge or split with what names it; either may lack."""

    entry_id: UUID
    merge_id: UUID | None
    kind: str | None
    cause: str | None
    decision: str | None
    survivor: UUID | None
    absorbed: UUID | None
    undoes: UUID | None


def all_merges(work: Work) -> Iterator[tuple[Merge, bytes | None]]:
    """Every merge and split with the digest that was approved, by id."""
    for row in work.connection.execute(merges_query().order_by(sa.text("merge_id"))):
        approved = None if row.approved_digest is None else bytes(row.approved_digest)
        yield read_merge(row), approved


def merged_members(work: Work) -> dict[UUID, UUID]:
    """Member → who stands for them, of everybody for whom another does."""
    query = sa.select(members.c.member_id, members.c.merged_into).where(
        members.c.merged_into.is_not(None)
    )
    return {row.member_id: row.merged_into for row in work.connection.execute(query)}


def entries(work: Work) -> Iterator[EntryRow]:
    """Every entry by which points changed hands, and every row that says so."""
    return (EntryRow(*row) for row in work.connection.execute(sa.text(_ENTRIES)))


def net_changes(work: Work) -> list[tuple[UUID, int, int]]:
    """Accounts that a merge's entry left with more or less than before, debt aside; the first."""
    rows = work.connection.execute(sa.text(_NET))
    return [(row.entry_id, row.account_id, row.change) for row in rows]


def others_through_merging(work: Work) -> list[tuple[int, str]]:
    """Transfers of other kinds through the account of merges, the first."""
    rows = work.connection.execute(sa.text(_OTHERS_THROUGH))
    return [(row.sequence, row.kind) for row in rows]


def left_behind(work: Work) -> Iterator[tuple[UUID, str]]:
    """Merged members who have something of their own still."""
    for row in work.connection.execute(sa.text(_LEFT_BEHIND)):
        if row.problem is not None:
            yield row.member_id, row.problem
