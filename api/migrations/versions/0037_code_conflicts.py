"""Uses of codes at a till without a connection that could not be counted as stated. Append-only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from api.migrations.guards import refuse_changes

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_CODE = sa.Text(collation="C")


def upgrade() -> None:
    op.create_table(
        "redemption_code_conflicts",
        sa.Column("conflict_id", sa.Uuid, primary_key=True),
        sa.Column("source", _CODE, sa.ForeignKey("sources.uri"), nullable=False),
        sa.Column("code_digest", pg.BYTEA),
        sa.Column("order_number", _CODE, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("content", pg.JSONB, nullable=False),
        sa.Column("used_at", _MOMENT, nullable=False),
        sa.Column("recorded_at", _MOMENT, nullable=False),
        sa.UniqueConstraint(
            "source", "order_number", "code_digest", "reason", postgresql_nulls_not_distinct=True
        ),
        sa.CheckConstraint("octet_length(code_digest) = 32", name="digest_is_sha256"),
    )
    refuse_changes(op, "redemption_code_conflicts")
