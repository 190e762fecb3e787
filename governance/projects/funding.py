"""Who gives a project its budget: two persons, or whoever calls :func:`fund` with a cause.

``fund`` is the one door by which a budget leaves a pool. Two persons come through ``approve``
(DESIGN 3, rule 10); an executed vote calls it with its own cause.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from governance.projects import store
from governance.projects.entries import funding_entry, funding_entry_id
from governance.projects.errors import (
    PoolCannotFund,
    ProjectContentDiffers,
    ProjectNeedsAnotherPerson,
    ProjectNotFundableYet,
    ProjectThresholdReached,
)
from governance.projects.lookup import find, note, proposed
from governance.projects.model import Act, Approval, Project, ProjectState
from ledger.grants import store as grants
from ledger.grants.model import WINDOW, GrantPolicy
from ledger.journal import service as journal
from ledger.journal.model import AccountKey
from ledger.kernel.canonical import Json
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.members import service as members
from ledger.members import store as members_store
from ledger.members.persons import store as persons
from ledger.members.roles.words import whose_word_counts

POLICY: Final = GrantPolicy()
"""As careful as with grants: a third person above the same threshold, the same delay."""


@dataclass(frozen=True, slots=True)
class ApproveProject:
    """Stand for the budget of a project whose content hashes to ``content_digest``."""

    project_id: UUID
    person_id: UUID
    content_digest: bytes


@dataclass(frozen=True, slots=True)
class FundProject:
    """Give a project its budget. ``cause`` says who decided, and goes into the journal.

    ``{"kind": "persons", …}`` or ``{"kind": "vote", …}``; nothing personal but random ids.
    """

    project_id: UUID
    content_digest: bytes
    cause: Mapping[str, Json]


def approve(work: Work, command: ApproveProject) -> Project:
    """Stand for a budget; with enough persons it is given in the same transaction.

    A single admin calls it again once the delay is over, if nobody became another meanwhile.

    Raises:
        NotAnAdmin, ProjectNeedsAnotherPerson: not by this person.
        ProjectNotFundableYet: the delay is not over.
        VkladError: as :func:`fund`.
    """
    journal.lock_head(work)
    members.require_admin(work, command.person_id)
    project = proposed(work, command.project_id)
    _require_content(project, command.content_digest)
    _refuse_gainer(work, project, command.person_id)
    if all(each.person_id != command.person_id for each in project.approvals):
        approval = Approval(command.person_id, command.content_digest, work.now)
        store.insert_approval(work, project.project_id, approval)
        note(work, project, Act.APPROVED, command.person_id)
        project = replace(project, approvals=(*project.approvals, approval))
    elif project.fundable_from is None or members_store.count_admins(work) > 1:
        raise ProjectNeedsAnotherPerson("You stand for this budget; another person must approve.")
    elif work.now < project.fundable_from:
        raise ProjectNotFundableYet(
            f"This budget is announced until {project.fundable_from:%Y-%m-%d %H:%M} UTC.",
            fundable_from=project.fundable_from.isoformat(),
        )
    if not _enough(work, project):
        return project
    stood: list[Json] = [str(each.person_id) for each in project.approvals]
    cause: dict[str, Json] = {"kind": "persons", "persons": stood}
    return fund(work, FundProject(project.project_id, command.content_digest, cause))


def fund(work: Work, command: FundProject) -> Project:
    """Move a project's budget from its pool; by the same cause again it answers as it is.

    Raises:
        UnknownProject, ProjectStateDiffers, ProjectContentDiffers: not this project, not now.
        UnknownMember, MemberNotActive: the author takes no part any more.
        PoolCannotFund: the pool has less.
    """
    journal.lock_head(work)
    project = find(work, command.project_id)
    if project.funded_by is not None and dict(project.funded_by) == dict(command.cause):
        return project
    project = proposed(work, command.project_id)
    _require_content(project, command.content_digest)
    members.require_active(work, persons.person_of(work, project.author_id))
    pool = AccountKey(project.pool)
    balance = journal.balances(work, [pool])[pool]
    if balance < project.budget:
        raise PoolCannotFund(
            f"The pool {project.pool} has {balance.amount} points, not {project.budget.amount}.",
            pool=project.pool.value,
            balance=balance.amount,
            required=project.budget.amount,
        )
    funded = replace(
        project,
        state=ProjectState.FUNDED,
        funded_by=dict(command.cause),
        funding_entry_id=funding_entry_id(project),
        funded_at=work.now,
    )
    journal.post(work, [funding_entry(funded)])
    store.update_project(work, funded)
    note(work, funded, Act.FUNDED, None)
    return funded


def _require_content(project: Project, stated: bytes) -> None:
    if stated != project.content_digest:
        raise ProjectContentDiffers("This is of other content than the project has.")


def _refuse_gainer(work: Work, project: Project, person_id: UUID) -> None:
    if persons.person_of(work, person_id) == persons.person_of(work, project.author_id):
        raise ProjectNeedsAnotherPerson("Nobody gives a budget to a project of their own.")


def carefulness(work: Work, budget: Points) -> tuple[int, datetime | None]:
    """How many persons a budget needs, and from when one is enough if there is one."""
    over = budget > POLICY.third_person_above
    delay = POLICY.single_admin_delay
    if delay is None or members_store.count_admins(work) > 1:
        return (3 if over else 2), None
    if over:
        limit = POLICY.third_person_above.amount
        raise ProjectThresholdReached(
            f"A single admin stands for at most {limit} points within 24 hours.", limit=limit
        )
    return 1, work.now + delay


def _enough(work: Work, project: Project) -> bool:
    stood = whose_word_counts(work, {each.person_id for each in project.approvals})
    if len(stood) == 1:
        one_is_enough = project.fundable_from is not None and work.now >= project.fundable_from
        return one_is_enough and members_store.count_admins(work) == 1
    over = _over_threshold(work, stood, project)
    return len(stood) >= max(project.persons_needed, 3 if over else 2)


def _over_threshold(work: Work, stood: Collection[UUID], project: Project) -> bool:
    """Whether one of these would have stood for more than the threshold in 24 hours.

    Grants, imports and budgets of projects count together.
    """
    since = work.now - WINDOW
    given = grants.stood_for(work, stood, since=since, but_not=None)
    before = store.stood_for(work, stood, since=since, but_not=project.project_id)
    limit = POLICY.third_person_above
    return any(given[each] + before[each] + project.budget > limit for each in stood)
