"""Announcing polls, withdrawing them, and counting them once they are closed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from governance.acting import lock_acting
from governance.polls import ballots_store, store
from governance.polls.counting import Method, Tally, Weighed, count
from governance.polls.errors import (
    NobodyEligible,
    PollNotForYou,
    PollOver,
    PollUnderWay,
    TooManyPolls,
    UnknownPoll,
)
from governance.polls.model import (
    CLOSING_FORMAT,
    POLICY,
    PREFIX,
    Ballot,
    Definition,
    Named,
    Opening,
    Poll,
    PollState,
    Voter,
    Weighing,
    check_definition,
    counted,
    pseudonym_of,
    register_start,
    tally_leaf,
    voter_leaf,
)
from governance.polls.tree import root_of
from governance.polls.weighing import Holdings, weigh
from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Database, Work, execute
from ledger.members import service as members
from ledger.members.model import Role
from ledger.standing import service as standing

COUNTED_AT_ONCE: Final = 20


@dataclass(frozen=True, slots=True)
class AnnouncePoll:
    """Ask the community. ``holdings`` were read before this, for a poll that weighs by token.

    Without ``opens_at`` it opens at once.
    """

    author_id: UUID
    title: str
    body: str
    options: Sequence[str]
    method: Method
    weighing: Weighing
    credits: int | None
    standing_min: int
    opens_at: datetime | None
    closes_at: datetime
    holdings: Holdings | None = None


@dataclass(frozen=True, slots=True)
class WithdrawPoll:
    """Let a poll not take place."""

    poll_id: UUID
    by: UUID


def announce(work: Work, command: AnnouncePoll) -> Poll:
    """Announce a poll; who votes with what weight is fixed now, for good.

    Raises:
        BadPoll: it cannot be one.
        PollNotForYou: neither admin nor enough standing.
        TooManyPolls: of this member, under way.
        NobodyEligible: nobody has any weight.
    """
    lock_acting(work, command.author_id)
    _require_may_announce(work, command.author_id)
    definition = Definition(
        poll_id=work.ids.new(work.now),
        title=command.title.strip(),
        body=command.body.strip().replace("\r\n", "\n"),
        options=tuple(each.strip() for each in command.options),
        method=command.method,
        weighing=command.weighing,
        credits=command.credits,
        standing_min=command.standing_min,
        opens_at=work.now if command.opens_at is None else command.opens_at,
        closes_at=command.closes_at,
    )
    check_definition(definition, work.now)
    weights, snapshot = weigh(work, definition, command.holdings)
    if not weights:
        raise NobodyEligible("Nobody has any weight in this poll now.")
    named = sorted(
        (_named(work, definition.poll_id, *each) for each in weights),
        key=lambda each: each.voter.pseudonym,
    )
    opening = Opening(
        definition,
        eligible=len(named),
        weight=sum(each.voter.weight for each in named),
        root=root_of([voter_leaf(each.voter) for each in named]),
        snapshot=snapshot,
        announced_at=work.now,
    )
    poll = Poll(opening, command.author_id, None, None, None)
    store.insert_poll(work, poll)
    store.insert_voters(work, definition.poll_id, named)
    return poll


def withdraw(work: Work, command: WithdrawPoll) -> Poll:
    """Let a poll not take place, before it opens.

    Raises:
        UnknownPoll, PollOver, PollUnderWay: there is nothing to withdraw.
        PollNotForYou: neither its author nor an admin.
    """
    lock_acting(work, command.by)
    poll = store.lock(work, command.poll_id)
    if poll is None:
        raise _unknown(command.poll_id)
    if poll.author_id != command.by and Role.ADMIN not in members.roles_of(work, command.by):
        raise PollNotForYou("Only the author or an admin withdraws a poll.", needed=None)
    state = poll.state(work.now)
    if state is PollState.WITHDRAWN:
        raise PollOver("This poll was withdrawn.", ended_at=_text(poll.withdrawn_at))
    if state is not PollState.ANNOUNCED:
        raise PollUnderWay("The poll has opened; it takes its course.")
    store.set_withdrawn(work, command.poll_id, command.by)
    return replace(poll, withdrawn_at=work.now)


def require_poll(work: Work, poll_id: UUID) -> Poll:
    """One poll.

    Raises:
        UnknownPoll: there is none.
    """
    poll = store.find(work, poll_id)
    if poll is None:
        raise _unknown(poll_id)
    return poll


def count_due(database: Database) -> int:
    """Count every poll whose voting is over, each in its own transaction; how many."""
    with database.read() as work:
        waiting = store.due(work, COUNTED_AT_ONCE)
    return sum(execute(database, count_poll, poll_id) for poll_id in waiting)


def count_poll(work: Work, poll_id: UUID) -> bool:
    """Count a poll that is closed; false if there is nothing to count, or it was done."""
    poll = store.lock(work, poll_id)
    if poll is None or poll.state(work.now) is not PollState.CLOSED:
        return False
    store.set_counted(work, poll_id, work.now, closing_of(work, poll))
    return True


def closing_of(work: Work, poll: Poll) -> dict[str, Json]:
    """What a poll's ballots come to: its register's head, the tree of those counted, the tallies.

    ``signed`` is the result. ``unsigned`` rests on our word alone and is stated beside it, as is
    what both come to ``together``.
    """
    definition = poll.definition
    everything = ballots_store.ballots(work, poll.poll_id)
    weights = {each.pseudonym: each.weight for each in store.voters(work, poll.poll_id)}
    final = counted(everything)
    head = everything[-1].register_head if everything else register_start(definition)
    leaves = [tally_leaf(each, weights[each.pseudonym]) for each in final]
    parts = {
        "signed": [each for each in final if each.is_signed],
        "unsigned": [each for each in final if not each.is_signed],
        "together": final,
    }
    return {
        "format": CLOSING_FORMAT,
        "poll": format_id(PREFIX, poll.poll_id),
        "definition": definition.digest().hex(),
        "eligibility_root": poll.opening.root.hex(),
        "register_size": len(everything),
        "register_head": head.hex(),
        "counted": len(final),
        "tally_root": root_of(leaves).hex(),
        "tallies": {
            name: _tally(definition, some, weights).document() for name, some in parts.items()
        },
    }


def _tally(definition: Definition, ballots: Sequence[Ballot], weights: dict[bytes, int]) -> Tally:
    weighed = [Weighed(weights[each.pseudonym], each.choice) for each in ballots]
    return count(definition.method, len(definition.options), weighed)


def _named(work: Work, poll_id: UUID, member_id: UUID, weight: int) -> Named:
    salt = hashlib.sha256(work.ids.secret().encode()).digest()
    return Named(member_id, salt, Voter(pseudonym_of(poll_id, member_id, salt), weight))


def _require_may_announce(work: Work, member_id: UUID) -> None:
    if Role.ADMIN not in members.roles_of(work, member_id):
        reached = standing.standing_of(work, member_id).standing.points
        if reached < POLICY.standing_min:
            needed = POLICY.standing_min.amount
            raise PollNotForYou(
                f"Announcing a poll takes a standing of {needed}; yours is {reached.amount}.",
                needed=needed,
            )
        if store.count_undecided(work, member_id) >= POLICY.uncounted_max:
            raise TooManyPolls(
                f"{POLICY.uncounted_max} polls of yours are under way. Wait until one is counted.",
                limit=POLICY.uncounted_max,
            )


def _unknown(poll_id: UUID) -> UnknownPoll:
    return UnknownPoll("There is no such poll.", poll=format_id(PREFIX, poll_id))


def _text(moment: datetime | None) -> str:
    assert moment is not None, "it was withdrawn at a time"
    return Instant.of(moment).isoformat()
