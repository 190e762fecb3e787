"""Cases, what they are about, and what was done with them. Words stand apart and can be erased."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

_MOMENT: Final = sa.DateTime(timezone=True)

review_cases = sa.Table(
    "review_cases",
    metadata,
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
        "kind IN ('reciprocity', 'velocity', 'shared_device', 'ring', 'mistake')",
        name="kind_is_known",
    ),
    sa.CheckConstraint(
        "state IN ('open', 'proposed', 'released', 'voided')", name="state_is_known"
    ),
    sa.CheckConstraint("(proposed_by IS NULL) = (proposed_at IS NULL)", name="proposal_is_whole"),
    sa.CheckConstraint(
        "(state IN ('released', 'voided')) = (decided_at IS NOT NULL) "
        "AND (decided_by IS NULL) = (decided_at IS NULL)",
        name="decision_is_whole",
    ),
    sa.CheckConstraint(
        "state NOT IN ('proposed', 'voided') OR proposed_by IS NOT NULL", name="void_is_proposed"
    ),
    sa.CheckConstraint("state <> 'voided' OR decided_by <> proposed_by", name="two_persons"),
)

review_members = sa.Table(
    "review_members",
    metadata,
    sa.Column("case_id", sa.Uuid, sa.ForeignKey("review_cases.case_id"), primary_key=True),
    sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), primary_key=True),
    sa.Index("ix_review_members_member_id", "member_id"),
)

review_events = sa.Table(
    "review_events",
    metadata,
    sa.Column("case_id", sa.Uuid, sa.ForeignKey("review_cases.case_id"), primary_key=True),
    sa.Column("event_id", sa.Uuid, sa.ForeignKey("events.event_id"), primary_key=True),
    sa.Index("ix_review_events_event_id", "event_id"),
)

review_acts = sa.Table(
    "review_acts",
    metadata,
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

review_words = sa.Table(
    "review_words",
    metadata,
    sa.Column("act_id", sa.Uuid, sa.ForeignKey("review_acts.act_id"), primary_key=True),
    sa.Column("words", sa.Text, nullable=False),
)

review_withheld = sa.Table(
    "review_withheld",
    metadata,
    sa.Column("award_id", sa.Uuid, sa.ForeignKey("awards.award_id"), primary_key=True),
    sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("points", sa.BigInteger, nullable=False),
    sa.CheckConstraint("points > 0", name="points_are_positive"),
    sa.Index("ix_review_withheld_member_id", "member_id"),
)
"""What of awards waits: worked out whenever their member is scored, and checked by verify."""

review_scans = sa.Table(
    "review_scans",
    metadata,
    sa.Column("one", sa.Boolean, primary_key=True),
    sa.Column("scanned_until", _MOMENT, nullable=False),
    sa.CheckConstraint("one", name="one_row"),
)
"""Up to when facts were looked at. Deleted, everything in the window is looked at again."""
