"""The list of erasures; and delegations whose addresses may be blanked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from api.migrations.guards import refuse_changes

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_FIXED = "delegation_id, chain_key, member_id, nonce, signature_expires_at, received_at"


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("member_id", sa.Uuid, primary_key=True),
        sa.Column("reference_ids", pg.ARRAY(sa.Uuid), nullable=False),
        sa.Column("requested_by", sa.Text, nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("requested_by IN ('member', 'operator', 'list')", name="by_is_known"),
    )
    refuse_changes(op, "erasures")
    op.execute("DROP TRIGGER delegations_append_only ON delegations")
    for suffix, change in (("kept", "DELETE OR TRUNCATE"), ("fixed", f"UPDATE OF {_FIXED}")):
        op.execute(
            f"CREATE TRIGGER delegations_{suffix} BEFORE {change} ON delegations "
            "FOR EACH STATEMENT EXECUTE FUNCTION vklad_refuse_change()"
        )
