"""Why something was stopped, and votes that appoint a guardian or start the bridge again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from api.migrations.guards import refuse_changes

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

_KINDS = "'programme', 'limits', 'spending', 'tokens', 'budget', 'text', 'direct'"


def upgrade() -> None:
    op.create_table(
        "guardian_reasons",
        sa.Column("chain_key", sa.Integer, sa.ForeignKey("chains.chain_key"), primary_key=True),
        sa.Column("transaction_hash", pg.BYTEA, primary_key=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("signature", pg.BYTEA, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(transaction_hash) = 32", name="transaction_is_32_bytes"),
        sa.CheckConstraint("octet_length(signature) = 65", name="signature_is_65_bytes"),
        sa.CheckConstraint("reason <> ''", name="reason_is_stated"),
    )
    refuse_changes(op, "guardian_reasons")
    op.drop_constraint("kind_is_known", "proposals", type_="check")
    op.create_check_constraint(
        "kind_is_known", "proposals", f"kind IN ({_KINDS}, 'guardian', 'unpause')"
    )
