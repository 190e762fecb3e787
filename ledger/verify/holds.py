"""Holds and what came back of them, against the journal (rules 8 and 9). Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple
from uuid import UUID

from ledger.journal.model import AccountKind, EntryDraft, EntryKind, PostedEntry
from ledger.lots.model import Hold, HoldPurpose, HoldState
from ledger.lots.sheet import moment_text
from ledger.verify.model import Finding

NAME: Final = "holds"

_RESOLVED_BY: Final = {
    HoldState.CAPTURED: EntryKind.CAPTURE,
    HoldState.RELEASED: EntryKind.RELEASE,
    HoldState.EXPIRED: EntryKind.LAPSE,
}


class ReturnRows(NamedTuple):
    """An entry that brought points back, with the rows that name it; one of the two may lack."""

    entry_id: UUID
    cause: str | None
    rows: list[dict[str, Any]] | None


class HeldBalance(NamedTuple):
    """What a lot's held account has, and what open holds have of the lot."""

    lot_id: UUID
    balance: int
    in_holds: int


def check_hold(
    hold: Hold, placed: PostedEntry | None, resolved: PostedEntry | None
) -> Iterator[Finding]:
    """One hold with its parts, against the entries that placed and resolved it."""
    problem = _placing_problem(hold, placed)
    if problem is None and hold.state is not HoldState.HELD:
        problem = _resolution_problem(hold, resolved)
    if problem is None:
        over = [part for part in hold.parts if part.returned > part.captured]
        problem = f"gave back more than was captured of lot {over[0].lot_id}" if over else None
    if problem is not None:
        yield Finding(NAME, "holds", str(hold.hold_id), problem)


def check_returns(entries: Iterable[ReturnRows]) -> Iterator[Finding]:
    """What came back: the rows say what the entries say."""
    for entry in entries:
        if entry.cause is None:
            problem = f"names entry {entry.entry_id}, which is not in the journal as a return"
        else:
            cause = json.loads(entry.cause)
            stated = [{**part, "return": cause["return"]} for part in cause["returned"]]
            if _sorted(stated) == _sorted(entry.rows or []):
                continue
            problem = "differs from what the entry states"
        yield Finding(NAME, "hold_returns", f"of entry {entry.entry_id}", problem)


def check_held(balances: Iterable[HeldBalance]) -> Iterator[Finding]:
    """Held points are those in open holds."""
    for row in balances:
        if row.balance != row.in_holds:
            problem = f"holds {row.balance} points, and open holds say {row.in_holds}"
            yield Finding(NAME, "lots", str(row.lot_id), problem)


def _sorted(parts: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(part, sort_keys=True) for part in parts)


def _placing_problem(hold: Hold, placed: PostedEntry | None) -> str | None:
    if placed is None:
        return f"was placed by entry {hold.entry_id}, which is not in the journal"
    if json.loads(placed.draft.cause).get(_word(hold)) != _placing_cause(hold):
        return "differs from what the entry that placed it states"
    if hold.placed_at != placed.draft.effective_at:
        return "was placed at another time than its entry says"
    claim = hold.purpose is HoldPurpose.BRIDGE and placed.draft.kind is EntryKind.ESCROW
    if not claim and placed.draft.kind is not EntryKind.HOLD:
        return f"was placed by an entry of kind {placed.draft.kind}"
    taken = {p.debit.owner: p.amount for p in placed.draft.postings}
    if taken != {part.lot_id: part.amount for part in hold.parts}:
        return "has other parts than the entry that placed it took"
    return None


def _word(hold: Hold) -> str:
    return "claim" if hold.purpose is HoldPurpose.BRIDGE else "hold"


def _placing_cause(hold: Hold) -> dict[str, Any]:
    terms = {
        "id": str(hold.hold_id),
        "member": str(hold.member_id),
        "amount": hold.amount.amount,
    }
    if hold.purpose is HoldPurpose.BRIDGE:
        return terms
    return terms | {"purpose": hold.purpose, "expires_at": moment_text(hold.expires_at)}


def _resolution_problem(hold: Hold, resolved: PostedEntry | None) -> str | None:
    if resolved is None:
        return f"was resolved by entry {hold.resolution_entry_id}, which is not in the journal"
    return _resolver_problem(hold, resolved.draft) or _amounts_problem(hold, resolved.draft)


def _resolver_problem(hold: Hold, draft: EntryDraft) -> str | None:
    """Whether the entry is one that resolves this hold in this way, at this time."""
    if draft.kind is EntryKind.ESCROW and hold.state is HoldState.CAPTURED:
        if draft.entry_id != hold.entry_id or hold.expires_at != hold.placed_at:
            return "is a claim, which is placed and captured by one entry, at one time"
    elif draft.kind is not _RESOLVED_BY[hold.state]:
        return f"is {hold.state}, and an entry of kind {draft.kind} resolved it"
    elif json.loads(draft.cause).get("hold") != str(hold.hold_id):
        return "was resolved by the entry of another hold"
    if hold.resolved_at != draft.effective_at:
        return "was resolved at another time than its entry says"
    return None


def _amounts_problem(hold: Hold, draft: EntryDraft) -> str | None:
    """Whether the entry took, and let expire, what the hold and its parts say."""
    gone: Counter[UUID | None] = Counter()
    expired = 0
    for posting in draft.postings:
        if posting.credit.kind in {AccountKind.SPENT, AccountKind.ESCROW}:
            gone[posting.debit.owner] += posting.amount.amount
        elif posting.credit.kind is AccountKind.EXPIRED:
            expired += posting.amount.amount
    stated = {part.lot_id: part.captured.amount for part in hold.parts if part.captured}
    if gone != stated or hold.captured.amount != sum(stated.values()):
        return f"says {hold.captured.amount} were captured; its entry took {sum(gone.values())}"
    if expired != hold.gone_on_to_expired.amount:
        return f"says {hold.gone_on_to_expired.amount} went on to expired; its entry, {expired}"
    return None
