"""A guest pass waits for a source."""

from __future__ import annotations

from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

_WAITS = "'budget', 'pool', 'limit', 'margin', 'member', 'source'"


def upgrade() -> None:
    op.drop_constraint("waits_is_known", "referrals", type_="check")
    op.create_check_constraint("waits_is_known", "referrals", f"waits IN ({_WAITS})")
    op.drop_constraint("only_qualified_waits", "referrals", type_="check")
    op.create_check_constraint(
        "waits_in_its_state",
        "referrals",
        "waits IS NULL OR state = CASE waits WHEN 'source' THEN 'qualifying' ELSE 'qualified' END",
    )
