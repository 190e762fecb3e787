"""Setting points aside, spending them, and giving back what was not spent. Pure.

PlaceHold ──▶ held ──CaptureHold──▶ captured (the rest returns to its lots)
               ├────ReleaseHold───▶ released
               └────time limit────▶ expired
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

from ledger.journal.model import AccountKey, EntryKind, Posting
from ledger.kernel.canonical import Json
from ledger.kernel.ids import derived_id
from ledger.kernel.units import Points, sum_points
from ledger.lots.clawing import AWARD_CAUSE
from ledger.lots.due import apply_due, pay_debt
from ledger.lots.errors import (
    CaptureTooLarge,
    HoldAlreadyResolved,
    HoldExpired,
    InsufficientPoints,
)
from ledger.lots.model import (
    SPENT,
    ZERO,
    CaptureHold,
    Cause,
    Hold,
    HoldPart,
    HoldPurpose,
    HoldState,
    Lot,
    PlaceHold,
    ReleaseHold,
    Stage,
)
from ledger.lots.sheet import Sheet, expire_posting, moment_text

NOTHING_KEPT: Final[Mapping[UUID, Points]] = MappingProxyType({})


def take(
    sheet: Sheet, lots: Iterable[Lot], amount: Points, kept: Mapping[UUID, Points] = NOTHING_KEPT
) -> tuple[HoldPart, ...]:
    """Choose ``amount`` available points from ``lots`` in their order; moves nothing.

    ``kept`` says by lot how many of its available points stay.

    Raises:
        InsufficientPoints: they hold less; ``shortfall`` says by how much.
    """
    left = amount
    parts = []
    for lot in lots:
        free = sheet.points(lot.lot_id, Stage.AVAILABLE) - kept.get(lot.lot_id, ZERO)
        part = min(left, free)
        if part:
            parts.append(HoldPart(lot.lot_id, part))
            left -= part
    if left:
        available = amount - left
        raise InsufficientPoints(
            f"{amount.amount} points are needed and {available.amount} are available: "
            f"{left.amount} too few.",
            required=amount.amount,
            available=available.amount,
            shortfall=left.amount,
        )
    return tuple(parts)


def kept_back(sheet: Sheet, withheld: Mapping[UUID, Points]) -> dict[UUID, Points]:
    """By lot, how many of its available points stay where so much of each award is withheld.

    Pending points stay anyway, so they count first; then those that expire last, so that whoever is
    under review loses no more to time than they must.
    """
    kept: dict[UUID, Points] = {}
    for award_id, points in withheld.items():
        own = sheet.lots_of(Cause(AWARD_CAUSE, str(award_id)))
        pending = sum_points(sheet.points(lot.lot_id, Stage.PENDING) for lot in own)
        left = points - min(points, pending)
        for lot in reversed(own):
            kept[lot.lot_id] = min(left, sheet.points(lot.lot_id, Stage.AVAILABLE))
            left -= kept[lot.lot_id]
    return kept


def place(
    sheet: Sheet, command: PlaceHold, *, withheld: Mapping[UUID, Points] = NOTHING_KEPT
) -> Hold:
    """Set points aside, nearest expiry first; nothing of what is ``withheld`` of awards.

    Raises:
        InsufficientPoints: fewer are available.
    """
    assert command.amount > ZERO, "a hold of nothing"
    assert command.purpose is not HoldPurpose.BRIDGE, "claims for tokens move to escrow at once"
    assert command.expires_at > command.at, "a hold that has expired before it begins"
    apply_due(sheet, command.at)
    kept = kept_back(sheet, withheld)
    parts = take(sheet, sheet.usable(command.at), command.amount, kept)
    entry = sheet.enter(
        EntryKind.HOLD,
        [
            Posting(
                Stage.AVAILABLE.account(part.lot_id), Stage.HELD.account(part.lot_id), part.amount
            )
            for part in parts
        ],
        entry_id=derived_id(command.at, EntryKind.HOLD, str(command.hold_id)),
        effective_at=command.at,
        cause={
            "hold": {
                "id": str(command.hold_id),
                "member": str(command.member_id),
                "purpose": command.purpose,
                "amount": command.amount.amount,
                "expires_at": moment_text(command.expires_at),
            },
            "why": command.why,
        },
    )
    return Hold(
        hold_id=command.hold_id,
        member_id=command.member_id,
        purpose=command.purpose,
        state=HoldState.HELD,
        amount=command.amount,
        captured=ZERO,
        placed_at=command.at,
        expires_at=command.expires_at,
        resolved_at=None,
        entry_id=entry.entry_id,
        resolution_entry_id=None,
        parts=parts,
    )


def capture(sheet: Sheet, hold: Hold, command: CaptureHold, *, to: AccountKey = SPENT) -> Hold:
    """Spend part or all of a hold, nearest expiry first; the rest returns to its lots.

    Raises:
        HoldAlreadyResolved: it was captured or released before.
        HoldExpired: its time limit has passed, whether or not it has been expired yet.
        CaptureTooLarge: ``amount`` is more than it holds.
    """
    assert command.amount > ZERO, "a capture of nothing is a release"
    if hold.state is not HoldState.EXPIRED:
        refuse_resolved(hold)
    if command.at >= hold.expires_at:
        raise HoldExpired(
            f"The hold's time limit was {moment_text(hold.expires_at)}; its points have gone back.",
            expires_at=moment_text(hold.expires_at),
        )
    if command.amount > hold.amount:
        raise CaptureTooLarge(
            f"The hold is of {hold.amount.amount} points; {command.amount.amount} cannot be "
            "captured.",
            held=hold.amount.amount,
            requested=command.amount.amount,
        )
    left = command.amount
    parts = []
    for part in hold.parts:
        captured = min(left, part.amount)
        parts.append(replace(part, captured=captured))
        left -= captured
    resolved = replace(hold, state=HoldState.CAPTURED, captured=command.amount, parts=tuple(parts))
    return _resolve(sheet, resolved, command.at, to=to, kind=EntryKind.CAPTURE, why=command.why)


def release(sheet: Sheet, hold: Hold, command: ReleaseHold) -> Hold:
    """Give all of a hold back to its lots.

    Raises:
        HoldAlreadyResolved: it was resolved before.
    """
    refuse_resolved(hold)
    released = replace(hold, state=HoldState.RELEASED)
    return _resolve(sheet, released, command.at, kind=EntryKind.RELEASE, why=command.why)


def lapse(sheet: Sheet, hold: Hold, at: datetime) -> Hold:
    """Give a hold back whose time limit has passed."""
    assert hold.state is HoldState.HELD, "only an open hold lapses"
    assert at >= hold.expires_at, "a hold lapses at its time limit, not before"
    return _resolve(sheet, replace(hold, state=HoldState.EXPIRED), at, kind=EntryKind.LAPSE)


def refuse_resolved(hold: Hold) -> None:
    """Raises: HoldAlreadyResolved: the hold is not open any more."""
    if hold.state is not HoldState.HELD:
        raise HoldAlreadyResolved(
            f"The hold was {hold.state} before; a hold resolves once.", state=hold.state.value
        )


def _resolve(
    sheet: Sheet,
    hold: Hold,
    at: datetime,
    *,
    kind: EntryKind,
    to: AccountKey = SPENT,
    why: Json = None,
) -> Hold:
    """One entry: what is captured goes out, the rest back, and on to expired where it must."""
    apply_due(sheet, at)
    postings, expired = [], []
    for part in hold.parts:
        lot = sheet.lot(part.lot_id)
        held = Stage.HELD.account(lot.lot_id)
        if part.captured:
            postings.append(Posting(held, to, part.captured))
        if rest := part.amount - part.captured:
            postings.append(Posting(held, Stage.AVAILABLE.account(lot.lot_id), rest))
            if lot.expired(at):
                postings.append(expire_posting(lot, rest))
                expired.append(rest)
    entry = sheet.enter(
        kind,
        postings,
        entry_id=derived_id(at, kind, str(hold.hold_id)),
        effective_at=at,
        cause={"hold": str(hold.hold_id), "why": why},
        cites=hold.entry_id,
    )
    pay_debt(sheet, at, because_of=entry.entry_id)
    return replace(
        hold,
        resolved_at=at,
        resolution_entry_id=entry.entry_id,
        gone_on_to_expired=sum_points(expired),
    )
