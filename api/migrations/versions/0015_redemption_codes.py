"""Single-use codes: what was issued, of each a digest, and what each was used for, once.

A code's discount may be larger than the order it is used for costs; what is captured never is.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from api.migrations.guards import refuse_changes

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_MOMENT: Final = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.drop_constraint("holds_something", "redemptions", type_="check")
    op.create_check_constraint(
        "holds_something",
        "redemptions",
        "discount_minor > 0 AND points > 0 AND (discount_minor <= net_minor OR captured_minor > 0)",
    )
    op.create_table(
        "redemption_codes",
        sa.Column("code_id", sa.Uuid, primary_key=True),
        sa.Column(
            "redemption_id",
            sa.Uuid,
            sa.ForeignKey("redemptions.redemption_id"),
            nullable=False,
            unique=True,
        ),
        sa.Column("digest", pg.BYTEA, nullable=False, unique=True),
        sa.Column("products", pg.JSONB),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("issued_at", _MOMENT, nullable=False),
        sa.CheckConstraint("octet_length(digest) = 32", name="digest_is_sha256"),
        sa.CheckConstraint("expires_at > issued_at", name="lives_for_a_while"),
    )
    op.create_table(
        "redemption_code_uses",
        sa.Column("code_id", sa.Uuid, sa.ForeignKey("redemption_codes.code_id"), primary_key=True),
        sa.Column("order_number", sa.Text(collation="C"), nullable=False),
        sa.Column("net_minor", sa.BigInteger, nullable=False),
        sa.Column("content", pg.JSONB),
        sa.Column("used_at", _MOMENT, nullable=False),
    )
    for table in ("redemption_codes", "redemption_code_uses"):
        refuse_changes(op, table)
