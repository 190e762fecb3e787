"""Which admin declared a sync of a source; nobody is the source itself, by its key.

A sync holds scoring up or lets it go on, so a person who declares one for a source has to be told.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "source_syncs", sa.Column("declared_by", sa.Uuid, sa.ForeignKey("members.member_id"))
    )
