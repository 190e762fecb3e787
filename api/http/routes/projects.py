"""``/v1/projects``: proposing, giving a budget, tasks from hand to hand, and closing.

Everybody reads; who may do what, the use cases say. Words are missing once their writer is erased.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.auth.model import Principal
from api.governed import project_json, project_with_all, task_json
from api.http.idempotency import OnceHere, once_responses
from api.http.pagination import PageHere
from api.http.parts import DatabaseHere
from api.http.principal import CurrentMember, require_role
from api.http.problems import responses
from governance.projects import funding, lookup, service, store, tasks
from governance.projects.funding import ApproveProject
from governance.projects.model import (
    ASSIGNEES_MAX,
    BUDGET_MAX,
    PREFIX,
    TASK_PREFIX,
    TEXT_LENGTH_MAX,
    TITLE_LENGTH_MAX,
    WEIGHT_MAX,
    ProjectState,
    Share,
)
from governance.projects.service import EndProject, ProposeProject
from governance.projects.tasks import AcceptTask, AddTask, AssignTask, DeliverTask, EndTask
from ledger.journal.model import AccountKind
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.units import Points

router = APIRouter(prefix="/v1", tags=["projects"])

Admin = Annotated[Principal, Depends(require_role("admin"))]
Acceptor = Annotated[Principal, Depends(require_role("moderator", "admin"))]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Title = Annotated[str, Field(min_length=1, max_length=TITLE_LENGTH_MAX)]
Text = Annotated[str, Field(min_length=1, max_length=TEXT_LENGTH_MAX)]
Amount = Annotated[int, Field(strict=True, ge=1, le=BUDGET_MAX)]


class ProjectBody(BaseModel):
    """A proposal. ``pool`` is the account of the school's that the budget comes from."""

    model_config = ConfigDict(extra="forbid")

    title: Title
    plan: Text
    budget: Amount
    pool: Annotated[str, Field(pattern="^(rewards|treasury|startup|team|liquidity)$")] = "treasury"


class ProjectContentBody(BaseModel):
    """The hash of exactly what is approved or accepted."""

    model_config = ConfigDict(extra="forbid")

    content: Digest


class ProjectReasonBody(BaseModel):
    """Why; everybody reads it."""

    model_config = ConfigDict(extra="forbid")

    reason: Text


class TaskBody(BaseModel):
    """A piece of work and what it pays."""

    model_config = ConfigDict(extra="forbid")

    title: Title
    text: Text
    reward: Amount
    due_at: AwareDatetime | None = None


class ShareBody(BaseModel):
    """Whose part, by weight."""

    model_config = ConfigDict(extra="forbid")

    member: Annotated[str, Field(max_length=64)]
    weight: Annotated[int, Field(strict=True, ge=1, le=WEIGHT_MAX)] = 1


class AssignmentBody(BaseModel):
    """Who does a task; the order decides who gets the odd point of equal remainders."""

    model_config = ConfigDict(extra="forbid")

    shares: Annotated[list[ShareBody], Field(min_length=1, max_length=ASSIGNEES_MAX)]


class DeliveryBody(BaseModel):
    """What was done, and where to look."""

    model_config = ConfigDict(extra="forbid")

    text: Text


@router.post("/projects", status_code=201, responses=once_responses())
def propose(body: ProjectBody, once: OnceHere, member: CurrentMember) -> Response:
    """Ask for a budget out of a pool."""
    pool, budget = AccountKind(body.pool), Points(body.budget)
    command = ProposeProject(member, body.title, body.plan, pool, budget)
    return once(service.propose, command, render=project_json)


@router.get("/projects", responses=responses(400, 503))
def list_projects(
    page: PageHere, database: DatabaseHere, state: ProjectState | None = None
) -> JSONResponse:
    """Public: projects, newest first; in one state if named."""
    before = None if page.after is None else parse_id(PREFIX, str(page.after[0]))
    states = tuple(ProjectState) if state is None else (state,)
    with database.read() as work:
        found = store.list_projects(work, states=states, before=before, limit=page.fetch)
    return page.answer(
        found, key=lambda each: [format_id(PREFIX, each.project_id)], render=project_json
    )


@router.get("/projects/{project_id}", responses=responses(404, 503))
def get(project_id: str, database: DatabaseHere) -> dict[str, Any]:
    """Public: a project with its tasks, what was paid, what is left, and its history."""
    wanted = parse_id(PREFIX, project_id)
    with database.read() as work:
        return project_with_all(work, lookup.find(work, wanted))


@router.post("/projects/{project_id}/approve", status_code=200, responses=once_responses(404))
def approve(
    project_id: str, body: ProjectContentBody, once: OnceHere, member: CurrentMember, _: Admin
) -> Response:
    """Stand for a budget of exactly this content; with enough persons it is given at once."""
    content = bytes.fromhex(body.content)
    command = ApproveProject(parse_id(PREFIX, project_id), member, content)
    return once(funding.approve, command, render=project_json, status=200)


@router.post("/projects/{project_id}/withdraw", status_code=200, responses=once_responses(404))
def withdraw(
    project_id: str, body: ProjectReasonBody, once: OnceHere, member: CurrentMember
) -> Response:
    """Take one's own proposal back."""
    command = EndProject(parse_id(PREFIX, project_id), member, body.reason)
    return once(service.withdraw, command, render=project_json, status=200)


@router.post("/projects/{project_id}/refuse", status_code=200, responses=once_responses(404))
def refuse(
    project_id: str, body: ProjectReasonBody, once: OnceHere, member: CurrentMember, _: Admin
) -> Response:
    """Say no to a proposal."""
    command = EndProject(parse_id(PREFIX, project_id), member, body.reason)
    return once(service.refuse, command, render=project_json, status=200)


@router.post("/projects/{project_id}/close", status_code=200, responses=once_responses(404))
def close(
    project_id: str, body: ProjectReasonBody, once: OnceHere, member: CurrentMember
) -> Response:
    """End a project: unpaid tasks are withdrawn, what is left goes back to the pool."""
    command = EndProject(parse_id(PREFIX, project_id), member, body.reason)
    return once(service.close, command, render=project_json, status=200)


@router.post("/projects/{project_id}/tasks", status_code=201, responses=once_responses(404))
def add_task(project_id: str, body: TaskBody, once: OnceHere, member: CurrentMember) -> Response:
    """Add a task; its reward is set aside in the budget."""
    command = AddTask(
        parse_id(PREFIX, project_id),
        member,
        body.title,
        body.text,
        Points(body.reward),
        body.due_at,
    )
    return once(tasks.add, command, render=task_json)


@router.post("/tasks/{task_id}/assign", status_code=200, responses=once_responses(404))
def assign(task_id: str, body: AssignmentBody, once: OnceHere, member: CurrentMember) -> Response:
    """Say who does a task and how its reward is shared; again, until it is delivered."""
    shares = tuple(Share(parse_id("mem", each.member), each.weight) for each in body.shares)
    command = AssignTask(parse_id(TASK_PREFIX, task_id), member, shares)
    return once(tasks.assign, command, render=task_json, status=200)


@router.post("/tasks/{task_id}/deliver", status_code=200, responses=once_responses(404))
def deliver(task_id: str, body: DeliveryBody, once: OnceHere, member: CurrentMember) -> Response:
    """State that a task is done; one of those who are assigned it does."""
    command = DeliverTask(parse_id(TASK_PREFIX, task_id), member, body.text)
    return once(tasks.deliver, command, render=task_json, status=200)


@router.post("/tasks/{task_id}/accept", status_code=200, responses=once_responses(404))
def accept(
    task_id: str, body: ProjectContentBody, once: OnceHere, member: CurrentMember, _: Acceptor
) -> Response:
    """Accept exactly this delivery, which is paid at once; never one's own."""
    content = bytes.fromhex(body.content)
    command = AcceptTask(parse_id(TASK_PREFIX, task_id), member, content)
    return once(tasks.accept, command, render=task_json, status=200)


@router.post("/tasks/{task_id}/send-back", status_code=200, responses=once_responses(404))
def send_back(
    task_id: str, body: ProjectReasonBody, once: OnceHere, member: CurrentMember, _: Acceptor
) -> Response:
    """Say what is missing of a delivery."""
    command = EndTask(parse_id(TASK_PREFIX, task_id), member, body.reason)
    return once(tasks.send_back, command, render=task_json, status=200)


@router.post("/tasks/{task_id}/withdraw", status_code=200, responses=once_responses(404))
def withdraw_task(
    task_id: str, body: ProjectReasonBody, once: OnceHere, member: CurrentMember
) -> Response:
    """Take a task back that nobody has delivered."""
    command = EndTask(parse_id(TASK_PREFIX, task_id), member, body.reason)
    return once(tasks.withdraw, command, render=task_json, status=200)
