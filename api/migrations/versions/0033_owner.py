"""A role for the owner of the school, whose consent a restatement takes."""

from __future__ import annotations

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_ROLES = "'teacher', 'curator', 'moderator', 'admin', 'auditor', 'owner'"


def upgrade() -> None:
    op.drop_constraint("role_is_known", "member_roles", type_="check")
    op.create_check_constraint("role_is_known", "member_roles", f"role IN ({_ROLES})")
