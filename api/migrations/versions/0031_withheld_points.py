"""What of each award waits while facts are under review: of a period's award its part.

Until now whole lots waited, and of awards of events only. Members of live cases are scored again,
which works it out.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_SCORE_AGAIN = """
INSERT INTO outbox (topic, key, payload, created_at, not_before)
SELECT DISTINCT 'score', member_id::text, 'null'::jsonb, now(), now()
FROM review_members JOIN review_cases USING (case_id) WHERE state IN ('open', 'proposed')
"""


def upgrade() -> None:
    op.create_table(
        "review_withheld",
        sa.Column("award_id", sa.Uuid, sa.ForeignKey("awards.award_id"), primary_key=True),
        sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
        sa.Column("points", sa.BigInteger, nullable=False),
        sa.CheckConstraint("points > 0", name="points_are_positive"),
    )
    op.create_index("ix_review_withheld_member_id", "review_withheld", ["member_id"])
    op.execute(_SCORE_AGAIN)
