"""Facts under review: cases, what they are about, what was done with them; words apart."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from api.migrations.guards import refuse_changes

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "review_cases",
        sa.Column("case_id", sa.Uuid, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("parameters", pg.JSONB, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("opened_at", _MOMENT, nullable=False),
        sa.Column("proposed_by", sa.Uuid, sa.ForeignKey("members.member_id")),
        sa.Column("proposed_at", _MOMENT),
        sa.Column("decided_by", sa.Uuid, sa.ForeignKey("members.member_id")),
        sa.Column("decided_at", _MOMENT),
        sa.CheckConstraint(
            "kind IN ('reciprocity', 'velocity', 'shared_device', 'ring')", name="kind_is_known"
        ),
        sa.CheckConstraint(
            "state IN ('open', 'proposed', 'released', 'voided')", name="state_is_known"
        ),
        sa.CheckConstraint(
            "(proposed_by IS NULL) = (proposed_at IS NULL)", name="proposal_is_whole"
        ),
        sa.CheckConstraint(
            "(state IN ('released', 'voided')) = (decided_at IS NOT NULL) "
            "AND (decided_by IS NULL) = (decided_at IS NULL)",
            name="decision_is_whole",
        ),
        sa.CheckConstraint(
            "state NOT IN ('proposed', 'voided') OR proposed_by IS NOT NULL",
            name="void_is_proposed",
        ),
        sa.CheckConstraint("state <> 'voided' OR decided_by <> proposed_by", name="two_persons"),
    )
    op.create_table(
        "review_members",
        sa.Column("case_id", sa.Uuid, sa.ForeignKey("review_cases.case_id"), primary_key=True),
        sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), primary_key=True),
    )
    op.create_index("ix_review_members_member_id", "review_members", ["member_id"])
    refuse_changes(op, "review_members")
    op.create_table(
        "review_events",
        sa.Column("case_id", sa.Uuid, sa.ForeignKey("review_cases.case_id"), primary_key=True),
        sa.Column("event_id", sa.Uuid, sa.ForeignKey("events.event_id"), primary_key=True),
    )
    op.create_index("ix_review_events_event_id", "review_events", ["event_id"])
    refuse_changes(op, "review_events")
    op.create_table(
        "review_acts",
        sa.Column("act_id", sa.Uuid, primary_key=True),
        sa.Column("case_id", sa.Uuid, sa.ForeignKey("review_cases.case_id"), nullable=False),
        sa.Column("act", sa.Text, nullable=False),
        sa.Column("done_by", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
        sa.Column("words_digest", pg.BYTEA, nullable=False),
        sa.Column("recorded_at", _MOMENT, nullable=False),
        sa.CheckConstraint(
            "act IN ('proposed', 'released', 'voided', 'appealed')", name="act_is_known"
        ),
        sa.CheckConstraint("octet_length(words_digest) = 32", name="digest_is_sha256"),
        sa.UniqueConstraint("case_id", "act", "done_by"),
    )
    refuse_changes(op, "review_acts")
    op.create_table(
        "review_words",
        sa.Column("act_id", sa.Uuid, sa.ForeignKey("review_acts.act_id"), primary_key=True),
        sa.Column("words", sa.Text, nullable=False),
    )
    op.create_table(
        "review_scans",
        sa.Column("one", sa.Boolean, primary_key=True),
        sa.Column("scanned_until", _MOMENT, nullable=False),
        sa.CheckConstraint("one", name="one_row"),
    )
