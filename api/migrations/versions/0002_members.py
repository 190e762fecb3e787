"""Members, identities and their links, roles, one-time links."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from api.migrations import guards

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _members()
    _identities()
    _roles()
    _one_time_links()
    guards.refuse_changes(op, "identity_links")
    guards.refuse_changes(op, "role_changes")


def _members() -> None:
    op.create_table(
        "members",
        sa.Column("member_id", sa.Uuid, primary_key=True),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("locale", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('active', 'blocked', 'erased')", name="status_is_known"),
        sa.CheckConstraint("locale IN ('en', 'ru')", name="locale_is_known"),
    )
    op.create_table(
        "personal_profiles",
        sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), primary_key=True),
        sa.Column("display_name", sa.Text, nullable=False),
    )


def _identities() -> None:
    op.create_table(
        "identities",
        sa.Column("reference", sa.Uuid, primary_key=True),
        sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id")),
        sa.Column("linked_at", sa.DateTime(timezone=True)),
        sa.Column("proof_kind", sa.Text),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "num_nulls(member_id, linked_at, proof_kind) IN (0, 3)", name="link_is_whole"
        ),
    )
    op.create_index(
        "ix_identities_member_id",
        "identities",
        ["member_id"],
        postgresql_where=sa.text("member_id IS NOT NULL"),
    )
    op.create_table(
        "personal_identities",
        sa.Column("reference", sa.Uuid, sa.ForeignKey("identities.reference"), primary_key=True),
        sa.Column("provider", sa.Text(collation="C"), nullable=False),
        sa.Column("issuer", sa.Text(collation="C"), nullable=False),
        sa.Column("subject", sa.Text(collation="C"), nullable=False),
        sa.UniqueConstraint("provider", "issuer", "subject"),
    )
    op.create_table(
        "identity_links",
        sa.Column("link_id", sa.Uuid, primary_key=True),
        sa.Column("reference", sa.Uuid, sa.ForeignKey("identities.reference"), nullable=False),
        sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("proof_kind", sa.Text, nullable=False),
        sa.Column("proof_digest", pg.BYTEA),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("action IN ('linked', 'unlinked')", name="action_is_known"),
        sa.CheckConstraint("octet_length(proof_digest) = 32", name="digest_is_sha256"),
    )
    op.create_index("ix_identity_links_reference", "identity_links", ["reference", "link_id"])


def _roles() -> None:
    op.create_table(
        "member_roles",
        sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), primary_key=True),
        sa.Column("role", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("proposed_by", sa.Uuid, sa.ForeignKey("members.member_id")),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.Uuid, sa.ForeignKey("members.member_id")),
        sa.Column("approved_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(
            "role IN ('teacher', 'curator', 'moderator', 'admin', 'auditor')",
            name="role_is_known",
        ),
        sa.CheckConstraint("state IN ('proposed', 'granted')", name="state_is_known"),
        sa.CheckConstraint(
            "(state = 'granted') = (approved_at IS NOT NULL)", name="grant_is_dated"
        ),
        sa.CheckConstraint("approved_by <> proposed_by", name="two_persons"),
        sa.CheckConstraint("member_id <> approved_by", name="nobody_promotes_themselves"),
    )
    op.create_table(
        "role_changes",
        sa.Column("change_id", sa.Uuid, primary_key=True),
        sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("changed_by", sa.Uuid, sa.ForeignKey("members.member_id")),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("action IN ('proposed', 'granted', 'revoked')", name="action_is_known"),
    )


def _one_time_links() -> None:
    op.create_table(
        "one_time_links",
        sa.Column("token_digest", pg.BYTEA, primary_key=True),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("payload", pg.JSONB, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("octet_length(token_digest) = 32", name="digest_is_sha256"),
        sa.CheckConstraint("expires_at > created_at", name="lives_for_a_while"),
    )
