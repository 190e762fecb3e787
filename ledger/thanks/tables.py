"""Gifts of thanks, append-only and without words; the words apart, where they can be forgotten."""

from __future__ import annotations

import sqlalchemy as sa

from ledger.kernel.transaction import metadata

thanks = sa.Table(
    "thanks",
    metadata,
    sa.Column("thanks_id", sa.Uuid, primary_key=True),
    sa.Column("event_id", sa.Uuid, sa.ForeignKey("events.event_id"), nullable=False, unique=True),
    sa.Column("giver", sa.Uuid, sa.ForeignKey("identities.reference"), nullable=False),
    sa.Column("receiver", sa.Uuid, sa.ForeignKey("identities.reference"), nullable=False),
    sa.Column("month", sa.Text(collation="C"), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("points", sa.BigInteger, nullable=False),
    sa.Column("counted", sa.BigInteger, nullable=False),
    sa.Column("allowance", sa.BigInteger, nullable=False),
    sa.Column("allowance_left", sa.BigInteger, nullable=False),
    sa.Column("ring", sa.Text),
    sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
    sa.UniqueConstraint("giver", "month", "number"),
    sa.CheckConstraint("giver <> receiver", name="two_members"),
    sa.CheckConstraint("points > 0 AND counted BETWEEN 0 AND points", name="counted_is_a_part"),
    sa.CheckConstraint("allowance_left BETWEEN 0 AND allowance - points", name="allowance_holds"),
    sa.CheckConstraint("ring IN ('pair', 'three')", name="ring_is_known"),
    sa.Index("ix_thanks_giver", "giver", "given_at"),
    sa.Index("ix_thanks_receiver", "receiver", "given_at"),
)

thanks_words = sa.Table(
    "thanks_words",
    metadata,
    sa.Column("thanks_id", sa.Uuid, sa.ForeignKey("thanks.thanks_id"), primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("link", sa.Text),
)
