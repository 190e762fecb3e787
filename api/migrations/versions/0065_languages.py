"""A member's language is any that the installation has a catalogue of."""

from __future__ import annotations

from alembic import op

revision = "0065"
down_revision = "0063"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint("locale_is_known", "members", type_="check")
    op.create_check_constraint("locale_is_known", "members", "locale ~ '^[a-z]{2,3}$'")


def downgrade() -> None:
    op.drop_constraint("locale_is_known", "members", type_="check")
    op.create_check_constraint("locale_is_known", "members", "locale IN ('en', 'ru')")
