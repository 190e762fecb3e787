"""Requests of sources that were refused: a bounded log for admins, deleted after two weeks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "refused_requests",
        sa.Column("refusal_id", sa.Uuid, primary_key=True),
        sa.Column("source", sa.Text(collation="C"), sa.ForeignKey("sources.uri")),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("door", sa.Text, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("detail", pg.JSONB, nullable=False),
        sa.Column("body_bytes", sa.Integer),
        sa.Column("body_start", sa.Text),
        sa.CheckConstraint("body_start ~ '^[0-9a-f]{4}$'", name="body_start_is_short"),
    )
    op.create_index("ix_refused_requests_source", "refused_requests", ["source", "refusal_id"])
    op.create_index("ix_refused_requests_received_at", "refused_requests", ["received_at"])
