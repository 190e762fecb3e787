"""What is told of a stretch of time, and all the moments of one proposal or poll."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from governance.calendar import store
from governance.calendar.model import (
    Happened,
    Moment,
    Subject,
    Window,
    in_order,
    moment_of_task,
    moments_of_poll,
    moments_of_proposal,
    moments_of_version,
)
from governance.memorandum import store as memorandum
from governance.polls import store as polls
from governance.polls.model import PREFIX as POLL_PREFIX
from governance.projects import tasks_store
from governance.proposals import store as proposals
from governance.proposals.model import Proposal
from ledger.kernel.ids import parse_id
from ledger.kernel.transaction import Work
from oracle.indexer import store as indexer_store
from oracle.indexer.model import KnownChain

SUBJECTS_MAX: Final = 500
"""Proposals, polls, tasks and versions of one window, each; the newest are told."""


def moments(work: Work, window: Window) -> list[Moment]:
    """Everything that lies in a window, in order."""
    found = [each for life in lives(work, window) for each in life]
    tasks = tasks_store.tasks_due(work, window.start, window.end, SUBJECTS_MAX)
    found += [moment_of_task(task) for task in tasks]
    for version in memorandum.page(work, None, SUBJECTS_MAX):
        found += moments_of_version(version)
    return in_order([each for each in found if window.has(each)])


def lives(work: Work, window: Window) -> list[list[Moment]]:
    """All moments, of whatever time, of each proposal and poll that has one in a window."""
    found = polls.touching(work, window.start, window.end, SUBJECTS_MAX)
    return [*_of_proposals(work, window), *(moments_of_poll(poll) for poll in found)]


def moments_of(work: Work, subject: Subject, subject_id: str) -> list[Moment]:
    """All moments of one proposal or poll as it stands now; none if there is no such thing."""
    if subject is Subject.PROPOSAL:
        return _of_proposal(work, int(subject_id))
    assert subject is Subject.POLL, "nobody asks for the others by their id"
    return _of_poll(work, parse_id(POLL_PREFIX, subject_id))


def scope_of(known: KnownChain) -> str:
    """What tells this chain's proposals from another's of the same number."""
    return known.identity.genesis_hash.hex()[:8]


def _of_proposals(work: Work, window: Window) -> list[list[Moment]]:
    known = indexer_store.chain_in_use(work)
    if known is None:
        return []
    key, between = known.chain_key, (window.start, window.end)
    recent = store.happened_between(work, key, *between, SUBJECTS_MAX)
    also = {each.proposal_id for each in recent}
    found = proposals.touching(work, key, between, also, SUBJECTS_MAX)
    happened = store.happened_to(work, key, [each.proposal_id for each in found])
    return [_with_events(scope_of(known), proposal, happened) for proposal in found]


def _of_proposal(work: Work, proposal_id: int) -> list[Moment]:
    known = indexer_store.chain_in_use(work)
    proposal = None if known is None else proposals.find(work, known.chain_key, proposal_id)
    if known is None or proposal is None:
        return []
    happened = store.happened_to(work, known.chain_key, [proposal_id])
    return _with_events(scope_of(known), proposal, happened)


def _of_poll(work: Work, poll_id: UUID) -> list[Moment]:
    poll = polls.find(work, poll_id)
    return [] if poll is None else moments_of_poll(poll)


def _with_events(scope: str, proposal: Proposal, happened: Sequence[Happened]) -> list[Moment]:
    own = [each for each in happened if each.proposal_id == proposal.proposal_id]
    return moments_of_proposal(scope, proposal, own)
