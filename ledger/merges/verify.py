"""What must hold of merges: two persons for each, entries that say it, and nothing left behind."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Final
from uuid import UUID

from ledger.journal.model import EntryKind
from ledger.kernel.transaction import Work
from ledger.merges import store, verify_store
from ledger.merges.model import Merge, MergeState, content_digest
from ledger.merges.verify_store import EntryRow
from ledger.verify.checks import Check
from ledger.verify.model import Finding

NAME: Final = "merges"


def check_merges(work: Work) -> Iterator[Finding]:
    """Decisions, who stands for whom, entries, and that a merged member has nothing alone."""
    for merge, approved in verify_store.all_merges(work):
        problem = _decision_problem(merge, approved)
        if problem is not None:
            yield Finding(NAME, "member_merges", str(merge.merge_id), problem)
    yield from _persons(store.standing(work), verify_store.merged_members(work))
    for row in verify_store.entries(work):
        problem = _entry_problem(row)
        if problem is not None:
            yield Finding(NAME, "transfers", f"of entry {row.entry_id}", problem)
    for entry_id, account_id, change in verify_store.net_changes(work):
        problem = f"leaves account {account_id} with {change:+} points; a merge moves none"
        yield Finding(NAME, "transfers", f"of entry {entry_id}", problem)
    for sequence, kind in verify_store.others_through_merging(work):
        problem = f"of kind {kind} passes through the account of merges"
        yield Finding(NAME, "transfers", str(sequence), problem)
    for member_id, problem in verify_store.left_behind(work):
        yield Finding(NAME, "members", str(member_id), f"is merged, and {problem}")


def persons_by(standing: Iterable[Merge]) -> dict[UUID, UUID]:
    """Member → who stands for them, by the merges that stand."""
    into = {merge.absorbed: merge.survivor for merge in standing}
    found: dict[UUID, UUID] = {}
    for member_id in into:
        person = member_id
        for _ in into:  # No chain is longer; a ring would end here and be found.
            person = into.get(person, person)
        found[member_id] = person
    return found


def _decision_problem(merge: Merge, approved: bytes | None) -> str | None:
    if content_digest(merge) != merge.content_digest:
        return "has other content than its digest says"
    if merge.state is not MergeState.APPROVED:
        return None
    if approved != merge.content_digest:
        return "was approved by the hash of other content"
    persons = (merge.survivor, merge.absorbed, merge.proposed_by, merge.decided_by)
    if len(set(persons)) < len(persons):
        return "was not decided by two persons beside the two merged"
    return None


def _persons(standing: Iterable[Merge], merged: dict[UUID, UUID]) -> Iterator[Finding]:
    decided = persons_by(standing)
    for member_id in sorted(decided.keys() | merged.keys()):
        stated, wanted = merged.get(member_id), decided.get(member_id)
        if stated != wanted:
            problem = f"is merged into {stated}; by the decisions that stand, into {wanted}"
            yield Finding(NAME, "members", str(member_id), problem)


def _entry_problem(row: EntryRow) -> str | None:
    if row.merge_id is None:
        return f"of kind {row.kind}, which no merge names"
    if row.cause is None or row.decision != MergeState.APPROVED:
        return f"is named by {row.merge_id}, and is not in the journal or was not approved"
    stated = json.loads(row.cause)
    giver, taker = stated["from"], stated["to"]
    if stated["merge"] != str(row.merge_id):
        return "is of another merge than the one that names it"
    if row.undoes is None:
        kind, wanted = EntryKind.MERGE, (str(row.absorbed), str(row.survivor))
        differs = (giver, taker) != wanted
    else:  # The giver is who stood for both by then, the survivor of a later merge perhaps.
        kind, differs = EntryKind.UNMERGE, taker != str(row.absorbed)
    if row.kind != kind or differs:
        return "says other members than its merge does"
    return None


MERGE_CHECKS: Final = (Check(NAME, check_merges),)
