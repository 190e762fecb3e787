"""What must hold of polls: who votes, the register, and what was counted, all made again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from governance.polls import ballots_store, service, store
from governance.polls.model import (
    PREFIX,
    Poll,
    ballot_statement,
    commitment_of_digest,
    pseudonym_of,
    register_next,
    register_start,
    voter_leaf,
)
from governance.polls.tree import root_of
from ledger.kernel.canonical import digest
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.verify.checks import Check
from ledger.verify.model import Finding

NAME: Final = "polls"


def check_polls(work: Work) -> Iterator[Finding]:
    """Every poll is as it was announced, and its ballots come to what was published."""
    for poll, kept in store.all_polls(work):
        where = format_id(PREFIX, poll.poll_id)
        problem = (
            "is another question than was announced" if poll.definition.digest() != kept else None
        )
        problem = problem or _voters_problem(work, poll) or _register_problem(work, poll)
        if problem is None and poll.closing is not None:
            same = service.closing_of(work, poll) == poll.closing
            problem = None if same else "comes to something else than was published"
        if problem is not None:
            yield Finding(NAME, "polls", where, problem)


def _voters_problem(work: Work, poll: Poll) -> str | None:
    voters = store.voters(work, poll.poll_id)
    opening = poll.opening
    totals = (len(voters), sum(each.weight for each in voters))
    if totals != (opening.eligible, opening.weight):
        return "has other voters or weights than were announced"
    if root_of([voter_leaf(each) for each in voters]) != opening.root:
        return "has voters whose tree has another root than was announced"
    for named in store.names(work, poll.poll_id):
        made = pseudonym_of(poll.poll_id, named.member_id, named.salt)
        if made != named.voter.pseudonym:
            return f"calls a member by a pseudonym of somebody else, {made.hex()}"
    return None


def _register_problem(work: Work, poll: Poll) -> str | None:
    head = register_start(poll.definition)
    versions: dict[bytes, int] = {}
    for expected, ballot in enumerate(ballots_store.ballots(work, poll.poll_id), 1):
        name = f"ballot {ballot.number}"
        if ballot.number != expected:
            return f"has {name} where {expected} should be"
        versions[ballot.pseudonym] = versions.get(ballot.pseudonym, 0) + 1
        if ballot.version != versions[ballot.pseudonym]:
            return f"has {name} out of its voter's turn"
        statement = ballot_statement(
            poll.definition, ballot.pseudonym, ballot.version, ballot.choice, ballot.salt
        )
        made = commitment_of_digest(statement, ballot.kind, ballot.evidence_digest)
        head = register_next(head, made)
        if made != ballot.commitment or head != ballot.register_head:
            return f"has {name} altered"
        if ballot.evidence is not None and digest(ballot.evidence) != ballot.evidence_digest:
            return f"has the signature of {name} altered"
    return None


POLL_CHECKS: Final = (Check(NAME, check_polls),)
