"""The use cases on lots and holds; those that give points are in ``granting``, also named here.

Each takes the journal head's lock first, loads what it decides on, lets the pure part of this room
decide, and stores entries, lots and holds together. Doing the same again is doing it once.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledger.journal import service as journal
from ledger.journal.model import EntryKind, PostedEntry
from ledger.journal.post import conflict
from ledger.kernel.ids import derived_id
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points, sum_points
from ledger.lots import clawing, holding, returning, store
from ledger.lots.due import EVERY_STEP, Step, summarise
from ledger.lots.due import apply_due as apply_due_to
from ledger.lots.errors import HoldConflict, HoldNotFound
from ledger.lots.granting import grant_lot, grant_lots, save, settle_award, settle_awards
from ledger.lots.model import (
    ZERO,
    CaptureHold,
    ClawBack,
    ClawedBack,
    Credited,
    CreditRedeemed,
    Hold,
    HoldState,
    MoveToEscrow,
    PlaceHold,
    Refunded,
    ReleaseHold,
    Returned,
    ReturnFromEscrow,
    ReturnToLots,
    Summary,
)
from ledger.lots.sheet import Sheet, open_sheet
from ledger.members import service as members
from ledger.members.persons import store as persons
from ledger.quarantine.withheld_store import withheld_awards


@dataclass(frozen=True, slots=True)
class ApplyDue:
    """Activate and expire what is due of one member's lots at ``at``; or one step of that."""

    member_id: UUID
    at: datetime
    steps: tuple[Step, ...] = EVERY_STEP


@dataclass(frozen=True, slots=True)
class ExpireHold:
    """Give a hold back whose time limit has passed at ``at``."""

    hold_id: UUID
    at: datetime


def apply_due(work: Work, command: ApplyDue) -> int:
    """Activate and expire what is due; the number of entries that took."""
    journal.lock_head(work)
    sheet = _sheet(work, command.member_id)
    apply_due_to(sheet, command.at, command.steps)
    save(work, [sheet])
    return len(sheet.entries)


def summary(work: Work, member_id: UUID, at: datetime) -> Summary:
    """What a member has at ``at``, with everything due by then applied; writes nothing."""
    return summarise(store.position(work, member_id), at)


def place_hold(work: Work, command: PlaceHold) -> Hold:
    """Set points aside. The same hold again answers as the hold is now.

    Raises:
        InsufficientPoints: too few are available; ``shortfall`` says by how much.
        UnknownMember, MemberNotActive: nobody spends for who is blocked or erased.
        HoldConflict: the hold exists and is of other content.
    """
    journal.lock_head(work)
    existing = store.read_hold(work, command.hold_id)
    if existing is not None:
        wanted = (command.member_id, command.purpose, command.amount, command.expires_at)
        if wanted != (existing.member_id, existing.purpose, existing.amount, existing.expires_at):
            raise HoldConflict(
                "A hold with this id exists for another member, amount, purpose or time limit."
            )
        return existing
    members.require_active(work, command.member_id)
    sheet = _sheet(work, command.member_id)
    hold = holding.place(sheet, command, withheld=withheld_awards(work, command.member_id))
    save(work, [sheet])
    store.insert_hold(work, hold)
    return hold


def hold(work: Work, hold_id: UUID) -> Hold:
    """A hold as it is.

    Raises:
        HoldNotFound: there is none.
    """
    found = store.read_hold(work, hold_id)
    if found is None:
        raise HoldNotFound(f"There is no hold {hold_id}.", hold_id=str(hold_id))
    return found


def capture_hold(work: Work, command: CaptureHold) -> Hold:
    """Spend part or all of a hold, once; the rest returns to its lots.

    Raises:
        HoldNotFound: there is no such hold.
        HoldAlreadyResolved: it was captured or released before.
        HoldExpired: its time limit has passed.
        CaptureTooLarge: it holds less.
    """
    sheet, found = _sheet_of_hold(work, command.hold_id)
    return _store_resolution(work, sheet, holding.capture(sheet, found, command))


def release_hold(work: Work, command: ReleaseHold) -> Hold:
    """Give a hold back. One that was given back before answers as it is.

    Raises:
        HoldNotFound: there is no such hold.
        HoldAlreadyResolved: it was captured.
    """
    sheet, found = _sheet_of_hold(work, command.hold_id)
    if found.state in {HoldState.RELEASED, HoldState.EXPIRED}:
        return found
    return _store_resolution(work, sheet, holding.release(sheet, found, command))


def expire_hold(work: Work, command: ExpireHold) -> Hold:
    """Give a hold back if it is open and its time limit has passed; else answer as it is.

    Raises:
        HoldNotFound: there is no such hold.
    """
    sheet, found = _sheet_of_hold(work, command.hold_id)
    if found.state is not HoldState.HELD or command.at < found.expires_at:
        return found
    return _store_resolution(work, sheet, holding.lapse(sheet, found, command.at))


def return_to_lots(work: Work, command: ReturnToLots) -> Refunded:
    """Give captured points back to the lots they came from.

    Raises:
        HoldNotFound: there is no such hold.
        RefundTooLarge: more than was captured and has not come back yet.
        EntryConflict: ``return_id`` was used before for something else.
    """
    sheet, found = _sheet_of_hold(work, command.hold_id)
    before = _returned_before(work, command.return_id, command.hold_id)
    if before is not None:
        if sum_points(part.amount for part in before.parts) != command.amount:
            raise conflict(before.entry_id)
        return before
    refunded = returning.refund(sheet, found, command)
    save(work, [sheet])
    store.insert_returns(work, command.return_id, refunded.entry_id, refunded.parts)
    return refunded


def claw_back(work: Work, command: ClawBack) -> ClawedBack:
    """Take points back: the cause's own lots, other lots by expiry, then debt (DESIGN 6).

    Raises:
        EntryConflict: the key was used before with other content.
    """
    journal.lock_head(work)
    entry_id = clawing.claw_back_entry_id(command)
    existing = journal.entries(work, [entry_id]).get(entry_id)
    if existing is not None:
        return clawing.clawed_back_before(existing, command)
    sheet = open_sheet(store.position(work, command.member_id, causes=[command.cause]))
    clawed = clawing.claw_back(sheet, command)
    save(work, [sheet])
    return clawed


def move_to_escrow(work: Work, command: MoveToEscrow) -> Hold:
    """Move available points to escrow for tokens; the claim is a hold of purpose ``bridge``.

    Raises:
        DebtOpen: the member owes points.
        InsufficientPoints: too few are available in lots that may leave.
        UnknownMember, MemberNotActive: nobody spends for who is blocked or erased.
        HoldConflict: the claim exists and is of other content.
    """
    journal.lock_head(work)
    existing = store.read_hold(work, command.claim_id)
    if existing is not None:
        if (existing.member_id, existing.amount) != (command.member_id, command.amount):
            raise HoldConflict("A claim with this id exists for another member or amount.")
        return existing
    members.require_active(work, command.member_id)
    sheet = _sheet(work, command.member_id)
    claim = returning.move_to_escrow(
        sheet, command, withheld=withheld_awards(work, command.member_id)
    )
    save(work, [sheet])
    store.insert_hold(work, claim)
    return claim


def return_from_escrow(work: Work, command: ReturnFromEscrow) -> Refunded:
    """Give back what a claim moved to escrow: its batch was vetoed, or its chain is gone.

    Raises:
        HoldNotFound: there is no such claim.
        HoldAlreadyResolved: the hold is no claim.
        NothingInEscrow: all of it has come back before, under another ``return_id``.
    """
    sheet, claim = _sheet_of_hold(work, command.claim_id)
    before = _returned_before(work, command.return_id, command.claim_id)
    if before is not None:
        return before
    returned = returning.return_from_escrow(sheet, claim, command)
    save(work, [sheet])
    store.insert_returns(work, command.return_id, returned.entry_id, returned.parts)
    return returned


def credit_redeemed(work: Work, command: CreditRedeemed) -> Credited:
    """Turn burnt tokens into points: successors of the member's own lots, then a new lot.

    Raises:
        EntryConflict: the burn was credited before with other content.
    """
    journal.lock_head(work)
    entry_id = returning.burn_entry_id(command)
    existing = journal.entries(work, [entry_id]).get(entry_id)
    if existing is not None:
        return _credited_before(work, existing, command)
    claims = store.read_holds(work, command.minted_claims)
    whose = persons.persons_of(work, {command.member_id, *(claim.member_id for claim in claims)})
    claims = [claim for claim in claims if whose[claim.member_id] == whose[command.member_id]]
    sheet = _sheet(work, command.member_id, _lots_of(claims))
    credited = returning.credit_redeemed(sheet, claims, command)
    save(work, [sheet])
    store.insert_returns(work, returning.burn_return_id(command), entry_id, credited.lots)
    return credited


def _sheet(work: Work, member_id: UUID, also: Collection[UUID] = ()) -> Sheet:
    return open_sheet(store.position(work, member_id, also=also))


def _sheet_of_hold(work: Work, hold_id: UUID) -> tuple[Sheet, Hold]:
    journal.lock_head(work)
    found = hold(work, hold_id)
    return _sheet(work, found.member_id, _lots_of([found])), found


def _lots_of(holds: Collection[Hold]) -> set[UUID]:
    return {part.lot_id for hold in holds for part in hold.parts}


def _store_resolution(work: Work, sheet: Sheet, resolved: Hold) -> Hold:
    save(work, [sheet])
    store.resolve_hold(work, resolved)
    return resolved


def _returned_before(work: Work, return_id: UUID, hold_id: UUID) -> Refunded | None:
    found = store.read_returns(work, return_id)
    if found is None:
        return None
    entry_id, parts = found
    if any(part.hold_id != hold_id for part in parts):
        raise conflict(return_id)
    entry = journal.entries(work, [entry_id])[entry_id]
    return Refunded(entry_id, parts, _debt_paid(work, entry))


def _debt_paid(work: Work, entry: PostedEntry) -> Points:
    """What of the points that an entry brought back went on to an open debt."""
    draft = entry.draft
    payment_id = derived_id(draft.effective_at, EntryKind.DEBT_PAYMENT, str(draft.entry_id))
    payment = journal.entries(work, [payment_id]).get(payment_id)
    return ZERO if payment is None else sum_points(p.amount for p in payment.draft.postings)


def _credited_before(work: Work, entry: PostedEntry, command: CreditRedeemed) -> Credited:
    if sum_points(p.amount for p in entry.draft.postings) != command.amount:
        raise conflict(entry.draft.entry_id)
    known = store.read_returns(work, returning.burn_return_id(command))
    parts = () if known is None else known[1]
    own = {part.to_lot_id for part in parts}
    lots = store.read_lots(work, [p.credit.owner for p in entry.draft.postings if p.credit.owner])
    others = [
        Returned(None, None, lot.lot_id, lot.granted, lot.expires_at)
        for lot in lots.values()
        if lot.lot_id not in own
    ]
    return Credited(entry.draft.entry_id, (*parts, *others))


__all__ = [
    "ApplyDue",
    "ExpireHold",
    "apply_due",
    "capture_hold",
    "claw_back",
    "credit_redeemed",
    "expire_hold",
    "grant_lot",
    "grant_lots",
    "hold",
    "move_to_escrow",
    "place_hold",
    "release_hold",
    "return_from_escrow",
    "return_to_lots",
    "settle_award",
    "settle_awards",
    "summary",
]
