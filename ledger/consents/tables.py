"""Terms and what was said to them: append-only. Who is under age until when: erasable."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

_TIME = sa.DateTime(timezone=True)

terms_versions = sa.Table(
    "terms_versions",
    metadata,
    sa.Column("terms_id", sa.Uuid, primary_key=True),
    sa.Column("digest", pg.BYTEA, nullable=False, unique=True),
    sa.Column("text_ru", sa.Text, nullable=False),
    sa.Column("text_en", sa.Text, nullable=False),
    sa.Column("in_force_from", _TIME, nullable=False, unique=True),
    sa.Column("published_by", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("published_at", _TIME, nullable=False),
    sa.CheckConstraint("octet_length(digest) = 32", name="digest_is_sha256"),
)

consents = sa.Table(
    "consents",
    metadata,
    sa.Column("consent_id", sa.Uuid, primary_key=True),
    sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("terms_id", sa.Uuid, sa.ForeignKey("terms_versions.terms_id")),
    sa.Column("purpose", sa.Text),
    sa.Column("gives", sa.Boolean, nullable=False),
    sa.Column("said_by", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("said_at", _TIME, nullable=False),
    sa.CheckConstraint("(terms_id IS NULL) <> (purpose IS NULL)", name="about_one_thing"),
    sa.CheckConstraint("terms_id IS NULL OR said_by = member_id", name="terms_by_oneself"),
    sa.CheckConstraint(
        "purpose IN ('wallet', 'voting', 'referral', 'public_profile')", name="purpose_is_known"
    ),
    sa.Index("ix_consents_member_id", "member_id", "consent_id"),
)

minors = sa.Table(
    "minors",
    metadata,
    sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), primary_key=True),
    sa.Column("of_age_on", sa.Date, nullable=False),
)
