"""Guest passes, what they were rewarded with, and keyed hashes that can be erased."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

_MOMENT: Final = sa.DateTime(timezone=True)

referrals = sa.Table(
    "referrals",
    metadata,
    sa.Column("referral_id", sa.Uuid, primary_key=True),
    sa.Column("inviter", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("digest", pg.BYTEA, nullable=False, unique=True),
    sa.Column(
        "programme_hash", pg.BYTEA, sa.ForeignKey("programmes.programme_hash"), nullable=False
    ),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("issued_at", _MOMENT, nullable=False),
    sa.Column("lapses_at", _MOMENT, nullable=False),
    sa.Column("guest", sa.Uuid, sa.ForeignKey("members.member_id")),
    sa.Column("claimed_at", _MOMENT),
    sa.Column("under_review", sa.Boolean, nullable=False),
    sa.Column("payment_event", sa.Uuid, sa.ForeignKey("events.event_id")),
    sa.Column("currency", sa.Text),
    sa.Column("paid_minor", sa.BigInteger),
    sa.Column("refunded_minor", sa.BigInteger),
    sa.Column("paid_at", _MOMENT),
    sa.Column("reason", sa.Text),
    sa.Column("waits", sa.Text),
    sa.CheckConstraint("octet_length(digest) = 32", name="digest_is_sha256"),
    sa.CheckConstraint(
        "state IN ('issued', 'claimed', 'qualifying', 'qualified', 'rewarded', 'rejected', "
        "'lapsed', 'reversed')",
        name="state_is_known",
    ),
    sa.CheckConstraint(
        "reason IN ('self_referral', 'shared_identifier', 'guest_not_new', 'review_refused', "
        "'payment_refunded', 'not_subscribed', 'person_erased')",
        name="reason_is_known",
    ),
    sa.CheckConstraint(
        "(state IN ('rejected', 'reversed')) = (reason IS NOT NULL)", name="ends_for_a_reason"
    ),
    sa.CheckConstraint(
        "waits IN ('budget', 'pool', 'limit', 'margin', 'member', 'source')", name="waits_is_known"
    ),
    sa.CheckConstraint(
        "waits IS NULL OR state = CASE waits WHEN 'source' THEN 'qualifying' ELSE 'qualified' END",
        name="waits_in_its_state",
    ),
    sa.CheckConstraint("(guest IS NULL) = (claimed_at IS NULL)", name="claim_is_whole"),
    sa.CheckConstraint(
        "state = 'rejected' OR (state IN ('issued', 'lapsed')) = (guest IS NULL)",
        name="used_by_a_guest",
    ),
    sa.CheckConstraint(
        "num_nulls(payment_event, currency, paid_minor, refunded_minor, paid_at) IN (0, 5)",
        name="payment_is_whole",
    ),
    sa.CheckConstraint("refunded_minor BETWEEN 0 AND paid_minor", name="refund_is_a_part"),
    sa.CheckConstraint("NOT under_review OR state IN ('claimed', 'rejected')", name="review_first"),
    sa.Index("ix_referrals_inviter", "inviter", "referral_id"),
    sa.Index(
        "uq_referrals_guest",
        "guest",
        unique=True,
        postgresql_where=sa.text("state <> 'rejected'"),
    ),
)
"""One row per pass. Of its code only a digest is kept."""

referral_rewards = sa.Table(
    "referral_rewards",
    metadata,
    sa.Column("referral_id", sa.Uuid, sa.ForeignKey("referrals.referral_id"), primary_key=True),
    sa.Column("side", sa.Text, primary_key=True),
    sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("lot_id", sa.Uuid, sa.ForeignKey("lots.lot_id"), nullable=False, unique=True),
    sa.Column("points", sa.BigInteger, nullable=False),
    sa.Column("taken_back", sa.BigInteger, nullable=False),
    sa.Column("gone", sa.BigInteger, nullable=False),
    sa.Column("rewarded_at", _MOMENT, nullable=False),
    sa.CheckConstraint("side IN ('inviter', 'guest')", name="side_is_known"),
    sa.CheckConstraint("points > 0", name="rewards_something"),
    sa.CheckConstraint("taken_back BETWEEN 0 AND points", name="taken_back_is_a_part"),
    sa.CheckConstraint("gone BETWEEN 0 AND taken_back", name="gone_is_a_part"),
    sa.Index("ix_referral_rewards_rewarded_at", "rewarded_at"),
    sa.Index("ix_referral_rewards_member_id", "member_id", "rewarded_at"),
)
"""What each side got. ``taken_back`` only grows; ``gone`` of it had decayed before."""

referral_identifiers = sa.Table(
    "referral_identifiers",
    metadata,
    sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), primary_key=True),
    sa.Column("digest", pg.BYTEA, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.CheckConstraint("octet_length(digest) = 32", name="digest_is_sha256"),
    sa.Index("ix_referral_identifiers_digest", "digest"),
)
"""What tells those apart who gave out or used a pass: keyed hashes, erased with the member."""

referral_networks = sa.Table(
    "referral_networks",
    metadata,
    sa.Column("referral_id", sa.Uuid, sa.ForeignKey("referrals.referral_id"), primary_key=True),
    sa.Column("digest", pg.BYTEA, nullable=False),
    sa.Column("seen_at", _MOMENT, nullable=False),
    sa.CheckConstraint("octet_length(digest) = 32", name="digest_is_sha256"),
    sa.Index("ix_referral_networks_digest", "digest", "seen_at"),
)
"""Where passes were used from: keyed hashes of networks, forgotten after the window."""

referral_reviews = sa.Table(
    "referral_reviews",
    metadata,
    sa.Column("referral_id", sa.Uuid, sa.ForeignKey("referrals.referral_id"), primary_key=True),
    sa.Column("decided_by", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("accepted", sa.Boolean, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("decided_at", _MOMENT, nullable=False),
)
"""What moderators decided and why; words about a member are blanked with the member."""
