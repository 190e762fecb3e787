"""Sign-in (sessions, API keys, access tokens, what is under way) and linked wallets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _sessions()
    _keys()
    _under_way()
    _wallets()


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("session_digest", pg.BYTEA, primary_key=True),
        sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
        sa.Column("csrf", sa.Text, nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(session_digest) = 32", name="digest_is_sha256"),
        sa.CheckConstraint("expires_at > opened_at", name="expires_later"),
    )
    op.create_index("ix_sessions_member_id", "sessions", ["member_id"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])


def _keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.Uuid, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("secret_digest", pg.BYTEA, nullable=False),
        sa.Column("scopes", pg.ARRAY(sa.Text), nullable=False),
        sa.Column("source", sa.Text),
        sa.Column("created_by", sa.Uuid, sa.ForeignKey("members.member_id")),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("octet_length(secret_digest) = 32", name="digest_is_sha256"),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 100", name="name_is_short"),
    )
    op.create_table(
        "access_tokens",
        sa.Column("token_digest", pg.BYTEA, primary_key=True),
        sa.Column("key_id", sa.Uuid, sa.ForeignKey("api_keys.key_id"), nullable=False),
        sa.Column("scopes", pg.ARRAY(sa.Text), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(token_digest) = 32", name="digest_is_sha256"),
    )
    op.create_index("ix_access_tokens_expires_at", "access_tokens", ["expires_at"])


def _under_way() -> None:
    op.create_table(
        "sign_ins",
        sa.Column("state_digest", pg.BYTEA, primary_key=True),
        sa.Column("browser_digest", pg.BYTEA, nullable=False),
        sa.Column("nonce", sa.Text, nullable=False),
        sa.Column("code_verifier", sa.Text, nullable=False),
        sa.Column("return_to", sa.Text, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(state_digest) = 32", name="digest_is_sha256"),
    )
    op.create_index("ix_sign_ins_expires_at", "sign_ins", ["expires_at"])
    op.create_table(
        "wallet_nonces",
        sa.Column("nonce", sa.Text, primary_key=True),
        sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
        sa.Column("session_digest", pg.BYTEA, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
    )
    op.create_index("ix_wallet_nonces_expires_at", "wallet_nonces", ["expires_at"])
    op.create_table(
        "link_proofs",
        sa.Column("proof_digest", pg.BYTEA, primary_key=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(proof_digest) = 32", name="digest_is_sha256"),
    )
    op.create_index("ix_link_proofs_expires_at", "link_proofs", ["expires_at"])


def _wallets() -> None:
    op.create_table(
        "wallets",
        sa.Column("wallet_id", sa.Uuid, primary_key=True),
        sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
        sa.Column("address", sa.Text(collation="C"), nullable=False),
        sa.Column("proof_digest", pg.BYTEA, nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("unlinked_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("address ~ '^0x[0-9a-f]{40}$'", name="address_is_lower_hex"),
        sa.CheckConstraint("octet_length(proof_digest) = 32", name="digest_is_sha256"),
        sa.CheckConstraint("unlinked_at >= linked_at", name="unlinked_later"),
    )
    active = sa.text("unlinked_at IS NULL")
    op.create_index(
        "uq_wallets_active_member", "wallets", ["member_id"], unique=True, postgresql_where=active
    )
    op.create_index(
        "uq_wallets_active_address", "wallets", ["address"], unique=True, postgresql_where=active
    )
