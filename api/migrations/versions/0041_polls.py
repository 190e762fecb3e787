"""Signal polls: who votes, device keys, the register of ballots."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from api.migrations.guards import refuse_changes

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

_MOMENT: Final = sa.DateTime(timezone=True)
_UNITS: Final = sa.Numeric(78, 0)
_FIXED: Final = (
    "poll_id, author_id, title, body, options, method, weighing, credits, standing_min, opens_at, "
    "closes_at, definition_digest, eligible, weight, eligibility_root, snapshot, announced_at"
)
"""Columns that never change once a poll is announced; no poll is deleted."""


def upgrade() -> None:
    _create_polls()
    _create_voters()
    _create_ballots()
    for table in ("poll_voters", "poll_ballots"):
        refuse_changes(op, table)
    for suffix, change in (("kept", "DELETE OR TRUNCATE"), ("fixed", f"UPDATE OF {_FIXED}")):
        op.execute(
            f"CREATE TRIGGER polls_{suffix} BEFORE {change} ON polls "
            "FOR EACH STATEMENT EXECUTE FUNCTION vklad_refuse_change()"
        )


def _poll() -> sa.Column[object]:
    return sa.Column("poll_id", sa.Uuid, sa.ForeignKey("polls.poll_id"), primary_key=True)


def _voter() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["poll_id", "pseudonym"],
        ["poll_voters.poll_id", "poll_voters.pseudonym"],
        name="voter",
    )


def _create_polls() -> None:
    op.create_table(
        "polls",
        sa.Column("poll_id", sa.Uuid, primary_key=True),
        sa.Column("author_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("options", pg.JSONB, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("weighing", sa.Text, nullable=False),
        sa.Column("credits", sa.Integer),
        sa.Column("standing_min", sa.BigInteger, nullable=False),
        sa.Column("opens_at", _MOMENT, nullable=False),
        sa.Column("closes_at", _MOMENT, nullable=False),
        sa.Column("definition_digest", pg.BYTEA, nullable=False),
        sa.Column("eligible", sa.Integer, nullable=False),
        sa.Column("weight", _UNITS, nullable=False),
        sa.Column("eligibility_root", pg.BYTEA, nullable=False),
        sa.Column("snapshot", pg.JSONB, nullable=False),
        sa.Column("announced_at", _MOMENT, nullable=False),
        sa.Column("withdrawn_by", sa.Uuid, sa.ForeignKey("members.member_id")),
        sa.Column("withdrawn_at", _MOMENT),
        sa.Column("counted_at", _MOMENT),
        sa.Column("closing", pg.JSONB),
        sa.CheckConstraint(
            "method IN ('single', 'approval', 'ranked', 'quadratic')", name="method_is_known"
        ),
        sa.CheckConstraint("weighing IN ('person', 'voice', 'token')", name="weighing_is_known"),
        sa.CheckConstraint(
            "announced_at <= opens_at AND opens_at < closes_at", name="times_in_order"
        ),
        sa.CheckConstraint("eligible > 0 AND weight > 0", name="somebody_votes"),
        sa.CheckConstraint(
            "octet_length(definition_digest) = 32 AND octet_length(eligibility_root) = 32",
            name="digests_are_sha256",
        ),
        sa.CheckConstraint(
            "num_nulls(withdrawn_by, withdrawn_at) IN (0, 2)", name="withdrawal_is_whole"
        ),
        sa.CheckConstraint("num_nulls(counted_at, closing) IN (0, 2)", name="count_is_whole"),
        sa.CheckConstraint(
            "withdrawn_at IS NULL OR (counted_at IS NULL AND withdrawn_at < opens_at)",
            name="withdrawn_before_it_opened",
        ),
        sa.CheckConstraint("counted_at >= closes_at", name="counted_when_closed"),
    )
    op.create_index("ix_polls_announced_at", "polls", ["announced_at"])
    op.create_index(
        "ix_polls_uncounted",
        "polls",
        ["closes_at"],
        postgresql_where=sa.text("counted_at IS NULL AND withdrawn_at IS NULL"),
    )


def _create_voters() -> None:
    op.create_table(
        "poll_voters",
        _poll(),
        sa.Column("pseudonym", pg.BYTEA, primary_key=True),
        sa.Column("weight", _UNITS, nullable=False),
        sa.CheckConstraint("octet_length(pseudonym) = 32", name="pseudonym_is_sha256"),
        sa.CheckConstraint("weight > 0", name="weighs_something"),
    )
    op.create_table(
        "poll_names",
        _poll(),
        sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), primary_key=True),
        sa.Column("pseudonym", pg.BYTEA, nullable=False),
        sa.Column("salt", pg.BYTEA, nullable=False),
        _voter(),
        sa.UniqueConstraint("poll_id", "pseudonym"),
        sa.CheckConstraint("octet_length(salt) = 32", name="salt_is_long"),
    )
    op.create_index("ix_poll_names_member_id", "poll_names", ["member_id"])
    op.create_table(
        "poll_keys",
        sa.Column("key_id", sa.Uuid, primary_key=True),
        sa.Column("poll_id", sa.Uuid, nullable=False),
        sa.Column("pseudonym", pg.BYTEA, nullable=False),
        sa.Column("public_key", pg.BYTEA, nullable=False),
        sa.Column("registered_at", _MOMENT, nullable=False),
        sa.Column("revoked_at", _MOMENT),
        _voter(),
        sa.UniqueConstraint("poll_id", "public_key"),
        sa.CheckConstraint("octet_length(public_key) = 65", name="key_is_a_point"),
        sa.CheckConstraint("revoked_at >= registered_at", name="revoked_later"),
    )
    op.create_index("ix_poll_keys_voter", "poll_keys", ["poll_id", "pseudonym"])


def _create_ballots() -> None:
    op.create_table(
        "poll_ballots",
        _poll(),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("pseudonym", pg.BYTEA, nullable=False),
        sa.Column("version", sa.SmallInteger, nullable=False),
        sa.Column("choice", pg.JSONB, nullable=False),
        sa.Column("salt", pg.BYTEA, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("evidence_digest", pg.BYTEA),
        sa.Column("commitment", pg.BYTEA, nullable=False),
        sa.Column("register_head", pg.BYTEA, nullable=False),
        sa.Column("cast_at", _MOMENT, nullable=False),
        _voter(),
        sa.UniqueConstraint("poll_id", "pseudonym", "version"),
        sa.CheckConstraint("number > 0 AND version > 0", name="counted_from_one"),
        sa.CheckConstraint(
            "kind IN ('device', 'wallet', 'contract', 'unsigned')", name="kind_is_known"
        ),
        sa.CheckConstraint("(kind = 'unsigned') = (evidence_digest IS NULL)", name="signed_or_not"),
        sa.CheckConstraint(
            "octet_length(salt) = 32 AND octet_length(commitment) = 32 "
            "AND octet_length(register_head) = 32 AND octet_length(evidence_digest) = 32",
            name="digests_are_sha256",
        ),
    )
    op.create_table(
        "poll_evidence",
        sa.Column("poll_id", sa.Uuid, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("evidence", pg.JSONB, nullable=False),
        sa.ForeignKeyConstraint(
            ["poll_id", "number"],
            ["poll_ballots.poll_id", "poll_ballots.number"],
            name="ballot",
        ),
    )
