"""What of a gift of thanks counts, and when it is refused: pure.

    points ≤ per_gift ──▶ ≤ what is left of the month's allowance ──▶ ≤ what is left for this member
       └─ no ring closed:  counted = points
       └─ a ring closed:   counted = floor(points × ring_share)

A gift that a moderator takes back earns nothing and makes no ring; what it used up stays used,
so that what was decided after it stays right.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from ledger.kernel.errors import ErrorKind, VkladError
from ledger.programme.model_thanks import ThanksTerms

PREFIX: Final = "thx"
REASON_LENGTH_MAX: Final = 500
LINK_LENGTH_MAX: Final = 500
Ring = Literal["pair", "three"]


class ThanksNotOffered(VkladError):
    """The programme in force has no thanks."""

    code = "thanks_not_offered"
    kind = ErrorKind.CONFLICT


class ThanksToOneself(VkladError):
    """Giver and receiver are one member."""

    code = "thanks_to_oneself"
    kind = ErrorKind.INVALID


class ThanksTooLarge(VkladError):
    """More than may be given at once, this month, or to this member this month; ``left``."""

    code = "thanks_too_large"
    kind = ErrorKind.INVALID


class ThanksUnreadable(VkladError):
    """A reason or link that cannot be one."""

    code = "thanks_unreadable"
    kind = ErrorKind.INVALID


class UnknownThanks(VkladError):
    """There is no such gift."""

    code = "unknown_thanks"
    kind = ErrorKind.NOT_FOUND


class ThanksTakenBack(VkladError):
    """A moderator took this gift back before."""

    code = "thanks_taken_back"
    kind = ErrorKind.CONFLICT


class NotAModerator(VkladError):
    """Only a moderator or an admin takes thanks back, and none of their own."""

    code = "not_a_moderator"
    kind = ErrorKind.FORBIDDEN


@dataclass(frozen=True, slots=True)
class GiveThanks:
    """Give ``points`` of the allowance; ``reason`` and ``link`` are words, kept apart."""

    giver: UUID
    receiver: UUID
    points: int
    reason: str
    link: str | None


@dataclass(frozen=True, slots=True)
class TakeBack:
    """A moderator's no."""

    thanks_id: UUID
    by: UUID


@dataclass(frozen=True, slots=True)
class Used:
    """What a giver has given this month: how often, how much, and how much to the receiver."""

    count: int
    points: int
    to_receiver: int


@dataclass(frozen=True, slots=True)
class Decision:
    """The gift's number in the giver's month, what counts of it, and what is left after it."""

    number: int
    counted: int
    allowance: int
    left: int
    ring: Ring | None


@dataclass(frozen=True, slots=True)
class Thanks:
    """A gift as it is kept; ``reason`` and ``link`` are gone once forgotten."""

    thanks_id: UUID
    event_id: UUID
    giver: UUID | None
    receiver: UUID | None
    month: str
    points: int
    decision: Decision
    given_at: datetime
    reason: str | None
    link: str | None
    is_taken_back: bool


def decide(terms: ThanksTerms, points: int, used: Used, ring: Ring | None) -> Decision:
    """What becomes of a gift.

    Raises:
        ThanksTooLarge: with ``left``, what may be given.
    """
    left = most_now(terms, used)
    if points > left:
        raise ThanksTooLarge(
            f"You can give at most {left} to this member now.",
            left=left,
            limit_points=terms.per_gift,
        )
    share = terms.ring_share if ring is not None else 1
    after = terms.allowance - used.points - points
    return Decision(used.count + 1, int(points * share), terms.allowance, after, ring)


def most_now(terms: ThanksTerms, used: Used) -> int:
    """The most that the giver may give the receiver at once."""
    rest = min(terms.allowance - used.points, terms.per_pair - used.to_receiver)
    return max(0, min(terms.per_gift, rest))


def check_words(reason: str, link: str | None) -> None:
    """Words for people, and an address of the web.

    Raises:
        ThanksUnreadable: no reason, words too long, or another kind of address.
    """
    if not reason.strip() or len(reason) > REASON_LENGTH_MAX:
        raise ThanksUnreadable(f"A reason has 1 to {REASON_LENGTH_MAX} characters.", field="reason")
    if link is not None and (
        not link.startswith(("https://", "http://"))
        or len(link) > LINK_LENGTH_MAX
        or not link.isprintable()
        or " " in link
    ):
        raise ThanksUnreadable("A link is an address that begins with https://.", field="link")
