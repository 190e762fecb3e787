"""SQL of projects, their tasks and what was paid for them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from governance.projects.model import (
    Act,
    Approval,
    Project,
    ProjectAct,
    ProjectState,
    Words,
    words_digest,
)
from governance.projects.tables import (
    project_acts,
    project_approvals,
    project_payments,
    project_tasks,
    project_words,
    projects,
)
from ledger.journal.model import AccountKind
from ledger.kernel.arrays import any_uuid
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.members.persons.store import of_person

WORDS: Final = (project_words.c.title, project_words.c.body)
"""What somebody wrote, of a query that joins it."""


def insert_project(work: Work, project: Project) -> None:
    """Keep a fresh proposal; its words apart."""
    work.connection.execute(
        projects.insert().values(
            project_id=project.project_id,
            author_id=project.author_id,
            pool=project.pool.value,
            budget=project.budget.amount,
            words_digest=project.words_digest,
            content_digest=project.content_digest,
            persons_needed=project.persons_needed,
            fundable_from=project.fundable_from,
            proposed_at=project.proposed_at,
            state=project.state.value,
        )
    )
    assert project.words is not None, "a fresh proposal has words"
    insert_words(work, project.project_id, project.author_id, project.words)


def update_project(work: Work, project: Project) -> None:
    """Store what a decision changed of a project."""
    work.connection.execute(
        projects.update()
        .where(projects.c.project_id == project.project_id)
        .values(
            state=project.state.value,
            funded_by=sa.null() if project.funded_by is None else dict(project.funded_by),
            funding_entry_id=project.funding_entry_id,
            funded_at=project.funded_at,
            closed_by=project.closed_by,
            closed_at=project.closed_at,
            return_entry_id=project.return_entry_id,
        )
    )


def insert_approval(work: Work, project_id: UUID, approval: Approval) -> None:
    """One more person stands for a budget."""
    work.connection.execute(
        project_approvals.insert().values(
            project_id=project_id,
            person_id=approval.person_id,
            content_digest=approval.content_digest,
            approved_at=approval.approved_at,
        )
    )


def find(work: Work, project_id: UUID) -> Project | None:
    """A project as it is."""
    found = _projects(work, _query().where(projects.c.project_id == project_id))
    return found[0] if found else None


def list_projects(
    work: Work, *, states: Collection[ProjectState], before: UUID | None, limit: int
) -> list[Project]:
    """Projects in these states, newest first."""
    query = _query().where(projects.c.state.in_([state.value for state in states]))
    if before is not None:
        query = query.where(projects.c.project_id < before)
    return _projects(work, query.order_by(projects.c.project_id.desc()).limit(limit))


def projects_after(work: Work, after: UUID, limit: int) -> list[Project]:
    """The next projects by id."""
    query = _query().where(projects.c.project_id > after)
    return _projects(work, query.order_by(projects.c.project_id).limit(limit))


def count_proposed(work: Work, author_id: UUID) -> int:
    """How many undecided projects a person has."""
    query = sa.select(sa.func.count()).where(
        of_person(projects.c.author_id, author_id),
        projects.c.state == ProjectState.PROPOSED.value,
    )
    return int(work.connection.execute(query).scalar_one())


def stood_for(
    work: Work, persons: Collection[UUID], *, since: datetime, but_not: UUID
) -> dict[UUID, Points]:
    """Points of proposed and funded budgets that each person has stood for since then."""
    query = (
        sa.select(
            project_approvals.c.person_id,
            sa.func.coalesce(sa.func.sum(projects.c.budget), 0).label("points"),
        )
        .join(projects, projects.c.project_id == project_approvals.c.project_id)
        .where(
            project_approvals.c.person_id == any_uuid("persons", persons),
            project_approvals.c.approved_at > since,
            projects.c.project_id != but_not,
            projects.c.state.in_(["proposed", "funded", "closed"]),
        )
        .group_by(project_approvals.c.person_id)
    )
    found = {row.person_id: Points(int(row.points)) for row in work.connection.execute(query)}
    return {person: found.get(person, Points(0)) for person in persons}


def insert_act(work: Work, act: ProjectAct) -> bytes | None:
    """Keep a line of the history; its words apart, and here their digest, which is returned."""
    words = None if act.text is None else Words("", act.text)
    hashed = None if words is None else words_digest(act.act_id, words)
    work.connection.execute(
        project_acts.insert().values(
            act_id=act.act_id,
            project_id=act.project_id,
            task_id=act.task_id,
            act=act.act.value,
            member_id=act.member_id,
            at=act.at,
            words_digest=hashed,
        )
    )
    if words is not None:
        assert act.member_id is not None, "words are somebody's"
        insert_words(work, act.act_id, act.member_id, words)
    return hashed


def acts_of(work: Work, project_id: UUID, limit: int) -> list[ProjectAct]:
    """A project's history, newest first."""
    query = (
        sa.select(project_acts, project_words.c.body)
        .outerjoin(project_words, project_words.c.words_id == project_acts.c.act_id)
        .where(project_acts.c.project_id == project_id)
        .order_by(project_acts.c.act_id.desc())
        .limit(limit)
    )
    return [
        ProjectAct(
            row.act_id, row.project_id, row.task_id, Act(row.act), row.member_id, row.at, row.body
        )
        for row in work.connection.execute(query)
    ]


def forget(work: Work, member_id: UUID) -> None:
    """Delete everything a member wrote of projects, tasks and deliveries."""
    work.connection.execute(project_words.delete().where(project_words.c.member_id == member_id))


def paid_by(work: Work, paid: Collection[UUID], stood: Collection[UUID]) -> UUID | None:
    """A task that paid one of ``paid`` and that one of ``stood`` accepted or gave points for."""
    query = (
        sa.select(project_tasks.c.task_id)
        .join(project_payments, project_payments.c.task_id == project_tasks.c.task_id)
        .outerjoin(project_approvals, project_approvals.c.project_id == project_tasks.c.project_id)
        .where(
            project_payments.c.points > 0,
            project_payments.c.member_id == any_uuid("paid", paid),
            sa.or_(
                project_tasks.c.decided_by == any_uuid("stood", stood),
                project_approvals.c.person_id == any_uuid("stood", stood),
            ),
        )
        .limit(1)
    )
    return work.connection.execute(query).scalar_one_or_none()


def insert_words(work: Work, words_id: UUID, member_id: UUID, words: Words) -> None:
    """Keep what somebody wrote, where it can be forgotten."""
    work.connection.execute(
        project_words.insert().values(
            words_id=words_id, member_id=member_id, title=words.title, body=words.text
        )
    )


def _query() -> sa.Select[Any]:
    return sa.select(projects, *WORDS).outerjoin(
        project_words, project_words.c.words_id == projects.c.project_id
    )


def _projects(work: Work, query: sa.Select[Any]) -> list[Project]:
    rows = work.connection.execute(query).all()
    approvals: dict[UUID, list[Approval]] = {row.project_id: [] for row in rows}
    given = (
        sa.select(project_approvals)
        .where(project_approvals.c.project_id == any_uuid("projects", list(approvals)))
        .order_by(project_approvals.c.approved_at, project_approvals.c.person_id)
    )
    for row in work.connection.execute(given) if rows else ():
        one = Approval(row.person_id, bytes(row.content_digest), row.approved_at)
        approvals[row.project_id].append(one)
    return [_project(row, tuple(approvals[row.project_id])) for row in rows]


def _project(row: sa.Row[Any], approvals: tuple[Approval, ...]) -> Project:
    return Project(
        project_id=row.project_id,
        author_id=row.author_id,
        pool=AccountKind(row.pool),
        budget=Points(row.budget),
        words_digest=bytes(row.words_digest),
        content_digest=bytes(row.content_digest),
        persons_needed=row.persons_needed,
        fundable_from=row.fundable_from,
        proposed_at=row.proposed_at,
        state=ProjectState(row.state),
        funded_by=row.funded_by,
        funding_entry_id=row.funding_entry_id,
        funded_at=row.funded_at,
        closed_by=row.closed_by,
        closed_at=row.closed_at,
        return_entry_id=row.return_entry_id,
        words=words_of(row),
        approvals=approvals,
    )


def words_of(row: sa.Row[Any]) -> Words | None:
    """The words of a row that :data:`WORDS` were selected for."""
    return None if row.title is None else Words(row.title, row.body)
