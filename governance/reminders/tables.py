"""What members want to be reminded of, what was looked at, and their notices.

They equal the migrations; a test compares them. An erasure deletes a member's choices and notices;
``reminder_rounds`` names no member.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from ledger.kernel.transaction import metadata

_MOMENT: Final = sa.DateTime(timezone=True)
_KINDS: Final = "kind IN ('opens', 'closes', 'ballot', 'outcome')"

reminder_choices = sa.Table(
    "reminder_choices",
    metadata,
    sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("chosen_at", _MOMENT, nullable=False),
    sa.CheckConstraint(_KINDS, name="kind_is_known"),
    sa.Index("ix_reminder_choices_kind", "kind"),
)

reminder_rounds = sa.Table(
    "reminder_rounds",
    metadata,
    sa.Column("moment", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("notices", sa.Integer, nullable=False),
    sa.Column("made_at", _MOMENT, nullable=False),
    sa.CheckConstraint(_KINDS, name="kind_is_known"),
    sa.CheckConstraint("notices >= 0", name="notices_are_counted"),
)
"""Append-only: of each moment and kind everybody was reminded, in the transaction of this row."""

notices = sa.Table(
    "notices",
    metadata,
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
    sa.Index("ix_notices_member_id", "member_id", "notice_id"),
)
