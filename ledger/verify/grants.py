"""Grants against the journal: who stood for what, and that just that was paid (rule 10). Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final
from uuid import UUID

from ledger.grants.budgets.model import BudgetDecision, BudgetProposal, proposal_digest
from ledger.grants.model import (
    Budget,
    Grant,
    GrantState,
    budget_digest,
    content_digest,
    payment_text,
    reason_digest,
)
from ledger.journal.model import EntryKind, PostedEntry
from ledger.kernel.ids import derived_id
from ledger.kernel.units import sum_points
from ledger.lots.sheet import moment_text
from ledger.verify.model import Finding

NAME: Final = "grants"


def payment_ids(grant: Grant) -> list[UUID]:
    """The ids of the entries that paid a grant, by line; none unless it was paid."""
    if not grant.state.was_paid or grant.closed_at is None:
        return []
    numbers = range(1, len(grant.lines) + 1)
    return [
        derived_id(grant.closed_at, EntryKind.GRANT, str(grant.grant_id), str(number))
        for number in numbers
    ]


def members_of(grant: Grant) -> set[UUID]:
    """Whom a grant names: who is to get it, and who stands for it."""
    return {line.member_id for line in grant.lines} | {each.person_id for each in grant.approvals}


def check_grant(
    grant: Grant, entries: Mapping[UUID, PostedEntry], persons: Mapping[UUID, UUID]
) -> Iterator[Finding]:
    """One grant, with the entries of :func:`payment_ids` that the journal has.

    ``persons`` says who stands for each of :func:`members_of`.
    """
    problem = (
        _content_problem(grant)
        or _persons_problem(grant)
        or _own_problem(grant, persons)
        or _payment_problem(grant, entries)
    )
    if problem is not None:
        yield Finding(NAME, "grants", str(grant.grant_id), problem)


def check_budget(
    budget: Budget, stated_digest: bytes, proposal: BudgetProposal
) -> Iterator[Finding]:
    """One budget: as it was opened, by two persons, and not exceeded."""
    problem = None
    if budget_digest(budget) != stated_digest:
        problem = "is not what was opened: its digest is of other content"
    elif not _is_of(budget, proposal):
        problem = "is not what was asked for and approved"
    elif budget.paid > budget.amount:
        problem = f"has {budget.amount.amount} points, and {budget.paid.amount} were paid from it"
    if problem is not None:
        yield Finding(NAME, "budgets", str(budget.budget_id), problem)


def check_budget_proposal(proposal: BudgetProposal) -> Iterator[Finding]:
    """One budget that was asked for: as it was, and approved by somebody else, or announced."""
    problem = None
    decided = proposal.decided
    if proposal_digest(proposal) != proposal.content_digest:
        problem = "is not what was asked for: its digest is of other content"
    elif decided is not None and decided.content_digest != proposal.content_digest:
        problem = "was decided with another content's digest"
    elif decided is not None and decided.decision is BudgetDecision.APPROVED:
        since = proposal.open_from
        announced = since is not None and decided.decided_at >= since
        if decided.decided_by == proposal.proposed_by and not announced:
            problem = f"was approved by {decided.decided_by}, who asked for it"
    if problem is not None:
        yield Finding(NAME, "budget_proposals", str(proposal.budget_id), problem)


def _is_of(budget: Budget, proposal: BudgetProposal) -> bool:
    decided = proposal.decided
    if decided is None or decided.decision is not BudgetDecision.APPROVED:
        return False
    asked = (proposal.name, proposal.amount, proposal.proposed_by, decided.decided_at)
    return (budget.name, budget.amount, budget.opened_by, budget.opened_at) == asked


def _content_problem(grant: Grant) -> str | None:
    if content_digest(grant) != grant.content_digest:
        return "is not what was proposed: its digest is of other content"
    total = sum_points(line.points for line in grant.lines)
    if grant.points != total:
        return f"states {grant.points.amount} points; its lines come to {total.amount}"
    if grant.reason is None or (reason_digest(grant.grant_id, grant.reason) == grant.reason_digest):
        return None
    return "states another reason than was proposed"


def _persons_problem(grant: Grant) -> str | None:
    persons = {approval.person_id for approval in grant.approvals}
    if any(approval.content_digest != grant.content_digest for approval in grant.approvals):
        return "was approved with another content's digest"
    first = [a.approved_at for a in grant.approvals if a.person_id == grant.created_by]
    if first != [grant.created_at]:
        return "is not stood for by its creator, from its creation"
    own = persons.intersection(line.member_id for line in grant.lines)
    if own:
        return f"pays {min(own)}, who approved it"
    if not grant.state.was_paid:
        return None
    if len(persons) < max(2, grant.persons_needed) and not _waited(grant):
        return f"was paid with {len(persons)} persons standing for it"
    return None


def _own_problem(grant: Grant, persons: Mapping[UUID, UUID]) -> str | None:
    """Who was paid by what they stood for, under whatever name."""
    if not grant.state.was_paid or grant.state is GrantState.TAKEN_BACK:
        return None
    stood = {persons.get(each.person_id, each.person_id) for each in grant.approvals}
    own = stood.intersection(persons.get(line.member_id, line.member_id) for line in grant.lines)
    return f"pays {min(own)}, who approved it under another name" if own else None


def _waited(grant: Grant) -> bool:
    """Whether a single person's grant was paid after its delay."""
    if grant.payable_from is None or grant.closed_at is None:
        return False
    return grant.closed_at >= grant.payable_from


def _vests(grant: Grant, cause: Mapping[str, object], terms: Mapping[str, object]) -> bool:
    """Whether a line's lot is pending for as long, and for what, the grant's kind said."""
    assert grant.vesting is not None, "asked before"
    assert grant.closed_at is not None, "a paid grant was closed"
    waits_for = grant.vesting.waits_for
    stated = None if waits_for is None else waits_for.stated()
    until = moment_text(grant.vesting.matures(grant.closed_at))
    return (cause.get("vesting"), terms["activates_at"]) == (stated, until)


def _payment_problem(grant: Grant, entries: Mapping[UUID, PostedEntry]) -> str | None:
    ids = payment_ids(grant)
    if not ids:
        return None
    assert grant.closed_by is not None, "a paid grant was closed by somebody"
    stated = payment_text(grant, grant.closed_by)
    for number, (entry_id, line) in enumerate(zip(ids, grant.lines, strict=True), start=1):
        entry = entries.get(entry_id)
        if entry is None:
            return f"was paid, and the entry of line {number} is not in the journal"
        cause = json.loads(entry.draft.cause)
        if cause["why"] != {**stated, "line": number}:
            return f"differs from what the entry of line {number} states of it"
        (terms,) = cause["lots"]
        if (terms["member"], terms["granted"]) != (str(line.member_id), line.points.amount):
            return f"paid line {number} to another member, or another amount"
        if grant.vesting is not None and not _vests(grant, cause, terms):
            return f"paid line {number} to wait for something else than was approved"
    return None
