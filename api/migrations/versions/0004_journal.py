"""The journal and its accounts; lots and holds; budgets and grants."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from api.migrations import guards

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "transfers",
    "hold_returns",
    "budgets",
    "grant_lines",
    "grant_approvals",
)
"""Rows of these are never changed."""

FIXED_COLUMNS = {
    "accounts": ("account_id", "kind", "owner"),
    "journal_head": ("head_id",),
    "lots": (
        *("lot_id", "granted", "activates_at", "expires_at", "cause_kind", "cause_id"),
        *("continues", "cites", "entry_id", "created_at"),
    ),
    "holds": (
        *("hold_id", "member_id", "purpose", "amount", "placed_at", "expires_at", "entry_id"),
    ),
    "hold_parts": ("hold_id", "lot_id", "amount"),
    "grants": (
        *("grant_id", "budget_id", "created_by", "created_at", "activates_at", "expires_at"),
        *("points", "reason_digest", "content_digest", "persons_needed", "payable_from"),
    ),
}
"""Rows of these are never deleted, and these columns of them never change."""


def upgrade() -> None:
    _journal()
    _lots()
    _holds()
    _grants()
    _grant_content()
    for table in APPEND_ONLY:
        guards.refuse_changes(op, table)
    for table, columns in FIXED_COLUMNS.items():
        for suffix, change in (
            ("kept", "DELETE OR TRUNCATE"),
            ("fixed", f"UPDATE OF {', '.join(columns)}"),
        ):
            op.execute(
                f"CREATE TRIGGER {table}_{suffix} BEFORE {change} ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION vklad_refuse_change()"
            )


def _time(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _member(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Uuid, sa.ForeignKey("members.member_id"), nullable=nullable)


def _points(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _digest(name: str) -> sa.Column[object]:
    return sa.Column(name, pg.BYTEA, nullable=False)


def _journal() -> None:
    op.create_table(
        "accounts",
        sa.Column("account_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("owner", sa.Uuid),
        _points("balance"),
        sa.Column("last_sequence", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("owner", "kind", postgresql_nulls_not_distinct=True),
        sa.CheckConstraint(
            "CASE kind WHEN 'issuance' THEN true WHEN 'debt' THEN balance <= 0 "
            "ELSE balance >= 0 END",
            name="floor",
        ),
        sa.CheckConstraint(
            "(kind IN ('lot_pending', 'lot_available', 'lot_held', 'debt')) = (owner IS NOT NULL)",
            name="owner_by_kind",
        ),
    )
    op.create_table(
        "transfers",
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("entry_id", sa.Uuid, nullable=False),
        sa.Column("line", sa.SmallInteger, nullable=False),
        sa.Column("lines", sa.SmallInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("debit_account_id", sa.BigInteger, nullable=False),
        sa.Column("credit_account_id", sa.BigInteger, nullable=False),
        _points("amount"),
        _points("debit_balance_after"),
        _points("credit_balance_after"),
        sa.Column("debit_previous", sa.BigInteger, nullable=False),
        sa.Column("credit_previous", sa.BigInteger, nullable=False),
        _time("effective_at"),
        _time("recorded_at"),
        sa.Column("cites", sa.Uuid),
        sa.Column("cause", sa.Text, nullable=False),
        _digest("hash"),
        sa.UniqueConstraint("entry_id", "line"),
        sa.CheckConstraint("amount > 0", name="amount_is_positive"),
        sa.CheckConstraint("debit_account_id <> credit_account_id", name="between_two_accounts"),
        sa.CheckConstraint("line BETWEEN 1 AND lines", name="line_of_lines"),
        sa.CheckConstraint(
            "debit_previous BETWEEN 0 AND sequence - 1 "
            "AND credit_previous BETWEEN 0 AND sequence - 1",
            name="previous_is_before",
        ),
        sa.CheckConstraint("octet_length(hash) = 32", name="hash_is_sha256"),
    )
    op.create_table(
        "journal_head",
        sa.Column("head_id", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        _digest("hash"),
        sa.Column("account_count", sa.BigInteger, nullable=False),
        sa.CheckConstraint("head_id = 1", name="one_row"),
        sa.CheckConstraint("sequence >= 0 AND account_count >= 0", name="counts"),
        sa.CheckConstraint("octet_length(hash) = 32", name="hash_is_sha256"),
    )
    op.execute("INSERT INTO journal_head VALUES (1, 0, decode(repeat('00', 32), 'hex'), 0)")


def _lots() -> None:
    op.create_table(
        "lots",
        sa.Column("lot_id", sa.Uuid, primary_key=True),
        _member("member_id"),
        _points("granted"),
        _time("activates_at"),
        _time("expires_at", nullable=True),
        sa.Column("cause_kind", sa.Text, nullable=False),
        sa.Column("cause_id", sa.Text, nullable=False),
        sa.Column("continues", sa.Uuid, sa.ForeignKey("lots.lot_id")),
        sa.Column("cites", sa.Uuid, sa.ForeignKey("lots.lot_id")),
        sa.Column("entry_id", sa.Uuid, nullable=False),
        _time("created_at"),
        sa.CheckConstraint("granted > 0", name="granted_is_positive"),
        sa.CheckConstraint("expires_at > activates_at", name="lives_for_a_while"),
    )
    op.create_index("ix_lots_member_id", "lots", ["member_id"])
    op.create_index("ix_lots_activates_at", "lots", ["activates_at"])
    op.create_index(
        "ix_lots_expires_at",
        "lots",
        ["expires_at"],
        postgresql_where=sa.text("expires_at IS NOT NULL"),
    )


def _holds() -> None:
    op.create_table(
        "holds",
        sa.Column("hold_id", sa.Uuid, primary_key=True),
        _member("member_id"),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        _points("amount"),
        _points("captured"),
        _points("gone_on_to_expired"),
        _time("placed_at"),
        _time("expires_at"),
        _time("resolved_at", nullable=True),
        sa.Column("entry_id", sa.Uuid, nullable=False),
        sa.Column("resolution_entry_id", sa.Uuid),
        sa.CheckConstraint("purpose IN ('redemption', 'bridge')", name="purpose_is_known"),
        sa.CheckConstraint(
            "state IN ('held', 'captured', 'released', 'expired')", name="state_is_known"
        ),
        sa.CheckConstraint("amount > 0", name="amount_is_positive"),
        sa.CheckConstraint(
            "captured BETWEEN 0 AND amount AND (captured > 0) = (state = 'captured')",
            name="captured_within_amount",
        ),
        sa.CheckConstraint(
            "gone_on_to_expired BETWEEN 0 AND amount - captured", name="expired_within_rest"
        ),
        sa.CheckConstraint(
            "(state = 'held') = (resolved_at IS NULL) "
            "AND num_nulls(resolved_at, resolution_entry_id) IN (0, 2)",
            name="resolution_is_whole",
        ),
    )
    op.create_index("ix_holds_member_id", "holds", ["member_id"])
    op.create_index(
        "ix_holds_due", "holds", ["expires_at"], postgresql_where=sa.text("state = 'held'")
    )
    op.create_table(
        "hold_parts",
        sa.Column("hold_id", sa.Uuid, sa.ForeignKey("holds.hold_id"), primary_key=True),
        sa.Column("lot_id", sa.Uuid, sa.ForeignKey("lots.lot_id"), primary_key=True),
        _points("amount"),
        _points("captured"),
        sa.CheckConstraint("amount > 0", name="amount_is_positive"),
        sa.CheckConstraint("captured BETWEEN 0 AND amount", name="captured_within_amount"),
    )
    op.create_table(
        "hold_returns",
        sa.Column("return_id", sa.Uuid, primary_key=True),
        sa.Column("hold_id", sa.Uuid, primary_key=True),
        sa.Column("lot_id", sa.Uuid, primary_key=True),
        sa.Column("to_lot_id", sa.Uuid, sa.ForeignKey("lots.lot_id"), nullable=False),
        _points("amount"),
        sa.Column("entry_id", sa.Uuid, nullable=False),
        sa.ForeignKeyConstraint(["hold_id", "lot_id"], ["hold_parts.hold_id", "hold_parts.lot_id"]),
        sa.CheckConstraint("amount > 0", name="amount_is_positive"),
    )
    op.create_index("ix_hold_returns_hold_id", "hold_returns", ["hold_id"])


def _grants() -> None:
    op.create_table(
        "budgets",
        sa.Column("budget_id", sa.Uuid, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        _points("amount"),
        _member("opened_by"),
        _time("opened_at"),
        _digest("content_digest"),
        sa.CheckConstraint("amount > 0", name="amount_is_positive"),
        sa.CheckConstraint("octet_length(content_digest) = 32", name="digest_is_sha256"),
    )
    op.create_table(
        "grants",
        sa.Column("grant_id", sa.Uuid, primary_key=True),
        sa.Column("budget_id", sa.Uuid, sa.ForeignKey("budgets.budget_id"), nullable=False),
        _member("created_by"),
        _time("created_at"),
        _time("activates_at", nullable=True),
        _time("expires_at", nullable=True),
        _points("points"),
        _digest("reason_digest"),
        _digest("content_digest"),
        sa.Column("persons_needed", sa.SmallInteger, nullable=False),
        _time("payable_from", nullable=True),
        sa.Column("state", sa.Text, nullable=False),
        _member("closed_by", nullable=True),
        _time("closed_at", nullable=True),
        sa.CheckConstraint(
            "state IN ('proposed', 'paid', 'rejected', 'withdrawn')", name="state_is_known"
        ),
        sa.CheckConstraint("points > 0", name="points_are_positive"),
        sa.CheckConstraint("persons_needed BETWEEN 1 AND 3", name="persons_needed_is_stated"),
        sa.CheckConstraint(
            "(persons_needed = 1) = (payable_from IS NOT NULL)", name="one_person_only_with_delay"
        ),
        sa.CheckConstraint(
            "num_nulls(closed_by, closed_at) = CASE state WHEN 'proposed' THEN 2 ELSE 0 END",
            name="closing_is_whole",
        ),
        sa.CheckConstraint(
            "octet_length(reason_digest) = 32 AND octet_length(content_digest) = 32",
            name="digests_are_sha256",
        ),
    )
    op.create_index("ix_grants_budget_id", "grants", ["budget_id"])
    op.create_index("ix_grants_created_by", "grants", ["created_by", "created_at"])
    op.create_index(
        "ix_grants_open", "grants", ["created_at"], postgresql_where=sa.text("state = 'proposed'")
    )


def _grant_content() -> None:
    op.create_table(
        "grant_lines",
        sa.Column("grant_id", sa.Uuid, sa.ForeignKey("grants.grant_id"), primary_key=True),
        sa.Column("line", sa.Integer, primary_key=True),
        _member("member_id"),
        _points("points"),
        sa.UniqueConstraint("grant_id", "member_id"),
        sa.CheckConstraint("points > 0", name="points_are_positive"),
    )
    op.create_table(
        "grant_reasons",
        sa.Column("grant_id", sa.Uuid, sa.ForeignKey("grants.grant_id"), primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_table(
        "grant_approvals",
        sa.Column("grant_id", sa.Uuid, sa.ForeignKey("grants.grant_id"), primary_key=True),
        sa.Column("person_id", sa.Uuid, sa.ForeignKey("members.member_id"), primary_key=True),
        _digest("content_digest"),
        _time("approved_at"),
        sa.CheckConstraint("octet_length(content_digest) = 32", name="digest_is_sha256"),
    )
