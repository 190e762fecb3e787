"""The figures of votes: now, of each proposal at its snapshot, and of each counted poll.

One pass over the token's events gives the power at every snapshot: events are in order, so are
snapshots, and at each one the books are copied. Everything is of a final block; what may still be
unwound is not counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from governance.analytics import store
from governance.analytics.model import (
    NOBODY,
    Concentration,
    Delegation,
    Power,
    Turnout,
    concentration,
    delegation,
    represented,
)
from governance.polls import store as polls
from governance.polls.model import Poll
from governance.power import store as power_store
from governance.power.model import ChangeKind, ReadTo, TokenChange
from governance.proposals import store as proposals
from governance.proposals.model import Proposal, UnknownProposal
from ledger.kernel.transaction import Work
from oracle.indexer import store as indexer_store

PROPOSALS_MAX: Final = 50
POLLS_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Who could vote at a moment: tokens by holder, votes by account, and how they got there."""

    tokens: Concentration
    votes: Concentration
    delegation: Delegation
    amounts: tuple[int, ...]
    """What each holder has, for a curve; of nobody in particular."""


@dataclass(frozen=True, slots=True)
class ProposalFigures:
    """A proposal whose snapshot is final, with what was cast by the final block."""

    proposal: Proposal
    snapshot: Snapshot
    turnout: Turnout
    cast: Concentration
    holders: int
    represented: int
    """Holders whose tokens were voted with, by whomever."""


@dataclass(frozen=True, slots=True)
class PollFigures:
    """A counted poll; signed and unsigned ballots together."""

    poll: Poll
    turnout: Turnout
    weights: Concentration
    cast: Concentration


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything, newest first. ``block_number`` and ``now`` are ``None`` without a chain."""

    block_number: int | None
    now: Snapshot | None
    proposals: tuple[ProposalFigures, ...]
    polls: tuple[PollFigures, ...]


def figures(work: Work, proposal_id: int | None = None) -> Figures:
    """The figures of votes; of one proposal, if asked for, and then of no poll.

    Raises:
        UnknownProposal: there is no such proposal.
    """
    known = indexer_store.chain_in_use(work)
    read_to = None if known is None else power_store.read_to(work, known.chain_key)
    found: list[Proposal] = []
    if known is not None and proposal_id is None:
        found = proposals.newest(work, known.chain_key, PROPOSALS_MAX)
    elif known is not None and proposal_id is not None:
        one = proposals.find(work, known.chain_key, proposal_id)
        found = [] if one is None else [one]
    if proposal_id is not None and not found:
        raise UnknownProposal("There is no such proposal.", proposal=str(proposal_id))
    of_polls = () if proposal_id is not None else _polls(work)
    if known is None or read_to is None:
        return Figures(None, None, (), of_polls)
    books = _Books(work, known.chain_key, read_to)
    of_proposals = books.proposals(found)
    return Figures(read_to.block_number, books.now, of_proposals, of_polls)


def stamp(work: Work) -> tuple[object, ...]:
    """What all figures rest on: as long as it is the same, so are they. Quick to ask."""
    known = indexer_store.chain_in_use(work)
    key = None if known is None else known.chain_key
    read_to = None if key is None else power_store.read_to(work, key)
    return (key, read_to, *store.newest(work, key))


class _Books:
    """One pass over the events of a chain up to a block; ``now`` is known after it."""

    def __init__(self, work: Work, chain_key: int, read_to: ReadTo) -> None:
        self.now: Snapshot | None = None
        self._work, self._chain_key, self._read_to = work, chain_key, read_to
        self._ours = store.our_contracts(work, chain_key)

    def proposals(self, found: Sequence[Proposal]) -> tuple[ProposalFigures, ...]:
        """Those whose snapshot is final, in the order given."""
        moments = sorted({each.standing.snapshot_at for each in found if each.standing})
        powers = self._read(moments)
        ids = [each.proposal_id for each in found]
        casts = store.casts(self._work, self._chain_key, self._read_to.block_number, ids)
        return tuple(
            _of_proposal(each, powers[each.standing.snapshot_at], casts[each.proposal_id])
            for each in found
            if each.standing is not None and each.standing.snapshot_at in powers
        )

    def _read(self, moments: Sequence[datetime]) -> dict[datetime, Power]:
        """The power at each of these times that is final, in order; blocks of that second count."""
        waiting = [each for each in moments if each <= self._read_to.block_time]
        power, powers = Power(), {}
        for change in power_store.changes(self._work, self._chain_key):
            while waiting and waiting[0] < change.at:
                powers[waiting.pop(0)] = power.copy(self._ours)
            _apply(change, power)
        now = power.copy(self._ours)
        self.now = snapshot_of(now)
        return powers | dict.fromkeys(waiting, now)


def _apply(change: TokenChange, power: Power) -> None:
    other, units = change.other or NOBODY, change.units or 0
    if change.kind is ChangeKind.TRANSFER:
        power.transfer(change.account, other, units)
    elif change.kind is ChangeKind.DELEGATE:
        power.delegate(change.account, other)
    else:
        power.set_votes(change.account, units)


def snapshot_of(power: Power) -> Snapshot:
    """The figures of who could vote."""
    amounts = tuple(sorted(power.balances.values()))
    return Snapshot(
        tokens=concentration(amounts),
        votes=concentration(list(power.votes.values())),
        delegation=delegation(power),
        amounts=amounts,
    )


def _of_proposal(proposal: Proposal, power: Power, cast: dict[str, int]) -> ProposalFigures:
    snapshot = snapshot_of(power)
    turnout = Turnout(
        voters=len(cast),
        eligible=snapshot.votes.holders,
        cast=sum(cast.values()),
        weight=snapshot.votes.total,
    )
    return ProposalFigures(
        proposal=proposal,
        snapshot=snapshot,
        turnout=turnout,
        cast=concentration(list(cast.values())),
        holders=snapshot.tokens.holders,
        represented=represented(power, cast),
    )


def _polls(work: Work) -> tuple[PollFigures, ...]:
    found = [polls.find(work, poll_id) for poll_id in store.counted_polls(work, POLLS_MAX)]
    return tuple(_of_poll(work, each) for each in found if each is not None)


def _of_poll(work: Work, poll: Poll) -> PollFigures:
    weights = store.poll_weights(work, poll.poll_id)
    cast = [weight for weight, voted in weights if voted]
    everybody = concentration([weight for weight, _ in weights])
    turnout = Turnout(len(cast), everybody.holders, sum(cast), everybody.total)
    return PollFigures(poll, turnout, everybody, concentration(cast))
