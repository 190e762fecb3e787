"""Proposing projects, taking proposals back, and closing what has a budget.

Every command takes the journal's head lock after the acting member's row, so all of them are serial
and what was read holds until the commit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from governance.acting import lock_acting
from governance.projects import store, tasks_store
from governance.projects.entries import return_entry
from governance.projects.errors import BadProject, TasksUndecided, TooManyProposals
from governance.projects.funding import carefulness
from governance.projects.lookup import funded, note, proposed
from governance.projects.model import (
    POOLS,
    PROPOSALS_MAX,
    Act,
    Project,
    ProjectState,
    TaskState,
    Words,
    checked_points,
    checked_text,
    checked_words,
    content_digest,
    words_digest,
)
from governance.projects.persons import require_lead
from ledger.journal import service as journal
from ledger.journal.model import AccountKind
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.members import service as members


@dataclass(frozen=True, slots=True)
class ProposeProject:
    """Ask for a budget out of a pool."""

    author_id: UUID
    title: str
    plan: str
    pool: AccountKind
    budget: Points


@dataclass(frozen=True, slots=True)
class EndProject:
    """Withdraw, refuse or close a project, and say why."""

    project_id: UUID
    by: UUID
    reason: str


def propose(work: Work, command: ProposeProject) -> Project:
    """Propose a project.

    Raises:
        BadProject: a text, pool or budget that cannot be.
        MemberNotActive, UnknownMember: the author takes no part.
        TooManyProposals: others of the author's wait for a decision.
        ProjectThresholdReached: more than a single admin may stand for.
    """
    words = checked_words(command.title, command.plan, field="plan")
    budget = checked_points(command.budget, "budget")
    if command.pool not in POOLS:
        raise BadProject("A budget comes from a pool.", field="pool")
    lock_acting(work, command.author_id)
    journal.lock_head(work)
    if store.count_proposed(work, command.author_id) >= PROPOSALS_MAX:
        raise TooManyProposals(
            f"{PROPOSALS_MAX} projects of yours wait for a decision.", limit=PROPOSALS_MAX
        )
    draft = _draft(work, command, budget, words)
    project = replace(draft, content_digest=content_digest(draft))
    store.insert_project(work, project)
    note(work, project, Act.PROPOSED, command.author_id)
    return project


def withdraw(work: Work, command: EndProject) -> Project:
    """Take one's own proposal back before it has a budget.

    Raises:
        NotTheProjectsLead: it is somebody else's.
        UnknownProject, ProjectStateDiffers, BadProject: not this project, not now.
    """
    lock_acting(work, command.by)
    journal.lock_head(work)
    project = proposed(work, command.project_id)
    require_lead(work, project, command.by, admin_too=False)
    return _end(work, project, ProjectState.WITHDRAWN, command)


def refuse(work: Work, command: EndProject) -> Project:
    """Say no to a proposal.

    Raises:
        NotAnAdmin: only admins refuse.
        UnknownProject, ProjectStateDiffers, BadProject: not this project, not now.
    """
    members.require_admin(work, command.by)
    lock_acting(work, command.by)
    journal.lock_head(work)
    return _end(work, proposed(work, command.project_id), ProjectState.REFUSED, command)


def close(work: Work, command: EndProject) -> Project:
    """Close a project: what is not paid for is withdrawn, and what is left goes to the pool.

    Raises:
        NotTheProjectsLead: neither the author nor an admin.
        TasksUndecided: something delivered waits for a decision.
        UnknownProject, ProjectStateDiffers, BadProject: not this project, not now.
    """
    lock_acting(work, command.by)
    journal.lock_head(work)
    project = funded(work, command.project_id)
    require_lead(work, project, command.by)
    tasks = tasks_store.tasks_of(work, [project.project_id])
    undecided = sum(task.state is TaskState.DELIVERED for task in tasks)
    if undecided:
        raise TasksUndecided(
            f"{undecided} tasks were delivered, and nobody has decided on them.", tasks=undecided
        )
    for task in tasks:
        if task.state in {TaskState.OPEN, TaskState.ASSIGNED}:
            ended = replace(
                task, state=TaskState.WITHDRAWN, decided_by=command.by, decided_at=work.now
            )
            tasks_store.update_task(work, ended)
            note(work, project, Act.TASK_WITHDRAWN, command.by, task_id=task.task_id)
    left = journal.balances(work, [project.account])[project.account]
    closed = replace(project, closed_by=command.by, closed_at=work.now)
    if left:
        draft = return_entry(closed, left)
        journal.post(work, [draft])
        project = replace(project, return_entry_id=draft.entry_id)
    return _end(work, project, ProjectState.CLOSED, command)


def _end(work: Work, project: Project, state: ProjectState, command: EndProject) -> Project:
    acts = {
        ProjectState.WITHDRAWN: Act.WITHDRAWN,
        ProjectState.REFUSED: Act.REFUSED,
        ProjectState.CLOSED: Act.CLOSED,
    }
    reason = checked_text(command.reason, field="reason")
    ended = replace(project, state=state, closed_by=command.by, closed_at=work.now)
    store.update_project(work, ended)
    note(work, ended, acts[state], command.by, text=reason)
    return ended


def _draft(work: Work, command: ProposeProject, budget: Points, words: Words) -> Project:
    persons_needed, fundable_from = carefulness(work, budget)
    project_id = work.ids.new(work.now)
    return Project(
        project_id=project_id,
        author_id=command.author_id,
        pool=command.pool,
        budget=budget,
        words_digest=words_digest(project_id, words),
        content_digest=b"",
        persons_needed=persons_needed,
        fundable_from=fundable_from,
        proposed_at=work.now,
        state=ProjectState.PROPOSED,
        funded_by=None,
        funding_entry_id=None,
        funded_at=None,
        closed_by=None,
        closed_at=None,
        return_entry_id=None,
        words=words,
    )
