"""The work of a project: tasks added, assigned, delivered, accepted by others, and paid.

project's budget ──accept──▶ a new lot for each share, with the programme's validity
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from governance.acting import lock_acting
from governance.projects import tasks_store
from governance.projects.errors import (
    BadProject,
    BudgetTooSmall,
    EarningSwitchedOff,
    NotAssigned,
    ProjectContentDiffers,
    ProjectNeedsAnotherPerson,
    TaskStateDiffers,
    UnknownTask,
)
from governance.projects.lookup import funded, note
from governance.projects.model import (
    TASK_PREFIX,
    TASKS_MAX,
    UNPAID,
    Act,
    Payment,
    Project,
    Share,
    Task,
    TaskState,
    checked_points,
    checked_shares,
    checked_text,
    checked_words,
    delivery_digest,
    payment_why,
    split,
    task_cause,
    words_digest,
)
from governance.projects.persons import require_acceptor, require_lead
from ledger.journal import service as journal
from ledger.journal.model import EntryKind
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points, sum_points
from ledger.lots import service as lots
from ledger.lots.model import GrantLot
from ledger.members import service as members
from ledger.members.persons import store as persons
from ledger.programme import service as programmes
from ledger.programme.calendar import Calendar
from ledger.settlement.lifetime import expiry_of
from ledger.switches import service as switches
from ledger.switches.model import Switch


@dataclass(frozen=True, slots=True)
class AddTask:
    """State a piece of work and what it pays. ``due_at`` is exclusive, and later than now."""

    project_id: UUID
    by: UUID
    title: str
    text: str
    reward: Points
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AssignTask:
    """Say who does a task and how its reward is shared; again: anew."""

    task_id: UUID
    by: UUID
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class DeliverTask:
    """State that a task is done, and where to look."""

    task_id: UUID
    by: UUID
    text: str


@dataclass(frozen=True, slots=True)
class AcceptTask:
    """Accept a delivery that hashes to ``delivery_digest``."""

    task_id: UUID
    by: UUID
    delivery_digest: bytes


@dataclass(frozen=True, slots=True)
class EndTask:
    """Send a delivery back, or withdraw a task, and say why."""

    task_id: UUID
    by: UUID
    reason: str


def add(work: Work, command: AddTask) -> Task:
    """Add a task to a project that has a budget.

    Raises:
        BadProject: a text, reward or date that cannot be; or too many tasks.
        NotTheProjectsLead: neither the author nor an admin.
        BudgetTooSmall: the rewards would come to more than the budget.
        UnknownProject, ProjectStateDiffers: not this project, not now.
    """
    words = checked_words(command.title, command.text)
    reward = checked_points(command.reward, "reward")
    if command.due_at is not None and command.due_at <= work.now:
        raise BadProject("A task is due later than now.", field="due_at")
    lock_acting(work, command.by)
    journal.lock_head(work)
    project = funded(work, command.project_id)
    require_lead(work, project, command.by)
    _require_room(work, project, reward)
    task_id = work.ids.new(work.now)
    task = Task(
        task_id=task_id,
        project_id=project.project_id,
        reward=reward,
        due_at=command.due_at,
        created_by=command.by,
        created_at=work.now,
        words_digest=words_digest(task_id, words),
        state=TaskState.OPEN,
        assignment=0,
        delivered_by=None,
        delivered_at=None,
        delivery_digest=None,
        decided_by=None,
        decided_at=None,
        words=words,
    )
    tasks_store.insert_task(work, task)
    note(work, project, Act.TASK_ADDED, command.by, task_id=task_id)
    return task


def assign(work: Work, command: AssignTask) -> Task:
    """Say who does a task; before something is delivered it can be said anew.

    Raises:
        BadProject: of the shares; one person in two of them.
        NotTheProjectsLead: neither the author nor an admin.
        ProjectNeedsAnotherPerson: one of them stood for the budget.
        UnknownMember, MemberNotActive: one of them takes no part.
        UnknownTask, TaskStateDiffers, ProjectStateDiffers: not this task, not now.
    """
    shares = checked_shares(command.shares)
    lock_acting(work, command.by)
    journal.lock_head(work)
    task, project = _task_of(work, command.task_id, {TaskState.OPEN, TaskState.ASSIGNED})
    require_lead(work, project, command.by)
    for share in shares:
        members.require_active(work, share.member_id)
    assigned = _persons(work, shares)
    if len(set(assigned)) != len(shares):
        raise BadProject("One person has one share of a task.", field="shares")
    _refuse_approvers(work, project, assigned)
    task = replace(task, state=TaskState.ASSIGNED, assignment=task.assignment + 1, shares=shares)
    tasks_store.update_task(work, task)
    tasks_store.insert_shares(work, task)
    note(work, project, Act.TASK_ASSIGNED, command.by, task_id=task.task_id)
    return task


def deliver(work: Work, command: DeliverTask) -> Task:
    """State that a task is done. Later than it was due is late, and not too late.

    Raises:
        BadProject: no text.
        NotAssigned: it is somebody else's task.
        UnknownTask, TaskStateDiffers, ProjectStateDiffers: not this task, not now.
    """
    text = checked_text(command.text)
    lock_acting(work, command.by)
    journal.lock_head(work)
    task, project = _task_of(work, command.task_id, {TaskState.ASSIGNED})
    if persons.person_of(work, command.by) not in _persons(work, task.shares):
        raise NotAssigned("Who is assigned a task states that it is done.")
    act_id, words = note(
        work, project, Act.TASK_DELIVERED, command.by, task_id=task.task_id, text=text
    )
    assert words is not None, "a delivery has words"
    task = replace(
        task,
        state=TaskState.DELIVERED,
        delivered_by=command.by,
        delivered_at=work.now,
        delivery_digest=delivery_digest(task, act_id, words),
    )
    tasks_store.update_task(work, task)
    return task


def send_back(work: Work, command: EndTask) -> Task:
    """Say what is missing of a delivery; the same members go on, and may deliver anew.

    Raises:
        NotAnAcceptor, ProjectNeedsAnotherPerson: not by this person.
        UnknownTask, TaskStateDiffers, ProjectStateDiffers, BadProject: not this task, not now.
    """
    reason = checked_text(command.reason, field="reason")
    lock_acting(work, command.by)
    journal.lock_head(work)
    task, project = _task_of(work, command.task_id, {TaskState.DELIVERED})
    _require_another(work, project, task, command.by)
    task = replace(
        task,
        state=TaskState.ASSIGNED,
        delivered_by=None,
        delivered_at=None,
        delivery_digest=None,
    )
    tasks_store.update_task(work, task)
    note(work, project, Act.TASK_SENT_BACK, command.by, task_id=task.task_id, text=reason)
    return task


def accept(work: Work, command: AcceptTask) -> Task:
    """Accept a delivery and pay it: each share is a new lot of whoever is that person now.

    Raises:
        NotAnAcceptor, ProjectNeedsAnotherPerson: not by this person.
        ProjectContentDiffers: the hash is of another delivery.
        EarningSwitchedOff: not while the school has stopped earning.
        MemberNotActive: who is to be paid is blocked or erased; send it back and assign anew.
        UnknownTask, TaskStateDiffers, ProjectStateDiffers: not this task, not now.
    """
    lock_acting(work, command.by)
    journal.lock_head(work)
    task, project = _task_of(work, command.task_id, {TaskState.DELIVERED})
    _require_another(work, project, task, command.by)
    if command.delivery_digest != task.delivery_digest:
        raise ProjectContentDiffers("This is of another delivery than the task has.")
    position = switches.position(work, Switch.EARNING)
    if not position.is_on:
        raise EarningSwitchedOff(
            f"Earning is switched off: {position.reason}", reason=position.reason
        )
    payees = _persons(work, task.shares)
    for payee in payees:
        members.require_active(work, payee)
    _refuse_approvers(work, project, payees)
    task = replace(task, state=TaskState.ACCEPTED, decided_by=command.by, decided_at=work.now)
    tasks_store.update_task(work, task)
    tasks_store.insert_payments(work, _pay(work, project, task, payees))
    note(work, project, Act.TASK_ACCEPTED, command.by, task_id=task.task_id)
    return task


def withdraw(work: Work, command: EndTask) -> Task:
    """Take a task back that nobody has delivered; its reward is free again.

    Raises:
        NotTheProjectsLead: neither the author nor an admin.
        UnknownTask, TaskStateDiffers, ProjectStateDiffers, BadProject: not this task, not now.
    """
    reason = checked_text(command.reason, field="reason")
    lock_acting(work, command.by)
    journal.lock_head(work)
    task, project = _task_of(work, command.task_id, {TaskState.OPEN, TaskState.ASSIGNED})
    require_lead(work, project, command.by)
    task = replace(task, state=TaskState.WITHDRAWN, decided_by=command.by, decided_at=work.now)
    tasks_store.update_task(work, task)
    note(work, project, Act.TASK_WITHDRAWN, command.by, task_id=task.task_id, text=reason)
    return task


def find(work: Work, task_id: UUID) -> Task:
    """A task as it is.

    Raises:
        UnknownTask: there is none.
    """
    task = tasks_store.find_task(work, task_id)
    if task is None:
        raise UnknownTask("There is no such task.", task=format_id(TASK_PREFIX, task_id))
    return task


def _task_of(work: Work, task_id: UUID, states: set[TaskState]) -> tuple[Task, Project]:
    task = find(work, task_id)
    project = funded(work, task.project_id)
    if task.state not in states:
        raise TaskStateDiffers(f"This task is {task.state}.", state=task.state.value)
    return task, project


def _require_room(work: Work, project: Project, reward: Points) -> None:
    tasks = tasks_store.tasks_of(work, [project.project_id])
    if len(tasks) >= TASKS_MAX:
        raise BadProject(f"A project has at most {TASKS_MAX} tasks.", field="tasks")
    promised = sum_points(task.reward for task in tasks if task.state in UNPAID)
    free = journal.balances(work, [project.account])[project.account] - promised
    if reward > free:
        raise BudgetTooSmall(
            f"{free.amount} points of the budget are free; {reward.amount} are needed.",
            left=free.amount,
            required=reward.amount,
        )


def _require_another(work: Work, project: Project, task: Task, by: UUID) -> None:
    """Who decides on a delivery neither stated the work nor does it."""
    require_acceptor(work, by)
    assert task.delivered_by is not None, "somebody delivered it"
    parties = {project.author_id, task.created_by, task.delivered_by}
    parties |= {share.member_id for share in task.shares}
    if persons.person_of(work, by) in persons.persons_of(work, parties).values():
        raise ProjectNeedsAnotherPerson(
            "Somebody else than the author and those who did the work decides on it."
        )


def _refuse_approvers(work: Work, project: Project, payees: Sequence[UUID]) -> None:
    stood = [each.person_id for each in project.approvals]
    if set(persons.persons_of(work, stood).values()) & set(payees):
        raise ProjectNeedsAnotherPerson("Who stood for the budget is not paid out of it.")


def _persons(work: Work, shares: Sequence[Share]) -> list[UUID]:
    """Who stands for each share's member now."""
    whose = persons.persons_of(work, [share.member_id for share in shares])
    return [whose[share.member_id] for share in shares]


def _pay(work: Work, project: Project, task: Task, payees: Sequence[UUID]) -> list[Payment]:
    amounts = split(task.reward, [share.weight for share in task.shares])
    expires_at = _expiry(work)
    assert task.decided_by is not None, "somebody accepted it"
    accepted_by = task.decided_by
    grants = [
        GrantLot(
            member_id=payee,
            amount=points,
            kind=EntryKind.PROJECT_PAYMENT,
            key=("task", str(task.task_id), str(number)),
            effective_at=work.now,
            activates_at=work.now,
            expires_at=expires_at,
            cause=task_cause(task.task_id, number),
            why=payment_why(task, accepted_by, number),
            paid_from=project.account,
        )
        for number, (payee, points) in enumerate(zip(payees, amounts, strict=True), start=1)
        if points
    ]
    lots_by_cause = {lot.cause: lot for lot in lots.grant_lots(work, grants)}
    paid = []
    for number, (payee, points) in enumerate(zip(payees, amounts, strict=True), start=1):
        lot = lots_by_cause.get(task_cause(task.task_id, number))
        lot_id, entry_id = (None, None) if lot is None else (lot.lot_id, lot.entry_id)
        paid.append(Payment(task.task_id, number, payee, points, lot_id, entry_id))
    return paid


def _expiry(work: Work) -> datetime | None:
    """When points that are paid now expire, by the programme in force; ``None``: never."""
    try:
        programme = programmes.in_force(work, work.now).programme
    except programmes.NoProgrammeInForce:
        return None
    if programme.validity is None:
        return None
    return expiry_of(programme.validity, work.now, Calendar(programme.zone))
