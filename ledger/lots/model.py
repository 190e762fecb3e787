"""Lots, holds and a member's position, as values.

A lot's points are always somewhere: in its own accounts (pending, available, held) or, as the net
flow between those and the system's accounts, spent, expired, revoked or bridged. Points that pay a
debt are revoked ones.

    pending ──activation──▶ available ──hold──▶ held ──capture──▶ spent | escrow
                              │  ▲                │                 │
                expired ◀─────┘  └──── release ───┘◀──── refund ────┘
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Final
from uuid import UUID

from ledger.journal.model import AccountKey, AccountKind, EntryKind
from ledger.kernel.canonical import Json
from ledger.kernel.units import Points
from ledger.lots.waiting import Room, Vesting

REFUND_GRACE: Final = timedelta(days=30)
"""Least life of points that a refund gives back (DESIGN 3, rule 9), unless configured otherwise."""
NEVER: Final = datetime.max.replace(tzinfo=UTC)
"""Sorts after every expiry: lots that never expire are spent last."""
ZERO: Final = Points(0)

ISSUANCE: Final = AccountKey(AccountKind.ISSUANCE)
SPENT: Final = AccountKey(AccountKind.SPENT)
EXPIRED: Final = AccountKey(AccountKind.EXPIRED)
REVOKED: Final = AccountKey(AccountKind.REVOKED)
REWARDS: Final = AccountKey(AccountKind.REWARDS)
ESCROW: Final = AccountKey(AccountKind.ESCROW)


class Stage(StrEnum):
    """Where a lot's own points are."""

    PENDING = "pending"
    AVAILABLE = "available"
    HELD = "held"

    def account(self, lot_id: UUID) -> AccountKey:
        """The lot's account for this stage."""
        return AccountKey(_ACCOUNT_BY_STAGE[self], lot_id)


_ACCOUNT_BY_STAGE: Final = {
    Stage.PENDING: AccountKind.LOT_PENDING,
    Stage.AVAILABLE: AccountKind.LOT_AVAILABLE,
    Stage.HELD: AccountKind.LOT_HELD,
}
STAGE_BY_ACCOUNT: Final = {kind: stage for stage, kind in _ACCOUNT_BY_STAGE.items()}


class HoldPurpose(StrEnum):
    """What held points wait for."""

    REDEMPTION = "redemption"
    BRIDGE = "bridge"
    PURCHASE = "purchase"
    GOODS = "goods"
    STAKE = "stake"


class HoldState(StrEnum):
    """``held`` is the only state that changes (rule 8)."""

    HELD = "held"
    CAPTURED = "captured"
    RELEASED = "released"
    EXPIRED = "expired"


class Reach(IntEnum):
    """How far a clawback goes; each reach includes those before it."""

    PENDING = 1
    OWN_LOTS = 2
    OTHER_LOTS = 3
    DEBT = 4


@dataclass(frozen=True, slots=True)
class Cause:
    """What a lot exists for: a kind (``award``, ``grant``, ``bridge``) and an id within it."""

    kind: str
    cause_id: str


@dataclass(frozen=True, slots=True)
class Lot:
    """The terms of one lot; they never change.

    Usable from ``activates_at`` (inclusive) until ``expires_at`` (exclusive; ``None``: never
    expires). ``continues`` is the lot whose remaining life this one carries on after a bridge or a
    purchase, ``cites`` the one it corrects or replaces after a refund. ``entry_id`` granted it.
    """

    lot_id: UUID
    member_id: UUID
    granted: Points
    activates_at: datetime
    expires_at: datetime | None
    cause: Cause
    entry_id: UUID
    continues: UUID | None = None
    cites: UUID | None = None

    def __post_init__(self) -> None:
        assert self.granted > ZERO, "a lot of nothing"
        assert self.expires_at is None or self.expires_at > self.activates_at, "dead before alive"

    @property
    def spending_order(self) -> tuple[datetime, datetime, UUID]:
        """Nearest expiry first, never-expiring last, then earliest activation, then id."""
        return (self.expires_at or NEVER, self.activates_at, self.lot_id)

    def expired(self, at: datetime) -> bool:
        """Whether it is unusable at ``at``: expiry is exclusive at the boundary."""
        return self.expires_at is not None and at >= self.expires_at


@dataclass(frozen=True, slots=True)
class HeldLot:
    """A lot with what is in each of its own accounts.

    ``expired``: what of it has, where a clawback asks. ``waits``: until its condition is seen true.
    """

    lot: Lot
    pending: Points = ZERO
    available: Points = ZERO
    held: Points = ZERO
    expired: Points = ZERO
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Position:
    """A member's live lots, and what is owed."""

    member_id: UUID
    lots: tuple[HeldLot, ...] = ()
    debt: Points = ZERO


@dataclass(frozen=True, slots=True)
class HoldPart:
    """What a hold took from one lot; ``returned`` is what came back of ``captured``."""

    lot_id: UUID
    amount: Points
    captured: Points = ZERO
    returned: Points = ZERO


@dataclass(frozen=True, slots=True)
class Hold:
    """Points of a member set aside until captured, released or expired; parts in spending order.

    ``gone_on_to_expired``: what was not given back because the lot's own expiry had passed.
    """

    hold_id: UUID
    member_id: UUID
    purpose: HoldPurpose
    state: HoldState
    amount: Points
    captured: Points
    placed_at: datetime
    expires_at: datetime
    resolved_at: datetime | None
    entry_id: UUID
    resolution_entry_id: UUID | None
    parts: tuple[HoldPart, ...]
    gone_on_to_expired: Points = ZERO


@dataclass(frozen=True, slots=True)
class Returned:
    """Where one piece that came back went; what it had left by is ``None`` for others' tokens."""

    hold_id: UUID | None
    from_lot_id: UUID | None
    to_lot_id: UUID
    amount: Points
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class GrantLot:
    """Give a member a new lot.

    ``key`` with ``effective_at`` and ``kind`` makes the entry's id: the same key is the same lot.
    ``why`` goes into the entry's cause, hashed and shown to the member; nothing personal.
    ``cites`` and ``continues`` are lots, ``cites_entry`` an entry.
    """

    member_id: UUID
    amount: Points
    kind: EntryKind
    key: tuple[str, ...]
    effective_at: datetime
    activates_at: datetime
    expires_at: datetime | None
    cause: Cause
    why: Json = None
    paid_from: AccountKey = ISSUANCE
    continues: UUID | None = None
    cites: UUID | None = None
    cites_entry: UUID | None = None
    vesting: Vesting | None = None


@dataclass(frozen=True, slots=True)
class SettleAward:
    """Bring what an award paid to what it is worth, by posting the ``difference`` (not zero).

    ``award_id`` and ``revision`` (from 1) name the settlement for ever, with ``effective_at``, when
    it was earned. Upwards: a new lot with the stated life, citing the award's first. Downwards: a
    clawback, content with what of the award's lots is ``gone`` for good: cancelled or decayed.
    """

    member_id: UUID
    award_id: UUID
    revision: int
    difference: Points
    effective_at: datetime
    activates_at: datetime
    expires_at: datetime | None
    why: Json = None
    paid_from: AccountKey = ISSUANCE
    reach: Reach = Reach.DEBT
    vesting: Vesting | None = None
    gone: Points = ZERO


@dataclass(frozen=True, slots=True)
class Settled:
    """What an award's settlement did; ``entry_id`` is ``None`` if nothing could be taken."""

    award_id: UUID
    entry_id: UUID | None
    lot_id: UUID | None
    taken_from_lots: Points = ZERO
    new_debt: Points = ZERO
    gone: Points = ZERO


@dataclass(frozen=True, slots=True)
class ClawBack:
    """Take points back: of ``cause``'s lots first, then as far as ``reach`` says.

    ``key`` and ``key_at`` make the entry's id; both stay the same when the command is repeated. Of
    the cause's lots ``gone`` was taken for good before, and is not taken elsewhere once more.
    """

    member_id: UUID
    amount: Points
    cause: Cause
    key: tuple[str, ...]
    key_at: datetime
    at: datetime
    reach: Reach = Reach.DEBT
    kind: EntryKind = EntryKind.CLAWBACK
    why: Json = None
    cites_entry: UUID | None = None
    gone: Points = ZERO


@dataclass(frozen=True, slots=True)
class ClawedBack:
    """What a clawback took, what became debt, what lay beyond its reach, what was gone before."""

    entry_id: UUID | None
    from_lots: Points
    new_debt: Points
    out_of_reach: Points
    gone: Points = ZERO


@dataclass(frozen=True, slots=True)
class PlaceHold:
    """Set points aside; ``expires_at`` is exclusive, and later than ``at``."""

    hold_id: UUID
    member_id: UUID
    amount: Points
    purpose: HoldPurpose
    at: datetime
    expires_at: datetime
    why: Json = None


@dataclass(frozen=True, slots=True)
class CaptureHold:
    """Spend ``amount`` of a hold (1 to all of it); the rest returns to its lots."""

    hold_id: UUID
    amount: Points
    at: datetime
    why: Json = None


@dataclass(frozen=True, slots=True)
class ReleaseHold:
    """Give all of a hold back."""

    hold_id: UUID
    at: datetime
    why: Json = None


@dataclass(frozen=True, slots=True)
class ReturnToLots:
    """Give captured points back; ``return_id`` names the refund, once."""

    hold_id: UUID
    return_id: UUID
    amount: Points
    at: datetime
    grace: timedelta = REFUND_GRACE
    why: Json = None


@dataclass(frozen=True, slots=True)
class MoveToEscrow:
    """Set points aside for tokens. Only lots active since ``active_before`` or longer may leave."""

    claim_id: UUID
    member_id: UUID
    amount: Points
    at: datetime
    active_before: datetime | None = None
    why: Json = None


@dataclass(frozen=True, slots=True)
class ReturnFromEscrow:
    """Undo a claim whose tokens never came to be: all of it, or at most ``amount_max``."""

    claim_id: UUID
    return_id: UUID
    at: datetime
    amount_max: Points | None = None
    why: Json = None


@dataclass(frozen=True, slots=True)
class CreditRedeemed:
    """Turn tokens that a member burnt back into points.

    ``key`` names the burn for ever (chain, bridge, sequence), ``key_at`` is its block's time. What
    the member's own ``minted_claims`` took from lots comes back first, oldest claim first, with the
    life that remained; the rest new lots in ``others_room``, then one to ``others_expire_at``.
    """

    member_id: UUID
    key: tuple[str, ...]
    key_at: datetime
    amount: Points
    at: datetime
    minted_claims: frozenset[UUID]
    others_expire_at: datetime | None
    why: Json = None
    others_room: tuple[Room, ...] = ()


@dataclass(frozen=True, slots=True)
class Credited:
    """The lots that burnt tokens became."""

    entry_id: UUID
    lots: tuple[Returned, ...]


@dataclass(frozen=True, slots=True)
class Refunded:
    """Where a refund's points went; ``debt_paid`` of them went on to an open debt."""

    entry_id: UUID
    parts: tuple[Returned, ...]
    debt_paid: Points


@dataclass(frozen=True, slots=True)
class Summary:
    """What a member has at one moment, with everything due by then applied."""

    at: datetime
    pending: Points
    available: Points
    held: Points
    debt: Points
    lots: tuple[HeldLot, ...] = field(default=())
