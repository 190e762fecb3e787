"""When a reminder of a moment is due, and what a notice is. Pure.

::

        opens                    closes − lead        closes          executed, counted
    ──────┼──────────────────────────┼──────────────────┼────────────────────┼──────────▶
          └── opens: until it closes └ closes: until it closes               └ outcome: seven days

A reminder comes late rather than never while it is of use, and never after that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from governance.calendar.model import Moment, MomentKind, Subject
from ledger.kernel.errors import ErrorKind, VkladError

PREFIX: Final = "ntc"
LEAD: Final = timedelta(days=1)
"""How long before its close a vote is told to be closing …"""
NEWS_FOR: Final = timedelta(days=7)
"""How long an outcome, or a delegate's ballot, is news."""


class UnknownNotice(VkladError):
    """No notice of this member's has this id."""

    code = "unknown_notice"
    kind = ErrorKind.NOT_FOUND


class ReminderKind(StrEnum):
    """What a member may want to be told of; each is chosen by itself, none is from the start."""

    OPENS = "opens"
    CLOSES = "closes"
    BALLOT = "ballot"
    """Somebody to whom the member had delegated has voted."""
    OUTCOME = "outcome"
    """A proposal was executed, or a poll counted."""


@dataclass(frozen=True, slots=True)
class Due:
    """A reminder: to be made from ``due_at``, inclusive, to ``until``.

    ``moment`` is what it is of, by the name that stays when the date ``at`` does not.
    """

    kind: ReminderKind
    moment: str
    subject: Subject
    subject_id: str
    at: datetime
    due_at: datetime
    until: datetime

    def is_due(self, now: datetime) -> bool:
        """Whether it is time."""
        return self.due_at <= now < self.until

    @property
    def key(self) -> tuple[str, str]:
        """By what it is known whether it was made."""
        return self.moment, self.kind.value


@dataclass(frozen=True, slots=True)
class Cast:
    """A final ballot of an account on chain. ``support`` as the Governor counts it: 0, 1, 2."""

    proposal_id: int
    voter: str
    support: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Notice:
    """A reminder that was made for a member. ``at``: the moment's time as it was known then."""

    notice_id: UUID
    member_id: UUID
    kind: ReminderKind
    moment: str
    subject: Subject
    subject_id: str
    at: datetime
    support: int | None
    made_at: datetime
    read_at: datetime | None


def reminders_of(moments: Sequence[Moment]) -> list[Due]:
    """Every reminder that the moments of one proposal or poll give; none of what is off."""
    on = {each.kind: each for each in moments if not each.is_off}
    opens, closes = on.get(MomentKind.OPENS), on.get(MomentKind.CLOSES)
    found = []
    if opens is not None and closes is not None:
        early = closes.at - lead(opens, closes)
        found = [
            _due(ReminderKind.OPENS, opens, opens.at, closes.at),
            _due(ReminderKind.CLOSES, closes, early, closes.at),
        ]
    for kind in (MomentKind.EXECUTED, MomentKind.COUNTED):
        end = on.get(kind)
        if end is not None:
            found.append(_due(ReminderKind.OUTCOME, end, end.at, end.at + NEWS_FOR))
    return found


def lead(opens: Moment, closes: Moment) -> timedelta:
    """How long before the close it is told: a day; of a vote under two days, half of it."""
    return min(LEAD, (closes.at - opens.at) / 2)


def reminder_of_ballot(scope: str, cast: Cast) -> Due:
    """That a delegate has voted: once for each delegate and proposal, however it is divided."""
    account = hashlib.sha256(cast.voter.encode()).hexdigest()[:16]
    return Due(
        kind=ReminderKind.BALLOT,
        moment=f"{Subject.PROPOSAL}:{scope}:{cast.proposal_id}:ballot:{account}",
        subject=Subject.PROPOSAL,
        subject_id=str(cast.proposal_id),
        at=cast.at,
        due_at=cast.at,
        until=cast.at + NEWS_FOR,
    )


def _due(kind: ReminderKind, moment: Moment, due_at: datetime, until: datetime) -> Due:
    return Due(kind, moment.key, moment.subject, moment.subject_id, moment.at, due_at, until)
