"""Each way in which a grant or a budget may contradict what was approved and what was paid."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from ledger.grants.budgets.model import (
    BudgetDecision,
    BudgetProposal,
    Decided,
    proposal_digest,
)
from ledger.grants.model import (
    Approval,
    Budget,
    Grant,
    GrantLine,
    GrantState,
    budget_digest,
    content_digest,
    payment_text,
    reason_digest,
)
from ledger.grants.vesting import GrantVesting
from ledger.journal.model import (
    AccountKey,
    AccountKind,
    EntryDraft,
    EntryKind,
    PostedEntry,
    Posting,
)
from ledger.kernel.ids import derived_id
from ledger.kernel.units import Points
from ledger.lots.sheet import moment_text
from ledger.lots.waiting import Vesting
from ledger.verify.grants import (
    check_budget,
    check_budget_proposal,
    check_grant,
    members_of,
    payment_ids,
)

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
PAID_AT = AT + DAY
GRANT, FIRST, OTHER, ANNA, BORIS, SOMEBODY = (UUID(int=number) for number in range(1, 7))
LINES = (GrantLine(ANNA, Points(7)), GrantLine(BORIS, Points(3)))
MOVED = Posting(
    AccountKey(AccountKind.ISSUANCE), AccountKey(AccountKind.LOT_AVAILABLE, ANNA), Points(1)
)
VESTING = GrantVesting("gift", "UTC", 0, 30, Vesting({"active": {"within_days": 30}}))


def grant(*persons: UUID, **changes: Any) -> Grant:
    """A paid grant that these stand for from its creation, with digests of what it is."""
    stated: dict[str, Any] = {
        "grant_id": GRANT,
        "budget_id": UUID(int=9),
        "created_by": FIRST,
        "created_at": AT,
        "activates_at": None,
        "expires_at": None,
        "lines": LINES,
        "points": Points(10),
        "reason": "why",
        "reason_digest": reason_digest(GRANT, "why"),
        "content_digest": b"",
        "persons_needed": 2,
        "payable_from": None,
        "state": GrantState.PAID,
        "closed_by": OTHER,
        "closed_at": PAID_AT,
        "approvals": (),
    }
    draft = Grant(**(stated | changes))
    digest = content_digest(draft)
    approvals = tuple(Approval(person, digest, AT) for person in persons)
    return replace(draft, content_digest=digest, approvals=approvals)


def payments(of: Grant, **changes: Any) -> dict[UUID, PostedEntry]:
    """The entries of a grant as it would be paid; ``changes`` are of the second line's lot."""
    found = {}
    until = PAID_AT if of.vesting is None else of.vesting.matures(PAID_AT)
    for number, line in enumerate(of.lines, start=1):
        lot = {
            "member": str(line.member_id),
            "granted": line.points.amount,
            "activates_at": moment_text(until),
        }
        cause: dict[str, Any] = {
            "why": {**payment_text(of, OTHER), "line": number},
            "lots": [lot],
        }
        if of.vesting is not None and of.vesting.waits_for is not None:
            cause["vesting"] = of.vesting.waits_for.stated()
        if number == 2:
            lot |= {name: changes[name] for name in lot.keys() & changes.keys()}
            cause |= {name: changes[name] for name in cause.keys() & changes.keys()}
        entry_id = derived_id(PAID_AT, "grant", str(GRANT), str(number))
        draft = EntryDraft(entry_id, EntryKind.GRANT, (MOVED,), PAID_AT, json.dumps(cause))
        found[entry_id] = PostedEntry(draft, number, PAID_AT)
    return found


PAID = grant(FIRST, OTHER)


def test_a_paid_grant_has_an_entry_for_each_line() -> None:
    assert payment_ids(PAID) == list(payments(PAID))
    assert payment_ids(replace(PAID, state=GrantState.PROPOSED)) == []
    assert payment_ids(replace(PAID, closed_at=None)) == []
    assert members_of(PAID) == {FIRST, OTHER, ANNA, BORIS}


@pytest.mark.parametrize(
    "sound",
    [
        grant(FIRST, state=GrantState.PROPOSED, closed_by=None, closed_at=None),
        PAID,
        replace(PAID, reason=None),
        grant(FIRST, OTHER, SOMEBODY, persons_needed=3),
        grant(FIRST, payable_from=PAID_AT, persons_needed=1),
        grant(FIRST, payable_from=AT, persons_needed=1),
        grant(FIRST, OTHER, vesting=VESTING),
        grant(FIRST, OTHER, vesting=replace(VESTING, waits_for=None)),
        replace(PAID, state=GrantState.TAKING_BACK),
    ],
    ids=[
        "proposed",
        "paid",
        "its reason erased",
        "by three",
        "alone, at the hour",
        "alone, later",
        "of a kind",
        "of a kind without a condition",
        "being taken back",
    ],
)
def test_what_was_approved_and_paid_is_sound(sound: Grant) -> None:
    assert list(check_grant(sound, payments(sound), {})) == []


def problem_of(
    found: Grant, entries: dict[UUID, PostedEntry], persons: dict[UUID, UUID] | None = None
) -> str | None:
    told = list(check_grant(found, entries, persons or {}))
    assert all((each.table, each.row) == ("grants", str(GRANT)) for each in told)
    return told[0].problem if told else None


EARLY = replace(PAID.approvals[0], approved_at=AT - SECOND)
ELSE = replace(PAID.approvals[1], content_digest=bytes(32))


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (replace(PAID, lines=LINES[:1]), "is not what was proposed: its digest"),
        (replace(PAID, points=Points(9)), "states 9 points; its lines come to 10"),
        (replace(PAID, reason="because"), "states another reason than was proposed"),
        (replace(PAID, approvals=(PAID.approvals[0], ELSE)), "was approved with another content"),
        (grant(OTHER, SOMEBODY), "is not stood for by its creator"),
        (replace(PAID, approvals=(EARLY, PAID.approvals[1])), "is not stood for by its creator"),
        (grant(FIRST, ANNA), f"pays {ANNA}, who approved it"),
        (grant(FIRST), "was paid with 1 persons standing for it"),
        (grant(FIRST, persons_needed=1), "was paid with 1 persons standing for it"),
        (grant(FIRST, OTHER, persons_needed=3), "was paid with 2 persons standing for it"),
        (grant(FIRST, payable_from=PAID_AT + SECOND), "was paid with 1 persons standing for it"),
        (grant(FIRST, payable_from=AT, closed_at=None), "was paid with 1 persons standing"),
    ],
)
def test_what_was_not_approved_so_is_found(found: Grant, problem: str) -> None:
    assert str(problem_of(found, payments(PAID))).startswith(problem)


def test_nobody_pays_themselves_under_another_name() -> None:
    entries = payments(PAID)
    said = f"pays {SOMEBODY}, who approved it under another name"
    both = {OTHER: SOMEBODY, BORIS: SOMEBODY}
    assert problem_of(PAID, entries, both) == said
    assert problem_of(replace(PAID, state=GrantState.TAKING_BACK), entries, both) == said
    assert str(problem_of(PAID, entries, {OTHER: BORIS})).startswith(f"pays {BORIS}, who")
    assert str(problem_of(PAID, entries, {BORIS: OTHER})).startswith(f"pays {OTHER}, who")
    assert problem_of(PAID, entries, {OTHER: SOMEBODY}) is None
    assert problem_of(replace(PAID, state=GrantState.TAKEN_BACK), entries, both) is None
    assert problem_of(replace(PAID, state=GrantState.PROPOSED), entries, both) is None


OF_A_KIND = grant(FIRST, OTHER, vesting=VESTING)


@pytest.mark.parametrize(
    ("found", "changes", "problem"),
    [
        (PAID, {"why": {}}, "differs from what the entry of line 2 states"),
        (PAID, {"member": str(ANNA)}, "paid line 2 to another member, or another amount"),
        (PAID, {"granted": 4}, "paid line 2 to another member, or another amount"),
        (OF_A_KIND, {"vesting": None}, "paid line 2 to wait for something else"),
        (OF_A_KIND, {"activates_at": moment_text(PAID_AT)}, "paid line 2 to wait for something"),
        (PAID, {"activates_at": "later"}, None),
    ],
)
def test_what_was_paid_otherwise_is_found(
    found: Grant, changes: dict[str, Any], problem: str | None
) -> None:
    told = problem_of(found, payments(found, **changes))
    assert told is None if problem is None else str(told).startswith(problem)


def test_a_line_that_was_not_paid_is_found() -> None:
    first = dict(list(payments(PAID).items())[:1])
    problem = "was paid, and the entry of line 2 is not in the journal"
    assert problem_of(PAID, first) == problem


def asked(**changes: Any) -> BudgetProposal:
    draft = BudgetProposal(UUID(int=9), "spring", Points(100), FIRST, AT, None, b"")
    draft = replace(draft, **changes)
    return replace(draft, content_digest=proposal_digest(draft))


def decided(of: BudgetProposal, decision: str = "approved", **changes: Any) -> BudgetProposal:
    by = Decided(BudgetDecision(decision), of.content_digest, OTHER, PAID_AT)
    return replace(of, decided=replace(by, **changes))


ASKED = asked()
APPROVED = decided(ASKED)
BUDGET = Budget(UUID(int=9), "spring", Points(100), FIRST, PAID_AT, Points(100))


@pytest.mark.parametrize(
    ("proposal", "problem"),
    [
        (ASKED, None),
        (APPROVED, None),
        (decided(ASKED, "withdrawn", decided_by=FIRST), None),
        (decided(asked(open_from=PAID_AT), decided_by=FIRST), None),
        (decided(asked(open_from=AT), decided_by=FIRST), None),
        (replace(ASKED, name="summer"), "is not what was asked for"),
        (decided(ASKED, content_digest=bytes(32)), "was decided with another content's digest"),
        (decided(ASKED, decided_by=FIRST), f"was approved by {FIRST}, who asked for it"),
        (decided(asked(open_from=PAID_AT + SECOND), decided_by=FIRST), "was approved by"),
    ],
)
def test_a_budget_is_approved_by_somebody_else(
    proposal: BudgetProposal, problem: str | None
) -> None:
    told = [each.problem for each in check_budget_proposal(proposal)]
    assert len(told) == (problem is not None)
    assert all(each.startswith(problem or "") for each in told)


@pytest.mark.parametrize(
    ("budget", "digest_of", "proposal", "problem"),
    [
        (BUDGET, BUDGET, APPROVED, None),
        (replace(BUDGET, name="summer"), BUDGET, APPROVED, "is not what was opened"),
        (BUDGET, BUDGET, ASKED, "is not what was asked for and approved"),
        (BUDGET, BUDGET, decided(ASKED, "rejected"), "is not what was asked for and approved"),
        (BUDGET, BUDGET, decided(asked(name="summer")), "is not what was asked for and approved"),
        (BUDGET, BUDGET, decided(ASKED, decided_at=AT), "is not what was asked for and approved"),
        (replace(BUDGET, paid=Points(101)), BUDGET, APPROVED, "has 100 points, and 101 were paid"),
    ],
)
def test_a_budget_is_what_was_approved(
    budget: Budget, digest_of: Budget, proposal: BudgetProposal, problem: str | None
) -> None:
    told = [each.problem for each in check_budget(budget, budget_digest(digest_of), proposal)]
    assert len(told) == (problem is not None)
    assert all(each.startswith(problem or "") for each in told)
