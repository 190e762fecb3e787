"""Guest passes, their rewards, and keyed hashes that can be erased."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "referrals",
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
            "waits IN ('budget', 'pool', 'limit', 'margin', 'member')", name="waits_is_known"
        ),
        sa.CheckConstraint("waits IS NULL OR state = 'qualified'", name="only_qualified_waits"),
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
        sa.CheckConstraint(
            "NOT under_review OR state IN ('claimed', 'rejected')", name="review_first"
        ),
    )
    op.create_index("ix_referrals_inviter", "referrals", ["inviter", "referral_id"])
    op.create_index(
        "uq_referrals_guest",
        "referrals",
        ["guest"],
        unique=True,
        postgresql_where=sa.text("state <> 'rejected'"),
    )
    op.create_table(
        "referral_rewards",
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
    )
    op.create_index("ix_referral_rewards_rewarded_at", "referral_rewards", ["rewarded_at"])
    op.create_index(
        "ix_referral_rewards_member_id", "referral_rewards", ["member_id", "rewarded_at"]
    )
    op.create_table(
        "referral_identifiers",
        sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), primary_key=True),
        sa.Column("digest", pg.BYTEA, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.CheckConstraint("octet_length(digest) = 32", name="digest_is_sha256"),
    )
    op.create_index("ix_referral_identifiers_digest", "referral_identifiers", ["digest"])
    op.create_table(
        "referral_networks",
        sa.Column("referral_id", sa.Uuid, sa.ForeignKey("referrals.referral_id"), primary_key=True),
        sa.Column("digest", pg.BYTEA, nullable=False),
        sa.Column("seen_at", _MOMENT, nullable=False),
        sa.CheckConstraint("octet_length(digest) = 32", name="digest_is_sha256"),
    )
    op.create_index("ix_referral_networks_digest", "referral_networks", ["digest", "seen_at"])
    op.create_table(
        "referral_reviews",
        sa.Column("referral_id", sa.Uuid, sa.ForeignKey("referrals.referral_id"), primary_key=True),
        sa.Column("decided_by", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
        sa.Column("accepted", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("decided_at", _MOMENT, nullable=False),
    )
