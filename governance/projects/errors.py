"""What can be refused on a project's way, each with its operands."""

from __future__ import annotations

from ledger.kernel.errors import ErrorKind, VkladError


class BadProject(VkladError):
    """A proposal, task or text that cannot be one; ``field`` says which part."""

    code = "bad_project"
    kind = ErrorKind.INVALID


class UnknownProject(VkladError):
    """There is no such project."""

    code = "unknown_project"
    kind = ErrorKind.NOT_FOUND


class UnknownTask(VkladError):
    """There is no such task."""

    code = "unknown_task"
    kind = ErrorKind.NOT_FOUND


class ProjectStateDiffers(VkladError):
    """The project is in a state in which this is not done; ``state`` says in which."""

    code = "project_state_differs"
    kind = ErrorKind.CONFLICT


class TaskStateDiffers(VkladError):
    """The task is in a state in which this is not done; ``state`` says in which."""

    code = "task_state_differs"
    kind = ErrorKind.CONFLICT


class TooManyProposals(VkladError):
    """The author has as many undecided projects as one may have; ``limit``."""

    code = "too_many_proposals"
    kind = ErrorKind.CONFLICT


class ProjectContentDiffers(VkladError):
    """The hash is of other content than the project, or the delivery, has."""

    code = "project_content_differs"
    kind = ErrorKind.CONFLICT


class ProjectNeedsAnotherPerson(VkladError):
    """Who would gain by it, or stands for it already, cannot be the one to say yes."""

    code = "project_needs_another_person"
    kind = ErrorKind.FORBIDDEN


class ProjectNotFundableYet(VkladError):
    """A single admin's approval is announced until ``fundable_from``."""

    code = "project_not_fundable_yet"
    kind = ErrorKind.CONFLICT


class ProjectThresholdReached(VkladError):
    """A single admin stands for at most ``limit`` points within 24 hours."""

    code = "project_threshold_reached"
    kind = ErrorKind.INVALID


class PoolCannotFund(VkladError):
    """The pool has fewer points than the budget; ``pool``, ``balance``, ``required``."""

    code = "pool_cannot_fund"
    kind = ErrorKind.CONFLICT


class BudgetTooSmall(VkladError):
    """Rewards of tasks would come to more than the budget; ``left`` says what is free."""

    code = "project_budget_too_small"
    kind = ErrorKind.INVALID


class NotTheProjectsLead(VkladError):
    """Only the author, or an admin in the author's place, leads a project."""

    code = "not_the_projects_lead"
    kind = ErrorKind.FORBIDDEN


class NotAssigned(VkladError):
    """Only who is assigned a task states its delivery."""

    code = "not_assigned"
    kind = ErrorKind.FORBIDDEN


class NotAnAcceptor(VkladError):
    """Only a moderator or an admin decides on what was delivered."""

    code = "not_an_acceptor"
    kind = ErrorKind.FORBIDDEN


class TasksUndecided(VkladError):
    """Something was delivered and nobody has decided on it; ``tasks`` says how many."""

    code = "tasks_undecided"
    kind = ErrorKind.CONFLICT


class EarningSwitchedOff(VkladError):
    """The school has stopped earning; accepted work is paid once it goes on."""

    code = "earning_switched_off"
    kind = ErrorKind.CONFLICT
