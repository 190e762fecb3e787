"""Imports of balances: proposed, approved, paid line by line, taken back; the words apart."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from api.migrations.guards import refuse_changes

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_FIXED = (
    *("import_id", "budget_id", "created_by", "created_at", "points", "line_count"),
    *("file_digest", "lines_digest", "reason_digest", "content_digest", "persons_needed"),
    "payable_from",
)


def upgrade() -> None:
    _create_imports()
    _create_lines()
    _create_words()
    _create_persons()
    for table in ("import_lines", "import_approvals", "import_payments", "import_take_backs"):
        refuse_changes(op, table)
    for suffix, change in (
        ("kept", "DELETE OR TRUNCATE"),
        ("fixed", f"UPDATE OF {', '.join(_FIXED)}"),
    ):
        op.execute(
            f"CREATE TRIGGER imports_{suffix} BEFORE {change} ON imports "
            "FOR EACH STATEMENT EXECUTE FUNCTION vklad_refuse_change()"
        )


def _create_imports() -> None:
    op.create_table(
        "imports",
        sa.Column("import_id", sa.Uuid, primary_key=True),
        sa.Column("budget_id", sa.Uuid, sa.ForeignKey("budgets.budget_id"), nullable=False),
        sa.Column("created_by", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("points", sa.BigInteger, nullable=False),
        sa.Column("line_count", sa.Integer, nullable=False),
        sa.Column("file_digest", pg.BYTEA, nullable=False),
        sa.Column("lines_digest", pg.BYTEA, nullable=False),
        sa.Column("reason_digest", pg.BYTEA, nullable=False),
        sa.Column("content_digest", pg.BYTEA, nullable=False),
        sa.Column("persons_needed", sa.SmallInteger, nullable=False),
        sa.Column("payable_from", _MOMENT),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("walked", sa.Integer, nullable=False),
        sa.Column("closed_by", sa.Uuid, sa.ForeignKey("members.member_id")),
        sa.Column("closed_at", _MOMENT),
        sa.CheckConstraint(
            "state IN ('proposed', 'rejected', 'withdrawn', 'approved', 'paid', 'taking_back', "
            "'taken_back')",
            name="state_is_known",
        ),
        sa.CheckConstraint("points > 0 AND line_count > 0", name="brings_something"),
        sa.CheckConstraint("walked >= 0", name="walked_is_counted"),
        sa.CheckConstraint("persons_needed BETWEEN 1 AND 3", name="persons_needed_is_stated"),
        sa.CheckConstraint(
            "persons_needed > 1 OR payable_from IS NOT NULL", name="one_person_only_with_delay"
        ),
        sa.CheckConstraint(
            "num_nulls(closed_by, closed_at) = CASE state WHEN 'proposed' THEN 2 ELSE 0 END",
            name="closing_is_whole",
        ),
        sa.CheckConstraint(
            "octet_length(file_digest) = 32 AND octet_length(lines_digest) = 32 "
            "AND octet_length(reason_digest) = 32 AND octet_length(content_digest) = 32",
            name="digests_are_sha256",
        ),
    )
    op.create_index("ix_imports_budget_id", "imports", ["budget_id"])


def _create_lines() -> None:
    op.create_table(
        "import_lines",
        sa.Column("import_id", sa.Uuid, sa.ForeignKey("imports.import_id"), primary_key=True),
        sa.Column("line", sa.Integer, primary_key=True),
        sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id")),
        sa.Column("identity", sa.Uuid, sa.ForeignKey("identities.reference")),
        sa.Column("points", sa.BigInteger, nullable=False),
        sa.Column("granted_on", sa.Date),
        sa.Column("activates_on", sa.Date),
        sa.Column("expires_on", sa.Date),
        sa.Column("mark", pg.BYTEA, nullable=False),
        sa.Column("words_digest", pg.BYTEA, nullable=False),
        sa.CheckConstraint("num_nulls(member_id, identity) = 1", name="names_one"),
        sa.CheckConstraint("points > 0", name="points_are_positive"),
        sa.CheckConstraint("expires_on > activates_on", name="lives_for_a_while"),
        sa.CheckConstraint(
            "octet_length(mark) = 32 AND octet_length(words_digest) = 32", name="digests_are_sha256"
        ),
        sa.UniqueConstraint("import_id", "mark"),
    )
    op.create_index(
        "ix_import_lines_member_id",
        "import_lines",
        ["member_id"],
        postgresql_where=sa.text("member_id IS NOT NULL"),
    )
    op.create_index(
        "ix_import_lines_identity",
        "import_lines",
        ["identity"],
        postgresql_where=sa.text("identity IS NOT NULL"),
    )
    op.create_index("ix_import_lines_mark", "import_lines", ["mark"])


def _create_words() -> None:
    op.create_table(
        "import_words",
        sa.Column("import_id", sa.Uuid, primary_key=True),
        sa.Column("line", sa.Integer, primary_key=True),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id", "line"], ["import_lines.import_id", "import_lines.line"]
        ),
    )
    op.create_table(
        "import_reasons",
        sa.Column("import_id", sa.Uuid, sa.ForeignKey("imports.import_id"), primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
    )


def _create_persons() -> None:
    op.create_table(
        "import_approvals",
        sa.Column("import_id", sa.Uuid, sa.ForeignKey("imports.import_id"), primary_key=True),
        sa.Column("person_id", sa.Uuid, sa.ForeignKey("members.member_id"), primary_key=True),
        sa.Column("content_digest", pg.BYTEA, nullable=False),
        sa.Column("approved_at", _MOMENT, nullable=False),
        sa.CheckConstraint("octet_length(content_digest) = 32", name="digest_is_sha256"),
    )
    op.create_table(
        "import_payments",
        sa.Column("import_id", sa.Uuid, primary_key=True),
        sa.Column("line", sa.Integer, primary_key=True),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
        sa.Column("entry_id", sa.Uuid),
        sa.Column("recorded_at", _MOMENT, nullable=False),
        sa.CheckConstraint("outcome IN ('credited', 'lapsed')", name="outcome_is_known"),
        sa.CheckConstraint(
            "(outcome = 'credited') = (entry_id IS NOT NULL)", name="credit_has_entry"
        ),
        sa.ForeignKeyConstraint(
            ["import_id", "line"], ["import_lines.import_id", "import_lines.line"]
        ),
        sa.UniqueConstraint("entry_id"),
    )
    op.create_table(
        "import_take_backs",
        sa.Column("import_id", sa.Uuid, sa.ForeignKey("imports.import_id"), primary_key=True),
        sa.Column("person_id", sa.Uuid, sa.ForeignKey("members.member_id"), primary_key=True),
        sa.Column("content_digest", pg.BYTEA, nullable=False),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.CheckConstraint("octet_length(content_digest) = 32", name="digest_is_sha256"),
    )
