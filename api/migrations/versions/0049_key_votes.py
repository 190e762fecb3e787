"""Votes that give a role of the service's another account."""

from __future__ import annotations

from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

_KINDS = (
    "'programme', 'limits', 'spending', 'tokens', 'budget', 'text', 'direct', 'guardian', 'unpause'"
)


def upgrade() -> None:
    op.drop_constraint("kind_is_known", "proposals", type_="check")
    op.create_check_constraint("kind_is_known", "proposals", f"kind IN ({_KINDS}, 'key')")
