"""Points that come back: refunds, claims that came to nothing, tokens that were burnt. Pure.

What comes back goes to the lot it left, with the life it had (DESIGN 3, rule 9; DESIGN 7).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from ledger.journal.model import AccountKey, EntryKind, Posting
from ledger.kernel.canonical import Json
from ledger.kernel.ids import derived_id
from ledger.kernel.units import Points, sum_points
from ledger.lots.due import apply_due, pay_debt
from ledger.lots.errors import (
    DebtOpen,
    HoldAlreadyResolved,
    HoldNotFound,
    NothingInEscrow,
    RefundTooLarge,
)
from ledger.lots.holding import NOTHING_KEPT, kept_back, take
from ledger.lots.model import (
    ESCROW,
    SPENT,
    ZERO,
    Cause,
    Credited,
    CreditRedeemed,
    Hold,
    HoldPart,
    HoldPurpose,
    HoldState,
    Lot,
    MoveToEscrow,
    Refunded,
    Returned,
    ReturnFromEscrow,
    ReturnToLots,
    Stage,
)
from ledger.lots.sheet import Sheet, granting_cause, lot_id_of
from ledger.lots.waiting import Room

BRIDGE_CAUSE: Final = "bridge"
"""The cause kind of lots that others' tokens gave."""


@dataclass(slots=True)
class _Entry:
    """An entry that brings points back, while it is put together."""

    sheet: Sheet
    entry_id: UUID
    return_id: UUID
    at: datetime
    source: AccountKey
    postings: list[Posting] = field(default_factory=list)
    new_lots: list[Lot] = field(default_factory=list)
    parts: list[Returned] = field(default_factory=list)

    def back(self, hold: Hold, lot: Lot, amount: Points) -> None:
        """Into the lot it left."""
        self._into(lot, Returned(hold.hold_id, lot.lot_id, lot.lot_id, amount, lot.expires_at))

    def renewed(self, hold: Hold, lot: Lot, amount: Points, expires_at: datetime) -> None:
        """Into a lot that replaces one about to expire, and cites it."""
        new = replace(lot, expires_at=expires_at, cites=lot.lot_id, continues=None)
        self._open(hold, lot, new, amount)

    def continued(self, hold: Hold, lot: Lot, amount: Points, expires_at: datetime | None) -> None:
        """Into a lot that lives on where the old one stopped."""
        new = replace(lot, expires_at=expires_at, cites=None, continues=lot.lot_id)
        self._open(hold, lot, new, amount)

    def fresh(self, amount: Points, room: Room, cause: Cause) -> None:
        """Into a lot that continues none; pending until there is room for it."""
        lot = Lot(
            lot_id=self._next_id(),
            member_id=self.sheet.member_id,
            granted=amount,
            activates_at=room.activates_at,
            expires_at=room.expires_at,
            cause=cause,
            entry_id=self.entry_id,
        )
        self._open(None, None, lot, amount)

    def post(self, kind: EntryKind, *, why: Json, cites: UUID | None, **more: Json) -> Points:
        """Write it, and let it pay an open debt; the points that did."""
        cause = {
            "return": str(self.return_id),
            "returned": [returned_text(part) for part in self.parts if part.hold_id],
            **more,
        }
        self.sheet.enter(
            kind,
            self.postings,
            entry_id=self.entry_id,
            effective_at=self.at,
            cause=granting_cause(self.new_lots, why, **cause),
            cites=cites,
        )
        return pay_debt(self.sheet, self.at, because_of=self.entry_id)

    def _next_id(self) -> UUID:
        return lot_id_of(self.entry_id, self.at, len(self.new_lots))

    def _open(self, hold: Hold | None, old: Lot | None, lot: Lot, amount: Points) -> None:
        new = replace(lot, lot_id=self._next_id(), granted=amount, entry_id=self.entry_id)
        self.new_lots.append(new)
        self.sheet.open_lot(new)
        hold_id = None if hold is None else hold.hold_id
        from_lot_id = None if old is None else old.lot_id
        self._into(new, Returned(hold_id, from_lot_id, new.lot_id, amount, new.expires_at))

    def _into(self, lot: Lot, part: Returned) -> None:
        self.parts.append(part)
        stage = Stage.PENDING if lot.activates_at > self.at else Stage.AVAILABLE
        self.postings.append(Posting(self.source, stage.account(lot.lot_id), part.amount))


def returned_text(part: Returned) -> dict[str, Json]:
    """What an entry's cause says of one piece that came back, so the hash covers it."""
    return {
        "hold": str(part.hold_id),
        "from": str(part.from_lot_id),
        "to": str(part.to_lot_id),
        "amount": part.amount.amount,
    }


def refund(sheet: Sheet, hold: Hold, command: ReturnToLots) -> Refunded:
    """Give captured points back to the lots they came from.

    The last taken come back first, so that what stays spent is what a smaller capture would have
    spent. A lot that has expired, or has less than ``grace`` to live, is replaced by a new one that
    lives for ``grace`` and cites it.

    Raises:
        HoldNotFound: the hold is no purchase but a claim for tokens.
        RefundTooLarge: more than was captured and has not come back yet.
    """
    if hold.purpose is HoldPurpose.BRIDGE:
        raise HoldNotFound("This hold is no purchase.", hold_id=str(hold.hold_id))
    left = sum_points(part.captured - part.returned for part in hold.parts)
    if command.amount > left:
        raise RefundTooLarge(
            f"{left.amount} points of this purchase can still come back; "
            f"{command.amount.amount} were asked for.",
            returnable=left.amount,
            requested=command.amount.amount,
        )
    assert command.amount > ZERO, "a refund of nothing"
    apply_due(sheet, command.at)
    entry_id = derived_id(command.at, EntryKind.REFUND, str(command.return_id))
    entry = _Entry(sheet, entry_id, command.return_id, command.at, SPENT)
    for part, amount in _shares(hold.parts[::-1], command.amount):
        lot = sheet.lot(part.lot_id)
        if lot.expires_at is None or lot.expires_at - command.at >= command.grace:
            entry.back(hold, lot, amount)
        else:
            entry.renewed(hold, lot, amount, command.at + command.grace)
    paid = entry.post(
        EntryKind.REFUND,
        why=command.why,
        cites=hold.resolution_entry_id,
        hold=str(hold.hold_id),
    )
    return Refunded(entry_id, tuple(entry.parts), paid)


def _refuse_debt(sheet: Sheet) -> None:
    if sheet.debt:
        raise DebtOpen(
            f"{sheet.debt.amount} points are owed; until they are paid none can leave.",
            debt=sheet.debt.amount,
        )


def move_to_escrow(
    sheet: Sheet, command: MoveToEscrow, *, withheld: Mapping[UUID, Points] = NOTHING_KEPT
) -> Hold:
    """Move available points to escrow, nearest expiry first: a hold captured as it is placed.

    Raises:
        DebtOpen: the member owes points.
        InsufficientPoints: too few are available in lots that may leave.
    """
    assert command.amount > ZERO, "a claim of nothing"
    apply_due(sheet, command.at)
    _refuse_debt(sheet)
    latest = command.active_before
    usable = sheet.usable(command.at)
    ripe = [lot for lot in usable if latest is None or lot.activates_at <= latest]
    taken = take(sheet, ripe, command.amount, kept_back(sheet, withheld))
    parts = tuple(replace(part, captured=part.amount) for part in taken)
    entry = sheet.enter(
        EntryKind.ESCROW,
        [Posting(Stage.AVAILABLE.account(part.lot_id), ESCROW, part.amount) for part in parts],
        entry_id=derived_id(command.at, EntryKind.ESCROW, str(command.claim_id)),
        effective_at=command.at,
        cause={
            "claim": {
                "id": str(command.claim_id),
                "member": str(command.member_id),
                "amount": command.amount.amount,
            },
            "why": command.why,
        },
    )
    return Hold(
        hold_id=command.claim_id,
        member_id=command.member_id,
        purpose=HoldPurpose.BRIDGE,
        state=HoldState.CAPTURED,
        amount=command.amount,
        captured=command.amount,
        placed_at=command.at,
        expires_at=command.at,
        resolved_at=command.at,
        entry_id=entry.entry_id,
        resolution_entry_id=entry.entry_id,
        parts=parts,
    )


def return_from_escrow(sheet: Sheet, claim: Hold, command: ReturnFromEscrow) -> Refunded:
    """Give back what a claim moved and has not come back yet.

    To the same lots; where a lot's expiry passed meanwhile, to a successor with the life that
    remained when it left, since bridged points do not age.

    Raises:
        HoldAlreadyResolved: it is no claim in escrow.
        NothingInEscrow: all of it has come back before.
    """
    if claim.purpose is not HoldPurpose.BRIDGE or claim.state is not HoldState.CAPTURED:
        raise HoldAlreadyResolved("This is no claim in escrow.", state=claim.state.value)
    left = sum_points(part.captured - part.returned for part in claim.parts)
    amount = left if command.amount_max is None else min(left, command.amount_max)
    if not amount:
        raise NothingInEscrow(
            "Everything this claim moved to escrow has come back.", claim=str(claim.hold_id)
        )
    apply_due(sheet, command.at)
    entry_id = derived_id(command.at, EntryKind.ESCROW_RETURN, str(command.return_id))
    entry = _Entry(sheet, entry_id, command.return_id, command.at, ESCROW)
    for part, share in _shares(claim.parts, amount):
        lot = sheet.lot(part.lot_id)
        if lot.expired(command.at):
            entry.continued(claim, lot, share, _remaining_expiry(lot, claim, command.at))
        else:
            entry.back(claim, lot, share)
    paid = entry.post(
        EntryKind.ESCROW_RETURN,
        why=command.why,
        cites=claim.entry_id,
        claim=str(claim.hold_id),
    )
    return Refunded(entry_id, tuple(entry.parts), paid)


def credit_redeemed(sheet: Sheet, claims: Sequence[Hold], command: CreditRedeemed) -> Credited:
    """Turn burnt tokens into lots.

    ``claims`` are the member's own minted claims. The oldest comes back first, each lot by a
    successor with the life it had left; what is beyond them were others' points: a new lot.
    """
    assert command.amount > ZERO, "a credit of nothing"
    apply_due(sheet, command.at)
    entry_id = burn_entry_id(command)
    entry = _Entry(sheet, entry_id, burn_return_id(command), command.at, ESCROW)
    left = command.amount
    for claim in sorted(claims, key=lambda claim: (claim.placed_at, claim.hold_id)):
        for part, share in _shares(claim.parts, left):
            lot = sheet.lot(part.lot_id)
            entry.continued(claim, lot, share, _remaining_expiry(lot, claim, command.at))
            left -= share
    at_once = Room(left, command.at, command.others_expire_at)
    for room in (*command.others_room, at_once):
        share = min(left, room.points_max)
        if share:
            entry.fresh(share, room, Cause(BRIDGE_CAUSE, "/".join(command.key)))
            left -= share
    entry.post(EntryKind.TOKEN_RETURN, why=command.why, cites=None, burn=burn_text(command))
    return Credited(entry_id, tuple(entry.parts))


def burn_entry_id(command: CreditRedeemed) -> UUID:
    """The id of the entry that credits this burn, the same for ever."""
    return derived_id(command.key_at, EntryKind.TOKEN_RETURN, *command.key)


def burn_return_id(command: CreditRedeemed) -> UUID:
    """The id under which what a burn brought back to claims is stored."""
    return derived_id(command.key_at, "token_return.parts", *command.key)


def burn_text(command: CreditRedeemed) -> dict[str, Json]:
    """What names a burn in its entry's cause."""
    return {
        "key": list(command.key),
        "member": str(command.member_id),
        "amount": command.amount.amount,
    }


def _shares(parts: Sequence[HoldPart], amount: Points) -> list[tuple[HoldPart, Points]]:
    """Spread at most ``amount`` over what has not come back of ``parts``, in their order."""
    shares = []
    left = amount
    for part in parts:
        share = min(left, part.captured - part.returned)
        if share:
            shares.append((part, share))
            left -= share
    return shares


def _remaining_expiry(lot: Lot, claim: Hold, at: datetime) -> datetime | None:
    """When a lot expires that stood still from the claim until ``at``."""
    return None if lot.expires_at is None else at + (lot.expires_at - claim.placed_at)
