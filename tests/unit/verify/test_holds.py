"""Each way in which a hold may contradict the entries that placed and resolved it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from ledger.journal.model import (
    AccountKey,
    AccountKind,
    EntryDraft,
    EntryKind,
    PostedEntry,
    Posting,
)
from ledger.kernel.units import Points
from ledger.lots.model import Hold, HoldPart, HoldPurpose, HoldState
from ledger.lots.sheet import moment_text
from ledger.verify.holds import HeldBalance, ReturnRows, check_held, check_hold, check_returns

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER, ENDS = AT + timedelta(minutes=5), AT + timedelta(minutes=30)
HOLD, MEMBER, PLACING, RESOLVING = (UUID(int=number) for number in range(1, 5))
OLD, NEW = UUID(int=0xA), UUID(int=0xB)
SPENT, EXPIRED = AccountKey(AccountKind.SPENT), AccountKey(AccountKind.EXPIRED)
ESCROW = AccountKey(AccountKind.ESCROW)


def held(lot: UUID) -> AccountKey:
    return AccountKey(AccountKind.LOT_HELD, lot)


def available(lot: UUID) -> AccountKey:
    return AccountKey(AccountKind.LOT_AVAILABLE, lot)


def move(debit: AccountKey, credit: AccountKey, amount: int) -> Posting:
    return Posting(debit, credit, Points(amount))


def entry(number: UUID, kind: EntryKind, at: datetime, cause: object, *lines: Posting) -> Any:
    return PostedEntry(EntryDraft(number, kind, lines, at, json.dumps(cause)), 1, at)


def but(found: PostedEntry, **changes: Any) -> PostedEntry:
    return replace(found, draft=replace(found.draft, **changes))


OPEN = Hold(
    hold_id=HOLD,
    member_id=MEMBER,
    purpose=HoldPurpose.REDEMPTION,
    state=HoldState.HELD,
    amount=Points(10),
    captured=Points(0),
    placed_at=AT,
    expires_at=ENDS,
    resolved_at=None,
    entry_id=PLACING,
    resolution_entry_id=None,
    parts=(HoldPart(OLD, Points(7)), HoldPart(NEW, Points(3))),
)
TERMS = {"id": str(HOLD), "member": str(MEMBER), "amount": 10}
PLACED = entry(
    PLACING,
    EntryKind.HOLD,
    AT,
    {"hold": {**TERMS, "purpose": "redemption", "expires_at": moment_text(ENDS)}},
    move(available(OLD), held(OLD), 7),
    move(available(NEW), held(NEW), 3),
)
CAPTURED = replace(
    OPEN,
    state=HoldState.CAPTURED,
    captured=Points(5),
    resolved_at=LATER,
    resolution_entry_id=RESOLVING,
    parts=(HoldPart(OLD, Points(7), Points(5)), HoldPart(NEW, Points(3))),
    gone_on_to_expired=Points(2),
)
CAPTURE = entry(
    RESOLVING,
    EntryKind.CAPTURE,
    LATER,
    {"hold": str(HOLD)},
    move(held(OLD), SPENT, 4),
    move(held(OLD), SPENT, 1),
    move(held(OLD), EXPIRED, 2),
    move(held(NEW), available(NEW), 3),
)
RELEASED = replace(CAPTURED, state=HoldState.RELEASED, captured=Points(0), parts=OPEN.parts)
RELEASE = but(
    CAPTURE,
    kind=EntryKind.RELEASE,
    postings=(move(held(OLD), EXPIRED, 2), move(held(OLD), available(OLD), 5)),
)
CLAIM = replace(
    CAPTURED,
    purpose=HoldPurpose.BRIDGE,
    captured=Points(10),
    expires_at=AT,
    resolved_at=AT,
    resolution_entry_id=PLACING,
    parts=(HoldPart(OLD, Points(7), Points(7)), HoldPart(NEW, Points(3), Points(3))),
    gone_on_to_expired=Points(0),
)
CROSSING = entry(
    PLACING,
    EntryKind.ESCROW,
    AT,
    {"claim": TERMS},
    move(available(OLD), ESCROW, 7),
    move(available(NEW), ESCROW, 3),
)


@pytest.mark.parametrize(
    ("hold", "placed", "resolved"),
    [
        (OPEN, PLACED, None),
        (CAPTURED, PLACED, CAPTURE),
        (
            replace(
                CAPTURED, parts=(replace(CAPTURED.parts[0], returned=Points(5)), CAPTURED.parts[1])
            ),
            PLACED,
            CAPTURE,
        ),
        (RELEASED, PLACED, RELEASE),
        (
            replace(RELEASED, state=HoldState.EXPIRED),
            PLACED,
            but(RELEASE, kind=EntryKind.LAPSE),
        ),
        (CLAIM, CROSSING, CROSSING),
    ],
    ids=["open", "captured", "returned whole", "released", "expired", "claim"],
)
def test_what_its_entries_say_is_sound(
    hold: Hold, placed: PostedEntry, resolved: PostedEntry | None
) -> None:
    assert list(check_hold(hold, placed, resolved)) == []


OTHER_CAUSE = json.dumps({"hold": {**TERMS, "purpose": "redemption"}, "claim": {}})
MORE_RETURNED = replace(
    CAPTURED, parts=(CAPTURED.parts[0], replace(CAPTURED.parts[1], returned=Points(1)))
)


@pytest.mark.parametrize(
    ("hold", "placed", "resolved", "problem"),
    [
        (OPEN, None, None, f"was placed by entry {PLACING}, which is not"),
        (OPEN, but(PLACED, cause=OTHER_CAUSE), None, "differs from what the entry that placed"),
        (CLAIM, but(CROSSING, cause=OTHER_CAUSE), CROSSING, "differs from what the entry that"),
        (replace(OPEN, amount=Points(9)), PLACED, None, "differs from what the entry that"),
        (OPEN, but(PLACED, effective_at=LATER), None, "was placed at another time"),
        (OPEN, but(PLACED, kind=EntryKind.ESCROW), None, "was placed by an entry of kind escrow"),
        (CLAIM, but(CROSSING, kind=EntryKind.CAPTURE), CROSSING, "was placed by an entry of kind"),
        (replace(OPEN, parts=OPEN.parts[:1]), PLACED, None, "has other parts than the entry"),
        (CAPTURED, PLACED, None, f"was resolved by entry {RESOLVING}, which is not"),
        (CAPTURED, PLACED, RELEASE, "is captured, and an entry of kind release resolved it"),
        (RELEASED, PLACED, CAPTURE, "is released, and an entry of kind capture resolved it"),
        (RELEASED, PLACED, but(RELEASE, kind=EntryKind.ESCROW), "is released, and an entry of"),
        (CAPTURED, PLACED, but(CAPTURE, cause='{"hold":"x"}'), "was resolved by the entry of"),
        (CAPTURED, PLACED, but(CAPTURE, effective_at=ENDS), "was resolved at another time"),
        (CLAIM, CROSSING, but(CROSSING, entry_id=RESOLVING), "is a claim, which is placed and"),
        (replace(CLAIM, expires_at=ENDS), CROSSING, CROSSING, "is a claim, which is placed and"),
        (
            replace(CAPTURED, captured=Points(4)),
            PLACED,
            CAPTURE,
            "says 4 were captured; its entry took 5",
        ),
        (replace(CAPTURED, parts=OPEN.parts), PLACED, CAPTURE, "says 5 were captured; its entry"),
        (
            replace(CAPTURED, gone_on_to_expired=Points(1)),
            PLACED,
            CAPTURE,
            "says 1 went on to expired; its entry, 2",
        ),
        (MORE_RETURNED, PLACED, CAPTURE, f"gave back more than was captured of lot {NEW}"),
    ],
)
def test_each_contradiction_is_found(
    hold: Hold, placed: PostedEntry | None, resolved: PostedEntry | None, problem: str
) -> None:
    (found,) = check_hold(hold, placed, resolved)
    assert (found.table, found.row) == ("holds", str(HOLD))
    assert found.problem.startswith(problem)


PARTS = [{"from": str(OLD), "to": str(OLD), "amount": 3}, {"from": str(NEW), "amount": 2}]
CAUSE = json.dumps({"return": "r", "returned": PARTS})
ROWS = [{"return": "r", **part} for part in reversed(PARTS)]


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (ReturnRows(RESOLVING, CAUSE, ROWS), None),
        (ReturnRows(RESOLVING, None, ROWS), f"names entry {RESOLVING}, which is not"),
        (ReturnRows(RESOLVING, CAUSE, ROWS[:1]), "differs from what the entry states"),
        (ReturnRows(RESOLVING, CAUSE, None), "differs from what the entry states"),
    ],
)
def test_returns_are_those_that_entries_state(rows: ReturnRows, problem: str | None) -> None:
    sound = ReturnRows(PLACING, CAUSE, ROWS)
    found = list(check_returns([sound, rows, sound]))
    assert [each.row for each in found] == ([] if problem is None else [f"of entry {RESOLVING}"])
    assert all(each.problem.startswith(problem or "") for each in found)


def test_held_points_are_those_of_open_holds() -> None:
    (found,) = check_held([HeldBalance(OLD, 7, 7), HeldBalance(NEW, 3, 4)])
    assert (found.row, found.problem) == (str(NEW), "holds 3 points, and open holds say 4")
