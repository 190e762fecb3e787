"""A checkpoint says from which id on facts come after it, so that none before is looked up.

Those there are do not say so and are dropped: they are made again as members are scored.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM scoring_checkpoints")
    op.add_column("scoring_checkpoints", sa.Column("first_after", sa.Uuid, nullable=False))
