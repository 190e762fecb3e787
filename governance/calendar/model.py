"""The moments in the life of proposals, polls and tasks. Pure.

::

    proposal  proposed ─▶ opens ─▶ closes ─▶ queued ─▶ executable ─▶ executed
                                     │  late quorum: moved once         └▶ canceled
    poll      announced ─▶ opens ─▶ closes ─▶ counted
                  └▶ withdrawn
    task      due
    version of the memorandum   proposed ─▶ executable (one admin alone may publish it) ─▶ published
                                    └▶ withdrawn, or rejected

A moment has one name for good (``key``), whatever becomes of it. ``changes`` counts how often what
was said of it became something else: its date was moved, or it is off. That is RFC 5545's SEQUENCE,
and it follows from the facts alone, so nothing has to be remembered to tell it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from governance.memorandum.model import PREFIX as MEMORANDUM_PREFIX
from governance.memorandum.model import Version, VersionState
from governance.polls.model import PREFIX as POLL_PREFIX
from governance.polls.model import Poll
from governance.projects.model import PREFIX as PROJECT_PREFIX
from governance.projects.model import TASK_PREFIX, Task, TaskState
from governance.proposals.model import Proposal
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.ids import format_id

WINDOW_MAX: Final = timedelta(days=400)
"""The longest stretch that is told at once."""


class BadWindow(VkladError):
    """A stretch of time that ends before it begins, or is too long."""

    code = "bad_window"
    kind = ErrorKind.INVALID


class Subject(StrEnum):
    """What a moment is of."""

    PROPOSAL = "proposal"
    POLL = "poll"
    TASK = "task"
    MEMORANDUM = "memorandum"


class MomentKind(StrEnum):
    """What happens at it."""

    PROPOSED = "proposed"
    ANNOUNCED = "announced"
    OPENS = "opens"
    CLOSES = "closes"
    QUEUED = "queued"
    EXECUTABLE = "executable"
    EXECUTED = "executed"
    CANCELED = "canceled"
    COUNTED = "counted"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
    DUE = "due"


class Happening(StrEnum):
    """What the Governor said of a proposal, by the event's name."""

    QUEUED = "ProposalQueued"
    EXECUTED = "ProposalExecuted"
    CANCELED = "ProposalCanceled"
    EXTENDED = "ProposalExtended"


_PASSED: Final = {
    MomentKind.QUEUED: Happening.QUEUED,
    MomentKind.EXECUTED: Happening.EXECUTED,
    MomentKind.CANCELED: Happening.CANCELED,
}
"""Moments that are known once they have been, by the event that says so."""
_PLANNED: Final = frozenset({MomentKind.OPENS, MomentKind.CLOSES, MomentKind.EXECUTABLE})
"""What a proposal still has before it, which may come to nothing."""


@dataclass(frozen=True, slots=True)
class Happened:
    """One final event of the Governor about one proposal."""

    proposal_id: int
    what: Happening
    at: datetime


@dataclass(frozen=True, slots=True)
class Moment:
    """One dated moment. ``scope`` tells chains apart; it is empty for what is on none.

    ``is_off``: it was going to happen and will not. ``said_at``: when what is said now became true.
    """

    subject: Subject
    scope: str
    subject_id: str
    kind: MomentKind
    at: datetime
    title: str
    said_at: datetime
    changes: int = 0
    is_off: bool = False
    page: str = ""
    title_ru: str = ""
    """Where it has a title in either language."""

    def titled(self, language: str) -> str:
        """The title, in that language if it has one."""
        return self.title_ru if language == "ru" and self.title_ru else self.title

    @property
    def key(self) -> str:
        """Its name, which stays when its date does not."""
        return f"{self.subject}:{self.scope}:{self.subject_id}:{self.kind}"

    @property
    def uid(self) -> str:
        """The same for calendars (RFC 5545 wants it unique in the world)."""
        parts = (self.subject, self.scope, self.subject_id, self.kind)
        return "-".join(part for part in parts if part) + "@vklad"


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time: from ``start``, inclusive, to ``end``, exclusive."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        """Refuse what is no stretch.

        Raises:
            BadWindow: it ends before it begins, or lasts more than ``WINDOW_MAX``.
        """
        if not self.start < self.end <= self.start + WINDOW_MAX:
            raise BadWindow(
                f"The calendar tells at most {WINDOW_MAX.days} days at once, from a moment to a "
                "later one.",
                days_max=WINDOW_MAX.days,
            )

    def has(self, moment: Moment) -> bool:
        """Whether a moment lies in it."""
        return self.start <= moment.at < self.end


def moments_of_proposal(
    scope: str, proposal: Proposal, happened: Sequence[Happened]
) -> list[Moment]:
    """Every moment of a proposal that is on chain; before that it has none.

    ``happened``: the final events about this proposal.
    """
    standing = proposal.standing
    if standing is None:
        return []
    when = {each.what: each.at for each in happened}
    canceled_at, extended_at = when.get(Happening.CANCELED), when.get(Happening.EXTENDED)

    def moment(kind: MomentKind, at: datetime, said_at: datetime, changes: int = 0) -> Moment:
        # Cancelled in the very second of the snapshot it does not open either.
        is_off = kind in _PLANNED and canceled_at is not None and at >= canceled_at
        return Moment(
            subject=Subject.PROPOSAL,
            scope=scope,
            subject_id=str(proposal.proposal_id),
            kind=kind,
            at=at,
            title=proposal.title,
            said_at=canceled_at if is_off and canceled_at is not None else said_at,
            changes=changes + is_off,
            is_off=is_off,
            page=f"/votes/{proposal.proposal_id}",
        )

    made = proposal.submitted_at
    found = [
        moment(MomentKind.PROPOSED, made, made),
        moment(MomentKind.OPENS, standing.snapshot_at, made),
        moment(
            MomentKind.CLOSES,
            standing.deadline_at,
            made if extended_at is None else extended_at,
            int(extended_at is not None),
        ),
    ]
    for kind, happening in _PASSED.items():
        at = when.get(happening)
        if at is not None:
            found.append(moment(kind, at, at))
    queued_at = when.get(Happening.QUEUED)
    if queued_at is not None and standing.executable_at is not None:
        found.append(moment(MomentKind.EXECUTABLE, standing.executable_at, queued_at))
    return found


def moments_of_poll(poll: Poll) -> list[Moment]:
    """Every moment of a poll; one that was withdrawn neither opens nor closes."""
    definition, announced_at = poll.definition, poll.opening.announced_at
    withdrawn_at = poll.withdrawn_at
    poll_id = format_id(POLL_PREFIX, poll.poll_id)

    def moment(kind: MomentKind, at: datetime, said_at: datetime) -> Moment:
        is_off = withdrawn_at is not None and at > withdrawn_at
        return Moment(
            subject=Subject.POLL,
            scope="",
            subject_id=poll_id,
            kind=kind,
            at=at,
            title=definition.title,
            said_at=withdrawn_at if is_off and withdrawn_at is not None else said_at,
            changes=int(is_off),
            is_off=is_off,
            page=f"/polls/{poll_id}",
        )

    found = [
        moment(MomentKind.ANNOUNCED, announced_at, announced_at),
        moment(MomentKind.OPENS, definition.opens_at, announced_at),
        moment(MomentKind.CLOSES, definition.closes_at, announced_at),
    ]
    for kind, at in ((MomentKind.COUNTED, poll.counted_at), (MomentKind.WITHDRAWN, withdrawn_at)):
        if at is not None:
            found.append(moment(kind, at, at))
    return found


def moment_of_task(task: Task) -> Moment:
    """When a task is due that has such a day. Where its words were erased the title is empty."""
    assert task.due_at is not None, "it is asked of tasks that are due some day"
    is_off = task.state is TaskState.WITHDRAWN
    ended_at = task.decided_at if is_off else None
    return Moment(
        subject=Subject.TASK,
        scope="",
        subject_id=format_id(TASK_PREFIX, task.task_id),
        kind=MomentKind.DUE,
        at=task.due_at,
        title="" if task.words is None else task.words.title,
        said_at=ended_at or task.created_at,
        changes=int(is_off),
        is_off=is_off,
        page=f"/projects/{format_id(PROJECT_PREFIX, task.project_id)}",
    )


def moments_of_version(version: Version) -> list[Moment]:
    """Every moment of a version of the memorandum."""
    decided = version.decided
    title, version_id = version.text.title, format_id(MEMORANDUM_PREFIX, version.version_id)

    def moment(kind: MomentKind, at: datetime, said_at: datetime) -> Moment:
        is_off = kind in _PLANNED and decided is not None and at > decided.decided_at
        return Moment(
            subject=Subject.MEMORANDUM,
            scope="",
            subject_id=version_id,
            kind=kind,
            at=at,
            title=title.en,
            title_ru=title.ru,
            said_at=decided.decided_at if is_off and decided is not None else said_at,
            changes=int(is_off),
            is_off=is_off,
            page=f"/memorandum/versions/{version_id}",
        )

    found = [moment(MomentKind.PROPOSED, version.proposed_at, version.proposed_at)]
    if version.open_from is not None:
        found.append(moment(MomentKind.EXECUTABLE, version.open_from, version.proposed_at))
    if decided is not None:
        is_published = decided.state is VersionState.PUBLISHED
        kind = MomentKind.PUBLISHED if is_published else MomentKind.WITHDRAWN
        found.append(moment(kind, decided.decided_at, decided.decided_at))
    return found


def in_order(moments: Sequence[Moment]) -> list[Moment]:
    """By time; what falls together by the order of a life, so that no list ever flickers."""
    kinds = list(MomentKind)
    return sorted(moments, key=lambda each: (each.at, kinds.index(each.kind), each.key))
