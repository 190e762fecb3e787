"""Activations that reach back: their order, the owner's consent, and previews of what they do.

Activations get the number of the order in which they were decided. They were only ever added, so
the order in which the table keeps them is that order; no row is updated.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from api.migrations import guards

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_MODES = "mode IN ('forward', 'restatement', 'top_up')"
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column(
        "programme_activations",
        sa.Column("number", sa.BigInteger, sa.Identity(always=True), nullable=False),
    )
    op.create_unique_constraint(None, "programme_activations", ["number"])
    op.drop_constraint("uq_programme_activations_effective_at", "programme_activations")
    for table in ("programme_activations", "programme_changes"):
        op.drop_constraint("mode_is_known", table, type_="check")
        op.create_check_constraint("mode_is_known", table, _MODES)
    op.create_table(
        "programme_consents",
        sa.Column(
            "change_id", sa.Uuid, sa.ForeignKey("programme_changes.change_id"), primary_key=True
        ),
        sa.Column("consented_by", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
        sa.Column("preview_digest", pg.BYTEA, nullable=False),
        sa.Column("consented_at", _TIME, nullable=False),
        sa.CheckConstraint("octet_length(preview_digest) = 32", name="digest_is_sha256"),
    )
    guards.refuse_changes(op, "programme_consents")
    _previews()


def _previews() -> None:
    op.create_table(
        "programme_previews",
        sa.Column("preview_id", sa.Uuid, primary_key=True),
        sa.Column(
            "programme_hash", pg.BYTEA, sa.ForeignKey("programmes.programme_hash"), nullable=False
        ),
        sa.Column("effective_at", _TIME),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("requested_by", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
        sa.Column("requested_at", _TIME, nullable=False),
        sa.Column("members_done", sa.Integer, nullable=False),
        sa.Column("members_in_all", sa.Integer, nullable=False),
        sa.Column("finished_at", _TIME),
        sa.Column("result", pg.BYTEA),
        sa.Column("digest", pg.BYTEA),
        sa.Column("failure", sa.Text),
        sa.CheckConstraint(_MODES, name="mode_is_known"),
        sa.CheckConstraint("octet_length(digest) = 32", name="digest_is_sha256"),
        sa.CheckConstraint("(result IS NULL) = (digest IS NULL)", name="result_has_a_digest"),
        sa.CheckConstraint(
            "(finished_at IS NULL) = (num_nonnulls(result, failure) = 0)",
            name="finished_with_an_end",
        ),
    )
