"""Merging members where rooms above the ledger have a say: the chain's, and the doors'.

What of a member is on its way to the chain has to arrive first, as before an erasure: a claim or a
ballot is the wallet's, and wallets do not go over. Nobody stays signed in as a merged member.
"""

from __future__ import annotations

from api.auth.sessions import close_sessions_of
from governance import forgetting_store as votes
from governance.projects import store as projects
from governance.projects.model import TASK_PREFIX
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.members.persons import store as persons
from ledger.merges import service
from ledger.merges.model import ApproveMerge, Merge, MergeWouldPayOneself
from oracle.bridge import forgetting_store as bridge


class MergeNotYet(VkladError):
    """Points or a ballot of one of the two are on their way to the chain."""

    code = "merge_not_yet"
    kind = ErrorKind.CONFLICT


def approve(work: Work, command: ApproveMerge) -> Merge:
    """As ``merges.service.approve``; then nobody is signed in as the merged member.

    Raises:
        MergeNotYet: something of either is on its way to the chain.
        MergeWouldPayOneself: one accepted work, or gave the budget, that paid the other.
        UnknownMerge and the others of ``merges.service.approve``.
    """
    merge = service.approve(work, command)  # Locks both: nothing begins now.
    _refuse_paid_work(work, merge)
    concerned = {merge.survivor, merge.absorbed, persons.person_of(work, merge.absorbed)}
    waits = sum(bridge.in_flight(work, each) + votes.in_flight(work, each) for each in concerned)
    if waits:
        raise MergeNotYet(
            "Points or a ballot are on their way to the chain. Try again when they arrived.",
            waits_for=waits,
        )
    close_sessions_of(work, merge.absorbed)
    return merge


def _refuse_paid_work(work: Work, merge: Merge) -> None:
    """Return unless one of the two stood for what a project paid the other; a split is not asked.

    Asked when both are one person already and everything is locked: a refusal undoes it all.
    """
    if merge.is_split:
        return
    theirs = service.branch_of(work, merge.absorbed)
    ours = set(persons.members_of(work, merge.survivor)).difference(theirs)
    found = projects.paid_by(work, ours, theirs) or projects.paid_by(work, theirs, ours)
    if found is not None:
        what = format_id(TASK_PREFIX, found)
        raise MergeWouldPayOneself(
            f"One of the two stands for {what}, which paid the other; these two stay apart.",
            paid_by=what,
        )
