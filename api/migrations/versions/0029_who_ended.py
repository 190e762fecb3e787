"""Who suspended a source, ended its secrets or revoked a key.

It takes one person and no delay, so it has to be told who it was. Of what was done before, the
person is not known; nobody is said too where an operator did it at the machine.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from api.migrations.guards import refuse_changes

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "source_acts",
        sa.Column("act_id", sa.Uuid, primary_key=True),
        sa.Column("source", sa.Text(collation="C"), sa.ForeignKey("sources.uri"), nullable=False),
        sa.Column("act", sa.Text, nullable=False),
        sa.Column("done_by", sa.Uuid, sa.ForeignKey("members.member_id")),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("act IN ('suspended', 'secrets_ended')", name="act_is_known"),
    )
    refuse_changes(op, "source_acts")
    op.add_column("api_keys", sa.Column("revoked_by", sa.Uuid, sa.ForeignKey("members.member_id")))
