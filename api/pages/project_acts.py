"""What people do on a project's page: each form's use case, and back to the page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import zip_longest
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form
from fastapi.responses import Response

from api.http.parts import DatabaseHere
from api.http.principal import CurrentMember
from api.pages.rendering import View, ViewHere
from governance.projects import funding, service, tasks
from governance.projects.errors import BadProject
from governance.projects.funding import ApproveProject
from governance.projects.model import (
    ASSIGNEES_MAX,
    PREFIX,
    TASK_PREFIX,
    TEXT_LENGTH_MAX,
    TITLE_LENGTH_MAX,
    Share,
    Task,
)
from governance.projects.service import EndProject
from governance.projects.tasks import AcceptTask, AddTask, AssignTask, DeliverTask, EndTask
from governance.staking import service as staking
from governance.staking.model import PREFIX as STAKE_PREFIX
from governance.staking.service import PlaceStake, ReleaseStake
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import execute
from ledger.kernel.units import Points

router: Final = APIRouter(include_in_schema=False)

DIGITS_MAX: Final = 15
Digest = Annotated[str, Form(pattern="^[0-9a-f]{64}$")]
Typed = Annotated[str, Form(max_length=2 * TEXT_LENGTH_MAX)]
Number = Annotated[str, Form(max_length=20)]


@router.post("/projects/{project_id}/approve")
def approve(
    project_id: str, view: ViewHere, database: DatabaseHere, me: CurrentMember, *, content: Digest
) -> Response:
    """Stand for a budget of exactly what was shown."""
    command = ApproveProject(parse_id(PREFIX, project_id), me, bytes.fromhex(content))
    project = execute(database, funding.approve, command)
    return _back(view, project.project_id, f"projects.notice.{project.state.value}")


@router.post("/projects/{project_id}/withdraw")
def withdraw(
    project_id: str, view: ViewHere, database: DatabaseHere, me: CurrentMember, *, reason: Typed
) -> Response:
    """Take one's own proposal back."""
    command = EndProject(parse_id(PREFIX, project_id), me, reason)
    project = execute(database, service.withdraw, command)
    return _back(view, project.project_id, "projects.notice.withdrawn")


@router.post("/projects/{project_id}/refuse")
def refuse(
    project_id: str, view: ViewHere, database: DatabaseHere, me: CurrentMember, *, reason: Typed
) -> Response:
    """Say no to a proposal."""
    command = EndProject(parse_id(PREFIX, project_id), me, reason)
    project = execute(database, service.refuse, command)
    return _back(view, project.project_id, "projects.notice.refused")


@router.post("/projects/{project_id}/close")
def close(
    project_id: str, view: ViewHere, database: DatabaseHere, me: CurrentMember, *, reason: Typed
) -> Response:
    """End a project; what is left goes back to its pool."""
    command = EndProject(parse_id(PREFIX, project_id), me, reason)
    project = execute(database, service.close, command)
    return _back(view, project.project_id, "projects.notice.closed")


@router.post("/projects/{project_id}/tasks")
def add_task(
    project_id: str,
    view: ViewHere,
    database: DatabaseHere,
    me: CurrentMember,
    *,
    title: Annotated[str, Form(max_length=2 * TITLE_LENGTH_MAX)],
    text: Typed,
    reward: Number,
    due: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Add a task; a day that it is due on is counted to its end, in UTC."""
    points = Points(whole_number(reward, "reward"))
    command = AddTask(parse_id(PREFIX, project_id), me, title, text, points, _end_of_day(due))
    task = execute(database, tasks.add, command)
    return _back(view, task.project_id, "projects.notice.task_added")


@router.post("/projects/{project_id}/stakes")
def stake(
    project_id: str, view: ViewHere, database: DatabaseHere, me: CurrentMember, *, points: Number
) -> Response:
    """Put points on a project."""
    wanted = parse_id(PREFIX, project_id)
    command = PlaceStake(me, wanted, Points(whole_number(points, "points")))
    execute(database, staking.place, command)
    return _back(view, wanted, "projects.notice.staked")


@router.post("/projects/{project_id}/stakes/{stake_id}/release")
def release(
    project_id: str, stake_id: str, view: ViewHere, database: DatabaseHere, me: CurrentMember
) -> Response:
    """Let go of a stake."""
    execute(database, staking.release, ReleaseStake(parse_id(STAKE_PREFIX, stake_id), me))
    return _back(view, parse_id(PREFIX, project_id), "projects.notice.released")


@router.post("/tasks/{task_id}/assign")
def assign(
    task_id: str,
    view: ViewHere,
    database: DatabaseHere,
    me: CurrentMember,
    *,
    member: Annotated[list[str], Form(max_length=ASSIGNEES_MAX)],
    weight: Annotated[list[str], Form(max_length=ASSIGNEES_MAX)],
) -> Response:
    """Say who does a task, and what each one's part weighs."""
    command = AssignTask(parse_id(TASK_PREFIX, task_id), me, shares_of(member, weight))
    return _task(view, execute(database, tasks.assign, command), "assigned")


@router.post("/tasks/{task_id}/deliver")
def deliver(
    task_id: str, view: ViewHere, database: DatabaseHere, me: CurrentMember, *, text: Typed
) -> Response:
    """State that a task is done."""
    command = DeliverTask(parse_id(TASK_PREFIX, task_id), me, text)
    return _task(view, execute(database, tasks.deliver, command), "delivered")


@router.post("/tasks/{task_id}/accept")
def accept(
    task_id: str, view: ViewHere, database: DatabaseHere, me: CurrentMember, *, content: Digest
) -> Response:
    """Accept exactly the delivery that was shown; it is paid at once."""
    command = AcceptTask(parse_id(TASK_PREFIX, task_id), me, bytes.fromhex(content))
    return _task(view, execute(database, tasks.accept, command), "accepted")


@router.post("/tasks/{task_id}/send-back")
def send_back(
    task_id: str, view: ViewHere, database: DatabaseHere, me: CurrentMember, *, reason: Typed
) -> Response:
    """Say what is missing of a delivery."""
    command = EndTask(parse_id(TASK_PREFIX, task_id), me, reason)
    return _task(view, execute(database, tasks.send_back, command), "sent_back")


@router.post("/tasks/{task_id}/withdraw")
def withdraw_task(
    task_id: str, view: ViewHere, database: DatabaseHere, me: CurrentMember, *, reason: Typed
) -> Response:
    """Take a task back that nobody has delivered."""
    command = EndTask(parse_id(TASK_PREFIX, task_id), me, reason)
    return _task(view, execute(database, tasks.withdraw, command), "task_withdrawn")


def whole_number(text: str, field: str) -> int:
    """A whole number above zero as somebody typed it.

    Raises:
        BadProject: it is none.
    """
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit()) or len(digits) > DIGITS_MAX or not int(digits):
        raise BadProject("This is a whole number above zero.", field=field)
    return int(digits)


def shares_of(members: Sequence[str], weights: Sequence[str]) -> tuple[Share, ...]:
    """Members and weights as somebody typed them, row by row; a row without a member is none.

    Raises:
        BadId, BadProject: a row cannot be read.
    """
    rows = zip_longest(members, weights, fillvalue="")
    return tuple(
        Share(parse_id("mem", member.strip()), whole_number(weight or "1", "weight"))
        for member, weight in rows
        if member.strip()
    )


def _end_of_day(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC) + timedelta(days=1)
    except (ValueError, OverflowError) as error:
        raise BadProject("This is no date.", field="due") from error


def _task(view: View, task: Task, done: str) -> Response:
    return _back(view, task.project_id, f"projects.notice.{done}")


def _back(view: View, project_id: UUID, notice: str) -> Response:
    return view.redirect(f"/projects/{format_id(PREFIX, project_id)}", notice=notice)
