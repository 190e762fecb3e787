"""Reminders that members chose, the moments they were reminded of, and their notices."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from api.migrations.guards import refuse_changes

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

_MOMENT: Final = sa.DateTime(timezone=True)
_KINDS: Final = "kind IN ('opens', 'closes', 'ballot', 'outcome')"


def upgrade() -> None:
    op.create_table(
        "reminder_choices",
        sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("chosen_at", _MOMENT, nullable=False),
        sa.CheckConstraint(_KINDS, name="kind_is_known"),
    )
    op.create_index("ix_reminder_choices_kind", "reminder_choices", ["kind"])
    op.create_table(
        "reminder_rounds",
        sa.Column("moment", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("notices", sa.Integer, nullable=False),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.CheckConstraint(_KINDS, name="kind_is_known"),
        sa.CheckConstraint("notices >= 0", name="notices_are_counted"),
    )
    refuse_changes(op, "reminder_rounds")
    op.create_table(
        "notices",
        sa.Column("notice_id", sa.Uuid, primary_key=True),
        sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("moment", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("subject_id", sa.Text, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("support", sa.SmallInteger),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.Column("read_at", _MOMENT),
        sa.UniqueConstraint("member_id", "moment", "kind"),
        sa.CheckConstraint(_KINDS, name="kind_is_known"),
        sa.CheckConstraint("subject IN ('proposal', 'poll')", name="subject_is_known"),
        sa.CheckConstraint("support IS NULL OR kind = 'ballot'", name="support_is_of_a_ballot"),
        sa.CheckConstraint("read_at >= made_at", name="read_later"),
    )
    op.create_index("ix_notices_member_id", "notices", ["member_id", "notice_id"])
