"""Projects, tasks, who shares them, what was paid. They equal the migrations; a test compares them.

``project_words`` holds everything that somebody wrote, and is what an erasure empties.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

_MOMENT: Final = sa.DateTime(timezone=True)


def _member(name: str, *, nullable: bool = False) -> sa.Column[object]:
    reference = sa.ForeignKey("members.member_id")
    return sa.Column(name, sa.Uuid, reference, nullable=nullable)


def _project() -> sa.Column[object]:
    reference = sa.ForeignKey("projects.project_id")
    return sa.Column("project_id", sa.Uuid, reference, nullable=False)


projects = sa.Table(
    "projects",
    metadata,
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
        "state IN ('proposed', 'funded', 'closed', 'withdrawn', 'refused')", name="state_is_known"
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
    sa.CheckConstraint("return_entry_id IS NULL OR state = 'closed'", name="returned_when_closed"),
    sa.CheckConstraint(
        "octet_length(words_digest) = 32 AND octet_length(content_digest) = 32",
        name="digests_are_sha256",
    ),
    sa.Index("ix_projects_author_id", "author_id"),
    sa.Index("ix_projects_state", "state", "project_id"),
)

project_approvals = sa.Table(
    "project_approvals",
    metadata,
    sa.Column("project_id", sa.Uuid, sa.ForeignKey("projects.project_id"), primary_key=True),
    sa.Column("person_id", sa.Uuid, sa.ForeignKey("members.member_id"), primary_key=True),
    sa.Column("content_digest", pg.BYTEA, nullable=False),
    sa.Column("approved_at", _MOMENT, nullable=False),
    sa.CheckConstraint("octet_length(content_digest) = 32", name="digest_is_sha256"),
    sa.Index("ix_project_approvals_person_id", "person_id", "approved_at"),
)
"""Append-only."""

project_tasks = sa.Table(
    "project_tasks",
    metadata,
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
        "state IN ('open', 'assigned', 'delivered', 'accepted', 'withdrawn')", name="state_is_known"
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
    sa.Index("ix_project_tasks_project_id", "project_id", "task_id"),
)

project_shares = sa.Table(
    "project_shares",
    metadata,
    sa.Column("task_id", sa.Uuid, sa.ForeignKey("project_tasks.task_id"), primary_key=True),
    sa.Column("assignment", sa.Integer, primary_key=True),
    sa.Column("number", sa.SmallInteger, primary_key=True),
    _member("member_id"),
    sa.Column("weight", sa.Integer, nullable=False),
    sa.UniqueConstraint("task_id", "assignment", "member_id"),
    sa.CheckConstraint("assignment > 0 AND number > 0 AND weight > 0", name="counted"),
    sa.Index("ix_project_shares_member_id", "member_id"),
)
"""Append-only: an assignment is never changed, the next one counts instead."""

project_payments = sa.Table(
    "project_payments",
    metadata,
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
    sa.Index("ix_project_payments_member_id", "member_id"),
)
"""Append-only: what each share of an accepted task came to; ``member_id`` is who got the lot."""

project_acts = sa.Table(
    "project_acts",
    metadata,
    sa.Column("act_id", sa.Uuid, primary_key=True),
    _project(),
    sa.Column("task_id", sa.Uuid, sa.ForeignKey("project_tasks.task_id")),
    sa.Column("act", sa.Text, nullable=False),
    _member("member_id", nullable=True),
    sa.Column("at", _MOMENT, nullable=False),
    sa.Column("words_digest", pg.BYTEA),
    sa.CheckConstraint("(act LIKE 'task_%') = (task_id IS NOT NULL)", name="task_is_named"),
    sa.CheckConstraint("octet_length(words_digest) = 32", name="digest_is_sha256"),
    sa.Index("ix_project_acts_project_id", "project_id", "act_id"),
)
"""Append-only: who did what when. ``member_id`` is null where a vote did it."""

project_words = sa.Table(
    "project_words",
    metadata,
    sa.Column("words_id", sa.Uuid, primary_key=True),
    _member("member_id"),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Index("ix_project_words_member_id", "member_id"),
)
"""What somebody wrote of a project, a task or an act, by its id; deleted with the writer."""
