"""What the check of whose word counted reads: approvals beside the log of roles and blocks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import Work

BESIDE: Final = timedelta(minutes=1)
"""Two transactions as near as this may have run side by side, in whichever order."""

_LOST: Final = """
    WITH stood (of, id, person_id, is_needed, needed) AS (
        SELECT 'grants', grant_id, a.person_id, a.person_id = created_by, persons_needed
        FROM grants JOIN grant_approvals AS a USING (grant_id)
        WHERE state IN ('paid', 'taking_back', 'taken_back')
        UNION ALL
        SELECT 'imports', import_id, a.person_id, a.person_id = created_by, persons_needed
        FROM imports JOIN import_approvals AS a USING (import_id)
        WHERE state IN ('approved', 'paid', 'taking_back', 'taken_back')
        UNION ALL
        SELECT 'budget_proposals', budget_id, unnest(ARRAY[proposed_by, decided_by]), true, 1
        FROM budget_proposals JOIN budget_decisions USING (budget_id)
        WHERE decision = 'approved' AND decided_by IS NOT NULL
        UNION ALL
        SELECT 'member_merges', merge_id, unnest(ARRAY[proposed_by, decided_by]), true, 1
        FROM member_merges JOIN member_merge_decisions USING (merge_id)
        WHERE decision = 'approved'
        UNION ALL
        SELECT 'programme_changes', change_id, unnest(ARRAY[proposed_by, decided_by]), true, 1
        FROM programme_changes JOIN programme_decisions USING (change_id)
        WHERE decision = 'approved'
    ), moments (of, id, at) AS (
        SELECT 'grants', grant_id, max(approved_at) FROM grant_approvals GROUP BY grant_id
        UNION ALL
        SELECT 'imports', import_id, max(approved_at) FROM import_approvals GROUP BY import_id
        UNION ALL SELECT 'budget_proposals', budget_id, decided_at FROM budget_decisions
        UNION ALL SELECT 'member_merges', merge_id, decided_at FROM member_merge_decisions
        UNION ALL SELECT 'programme_changes', change_id, decided_at FROM programme_decisions
    ), judged AS (
        SELECT s.of, s.id, person_id, is_needed, needed, EXISTS (
            SELECT FROM role_changes AS r
            WHERE r.member_id = person_id AND r.role = 'admin' AND r.action = 'revoked'
                AND r.recorded_at < at - :beside
                AND NOT EXISTS (SELECT FROM role_changes AS g
                    WHERE g.member_id = person_id AND g.role = 'admin' AND g.action = 'granted'
                        AND g.recorded_at > r.recorded_at AND g.recorded_at <= at + :beside)
        ) OR EXISTS (
            SELECT FROM member_blocks AS b
            WHERE b.member_id = person_id AND b.action = 'blocked'
                AND b.recorded_at < at - :beside
                AND NOT EXISTS (SELECT FROM member_blocks AS u
                    WHERE u.member_id = person_id AND u.action = 'unblocked'
                        AND u.recorded_at > b.recorded_at AND u.recorded_at <= at + :beside)
        ) OR EXISTS (
            SELECT FROM erasures AS e
            WHERE e.member_id = person_id AND e.erased_at < at - :beside
        ) AS lost
        FROM stood AS s JOIN moments USING (of, id)
    ), counted AS (
        SELECT *, count(*) FILTER (WHERE NOT lost) OVER (PARTITION BY of, id) AS stand,
            count(*) OVER (PARTITION BY of, id) AS in_all
        FROM judged
    )
    SELECT of, id, person_id FROM counted
    WHERE lost AND (is_needed OR stand < least(greatest(needed, 2), in_all))
    ORDER BY of, id, person_id
"""


class LostWord(NamedTuple):
    """Something that took effect, and by the word of whom who might not give it any more."""

    of: str
    id: UUID
    person_id: UUID


def lost_words(work: Work) -> Iterator[LostWord]:
    """What took effect with too few whose word counted, or by a proposer whose did not."""
    query = sa.text(_LOST).bindparams(sa.bindparam("beside", BESIDE, pg.INTERVAL))
    for row in work.connection.execute(query):
        yield LostWord(row.of, row.id, row.person_id)
