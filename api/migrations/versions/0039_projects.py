"""Projects with budgets, goods with orders, stakes; and holds and accounts that are for them."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from api.migrations.guards import refuse_changes

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

_MOMENT: Final = sa.DateTime(timezone=True)
_FIXED: Final = {
    "projects": (
        "project_id, author_id, pool, budget, words_digest, content_digest, persons_needed, "
        "fundable_from, proposed_at"
    ),
    "project_tasks": ("task_id, project_id, reward, due_at, created_by, created_at, words_digest"),
    "good_orders": "order_id, good_id, member_id, quantity, price, hold_id, ordered_at",
}
"""Columns that never change once a row is written; no row of these tables is deleted."""


def upgrade() -> None:
    _widen()
    _create_projects()
    _create_tasks()
    _create_acts()
    _create_goods()
    op.create_table(
        "stakes",
        sa.Column("hold_id", sa.Uuid, sa.ForeignKey("holds.hold_id"), primary_key=True),
        sa.Column("project_id", sa.Uuid, sa.ForeignKey("projects.project_id"), nullable=False),
    )
    op.create_index("ix_stakes_project_id", "stakes", ["project_id"])
    _refuse()


def _member(name: str, *, nullable: bool = False) -> sa.Column[object]:
    reference = sa.ForeignKey("members.member_id")
    return sa.Column(name, sa.Uuid, reference, nullable=nullable)


def _project() -> sa.Column[object]:
    reference = sa.ForeignKey("projects.project_id")
    return sa.Column("project_id", sa.Uuid, reference, nullable=False)


def _widen() -> None:
    op.drop_constraint("purpose_is_known", "holds", type_="check")
    op.create_check_constraint(
        "purpose_is_known",
        "holds",
        "purpose IN ('redemption', 'bridge', 'purchase', 'goods', 'stake')",
    )
    op.drop_constraint("owner_by_kind", "accounts", type_="check")
    op.create_check_constraint(
        "owner_by_kind",
        "accounts",
        "(kind IN ('lot_pending', 'lot_available', 'lot_held', 'debt', 'project')) "
        "= (owner IS NOT NULL)",
    )


def _refuse() -> None:
    for table in (
        *("project_approvals", "project_shares", "project_payments", "project_acts"),
        *("good_changes", "stakes"),
    ):
        refuse_changes(op, table)
    for table, columns in _FIXED.items():
        for suffix, change in (
            ("kept", "DELETE OR TRUNCATE"),
            ("fixed", f"UPDATE OF {columns}"),
        ):
            op.execute(
                f"CREATE TRIGGER {table}_{suffix} BEFORE {change} ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION vklad_refuse_change()"
            )


def _create_projects() -> None:
    op.create_table(
        "projects",
        sa.Column("project_id", sa.Uuid, primary_key=True),
        _member("author_id"),
        sa.Column("pool", sa.Text, nullable=False),
        sa.Column("budget", sa.BigInteger, nullable=False),
        sa.Column("words_digest", pg.BYTEA, nullable=False),
        sa.Column("content_digest", pg.BYTEA, nullable=False),
        sa.Column("persons_needed", sa.SmallInteger, nullable=False),
        sa.Column("fundable_from", _MOMENT),
        sa.Column("proposed_at", _MOMENT, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("funded_by", pg.JSONB),
        sa.Column("funding_entry_id", sa.Uuid),
        sa.Column("funded_at", _MOMENT),
        _member("closed_by", nullable=True),
        sa.Column("closed_at", _MOMENT),
        sa.Column("return_entry_id", sa.Uuid),
        sa.CheckConstraint(
            "state IN ('proposed', 'funded', 'closed', 'withdrawn', 'refused')",
            name="state_is_known",
        ),
        sa.CheckConstraint(
            "pool IN ('rewards', 'treasury', 'startup', 'team', 'liquidity')", name="pool_is_known"
        ),
        sa.CheckConstraint("budget > 0", name="asks_for_something"),
        sa.CheckConstraint("persons_needed BETWEEN 1 AND 3", name="persons_needed_is_stated"),
        sa.CheckConstraint(
            "persons_needed > 1 OR fundable_from IS NOT NULL", name="one_person_only_with_delay"
        ),
        sa.CheckConstraint(
            "num_nulls(funded_by, funding_entry_id, funded_at) "
            "= CASE WHEN state IN ('funded', 'closed') THEN 0 ELSE 3 END",
            name="funding_is_whole",
        ),
        sa.CheckConstraint(
            "num_nulls(closed_by, closed_at) = CASE WHEN state IN ('proposed', 'funded') THEN 2 "
            "ELSE 0 END",
            name="closing_is_whole",
        ),
        sa.CheckConstraint(
            "return_entry_id IS NULL OR state = 'closed'", name="returned_when_closed"
        ),
        sa.CheckConstraint(
            "octet_length(words_digest) = 32 AND octet_length(content_digest) = 32",
            name="digests_are_sha256",
        ),
    )
    op.create_index("ix_projects_author_id", "projects", ["author_id"])
    op.create_index("ix_projects_state", "projects", ["state", "project_id"])
    op.create_table(
        "project_approvals",
        sa.Column("project_id", sa.Uuid, sa.ForeignKey("projects.project_id"), primary_key=True),
        sa.Column("person_id", sa.Uuid, sa.ForeignKey("members.member_id"), primary_key=True),
        sa.Column("content_digest", pg.BYTEA, nullable=False),
        sa.Column("approved_at", _MOMENT, nullable=False),
        sa.CheckConstraint("octet_length(content_digest) = 32", name="digest_is_sha256"),
    )
    op.create_index(
        "ix_project_approvals_person_id", "project_approvals", ["person_id", "approved_at"]
    )


def _create_tasks() -> None:
    op.create_table(
        "project_tasks",
        sa.Column("task_id", sa.Uuid, primary_key=True),
        _project(),
        sa.Column("reward", sa.BigInteger, nullable=False),
        sa.Column("due_at", _MOMENT),
        _member("created_by"),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("words_digest", pg.BYTEA, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("assignment", sa.Integer, nullable=False),
        _member("delivered_by", nullable=True),
        sa.Column("delivered_at", _MOMENT),
        sa.Column("delivery_digest", pg.BYTEA),
        _member("decided_by", nullable=True),
        sa.Column("decided_at", _MOMENT),
        sa.CheckConstraint(
            "state IN ('open', 'assigned', 'delivered', 'accepted', 'withdrawn')",
            name="state_is_known",
        ),
        sa.CheckConstraint("reward > 0", name="pays_something"),
        sa.CheckConstraint(
            "CASE state WHEN 'open' THEN assignment = 0 WHEN 'withdrawn' THEN assignment >= 0 "
            "ELSE assignment > 0 END",
            name="assignment_is_counted",
        ),
        sa.CheckConstraint(
            "num_nulls(delivered_by, delivered_at, delivery_digest) "
            "= CASE WHEN state IN ('delivered', 'accepted') THEN 0 ELSE 3 END",
            name="delivery_is_whole",
        ),
        sa.CheckConstraint(
            "num_nulls(decided_by, decided_at) "
            "= CASE WHEN state IN ('accepted', 'withdrawn') THEN 0 ELSE 2 END",
            name="decision_is_whole",
        ),
        sa.CheckConstraint(
            "octet_length(words_digest) = 32 AND octet_length(delivery_digest) = 32",
            name="digests_are_sha256",
        ),
    )
    op.create_index("ix_project_tasks_project_id", "project_tasks", ["project_id", "task_id"])
    op.create_table(
        "project_shares",
        sa.Column("task_id", sa.Uuid, sa.ForeignKey("project_tasks.task_id"), primary_key=True),
        sa.Column("assignment", sa.Integer, primary_key=True),
        sa.Column("number", sa.SmallInteger, primary_key=True),
        _member("member_id"),
        sa.Column("weight", sa.Integer, nullable=False),
        sa.UniqueConstraint("task_id", "assignment", "member_id"),
        sa.CheckConstraint("assignment > 0 AND number > 0 AND weight > 0", name="counted"),
    )
    op.create_index("ix_project_shares_member_id", "project_shares", ["member_id"])
    op.create_table(
        "project_payments",
        sa.Column("task_id", sa.Uuid, sa.ForeignKey("project_tasks.task_id"), primary_key=True),
        sa.Column("number", sa.SmallInteger, primary_key=True),
        _member("member_id"),
        sa.Column("points", sa.BigInteger, nullable=False),
        sa.Column("lot_id", sa.Uuid, sa.ForeignKey("lots.lot_id"), unique=True),
        sa.Column("entry_id", sa.Uuid, unique=True),
        sa.CheckConstraint("points >= 0", name="takes_nothing"),
        sa.CheckConstraint(
            "num_nulls(lot_id, entry_id) = CASE WHEN points > 0 THEN 0 ELSE 2 END", name="is_paid"
        ),
    )
    op.create_index("ix_project_payments_member_id", "project_payments", ["member_id"])


def _create_acts() -> None:
    op.create_table(
        "project_acts",
        sa.Column("act_id", sa.Uuid, primary_key=True),
        _project(),
        sa.Column("task_id", sa.Uuid, sa.ForeignKey("project_tasks.task_id")),
        sa.Column("act", sa.Text, nullable=False),
        _member("member_id", nullable=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("words_digest", pg.BYTEA),
        sa.CheckConstraint("(act LIKE 'task_%') = (task_id IS NOT NULL)", name="task_is_named"),
        sa.CheckConstraint("octet_length(words_digest) = 32", name="digest_is_sha256"),
    )
    op.create_index("ix_project_acts_project_id", "project_acts", ["project_id", "act_id"])
    op.create_table(
        "project_words",
        sa.Column("words_id", sa.Uuid, primary_key=True),
        _member("member_id"),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("ix_project_words_member_id", "project_words", ["member_id"])


def _create_goods() -> None:
    op.create_table(
        "goods",
        sa.Column("good_id", sa.Uuid, primary_key=True),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("name_en", "name_ru", "text_en", "text_ru")
        ),
        sa.Column("price", sa.BigInteger, nullable=False),
        sa.Column("per_member", sa.Integer),
        sa.Column("is_offered", sa.Boolean, nullable=False),
        sa.Column("stock", sa.Integer, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.CheckConstraint("stock >= 0", name="stock_not_negative"),
        sa.CheckConstraint("price > 0 AND per_member > 0", name="counted"),
    )
    op.create_table(
        "good_changes",
        sa.Column("change_id", sa.Uuid, primary_key=True),
        sa.Column("good_id", sa.Uuid, sa.ForeignKey("goods.good_id"), nullable=False),
        sa.Column("terms", pg.JSONB),
        sa.Column("stock_change", sa.Integer, nullable=False),
        _member("changed_by"),
        sa.Column("changed_at", _MOMENT, nullable=False),
    )
    op.create_index("ix_good_changes_good_id", "good_changes", ["good_id", "change_id"])
    op.create_table(
        "good_orders",
        sa.Column("order_id", sa.Uuid, primary_key=True),
        sa.Column("good_id", sa.Uuid, sa.ForeignKey("goods.good_id"), nullable=False),
        _member("member_id"),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("price", sa.BigInteger, nullable=False),
        sa.Column("hold_id", sa.Uuid, sa.ForeignKey("holds.hold_id"), nullable=False, unique=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("ordered_at", _MOMENT, nullable=False),
        _member("ended_by", nullable=True),
        sa.Column("ended_at", _MOMENT),
        _member("refunded_by", nullable=True),
        sa.Column("refunded_at", _MOMENT),
        sa.CheckConstraint("quantity > 0 AND price > 0", name="costs_something"),
        sa.CheckConstraint(
            "state IN ('ordered', 'fulfilled', 'cancelled', 'lapsed', 'refunded')",
            name="state_is_known",
        ),
        sa.CheckConstraint("(state = 'ordered') = (ended_at IS NULL)", name="end_is_dated"),
        sa.CheckConstraint(
            "num_nulls(refunded_by, refunded_at) = CASE state WHEN 'refunded' THEN 0 ELSE 2 END",
            name="refund_is_whole",
        ),
    )
    op.create_index("ix_good_orders_good_id", "good_orders", ["good_id", "state"])
    op.create_index("ix_good_orders_member_id", "good_orders", ["member_id", "order_id"])
    op.create_index(
        "ix_good_orders_open",
        "good_orders",
        ["ordered_at"],
        postgresql_where=sa.text("state = 'ordered'"),
    )
    op.create_table(
        "good_order_notes",
        sa.Column("order_id", sa.Uuid, sa.ForeignKey("good_orders.order_id"), primary_key=True),
        sa.Column("note", sa.Text, nullable=False),
    )
