"""Projects, their tasks, and how a reward is shared, as values.

propose ──▶ proposed ──two persons, or an executed vote──▶ funded ──close──▶ closed
               ├──the author──▶ withdrawn      pool ──budget──▶ project      project ──left──▶ pool
               └──an admin────▶ refused

add ──▶ open ──assign──▶ assigned ──deliver──▶ delivered ──accept──▶ accepted (project ──▶ lots)
          │                 │  ▲                   │
          └──withdraw, or───┘  └──send back────────┘
             the project closes ──▶ withdrawn
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from governance.projects.errors import BadProject
from ledger.journal.model import AccountKey, AccountKind
from ledger.kernel.canonical import Json, digest
from ledger.kernel.clock import Instant
from ledger.kernel.units import Points
from ledger.lots.model import Cause

PREFIX: Final = "prj"
TASK_PREFIX: Final = "tsk"
TITLE_LENGTH_MAX: Final = 160
TEXT_LENGTH_MAX: Final = 8_000
BUDGET_MAX: Final = 10_000_000
TASKS_MAX: Final = 200
ASSIGNEES_MAX: Final = 20
WEIGHT_MAX: Final = 1_000
PROPOSALS_MAX: Final = 5
"""Undecided projects of one person."""
TASK_CAUSE: Final = "task"
"""The cause kind of lots that a task paid; the cause id is the task's and the share's number."""
POOLS: Final = (
    AccountKind.TREASURY,
    AccountKind.REWARDS,
    AccountKind.STARTUP,
    AccountKind.TEAM,
    AccountKind.LIQUIDITY,
)
"""Accounts that may give a budget."""


class ProjectState(StrEnum):
    """Where a project is in its life."""

    PROPOSED = "proposed"
    FUNDED = "funded"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"


class TaskState(StrEnum):
    """Where a task is in its life."""

    OPEN = "open"
    ASSIGNED = "assigned"
    DELIVERED = "delivered"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"


UNPAID: Final = frozenset({TaskState.OPEN, TaskState.ASSIGNED, TaskState.DELIVERED})
"""Tasks whose reward is still to be paid from the budget."""


class Act(StrEnum):
    """What somebody did; the words of the history."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    FUNDED = "funded"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    CLOSED = "closed"
    TASK_ADDED = "task_added"
    TASK_ASSIGNED = "task_assigned"
    TASK_DELIVERED = "task_delivered"
    TASK_SENT_BACK = "task_sent_back"
    TASK_ACCEPTED = "task_accepted"
    TASK_WITHDRAWN = "task_withdrawn"


@dataclass(frozen=True, slots=True)
class Words:
    """What somebody wrote; kept apart from what is hashed, and erased with who wrote it."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Approval:
    """One person who stands for a budget of exactly this content."""

    person_id: UUID
    content_digest: bytes
    approved_at: datetime


@dataclass(frozen=True, slots=True)
class Project:
    """A project. ``words`` is ``None`` once its author is forgotten.

    ``fundable_from`` is set where a delay stands for the second person. ``funded_by`` is what the
    entry that gave the budget states: two persons, or a vote.
    """

    project_id: UUID
    author_id: UUID
    pool: AccountKind
    budget: Points
    words_digest: bytes
    content_digest: bytes
    persons_needed: int
    fundable_from: datetime | None
    proposed_at: datetime
    state: ProjectState
    funded_by: Mapping[str, Json] | None
    funding_entry_id: UUID | None
    funded_at: datetime | None
    closed_by: UUID | None
    closed_at: datetime | None
    return_entry_id: UUID | None
    words: Words | None
    approvals: tuple[Approval, ...] = ()

    @property
    def account(self) -> AccountKey:
        """What its budget is in."""
        return account_of(self.project_id)


@dataclass(frozen=True, slots=True)
class Share:
    """Whose part of a reward, by weight (1 to ``WEIGHT_MAX``)."""

    member_id: UUID
    weight: int


@dataclass(frozen=True, slots=True)
class Task:
    """A task. ``shares`` are those of the last assignment, which is number ``assignment``."""

    task_id: UUID
    project_id: UUID
    reward: Points
    due_at: datetime | None
    created_by: UUID
    created_at: datetime
    words_digest: bytes
    state: TaskState
    assignment: int
    delivered_by: UUID | None
    delivered_at: datetime | None
    delivery_digest: bytes | None
    decided_by: UUID | None
    decided_at: datetime | None
    words: Words | None
    shares: tuple[Share, ...] = ()

    @property
    def is_late(self) -> bool:
        """Whether it was delivered after it was due."""
        return bool(self.due_at and self.delivered_at and self.delivered_at > self.due_at)


@dataclass(frozen=True, slots=True)
class Payment:
    """What one share of an accepted task came to; of one that came to nothing there is no lot."""

    task_id: UUID
    number: int
    member_id: UUID
    points: Points
    lot_id: UUID | None
    entry_id: UUID | None


@dataclass(frozen=True, slots=True)
class ProjectAct:
    """A line of the history; ``member_id`` is ``None`` for a vote, ``text`` once erased."""

    act_id: UUID
    project_id: UUID
    task_id: UUID | None
    act: Act
    member_id: UUID | None
    at: datetime
    text: str | None = None


def account_of(project_id: UUID) -> AccountKey:
    """The account that holds a project's budget."""
    return AccountKey(AccountKind.PROJECT, project_id)


def task_cause(task_id: UUID, number: int) -> Cause:
    """What the lot of a task's share exists for."""
    return Cause(TASK_CAUSE, f"{task_id}/{number}")


def split(reward: Points, weights: Sequence[int]) -> tuple[Points, ...]:
    """Share a reward by weights, by largest remainder (Hamilton); together exactly the reward.

    Each share is rounded down; what is left goes, a point each, to the largest remainders, of equal
    ones to whoever was named first.
    """
    total = sum(weights)
    assert total > 0, "nobody to share with"
    floors = [reward.amount * weight // total for weight in weights]
    remainders = [reward.amount * weight % total for weight in weights]
    left = reward.amount - sum(floors)
    first = sorted(range(len(weights)), key=lambda number: (-remainders[number], number))[:left]
    return tuple(Points(each + (number in first)) for number, each in enumerate(floors))


def words_digest(of_id: UUID, words: Words) -> bytes:
    """What stays of words that may be erased; the random id salts it."""
    title = hashlib.sha256(words.title.encode()).digest()
    return hashlib.sha256(of_id.bytes + title + words.text.encode()).digest()


def content_digest(project: Project) -> bytes:
    """The hash by which a budget is approved or voted on: everything that was proposed."""
    return digest(
        {
            "project": str(project.project_id),
            "author": str(project.author_id),
            "pool": project.pool.value,
            "budget": project.budget.amount,
            "words": project.words_digest.hex(),
            "persons_needed": project.persons_needed,
            "fundable_from": _text(project.fundable_from),
            "proposed_at": _text(project.proposed_at),
        }
    )


def delivery_digest(task: Task, act_id: UUID, words: bytes) -> bytes:
    """The hash by which a delivery is accepted: the task, who shares it how, what was stated."""
    return digest(
        {
            "task": str(task.task_id),
            "project": str(task.project_id),
            "reward": task.reward.amount,
            "due_at": _text(task.due_at),
            "task_words": task.words_digest.hex(),
            "assignment": task.assignment,
            "shares": [[str(share.member_id), share.weight] for share in task.shares],
            "delivery": str(act_id),
            "delivery_words": words.hex(),
        }
    )


def funding_why(project: Project, funded_by: Mapping[str, Json]) -> dict[str, Json]:
    """What the entry that gives a budget states."""
    return {
        "project": str(project.project_id),
        "content": project.content_digest.hex(),
        "by": funded_by,
    }


def payment_why(task: Task, accepted_by: UUID, number: int) -> dict[str, Json]:
    """What the entry that pays a share states; with the reward it can be worked out again."""
    assert task.delivery_digest is not None, "what is paid was delivered"
    return {
        "project": str(task.project_id),
        "task": str(task.task_id),
        "delivery": task.delivery_digest.hex(),
        "accepted_by": str(accepted_by),
        "reward": task.reward.amount,
        "weights": [share.weight for share in task.shares],
        "share": number,
    }


def return_why(project_id: UUID, closed_by: UUID) -> dict[str, Json]:
    """What the entry that gives back the rest of a budget states."""
    return {"project": str(project_id), "closed_by": str(closed_by)}


def checked_words(title: str, text: str, *, field: str = "text") -> Words:
    """Words as they are kept.

    Raises:
        BadProject: no title, no text, or too long.
    """
    clean = " ".join(title.split())
    if not 0 < len(clean) <= TITLE_LENGTH_MAX or not clean.isprintable():
        raise _bad("title", f"A title has 1 to {TITLE_LENGTH_MAX} characters.")
    return Words(clean, checked_text(text, field=field))


def checked_text(text: str, *, field: str = "text") -> str:
    """A text as it is kept.

    Raises:
        BadProject: none, too long, or with a character that no text has.
    """
    clean = text.replace("\r\n", "\n").strip()
    if not 0 < len(clean) <= TEXT_LENGTH_MAX or "\0" in clean:
        raise _bad(field, f"A text has 1 to {TEXT_LENGTH_MAX} characters.")
    return clean


def checked_points(points: Points, field: str) -> Points:
    """An amount that a budget or a reward may be.

    Raises:
        BadProject: it is not.
    """
    if not 0 < points.amount <= BUDGET_MAX:
        raise _bad(field, f"This is 1 to {BUDGET_MAX} points.")
    return points


def checked_shares(shares: Sequence[Share]) -> tuple[Share, ...]:
    """Who shares a task's reward.

    Raises:
        BadProject: nobody, too many, a weight that is none.
    """
    if not 0 < len(shares) <= ASSIGNEES_MAX:
        raise _bad("shares", f"A task is assigned to 1 to {ASSIGNEES_MAX} members.")
    if any(not 0 < share.weight <= WEIGHT_MAX for share in shares):
        raise _bad("weight", f"A weight is a whole number from 1 to {WEIGHT_MAX}.")
    return tuple(shares)


def _bad(field: str, sentence: str) -> BadProject:
    return BadProject(sentence, field=field)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else Instant.of(moment).isoformat()
