"""Grants of a kind that the programme names under ``vesting``."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

_FIXED: Final = (
    *("grant_id", "budget_id", "created_by", "created_at", "activates_at", "expires_at"),
    *("points", "reason_digest", "content_digest", "persons_needed", "payable_from", "vesting"),
)


def upgrade() -> None:
    op.add_column("grants", sa.Column("vesting", pg.JSONB))
    op.create_check_constraint(
        "vesting_says_when",
        "grants",
        "vesting IS NULL OR (jsonb_typeof(vesting) = 'object' AND activates_at IS NULL)",
    )
    op.execute("DROP TRIGGER grants_fixed ON grants")
    op.execute(
        f"CREATE TRIGGER grants_fixed BEFORE UPDATE OF {', '.join(_FIXED)} ON grants "
        "FOR EACH STATEMENT EXECUTE FUNCTION vklad_refuse_change()"
    )
