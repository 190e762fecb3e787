"""Projects for people: which come first, what each pays for, and what is left of its budget.

Everybody reads. The forms that a reader sees are those that a use case may take from them; what is
posted goes to ``project_acts``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form
from fastapi.responses import Response

from api.governed import promised
from api.http.parts import DatabaseHere
from api.http.principal import CurrentMember
from api.pages.admin import names_of
from api.pages.project_acts import whole_number
from api.pages.rendering import View, ViewHere
from api.pages.reserve import said
from governance.projects import lookup, service, store, tasks_store
from governance.projects.errors import BadProject
from governance.projects.model import (
    BUDGET_MAX,
    POOLS,
    PREFIX,
    TASK_PREFIX,
    TEXT_LENGTH_MAX,
    TITLE_LENGTH_MAX,
    Payment,
    Project,
    ProjectAct,
    ProjectState,
    Task,
    TaskState,
)
from governance.projects.service import ProposeProject
from governance.staking import store as stakes_store
from governance.staking.model import HALF_LIFE_DAYS, Priority, Stake, ranking
from governance.staking.model import PREFIX as STAKE_PREFIX
from ledger.journal import service as journal
from ledger.journal.model import AccountKey, AccountKind
from ledger.kernel.errors import VkladError
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Database, Work, execute
from ledger.kernel.units import Points, sum_points
from ledger.lots import service as lots
from ledger.members import service as members
from ledger.members import store as members_store
from ledger.members.model import MemberStatus, Role
from ledger.members.persons import store as persons

router: Final = APIRouter(include_in_schema=False)

SHOWN_MAX: Final = 100
ACTS_SHOWN_MAX: Final = 100
SUGGESTED_MAX: Final = 500
"""Members offered by name in the form; with more, ids are pasted."""
GOING: Final = (ProjectState.PROPOSED, ProjectState.FUNDED)
ENDED: Final = (ProjectState.CLOSED, ProjectState.REFUSED, ProjectState.WITHDRAWN)
TONES: Final = {
    ProjectState.PROPOSED: "info",
    ProjectState.FUNDED: "good",
    ProjectState.CLOSED: "quiet",
    ProjectState.WITHDRAWN: "quiet",
    ProjectState.REFUSED: "bad",
}
TASK_TONES: Final = {
    TaskState.OPEN: "info",
    TaskState.ASSIGNED: "info",
    TaskState.DELIVERED: "warn",
    TaskState.ACCEPTED: "good",
    TaskState.WITHDRAWN: "quiet",
}


@dataclass(frozen=True, slots=True)
class Typed:
    """The proposal's form as it was filled in, to be shown again."""

    title: str = ""
    plan: str = ""
    budget: str = ""
    pool: str = AccountKind.TREASURY.value

    def command(self, author_id: UUID) -> ProposeProject:
        """What is asked for.

        Raises:
            BadProject: a field cannot be read.
        """
        if self.pool not in {pool.value for pool in POOLS}:
            raise BadProject("A budget comes from a pool.", field="pool")
        budget = Points(whole_number(self.budget, "budget"))
        return ProposeProject(author_id, self.title, self.plan, AccountKind(self.pool), budget)


@dataclass(frozen=True, slots=True)
class Reader:
    """What of a project a reader may do; persons are compared, as the use cases do."""

    member_id: UUID | None
    person: UUID | None
    roles: frozenset[Role]
    whose: dict[UUID, UUID]
    author: UUID

    def is_person(self, member_id: UUID | None) -> bool:
        """Whether the reader is this member, under whatever name."""
        return member_id is not None and self.whose.get(member_id, member_id) == self.person

    @property
    def is_author(self) -> bool:
        """Whether the project is the reader's."""
        return self.is_person(self.author)

    @property
    def leads(self) -> bool:
        """Whether the reader may add tasks and close."""
        return self.is_author or Role.ADMIN in self.roles

    def approves(self, project: Project) -> bool:
        """Whether the reader may stand for the budget, or say again that the delay is over."""
        if Role.ADMIN not in self.roles or self.is_author:
            return False
        stood = any(each.person_id == self.member_id for each in project.approvals)
        return not stood or project.fundable_from is not None

    def decides(self, task: Task) -> bool:
        """Whether the reader may accept what others delivered."""
        parties = (task.created_by, task.delivered_by, *(s.member_id for s in task.shares))
        may = bool(self.roles & {Role.ADMIN, Role.MODERATOR})
        return may and not self.is_author and not any(map(self.is_person, parties))

    def does(self, task: Task) -> bool:
        """Whether the reader is assigned a task."""
        return any(self.is_person(share.member_id) for share in task.shares)


@router.get("/projects")
def list_projects(view: ViewHere, database: DatabaseHere) -> Response:
    """Projects that can be put first, by weight; below, those that ended."""
    me = view.principal.member_id if view.principal else None
    with database.read() as work:
        going = store.list_projects(work, states=GOING, before=None, limit=SHOWN_MAX)
        ended = store.list_projects(work, states=ENDED, before=None, limit=SHOWN_MAX)
        ranks = {
            each.project_id: each for each in ranking(stakes_store.open_stakes(work), work.now)
        }
        mine = [] if me is None else stakes_store.open_stakes(work, member_id=me)
        names = names_of(work, [each.author_id for each in (*going, *ended)])
    ranked = [(project, _rank(ranks, project)) for project in going]
    ranked.sort(key=lambda pair: (-pair[1].weight, pair[0].project_id))
    return view.render(
        "projects/list.html",
        ranked=ranked,
        heaviest=max((each.weight for each in ranks.values()), default=0),
        ended=ended,
        mine={each.project_id for each in mine},
        names=names,
        tones=TONES,
        project_id=_project_id,
        half_life=HALF_LIFE_DAYS,
    )


@router.get("/projects/new")
def new_project(view: ViewHere, database: DatabaseHere, _: CurrentMember) -> Response:
    """The empty form."""
    return _form(view, database, Typed())


def _typed(
    title: Annotated[str, Form(max_length=2 * TITLE_LENGTH_MAX)] = "",
    plan: Annotated[str, Form(max_length=2 * TEXT_LENGTH_MAX)] = "",
    budget: Annotated[str, Form(max_length=20)] = "",
    pool: Annotated[str, Form(max_length=20)] = "",
) -> Typed:
    return Typed(title, plan, budget, pool)


@router.post("/projects/new")
def propose(
    view: ViewHere,
    database: DatabaseHere,
    member_id: CurrentMember,
    typed: Annotated[Typed, Depends(_typed)],
) -> Response:
    """Propose; what is wrong is said beside the form."""
    try:
        project = execute(database, service.propose, typed.command(member_id))
    except VkladError as error:
        return _form(view, database, typed, said(view, error))
    return view.redirect(f"/projects/{_project_id(project)}", notice="projects.notice.proposed")


@router.get("/projects/{project_id}")
def show(project_id: str, view: ViewHere, database: DatabaseHere) -> Response:
    """One project: its budget, its tasks, who puts it first, and everything that happened."""
    wanted = parse_id(PREFIX, project_id)
    me = view.principal.member_id if view.principal else None
    with database.read() as work:
        project = lookup.find(work, wanted)
        tasks = tasks_store.tasks_of(work, [wanted])
        payments = tasks_store.payments_of(work, [task.task_id for task in tasks])
        acts = store.acts_of(work, wanted, ACTS_SHOWN_MAX)
        balance = journal.balances(work, [project.account])[project.account]
        reader = _reader(work, me, project, tasks)
        named = names_of(work, _named(project, tasks, payments, acts))
        priority = _priority(work, project, me)
        suggested = _suggested(work) if reader.leads else []
    by_task: dict[UUID, list[Payment]] = {}
    for payment in payments:
        by_task.setdefault(payment.task_id, []).append(payment)
    return view.render(
        "projects/detail.html",
        project=project,
        tasks=tasks,
        payments=by_task,
        task_titles={task.task_id: task.words.title for task in tasks if task.words},
        acts=acts,
        reader=reader,
        names=named,
        suggested=suggested,
        money=_parts(view, sum_points(each.points for each in payments), tasks, balance),
        free=balance - promised(tasks),
        tones=TONES,
        task_tones=TASK_TONES,
        project_id=_project_id,
        task_id=lambda task: format_id(TASK_PREFIX, task.task_id),
        stake_id=lambda stake: format_id(STAKE_PREFIX, stake.stake_id),
        entry_id=lambda entry_id: format_id("ent", entry_id),
        half_life=HALF_LIFE_DAYS,
        **priority,
    )


def _rank(ranks: dict[UUID, Priority], project: Project) -> Priority:
    nothing = Priority(project.project_id, 0, Points(0), 0)
    return ranks.get(project.project_id, nothing)


def _priority(work: Work, project: Project, me: UUID | None) -> dict[str, Any]:
    """What puts this project first, and what of it is the reader's."""
    ranks = {each.project_id: each for each in ranking(stakes_store.open_stakes(work), work.now)}
    mine = [] if me is None else stakes_store.open_stakes(work, member_id=me)
    return {
        "priority": _rank(ranks, project),
        "mine": [
            (stake, stake.weight(work.now), min(_expiries(stake), default=None))
            for stake in mine
            if stake.project_id == project.project_id
        ],
        "available": Points(0) if me is None else lots.summary(work, me, work.now).available,
    }


def _expiries(stake: Stake) -> list[datetime]:
    return [part.expires_at for part in stake.parts if part.expires_at is not None]


def _reader(work: Work, me: UUID | None, project: Project, tasks: Sequence[Task]) -> Reader:
    shown = {project.author_id}
    for task in tasks:
        shown |= {task.created_by, *(share.member_id for share in task.shares)}
        shown |= {task.delivered_by or task.created_by}
    return Reader(
        me,
        None if me is None else persons.person_of(work, me),
        frozenset() if me is None else members.roles_of(work, me),
        persons.persons_of(work, shown),
        project.author_id,
    )


def _parts(view: View, paid: Points, tasks: list[Task], balance: Points) -> list[dict[str, Any]]:
    """The budget as a bar: paid, promised, free."""
    set_aside = promised(tasks)
    return [
        {
            "label": view.catalogue.text(view.language, f"projects.money.{name}"),
            "value": amount.amount,
            "shown": view.catalogue.text(view.language, "member.points_count", count=amount.amount),
            "tone": tone,
        }
        for name, amount, tone in (
            ("paid", paid, "good"),
            ("promised", set_aside, "warn"),
            ("free", balance - set_aside, "info"),
        )
    ]


def _named(
    project: Project,
    tasks: Sequence[Task],
    payments: Sequence[Payment],
    acts: Sequence[ProjectAct],
) -> set[UUID | None]:
    found: set[UUID | None] = {project.author_id, project.closed_by}
    found |= {each.person_id for each in project.approvals}
    found |= {each.member_id for each in acts} | {each.member_id for each in payments}
    for task in tasks:
        found |= {share.member_id for share in task.shares}
    return found


def _suggested(work: Work) -> list[tuple[str, str]]:
    return [
        (format_id("mem", each.member_id), each.display_name)
        for each in members_store.list_members(work, after=None, limit=SUGGESTED_MAX)
        if each.display_name and each.status is MemberStatus.ACTIVE
    ]


def _form(view: View, database: Database, typed: Typed, problem: str | None = None) -> Response:
    with database.read() as work:
        found = journal.balances(work, [AccountKey(pool) for pool in POOLS])
    return view.render(
        "projects/new.html",
        status=200 if problem is None else 422,
        typed=typed,
        problem=problem,
        pools=[(pool.value, found[AccountKey(pool)]) for pool in POOLS],
        budget_max=BUDGET_MAX,
    )


def _project_id(project: Project) -> str:
    return format_id(PREFIX, project.project_id)
