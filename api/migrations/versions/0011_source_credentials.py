"""Secrets and keys of a source are issued by two persons.

What works already goes on working and is marked as inherited: ending it in a migration would cut
every source off, and who issued it is shown to every admin.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _credentials()
    _inherit()
    op.create_foreign_key(
        None,
        "source_secrets",
        "source_credentials",
        ["secret_id"],
        ["credential_id"],
    )
    op.create_foreign_key(
        None,
        "api_keys",
        "source_credentials",
        ["credential_id"],
        ["credential_id"],
    )
    op.create_check_constraint(
        "a_sources_key_is_issued_by_two",
        "api_keys",
        "(source IS NULL) = (credential_id IS NULL)",
    )


def _credentials() -> None:
    op.create_table(
        "source_credentials",
        sa.Column("credential_id", sa.Uuid, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("source", sa.Text(collation="C"), sa.ForeignKey("sources.uri"), nullable=False),
        sa.Column("content", pg.JSONB, nullable=False),
        sa.Column("content_digest", pg.BYTEA, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("inherited", sa.Boolean, nullable=False),
        sa.Column("proposed_by", sa.Uuid, sa.ForeignKey("members.member_id")),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("announced_until", sa.DateTime(timezone=True)),
        sa.Column("decided_by", sa.Uuid, sa.ForeignKey("members.member_id")),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("kind IN ('secret', 'key')", name="kind_is_known"),
        sa.CheckConstraint("state IN ('draft', 'approved', 'rejected')", name="state_is_known"),
        sa.CheckConstraint("(state = 'draft') = (decided_at IS NULL)", name="decision_has_a_time"),
        sa.CheckConstraint(
            "inherited OR (proposed_by IS NOT NULL AND (state = 'draft') = (decided_by IS NULL))",
            name="decision_has_a_person",
        ),
        sa.CheckConstraint(
            "state <> 'approved' OR inherited OR decided_by <> proposed_by "
            "OR COALESCE(decided_at >= announced_until, false)",
            name="two_persons_or_a_notice",
        ),
        sa.CheckConstraint("octet_length(content_digest) = 32", name="digest_is_sha256"),
    )


def _inherit() -> None:
    """A row for each secret and key there is; their content is known in part only."""
    op.add_column("api_keys", sa.Column("credential_id", sa.Uuid))
    op.execute("""
        INSERT INTO source_credentials
          (credential_id, kind, source, content, content_digest, state, inherited,
           proposed_by, proposed_at, decided_at)
        SELECT each.id, each.kind, each.source, stated.content,
               sha256(convert_to(stated.content::text, 'UTF8')), 'approved', true,
               each.issued_by, each.created_at, each.created_at
          FROM (SELECT secret_id AS id, 'secret' AS kind, uri AS source, issued_by,
                       source_secrets.created_at
                  FROM source_secrets JOIN sources USING (source_id)
                UNION ALL
                SELECT key_id, 'key', uri, created_by, api_keys.created_at
                  FROM api_keys JOIN sources ON uri = source) AS each,
               LATERAL (SELECT jsonb_build_object('id', each.id::text, 'kind', each.kind,
                                                  'source', each.source) AS content) AS stated
    """)
    op.execute("""
        UPDATE api_keys SET credential_id = key_id
         WHERE key_id IN (SELECT credential_id FROM source_credentials WHERE kind = 'key')
    """)
