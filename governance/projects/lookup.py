"""A project in the state that a command needs, and lines of its history."""

from __future__ import annotations

from uuid import UUID

from governance.projects import store
from governance.projects.errors import ProjectStateDiffers, UnknownProject
from governance.projects.model import PREFIX, Act, Project, ProjectAct, ProjectState
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work


def find(work: Work, project_id: UUID) -> Project:
    """A project as it is.

    Raises:
        UnknownProject: there is none.
    """
    project = store.find(work, project_id)
    if project is None:
        raise UnknownProject("There is no such project.", project=format_id(PREFIX, project_id))
    return project


def funded(work: Work, project_id: UUID) -> Project:
    """A project that has a budget and is not closed.

    Raises:
        UnknownProject, ProjectStateDiffers: there is none such.
    """
    return _in_state(find(work, project_id), ProjectState.FUNDED)


def note(
    work: Work,
    project: Project,
    act: Act,
    by: UUID | None,
    *,
    task_id: UUID | None = None,
    text: str | None = None,
) -> tuple[UUID, bytes | None]:
    """Keep a line of the history; its id, and the digest of its words."""
    act_id = work.ids.new(work.now)
    line = ProjectAct(act_id, project.project_id, task_id, act, by, work.now, text)
    return act_id, store.insert_act(work, line)


def proposed(work: Work, project_id: UUID) -> Project:
    """A project that nobody has decided on.

    Raises:
        UnknownProject, ProjectStateDiffers: there is none such.
    """
    return _in_state(find(work, project_id), ProjectState.PROPOSED)


def _in_state(project: Project, state: ProjectState) -> Project:
    if project.state is not state:
        raise ProjectStateDiffers(
            f"This project is {project.state}, not {state}.", state=project.state.value
        )
    return project
