"""Versions of the memorandum, the register of signatures, and what people say of the text.

They equal the migrations; a test compares them. ``memorandum_signers`` says who a pseudonym is and
``memorandum_evidence`` what signed; an erasure deletes of these, and of comments, what is the
member's. What outsiders leave is under a key of their browser, by which they delete it.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

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


memorandum_versions = sa.Table(
    "memorandum_versions",
    metadata,
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
    sa.Index("ix_memorandum_versions_vote_hash", "vote_hash"),
)

memorandum_decisions = sa.Table(
    "memorandum_decisions",
    metadata,
    _version(primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("number", sa.Integer),
    sa.Column("content", pg.BYTEA, nullable=False),
    _member("decided_by", nullable=True),
    sa.Column("decided_at", _MOMENT, nullable=False),
    sa.Column("vote", pg.JSONB(none_as_null=True)),
    sa.CheckConstraint("state IN ('published', 'rejected', 'withdrawn')", name="state_is_known"),
    sa.CheckConstraint("(state = 'published') = (number IS NOT NULL)", name="published_has_number"),
    sa.CheckConstraint("num_nulls(decided_by, vote) = 1", name="a_person_or_a_vote"),
    sa.CheckConstraint("vote IS NULL OR state = 'published'", name="a_vote_publishes"),
    sa.CheckConstraint("octet_length(content) = 32", name="digest_is_sha256"),
    sa.UniqueConstraint("number"),
)

memorandum_registers = sa.Table(
    "memorandum_registers",
    metadata,
    sa.Column("register", pg.BYTEA, primary_key=True),
    sa.Column("only_one", sa.Boolean, nullable=False),
    sa.Column("begun_at", _MOMENT, nullable=False),
    sa.CheckConstraint("octet_length(register) = 32", name="id_is_long"),
    sa.CheckConstraint("only_one", name="is_the_only_one"),
    sa.UniqueConstraint("only_one"),
)

memorandum_entries = sa.Table(
    "memorandum_entries",
    metadata,
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
    sa.Index("ix_memorandum_entries_version", "version_id", "member"),
)

memorandum_signers = sa.Table(
    "memorandum_signers",
    metadata,
    sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), primary_key=True),
    sa.Column("salt", pg.BYTEA, nullable=False),
    sa.Column("pseudonym", pg.BYTEA, nullable=False),
    sa.UniqueConstraint("pseudonym"),
    sa.CheckConstraint(
        "octet_length(salt) = 32 AND octet_length(pseudonym) = 32", name="salt_is_long"
    ),
)

memorandum_evidence = sa.Table(
    "memorandum_evidence",
    metadata,
    sa.Column("number", sa.Integer, sa.ForeignKey("memorandum_entries.number"), primary_key=True),
    sa.Column("public_key", pg.BYTEA),
    sa.Column("evidence", pg.JSONB, nullable=False),
    sa.CheckConstraint("octet_length(public_key) = 65", name="key_is_a_point"),
    sa.Index("ix_memorandum_evidence_key", "public_key"),
)

memorandum_comments = sa.Table(
    "memorandum_comments",
    metadata,
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
    sa.Index("ix_memorandum_comments_version", "version_id", "comment_id"),
    sa.Index("ix_memorandum_comments_member_id", "member_id"),
    sa.Index("ix_memorandum_comments_key", "public_key"),
)

memorandum_interests = sa.Table(
    "memorandum_interests",
    metadata,
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

memorandum_answers = sa.Table(
    "memorandum_answers",
    metadata,
    _version(primary_key=True),
    sa.Column("public_key", pg.BYTEA, primary_key=True),
    sa.Column("answers", pg.JSONB, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("told_at", _MOMENT, nullable=False),
    sa.CheckConstraint("octet_length(public_key) = 65", name="key_is_a_point"),
    sa.CheckConstraint("language IN ('en', 'ru')", name="language_is_known"),
    sa.Index("ix_memorandum_answers_key", "public_key"),
)

memorandum_networks = sa.Table(
    "memorandum_networks",
    metadata,
    sa.Column("seen_id", sa.Uuid, primary_key=True),
    sa.Column("digest", pg.BYTEA, nullable=False),
    sa.Column("act", sa.Text, nullable=False),
    sa.Column("seen_at", _MOMENT, nullable=False),
    sa.Index("ix_memorandum_networks_digest", "digest", "act", "seen_at"),
    sa.Index("ix_memorandum_networks_seen_at", "seen_at"),
)
"""From where outsiders spoke: keyed hashes of networks, forgotten after a day."""
