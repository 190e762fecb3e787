"""What becomes of a hold: captured, released or expired; and refunds of what was captured.

Whoever moves points takes the journal's turn first, so of fifty captures at once one finds a hold.
How a hold comes to be is in ``checkout``.

    hold ──▶ capture ──▶ refund, refund, …
      ├────▶ release
      └────▶ expire (the job, and every step that notices)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from ledger.journal.service import lock_head
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.lots import service as lots
from ledger.lots.model import CaptureHold, ReleaseHold, ReturnToLots
from ledger.members.persons import store as persons
from ledger.redemption import code_store, store
from ledger.redemption.errors import (
    CodeListed,
    CodeNeeded,
    RedemptionNotFound,
    RefundIdReused,
)
from ledger.redemption.lines import LineCapture
from ledger.redemption.model import (
    NO_POINTS,
    Capture,
    Redemption,
    RedemptionState,
    decide_capture,
    decide_refund,
    decide_release,
)
from ledger.redemption.offers import (
    Caller,
)
from ledger.redemption.refund_facts import lock_for_facts, state_refund
from ledger.redemption.store import StoredRefund


@dataclass(frozen=True, slots=True)
class CaptureRedemption:
    """Spend a hold, whole or as much as costs ``discount_minor``; ``paid_minor`` came in money.

    Or line by line: then those not named were not bought.
    """

    caller: Caller
    redemption_id: UUID
    discount_minor: int | None = None
    paid_minor: int | None = None
    lines: Mapping[str, LineCapture] | None = None


@dataclass(frozen=True, slots=True)
class ReleaseRedemption:
    """Give a hold back."""

    caller: Caller
    redemption_id: UUID


@dataclass(frozen=True, slots=True)
class RefundRedemption:
    """So much more money went back to the member; ``source_refund_id`` names it, once.

    ``lines`` is the same money by line.
    """

    caller: Caller
    redemption_id: UUID
    source_refund_id: str
    amount_minor: int
    lines: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class ListRedemptions:
    """Redemptions of the caller, before the id ``after``; a machine may name a member."""

    caller: Caller
    member_id: UUID | None = None
    order_number: str | None = None
    after: UUID | None = None
    limit: int = 20


@dataclass(frozen=True, slots=True)
class RefundMade:
    """A refund and where its redemption then stands."""

    redemption: Redemption
    refund: StoredRefund


def capture(work: Work, command: CaptureRedemption) -> Redemption:
    """Spend what is held, once; the rest returns to the lots it came from.

    Raises:
        RedemptionNotFound: none that the caller may settle.
        RedemptionAlreadyCaptured, RedemptionReleased, RedemptionExpired: it is not held any more.
        CaptureAboveHold, PaidAboveOrder, LineUnknown: amounts or lines that cannot be.
        CodeNeeded: a single-use code carries the hold.
    """
    redemption = _lock(work, command.caller, command.redemption_id)
    if code_store.of_redemptions(work, [redemption.redemption_id]):
        raise CodeNeeded("These points are carried by a code; use the code.")
    taken = decide_capture(
        redemption,
        discount_minor=command.discount_minor,
        paid_minor=command.paid_minor,
        lines=command.lines,
        at=work.now,
    )
    captured = spend(work, redemption, taken)
    store.update(work, captured)
    return captured


def release(work: Work, command: ReleaseRedemption) -> Redemption:
    """Give the points back; again, or after the time limit, changes nothing more.

    Raises:
        RedemptionNotFound: none that the caller may settle.
        RedemptionAlreadyCaptured: the points are spent.
    """
    redemption = _lock(work, command.caller, command.redemption_id)
    state = decide_release(redemption, at=work.now)
    return redemption if state is None else give_back(work, redemption, state)


def refund(work: Work, command: RefundRedemption) -> RefundMade:
    """Bring points back for money that went back. The same refund again changes nothing.

    It is told as a fact too, if the source may state one, so that what the order earned goes back.

    Raises:
        RedemptionNotFound: none that the caller may settle.
        RedemptionNotCaptured: nothing was captured.
        RefundAbovePaid: all refunds together would exceed what was paid.
        RefundIdReused: the id names a refund of another amount.
        RefundedOtherwise, LineUnknown: lines that cannot be.
    """
    lock_for_facts(work)
    redemption = _lock(work, command.caller, command.redemption_id)
    known = store.find_refund(work, redemption.redemption_id, command.source_refund_id)
    if known is not None:
        _require_same(known, command)
        return RefundMade(redemption, known)
    decided = decide_refund(redemption, command.amount_minor, command.lines)
    made = StoredRefund(
        refund_id=work.ids.new(work.now),
        redemption_id=redemption.redemption_id,
        source_refund_id=command.source_refund_id,
        amount_minor=decided.amount_minor,
        refunded_minor=decided.refunded_minor,
        points=decided.points,
        debt_paid=NO_POINTS,
        entry_id=None,
        recorded_at=work.now,
        lines=command.lines,
    )
    if decided.points:
        made = _moved_back(work, redemption, made)
    store.insert_refund(work, made)
    state_refund(work, redemption, made)
    refunded = replace(
        redemption,
        state=decided.state,
        refunded_minor=decided.refunded_minor,
        returned_minor=decided.returned_minor,
        returned_points=decided.returned_points,
        refunded_by=decided.refunded_by,
        lines=decided.lines,
    )
    store.update(work, refunded)
    return RefundMade(refunded, made)


def _moved_back(work: Work, redemption: Redemption, made: StoredRefund) -> StoredRefund:
    moved = lots.return_to_lots(
        work,
        ReturnToLots(
            hold_id=redemption.hold_id,
            return_id=made.refund_id,
            amount=made.points,
            at=work.now,
            grace=redemption.refund_grace,
            why=why(redemption),
        ),
    )
    return replace(made, entry_id=moved.entry_id, debt_paid=moved.debt_paid)


def _require_same(known: StoredRefund, command: RefundRedemption) -> None:
    if (known.amount_minor, known.lines) != (command.amount_minor, command.lines):
        raise RefundIdReused(
            f"Refund {command.source_refund_id} was of {known.amount_minor} minor units, "
            f"not {command.amount_minor}, or of other lines.",
            refund=command.source_refund_id,
            amount_minor=known.amount_minor,
        )


def require_unlisted(work: Work, redemption: Redemption) -> None:
    """Nothing, unless a till without a connection may still honour the code that carries a hold.

    Raises:
        CodeListed: it may, until the code ends.
    """
    code = code_store.listed(work, redemption.redemption_id)
    if code is None or redemption.state is not RedemptionState.HELD:
        return
    if not is_over(work, redemption):
        raise CodeListed(
            f"A till may honour this code until {code.expires_at.isoformat()}.",
            until=code.expires_at.isoformat(),
        )


def expire(work: Work, redemption_id: UUID) -> bool:
    """Give a hold back whose time is over; False if somebody resolved it meanwhile."""
    lock_head(work)
    redemption = store.lock(work, redemption_id)
    if redemption is None or not is_over(work, redemption):
        return False
    give_back(work, redemption, RedemptionState.EXPIRED)
    return True


def find(work: Work, caller: Caller, redemption_id: UUID) -> Redemption:
    """A redemption that the caller may see: the member's own, or of the machine's source.

    Raises:
        RedemptionNotFound: none such.
    """
    redemption = store.find(work, redemption_id)
    if redemption is None or not _may_see(work, caller, redemption):
        raise _not_found(redemption_id)
    return redemption


def list_redemptions(work: Work, wanted: ListRedemptions) -> list[Redemption]:
    """What the caller may see, newest first."""
    return store.list_redemptions(
        work,
        member_id=wanted.caller.member_id or wanted.member_id,
        order_source=wanted.caller.source,
        order_number=wanted.order_number,
        after=wanted.after,
        limit=wanted.limit,
    )


def refunds_of(work: Work, caller: Caller, redemption_id: UUID) -> list[StoredRefund]:
    """Every refund of a redemption that the caller may see, oldest first.

    Raises:
        RedemptionNotFound: none such.
    """
    return store.refunds_of(work, find(work, caller, redemption_id).redemption_id)


def spend(work: Work, redemption: Redemption, taken: Capture) -> Redemption:
    """Spend of the hold what was decided; the caller writes the redemption down."""
    resolved = lots.capture_hold(
        work, CaptureHold(redemption.hold_id, taken.points, work.now, why=why(redemption))
    )
    return replace(
        redemption,
        state=RedemptionState.CAPTURED,
        captured_minor=taken.discount_minor,
        captured_points=taken.points,
        paid_minor=taken.paid_minor,
        expired_points=resolved.gone_on_to_expired,
        captured_at=work.now,
        lines=taken.lines,
    )


def is_over(work: Work, redemption: Redemption) -> bool:
    """Whether it is a hold whose time limit has passed, though nobody has resolved it yet."""
    return redemption.state is RedemptionState.HELD and work.now >= redemption.expires_at


def give_back(work: Work, redemption: Redemption, state: RedemptionState) -> Redemption:
    """End a hold as released or expired; the caller has the journal's turn."""
    if state is RedemptionState.EXPIRED:
        resolved = lots.expire_hold(work, lots.ExpireHold(redemption.hold_id, work.now))
    else:
        command = ReleaseHold(redemption.hold_id, work.now, why=why(redemption))
        resolved = lots.release_hold(work, command)
    closed = replace(
        redemption,
        state=state,
        expired_points=resolved.gone_on_to_expired,
        closed_at=work.now,
    )
    store.update(work, closed)
    return closed


def _lock(work: Work, caller: Caller, redemption_id: UUID) -> Redemption:
    lock_head(work)
    redemption = store.lock(work, redemption_id)
    if redemption is None or not caller.may_use(redemption.order_source):
        raise _not_found(redemption_id)
    return redemption


def _may_see(work: Work, caller: Caller, redemption: Redemption) -> bool:
    if caller.may_see(redemption.order_source):
        return True
    return caller.member_id == persons.person_of(work, redemption.member_id)


def _not_found(redemption_id: UUID) -> RedemptionNotFound:
    text = format_id("red", redemption_id)
    return RedemptionNotFound(f"There is no redemption {text}.", redemption=text)


def why(redemption: Redemption) -> dict[str, str]:
    """What the journal says an entry was for; shown to the member, nothing personal."""
    return {"redemption": format_id("red", redemption.redemption_id)}
