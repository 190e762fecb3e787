"""Statements over who proposed or approved what, and whom that paid (rule 10)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import Work

_PAID: Final = sa.text(
    "SELECT 'grt' AS prefix, g.grant_id AS id FROM grants AS g "
    "JOIN grant_lines AS l USING (grant_id) JOIN grant_approvals AS a USING (grant_id) "
    "WHERE g.state IN ('paid', 'taking_back') AND l.member_id = ANY(:paid) "
    "AND a.person_id = ANY(:stood) "
    "UNION ALL "
    "SELECT 'imp', i.import_id FROM imports AS i "
    "JOIN import_payments AS p USING (import_id) JOIN import_approvals AS a USING (import_id) "
    "WHERE i.state <> 'taken_back' AND p.outcome = 'credited' "
    "AND p.member_id = ANY(:paid) AND a.person_id = ANY(:stood) "
    "LIMIT 1"
).bindparams(
    sa.bindparam("paid", type_=pg.ARRAY(sa.Uuid)), sa.bindparam("stood", type_=pg.ARRAY(sa.Uuid))
)


class PaidBy(NamedTuple):
    """A grant or an import, as its public id says: prefix and id."""

    prefix: str
    id: UUID


def paid_by(work: Work, paid: Collection[UUID], stood: Collection[UUID]) -> PaidBy | None:
    """A grant or import that paid one of ``paid`` and that one of ``stood`` stands for.

    What was taken back paid nobody.
    """
    row = work.connection.execute(_PAID, {"paid": list(paid), "stood": list(stood)}).first()
    return None if row is None else PaidBy(row.prefix, row.id)
