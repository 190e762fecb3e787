"""The list of erasures. Append-only; nothing in it says who anybody was."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

erasures = sa.Table(
    "erasures",
    metadata,
    sa.Column("member_id", sa.Uuid, primary_key=True),
    sa.Column("reference_ids", pg.ARRAY(sa.Uuid), nullable=False),
    sa.Column("requested_by", sa.Text, nullable=False),
    sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("requested_by IN ('member', 'operator', 'list')", name="by_is_known"),
)
"""No foreign key: after a restore it may name members whom the backup does not know yet."""
