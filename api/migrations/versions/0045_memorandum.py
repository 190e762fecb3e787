"""The memorandum: versions, the register of signatures, comments, interest, answers."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from api.migrations.guards import refuse_changes

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

_MOMENT: Final = sa.DateTime(timezone=True)


def _member(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Uuid, sa.ForeignKey("members.member_id"), nullable=nullable)


def _version(*, primary_key: bool = False) -> sa.Column[object]:
    return sa.Column(
        "version_id",
        sa.Uuid,
        sa.ForeignKey("memorandum_versions.version_id"),
        primary_key=primary_key,
        nullable=False,
    )


def upgrade() -> None:
    _create_versions()
    _create_decisions()
    _create_registers()
    _create_entries()
    _create_signers()
    _create_evidence()
    _create_comments()
    _create_interests()
    _create_answers()
    _create_networks()
    for table in (
        "memorandum_versions",
        "memorandum_decisions",
        "memorandum_registers",
        "memorandum_entries",
    ):
        refuse_changes(op, table)


def _create_versions() -> None:
    op.create_table(
        "memorandum_versions",
        sa.Column("version_id", sa.Uuid, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("previous", pg.BYTEA),
        sa.Column("title", pg.JSONB, nullable=False),
        sa.Column("sections", pg.JSONB, nullable=False),
        sa.Column("summary", pg.JSONB, nullable=False),
        sa.Column("questions", pg.JSONB, nullable=False),
        sa.Column("content", pg.BYTEA, nullable=False),
        sa.Column("vote_hash", pg.BYTEA, nullable=False),
        _member("proposed_by"),
        sa.Column("proposed_at", _MOMENT, nullable=False),
        sa.Column("open_from", _MOMENT),
        sa.CheckConstraint("number > 0", name="counted_from_one"),
        sa.CheckConstraint("(number = 1) = (previous IS NULL)", name="first_has_none_before"),
        sa.CheckConstraint(
            "octet_length(content) = 32 AND octet_length(previous) = 32 "
            "AND octet_length(vote_hash) = 32",
            name="digests_are_32_bytes",
        ),
        sa.CheckConstraint("open_from > proposed_at", name="notice_is_later"),
    )
    op.create_index("ix_memorandum_versions_vote_hash", "memorandum_versions", ["vote_hash"])


def _create_decisions() -> None:
    op.create_table(
        "memorandum_decisions",
        _version(primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("number", sa.Integer),
        sa.Column("content", pg.BYTEA, nullable=False),
        _member("decided_by", nullable=True),
        sa.Column("decided_at", _MOMENT, nullable=False),
        sa.Column("vote", pg.JSONB(none_as_null=True)),
        sa.CheckConstraint(
            "state IN ('published', 'rejected', 'withdrawn')", name="state_is_known"
        ),
        sa.CheckConstraint(
            "(state = 'published') = (number IS NOT NULL)", name="published_has_number"
        ),
        sa.CheckConstraint("num_nulls(decided_by, vote) = 1", name="a_person_or_a_vote"),
        sa.CheckConstraint("vote IS NULL OR state = 'published'", name="a_vote_publishes"),
        sa.CheckConstraint("octet_length(content) = 32", name="digest_is_sha256"),
        sa.UniqueConstraint("number"),
    )


def _create_registers() -> None:
    op.create_table(
        "memorandum_registers",
        sa.Column("register", pg.BYTEA, primary_key=True),
        sa.Column("only_one", sa.Boolean, nullable=False),
        sa.Column("begun_at", _MOMENT, nullable=False),
        sa.CheckConstraint("octet_length(register) = 32", name="id_is_long"),
        sa.CheckConstraint("only_one", name="is_the_only_one"),
        sa.UniqueConstraint("only_one"),
    )


def _create_entries() -> None:
    op.create_table(
        "memorandum_entries",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("act", sa.Text, nullable=False),
        _version(),
        sa.Column("content", pg.BYTEA, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("member", pg.BYTEA, nullable=False),
        sa.Column("turn", sa.SmallInteger, nullable=False),
        sa.Column("signed_at", _MOMENT, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("evidence_digest", pg.BYTEA, nullable=False),
        sa.Column("recorded_at", _MOMENT, nullable=False),
        sa.Column("head", pg.BYTEA, nullable=False),
        sa.UniqueConstraint("member", "turn"),
        sa.CheckConstraint("number > 0 AND turn > 0", name="counted_from_one"),
        sa.CheckConstraint("act IN ('sign', 'withdraw')", name="act_is_known"),
        sa.CheckConstraint("language IN ('en', 'ru')", name="language_is_known"),
        sa.CheckConstraint("kind IN ('device', 'wallet', 'contract')", name="kind_is_known"),
        sa.CheckConstraint(
            "octet_length(content) = 32 AND octet_length(member) = 32 "
            "AND octet_length(evidence_digest) = 32 AND octet_length(head) = 32",
            name="digests_are_sha256",
        ),
    )
    op.create_index("ix_memorandum_entries_version", "memorandum_entries", ["version_id", "member"])


def _create_signers() -> None:
    op.create_table(
        "memorandum_signers",
        sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), primary_key=True),
        sa.Column("salt", pg.BYTEA, nullable=False),
        sa.Column("pseudonym", pg.BYTEA, nullable=False),
        sa.UniqueConstraint("pseudonym"),
        sa.CheckConstraint(
            "octet_length(salt) = 32 AND octet_length(pseudonym) = 32", name="salt_is_long"
        ),
    )


def _create_evidence() -> None:
    op.create_table(
        "memorandum_evidence",
        sa.Column(
            "number", sa.Integer, sa.ForeignKey("memorandum_entries.number"), primary_key=True
        ),
        sa.Column("public_key", pg.BYTEA),
        sa.Column("evidence", pg.JSONB, nullable=False),
        sa.CheckConstraint("octet_length(public_key) = 65", name="key_is_a_point"),
    )
    op.create_index("ix_memorandum_evidence_key", "memorandum_evidence", ["public_key"])


def _create_comments() -> None:
    op.create_table(
        "memorandum_comments",
        sa.Column("comment_id", sa.Uuid, primary_key=True),
        _version(),
        sa.Column("section_id", sa.Text, nullable=False),
        _member("member_id", nullable=True),
        sa.Column("public_key", pg.BYTEA),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("said", sa.Text, nullable=False),
        sa.Column("statement", pg.BYTEA),
        sa.Column("written_at", _MOMENT, nullable=False),
        sa.Column("withdrawn_at", _MOMENT),
        _member("hidden_by", nullable=True),
        sa.Column("hidden_at", _MOMENT),
        sa.Column("hidden_reason", sa.Text),
        sa.UniqueConstraint("statement"),
        sa.CheckConstraint("num_nulls(member_id, public_key) = 1", name="one_author"),
        sa.CheckConstraint("(public_key IS NULL) = (statement IS NULL)", name="outsiders_sign"),
        sa.CheckConstraint("octet_length(public_key) = 65", name="key_is_a_point"),
        sa.CheckConstraint("language IN ('en', 'ru')", name="language_is_known"),
        sa.CheckConstraint(
            "num_nulls(hidden_by, hidden_at, hidden_reason) IN (0, 3)", name="hidden_with_a_reason"
        ),
        sa.CheckConstraint("withdrawn_at IS NULL OR said = ''", name="withdrawn_is_blank"),
    )
    op.create_index(
        "ix_memorandum_comments_version", "memorandum_comments", ["version_id", "comment_id"]
    )
    op.create_index("ix_memorandum_comments_member_id", "memorandum_comments", ["member_id"])
    op.create_index("ix_memorandum_comments_key", "memorandum_comments", ["public_key"])


def _create_interests() -> None:
    op.create_table(
        "memorandum_interests",
        sa.Column("interest_id", sa.Uuid, primary_key=True),
        sa.Column("public_key", pg.BYTEA, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("contact", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("consent", pg.BYTEA, nullable=False),
        sa.Column("told_at", _MOMENT, nullable=False),
        sa.Column("registered_at", _MOMENT, nullable=False),
        sa.UniqueConstraint("public_key"),
        sa.CheckConstraint("octet_length(public_key) = 65", name="key_is_a_point"),
        sa.CheckConstraint("octet_length(consent) = 32", name="consent_is_named"),
        sa.CheckConstraint("language IN ('en', 'ru')", name="language_is_known"),
    )


def _create_answers() -> None:
    op.create_table(
        "memorandum_answers",
        _version(primary_key=True),
        sa.Column("public_key", pg.BYTEA, primary_key=True),
        sa.Column("answers", pg.JSONB, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("told_at", _MOMENT, nullable=False),
        sa.CheckConstraint("octet_length(public_key) = 65", name="key_is_a_point"),
        sa.CheckConstraint("language IN ('en', 'ru')", name="language_is_known"),
    )
    op.create_index("ix_memorandum_answers_key", "memorandum_answers", ["public_key"])


def _create_networks() -> None:
    op.create_table(
        "memorandum_networks",
        sa.Column("seen_id", sa.Uuid, primary_key=True),
        sa.Column("digest", pg.BYTEA, nullable=False),
        sa.Column("act", sa.Text, nullable=False),
        sa.Column("seen_at", _MOMENT, nullable=False),
    )
    op.create_index(
        "ix_memorandum_networks_digest", "memorandum_networks", ["digest", "act", "seen_at"]
    )
    op.create_index("ix_memorandum_networks_seen_at", "memorandum_networks", ["seen_at"])
