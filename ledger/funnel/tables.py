"""Touches of visitors, and the stages that members have reached. They equal the migrations.

A touch is a visitor's (a digest of the cookie, for a while), a member's, or nobody's any more. Of
each visitor there is the first touch and the last. Nothing here is append-only: touches are
forgotten with the person, and stages are a projection of facts.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

_MOMENT: Final = sa.DateTime(timezone=True)

funnel_touches = sa.Table(
    "funnel_touches",
    metadata,
    sa.Column("touch_id", sa.Uuid, primary_key=True),
    sa.Column("visitor_digest", pg.BYTEA),
    sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id")),
    sa.Column("is_first", sa.Boolean, nullable=False),
    sa.Column("touched_at", _MOMENT, nullable=False),
    *(sa.Column(name, sa.Text, nullable=False) for name in ("source", "medium", "campaign")),
    sa.UniqueConstraint("visitor_digest", "is_first"),
    sa.CheckConstraint("visitor_digest IS NULL OR member_id IS NULL", name="of_one_at_most"),
    sa.CheckConstraint(
        "is_first OR num_nonnulls(visitor_digest, member_id) = 1", name="nobodys_is_the_first"
    ),
    sa.CheckConstraint("octet_length(visitor_digest) = 32", name="digest_is_sha256"),
    sa.CheckConstraint(
        "length(source) BETWEEN 1 AND 64 AND length(medium) BETWEEN 1 AND 64 "
        "AND length(campaign) <= 64",
        name="words_are_short",
    ),
    sa.Index(
        "ix_funnel_touches_member_id",
        "member_id",
        postgresql_where=sa.text("member_id IS NOT NULL"),
    ),
    sa.Index("ix_funnel_touches_touched_at", "touched_at"),
)

funnel_stages = sa.Table(
    "funnel_stages",
    metadata,
    sa.Column("event_id", sa.Uuid, primary_key=True),
    sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("stage", sa.Text, nullable=False),
    sa.Column("reached_at", _MOMENT, nullable=False),
    sa.Column("recorded_at", _MOMENT, nullable=False),
    sa.UniqueConstraint("member_id", "stage"),
    sa.CheckConstraint(
        "stage IN ('first_visit', 'sign_up', 'activation', 'first_earn', 'first_redemption', "
        "'purchase', 'bridge', 'vote')",
        name="stage_is_known",
    ),
)
