"""A review may be of a fact that a person calls a mistake, without a detector."""

from __future__ import annotations

from alembic import op

revision = "0066"
down_revision = "0065"
branch_labels = None
depends_on = None

_SEEN = "'reciprocity', 'velocity', 'shared_device', 'ring'"


def upgrade() -> None:
    op.drop_constraint("kind_is_known", "review_cases", type_="check")
    op.create_check_constraint("kind_is_known", "review_cases", f"kind IN ({_SEEN}, 'mistake')")


def downgrade() -> None:
    op.drop_constraint("kind_is_known", "review_cases", type_="check")
    op.create_check_constraint("kind_is_known", "review_cases", f"kind IN ({_SEEN})")
