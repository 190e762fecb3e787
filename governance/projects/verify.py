"""Projects against the journal: budget = paid + left + returned, and who stood for what."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from governance.projects import store, tasks_store
from governance.projects.entries import funding_entry, return_entry
from governance.projects.model import (
    UNPAID,
    Payment,
    Project,
    ProjectState,
    Task,
    TaskState,
    content_digest,
    payment_why,
    split,
    words_digest,
)
from ledger.journal import service as journal
from ledger.journal.model import EntryKind, PostedEntry
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points, sum_points
from ledger.members.persons import store as persons
from ledger.verify.checks import Check
from ledger.verify.model import Finding

NAME: Final = "projects"
_PAGE: Final = 100
_HAS_BUDGET: Final = frozenset({ProjectState.FUNDED, ProjectState.CLOSED})


@dataclass(frozen=True, slots=True)
class Known:
    """What is read of one project: its tasks and payments, its account, entries, who is who."""

    tasks: Sequence[Task]
    payments: Mapping[UUID, Sequence[Payment]]
    balance: int
    entries: Mapping[UUID, PostedEntry]
    persons: Mapping[UUID, UUID]

    def person(self, member_id: UUID) -> UUID:
        """Who stands for a member."""
        return self.persons.get(member_id, member_id)


def check_project(project: Project, known: Known) -> str | None:
    """What is wrong with one project and its money; ``None`` if nothing is."""
    return (
        _content_problem(project)
        or _approval_problem(project, known)
        or _money_problem(project, known)
    )


def check_task(project: Project, task: Task, known: Known) -> str | None:
    """What is wrong with one task and what it paid; ``None`` if nothing is."""
    if task.words is not None and words_digest(task.task_id, task.words) != task.words_digest:
        return "states another text than was written"
    payments = known.payments.get(task.task_id, ())
    if task.state is not TaskState.ACCEPTED:
        return "is not accepted, and was paid" if payments else None
    assert task.decided_by is not None, "the database says so"
    parties = {project.author_id, task.created_by, task.delivered_by or task.created_by}
    parties |= {share.member_id for share in task.shares} | {each.member_id for each in payments}
    if known.person(task.decided_by) in {known.person(each) for each in parties}:
        return "was accepted by somebody who gains by it"
    return _payments_problem(project, task, known)


def _payments_problem(project: Project, task: Task, known: Known) -> str | None:
    payments = known.payments.get(task.task_id, ())
    stood = {known.person(each.person_id) for each in project.approvals}
    if stood & {known.person(each.member_id) for each in payments}:
        return "paid somebody who stood for the budget"
    amounts = split(task.reward, [share.weight for share in task.shares])
    if [each.points for each in payments] != list(amounts):
        return "was paid otherwise than its shares come to"
    for payment in payments:
        if payment.points and not _stated(project, task, payment, known):
            return f"differs from what the entry of share {payment.number} states"
    return None


def _stated(project: Project, task: Task, payment: Payment, known: Known) -> bool:
    """Whether a payment's entry is there and says the same."""
    assert payment.entry_id is not None, "the database says so"
    assert task.decided_by is not None, "accepted by somebody"
    entry = known.entries.get(payment.entry_id)
    if entry is None or entry.draft.kind is not EntryKind.PROJECT_PAYMENT:
        return False
    cause = json.loads(entry.draft.cause)
    (terms,) = cause["lots"]
    (posting,) = entry.draft.postings
    return (
        cause["why"] == payment_why(task, task.decided_by, payment.number)
        and (terms["lot"], terms["member"]) == (str(payment.lot_id), str(payment.member_id))
        and (posting.debit, posting.amount) == (project.account, payment.points)
        and entry.draft.effective_at == task.decided_at
    )


def _content_problem(project: Project) -> str | None:
    if content_digest(project) != project.content_digest:
        return "is not what was proposed: its digest is of other content"
    words = project.words
    if words is not None and words_digest(project.project_id, words) != project.words_digest:
        return "states another plan than was proposed"
    return None


def _approval_problem(project: Project, known: Known) -> str | None:
    if any(each.content_digest != project.content_digest for each in project.approvals):
        return "was approved with another content's digest"
    stood = {known.person(each.person_id) for each in project.approvals}
    if known.person(project.author_id) in stood:
        return "was approved by its author"
    by = project.funded_by
    if by is None or by.get("kind") != "persons":
        return None
    if by.get("persons") != [str(each.person_id) for each in project.approvals]:
        return "was funded by others than stand for it"
    waited = (
        project.fundable_from is not None
        and project.funded_at is not None
        and project.funded_at >= project.fundable_from
    )
    if len(stood) < max(2, project.persons_needed) and not waited:
        return f"was funded with {len(stood)} persons standing for it"
    return None


def _money_problem(project: Project, known: Known) -> str | None:
    if project.state not in _HAS_BUDGET:
        return "has no budget, and points" if known.balance or known.tasks else None
    assert project.funding_entry_id is not None, "the database says so"
    entry = known.entries.get(project.funding_entry_id)
    if entry is None or entry.draft != funding_entry(project):
        return "was funded otherwise than its entry states"
    paid = sum_points(each.points for of_task in known.payments.values() for each in of_task)
    promised = sum_points(task.reward for task in known.tasks if task.state in UNPAID)
    if paid + promised > project.budget:
        return f"has {project.budget.amount} points; its tasks come to more"
    left = project.budget - paid
    if project.state is ProjectState.FUNDED:
        return None if known.balance == left.amount else _differs(project, paid, known.balance)
    return _closing_problem(project, known, left, promised)


def _closing_problem(project: Project, known: Known, left: Points, promised: Points) -> str | None:
    if known.balance or promised:
        return f"is closed, with {known.balance} points and tasks for {promised.amount}"
    if project.return_entry_id is None:
        return f"is closed, and {left.amount} points did not go back" if left else None
    entry = known.entries.get(project.return_entry_id)
    if not left or entry is None or entry.draft != return_entry(project, left):
        return "gave back otherwise than its entry states"
    return None


def _differs(project: Project, paid: Points, balance: int) -> str:
    return f"had {project.budget.amount} points, paid {paid.amount}, and has {balance}"


def _projects(work: Work) -> Iterator[Finding]:
    balances = tasks_store.balances(work)
    after = UUID(int=0)
    while page := store.projects_after(work, after, _PAGE):
        tasks = tasks_store.tasks_of(work, [each.project_id for each in page])
        payments = tasks_store.payments_of(work, [task.task_id for task in tasks])
        entries = journal.entries(work, _entry_ids(page, payments))
        whose = persons.persons_of(work, _named(page, tasks, payments))
        for project in page:
            mine = [task for task in tasks if task.project_id == project.project_id]
            by_task: dict[UUID, list[Payment]] = {}
            for payment in payments:
                if payment.task_id in {task.task_id for task in mine}:
                    by_task.setdefault(payment.task_id, []).append(payment)
            balance = balances.pop(project.project_id, 0)
            yield from _findings(project, Known(mine, by_task, balance, entries, whose))
        after = page[-1].project_id
    for owner in balances:
        yield Finding(NAME, "accounts", f"of {owner}", "is of a project that no row states")
    for entry_id in tasks_store.strays(work):
        problem = "is of a project, and none names it"
        yield Finding(NAME, "transfers", f"of entry {entry_id}", problem)


def _findings(project: Project, known: Known) -> Iterator[Finding]:
    problem = check_project(project, known)
    if problem is not None:
        yield Finding(NAME, "projects", str(project.project_id), problem)
    for task in known.tasks:
        problem = check_task(project, task, known)
        if problem is not None:
            yield Finding(NAME, "project_tasks", str(task.task_id), problem)


def _entry_ids(page: Sequence[Project], payments: Sequence[Payment]) -> set[UUID]:
    found = {each.entry_id for each in payments}
    found |= {each.funding_entry_id for each in page} | {each.return_entry_id for each in page}
    return {entry_id for entry_id in found if entry_id is not None}


def _named(
    page: Sequence[Project], tasks: Sequence[Task], payments: Sequence[Payment]
) -> set[UUID]:
    found: set[UUID | None] = {each.author_id for each in page}
    found |= {approval.person_id for each in page for approval in each.approvals}
    found |= {each.member_id for each in payments}
    for task in tasks:
        found |= {task.created_by, task.delivered_by, task.decided_by}
        found |= {share.member_id for share in task.shares}
    return {each for each in found if each is not None}


PROJECT_CHECKS: Final = (Check(NAME, _projects),)
"""The checks of this room, for ``vklad ledger verify``."""
