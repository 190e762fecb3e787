"""Members and identities. Only ``personal_*`` say who somebody is, and they can be erased.

Everything else in the database knows an identity by its random ``reference``.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

members = sa.Table(
    "members",
    metadata,
    sa.Column("member_id", sa.Uuid, primary_key=True),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("locale", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("merged_into", sa.Uuid, sa.ForeignKey("members.member_id")),
    sa.CheckConstraint(
        "status IN ('active', 'blocked', 'erased', 'merged')", name="status_is_known"
    ),
    sa.CheckConstraint("locale ~ '^[a-z]{2,3}$'", name="locale_is_known"),
    sa.CheckConstraint("merged_into <> member_id", name="merged_into_another"),
    sa.CheckConstraint(
        "CASE status WHEN 'merged' THEN merged_into IS NOT NULL "
        "WHEN 'erased' THEN true ELSE merged_into IS NULL END",
        name="merged_says_into_whom",
    ),
    sa.Index(
        "ix_members_merged_into", "merged_into", postgresql_where=sa.text("merged_into IS NOT NULL")
    ),
)
"""``merged_into`` names who stands for a merged member: never one who was merged in turn."""

identities = sa.Table(
    "identities",
    metadata,
    sa.Column("reference", sa.Uuid, primary_key=True),
    sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id")),
    sa.Column("linked_at", sa.DateTime(timezone=True)),
    sa.Column("proof_kind", sa.Text),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint(
        "num_nulls(member_id, linked_at, proof_kind) IN (0, 3)", name="link_is_whole"
    ),
    sa.Index(
        "ix_identities_member_id", "member_id", postgresql_where=sa.text("member_id IS NOT NULL")
    ),
)

personal_identities = sa.Table(
    "personal_identities",
    metadata,
    sa.Column("reference", sa.Uuid, sa.ForeignKey("identities.reference"), primary_key=True),
    sa.Column("provider", sa.Text(collation="C"), nullable=False),
    sa.Column("issuer", sa.Text(collation="C"), nullable=False),
    sa.Column("subject", sa.Text(collation="C"), nullable=False),
    sa.UniqueConstraint("provider", "issuer", "subject"),
)

personal_profiles = sa.Table(
    "personal_profiles",
    metadata,
    sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), primary_key=True),
    sa.Column("display_name", sa.Text, nullable=False),
)

identity_links = sa.Table(
    "identity_links",
    metadata,
    sa.Column("link_id", sa.Uuid, primary_key=True),
    sa.Column("reference", sa.Uuid, sa.ForeignKey("identities.reference"), nullable=False),
    sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("proof_kind", sa.Text, nullable=False),
    sa.Column("proof_digest", pg.BYTEA),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("action IN ('linked', 'unlinked')", name="action_is_known"),
    sa.CheckConstraint("octet_length(proof_digest) = 32", name="digest_is_sha256"),
    sa.Index("ix_identity_links_reference", "reference", "link_id"),
)

member_roles = sa.Table(
    "member_roles",
    metadata,
    sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), primary_key=True),
    sa.Column("role", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("proposed_by", sa.Uuid, sa.ForeignKey("members.member_id")),
    sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("approved_by", sa.Uuid, sa.ForeignKey("members.member_id")),
    sa.Column("approved_at", sa.DateTime(timezone=True)),
    sa.CheckConstraint(
        "role IN ('teacher', 'curator', 'moderator', 'admin', 'auditor', 'owner')",
        name="role_is_known",
    ),
    sa.CheckConstraint("state IN ('proposed', 'granted')", name="state_is_known"),
    sa.CheckConstraint("(state = 'granted') = (approved_at IS NOT NULL)", name="grant_is_dated"),
    sa.CheckConstraint("approved_by <> proposed_by", name="two_persons"),
    sa.CheckConstraint("member_id <> approved_by", name="nobody_promotes_themselves"),
)

role_changes = sa.Table(
    "role_changes",
    metadata,
    sa.Column("change_id", sa.Uuid, primary_key=True),
    sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("changed_by", sa.Uuid, sa.ForeignKey("members.member_id")),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("action IN ('proposed', 'granted', 'revoked')", name="action_is_known"),
)

one_time_links = sa.Table(
    "one_time_links",
    metadata,
    sa.Column("token_digest", pg.BYTEA, primary_key=True),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("payload", pg.JSONB, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("used_at", sa.DateTime(timezone=True)),
    sa.CheckConstraint("octet_length(token_digest) = 32", name="digest_is_sha256"),
    sa.CheckConstraint("expires_at > created_at", name="lives_for_a_while"),
)
