"""Tables of imports. They equal migration 0036; a test compares them."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

_MOMENT: Final = sa.DateTime(timezone=True)

imports = sa.Table(
    "imports",
    metadata,
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
    sa.Index("ix_imports_budget_id", "budget_id"),
)
"""Only ``state``, ``walked`` and how it was closed ever change."""

import_lines = sa.Table(
    "import_lines",
    metadata,
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
    sa.Index(
        "ix_import_lines_member_id", "member_id", postgresql_where=sa.text("member_id IS NOT NULL")
    ),
    sa.Index(
        "ix_import_lines_identity", "identity", postgresql_where=sa.text("identity IS NOT NULL")
    ),
    sa.Index("ix_import_lines_mark", "mark"),
)
"""Append-only: who gets what. Identities are random references."""

import_words = sa.Table(
    "import_words",
    metadata,
    sa.Column("import_id", sa.Uuid, primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.ForeignKeyConstraint(["import_id", "line"], ["import_lines.import_id", "import_lines.line"]),
)
"""Erasable: what the old system called a line, and why. Lines without words have no row."""

import_reasons = sa.Table(
    "import_reasons",
    metadata,
    sa.Column("import_id", sa.Uuid, sa.ForeignKey("imports.import_id"), primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
)
"""Erasable: people write names into reasons. Its digest stays in the import."""

import_approvals = sa.Table(
    "import_approvals",
    metadata,
    sa.Column("import_id", sa.Uuid, sa.ForeignKey("imports.import_id"), primary_key=True),
    sa.Column("person_id", sa.Uuid, sa.ForeignKey("members.member_id"), primary_key=True),
    sa.Column("content_digest", pg.BYTEA, nullable=False),
    sa.Column("approved_at", _MOMENT, nullable=False),
    sa.CheckConstraint("octet_length(content_digest) = 32", name="digest_is_sha256"),
)
"""Append-only: the persons who stand for an import, its creator first."""

import_payments = sa.Table(
    "import_payments",
    metadata,
    sa.Column("import_id", sa.Uuid, primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("entry_id", sa.Uuid),
    sa.Column("recorded_at", _MOMENT, nullable=False),
    sa.CheckConstraint("outcome IN ('credited', 'lapsed')", name="outcome_is_known"),
    sa.CheckConstraint("(outcome = 'credited') = (entry_id IS NOT NULL)", name="credit_has_entry"),
    sa.ForeignKeyConstraint(["import_id", "line"], ["import_lines.import_id", "import_lines.line"]),
    sa.UniqueConstraint("entry_id"),
)
"""Append-only: what became of a line; a line without a row waits."""

import_take_backs = sa.Table(
    "import_take_backs",
    metadata,
    sa.Column("import_id", sa.Uuid, sa.ForeignKey("imports.import_id"), primary_key=True),
    sa.Column("person_id", sa.Uuid, sa.ForeignKey("members.member_id"), primary_key=True),
    sa.Column("content_digest", pg.BYTEA, nullable=False),
    sa.Column("asked_at", _MOMENT, nullable=False),
    sa.CheckConstraint("octet_length(content_digest) = 32", name="digest_is_sha256"),
)
"""Append-only: who asked to take an import back; the second one decides it."""
