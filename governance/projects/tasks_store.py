"""SQL of tasks: their shares, and what was paid for them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from governance.projects.model import Payment, Share, Task, TaskState
from governance.projects.store import WORDS, insert_words, words_of
from governance.projects.tables import (
    project_payments,
    project_shares,
    project_tasks,
    project_words,
)
from ledger.journal.model import AccountKind
from ledger.journal.tables import accounts
from ledger.kernel.arrays import any_uuid
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points


def insert_task(work: Work, task: Task) -> None:
    """Keep a fresh task; its words apart."""
    work.connection.execute(
        project_tasks.insert().values(
            task_id=task.task_id,
            project_id=task.project_id,
            reward=task.reward.amount,
            due_at=task.due_at,
            created_by=task.created_by,
            created_at=task.created_at,
            words_digest=task.words_digest,
            state=task.state.value,
            assignment=task.assignment,
        )
    )
    assert task.words is not None, "a fresh task has words"
    insert_words(work, task.task_id, task.created_by, task.words)


def update_task(work: Work, task: Task) -> None:
    """Store what an act changed of a task."""
    work.connection.execute(
        project_tasks.update()
        .where(project_tasks.c.task_id == task.task_id)
        .values(
            state=task.state.value,
            assignment=task.assignment,
            delivered_by=task.delivered_by,
            delivered_at=task.delivered_at,
            delivery_digest=task.delivery_digest,
            decided_by=task.decided_by,
            decided_at=task.decided_at,
        )
    )


def insert_shares(work: Work, task: Task) -> None:
    """Keep the shares of a task's newest assignment."""
    work.connection.execute(
        project_shares.insert(),
        [
            {
                "task_id": task.task_id,
                "assignment": task.assignment,
                "number": number,
                "member_id": share.member_id,
                "weight": share.weight,
            }
            for number, share in enumerate(task.shares, start=1)
        ],
    )


def find_task(work: Work, task_id: UUID) -> Task | None:
    """A task as it is."""
    found = _tasks(work, project_tasks.c.task_id == task_id)
    return found[0] if found else None


def tasks_of(work: Work, project_ids: Collection[UUID]) -> list[Task]:
    """Every task of these projects, in the order in which they were added."""
    return _tasks(work, project_tasks.c.project_id == any_uuid("projects", project_ids))


def tasks_due(work: Work, start: datetime, end: datetime, limit: int) -> list[Task]:
    """Tasks due from a moment, inclusive, to another; the first ``limit`` by id."""
    due = project_tasks.c.due_at
    chosen = (
        sa.select(project_tasks.c.task_id)
        .where(due >= start, due < end)
        .order_by(project_tasks.c.task_id)
        .limit(limit)
    )
    return _tasks(work, project_tasks.c.task_id.in_(chosen))


def insert_payments(work: Work, payments: Sequence[Payment]) -> None:
    """Keep what each share of an accepted task came to."""
    work.connection.execute(
        project_payments.insert(),
        [
            {
                "task_id": payment.task_id,
                "number": payment.number,
                "member_id": payment.member_id,
                "points": payment.points.amount,
                "lot_id": payment.lot_id,
                "entry_id": payment.entry_id,
            }
            for payment in payments
        ],
    )


def payments_of(work: Work, task_ids: Collection[UUID]) -> list[Payment]:
    """What was paid for these tasks, by task and number."""
    query = (
        sa.select(project_payments)
        .where(project_payments.c.task_id == any_uuid("tasks", task_ids))
        .order_by(project_payments.c.task_id, project_payments.c.number)
    )
    return [
        Payment(
            row.task_id, row.number, row.member_id, Points(row.points), row.lot_id, row.entry_id
        )
        for row in work.connection.execute(query)
    ]


def _tasks(work: Work, condition: sa.ColumnElement[bool]) -> list[Task]:
    query = (
        sa.select(project_tasks, *WORDS)
        .outerjoin(project_words, project_words.c.words_id == project_tasks.c.task_id)
        .where(condition)
        .order_by(project_tasks.c.task_id)
    )
    rows = work.connection.execute(query).all()
    shares: dict[UUID, list[Share]] = {row.task_id: [] for row in rows}
    assigned = (
        sa.select(project_shares)
        .join(
            project_tasks,
            sa.and_(
                project_tasks.c.task_id == project_shares.c.task_id,
                project_tasks.c.assignment == project_shares.c.assignment,
            ),
        )
        .where(project_shares.c.task_id == any_uuid("tasks", list(shares)))
        .order_by(project_shares.c.task_id, project_shares.c.number)
    )
    for row in work.connection.execute(assigned) if rows else ():
        shares[row.task_id].append(Share(row.member_id, row.weight))
    return [_task(row, tuple(shares[row.task_id])) for row in rows]


def _task(row: sa.Row[Any], shares: tuple[Share, ...]) -> Task:
    return Task(
        task_id=row.task_id,
        project_id=row.project_id,
        reward=Points(row.reward),
        due_at=row.due_at,
        created_by=row.created_by,
        created_at=row.created_at,
        words_digest=bytes(row.words_digest),
        state=TaskState(row.state),
        assignment=row.assignment,
        delivered_by=row.delivered_by,
        delivered_at=row.delivered_at,
        delivery_digest=None if row.delivery_digest is None else bytes(row.delivery_digest),
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        words=words_of(row),
        shares=shares,
    )


def balances(work: Work) -> dict[UUID, int]:
    """What every project's account has, by project."""
    query = sa.select(accounts.c.owner, accounts.c.balance).where(
        accounts.c.kind == AccountKind.PROJECT.value
    )
    return {row.owner: row.balance for row in work.connection.execute(query)}


def strays(work: Work) -> list[UUID]:
    """Entries of projects that no project, and no payment, names; the first."""
    query = sa.text(
        "SELECT entry_id FROM transfers WHERE line = 1 AND ("
        "kind = 'project_funding' AND entry_id NOT IN "
        "(SELECT funding_entry_id FROM projects WHERE funding_entry_id IS NOT NULL) "
        "OR kind = 'project_return' AND entry_id NOT IN "
        "(SELECT return_entry_id FROM projects WHERE return_entry_id IS NOT NULL) "
        "OR kind = 'project_payment' AND entry_id NOT IN "
        "(SELECT entry_id FROM project_payments WHERE entry_id IS NOT NULL)) "
        "ORDER BY sequence LIMIT 1"
    )
    return list(work.connection.execute(query).scalars())
