"""Tables of sign-in: sessions, API keys, access tokens, and what is under way."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

_TIME: Final = sa.DateTime(timezone=True)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("session_digest", pg.BYTEA, primary_key=True),
    sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("csrf", sa.Text, nullable=False),
    sa.Column("opened_at", _TIME, nullable=False),
    sa.Column("seen_at", _TIME, nullable=False),
    sa.Column("expires_at", _TIME, nullable=False),
    sa.CheckConstraint("octet_length(session_digest) = 32", name="digest_is_sha256"),
    sa.CheckConstraint("expires_at > opened_at", name="expires_later"),
    sa.Index("ix_sessions_member_id", "member_id"),
    sa.Index("ix_sessions_expires_at", "expires_at"),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("key_id", sa.Uuid, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("secret_digest", pg.BYTEA, nullable=False),
    sa.Column("scopes", pg.ARRAY(sa.Text), nullable=False),
    sa.Column("source", sa.Text),
    sa.Column("credential_id", sa.Uuid, sa.ForeignKey("source_credentials.credential_id")),
    sa.Column("created_by", sa.Uuid, sa.ForeignKey("members.member_id")),
    sa.Column("created_at", _TIME, nullable=False),
    sa.Column("expires_at", _TIME),
    sa.Column("revoked_at", _TIME),
    sa.Column("revoked_by", sa.Uuid, sa.ForeignKey("members.member_id")),
    sa.CheckConstraint("octet_length(secret_digest) = 32", name="digest_is_sha256"),
    sa.CheckConstraint("length(name) BETWEEN 1 AND 100", name="name_is_short"),
    sa.CheckConstraint(
        "(source IS NULL) = (credential_id IS NULL)", name="a_sources_key_is_issued_by_two"
    ),
)

access_tokens = sa.Table(
    "access_tokens",
    metadata,
    sa.Column("token_digest", pg.BYTEA, primary_key=True),
    sa.Column("key_id", sa.Uuid, sa.ForeignKey("api_keys.key_id"), nullable=False),
    sa.Column("scopes", pg.ARRAY(sa.Text), nullable=False),
    sa.Column("expires_at", _TIME, nullable=False),
    sa.CheckConstraint("octet_length(token_digest) = 32", name="digest_is_sha256"),
    sa.Index("ix_access_tokens_expires_at", "expires_at"),
)

sign_ins = sa.Table(
    "sign_ins",
    metadata,
    sa.Column("state_digest", pg.BYTEA, primary_key=True),
    sa.Column("browser_digest", pg.BYTEA, nullable=False),
    sa.Column("nonce", sa.Text, nullable=False),
    sa.Column("code_verifier", sa.Text, nullable=False),
    sa.Column("return_to", sa.Text, nullable=False),
    sa.Column("expires_at", _TIME, nullable=False),
    sa.CheckConstraint("octet_length(state_digest) = 32", name="digest_is_sha256"),
    sa.Index("ix_sign_ins_expires_at", "expires_at"),
)

wallet_nonces = sa.Table(
    "wallet_nonces",
    metadata,
    sa.Column("nonce", sa.Text, primary_key=True),
    sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("session_digest", pg.BYTEA, nullable=False),
    sa.Column("expires_at", _TIME, nullable=False),
    sa.Column("used_at", _TIME),
    sa.Index("ix_wallet_nonces_expires_at", "expires_at"),
)

link_proofs = sa.Table(
    "link_proofs",
    metadata,
    sa.Column("proof_digest", pg.BYTEA, primary_key=True),
    sa.Column("expires_at", _TIME, nullable=False),
    sa.CheckConstraint("octet_length(proof_digest) = 32", name="digest_is_sha256"),
    sa.Index("ix_link_proofs_expires_at", "expires_at"),
)
