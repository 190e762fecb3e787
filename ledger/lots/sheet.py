"""A member's position while a command is worked out, and the entries it comes to. Pure.

The commands of this room load a :class:`~ledger.lots.model.Position`, write on a sheet, and store
what is on it. A sheet never lets a stage go negative.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from ledger.journal.model import AccountKey, AccountKind, EntryDraft, EntryKind, Posting
from ledger.kernel.canonical import Json, canonical_json
from ledger.kernel.clock import Instant
from ledger.kernel.ids import derived_id
from ledger.kernel.units import Points, sum_points
from ledger.lots.model import (
    EXPIRED,
    STAGE_BY_ACCOUNT,
    ZERO,
    GrantLot,
    HeldLot,
    Lot,
    Position,
    Stage,
)
from ledger.lots.model import Cause as LotCause
from ledger.lots.waiting import Vesting

Cause = Mapping[str, Json]


@dataclass(slots=True)
class _Stages:
    lot: Lot
    points: dict[Stage, Points]
    expired: Points = ZERO
    waits: bool = False


@dataclass(slots=True)
class Sheet:
    """Open it with :func:`open_sheet`; ``entries`` and ``new_lots`` are what is to be stored."""

    member_id: UUID
    debt: Points
    entries: list[EntryDraft] = field(default_factory=list)
    new_lots: list[Lot] = field(default_factory=list)
    new_vestings: dict[UUID, Vesting] = field(default_factory=dict)
    _stages: dict[UUID, _Stages] = field(default_factory=dict)
    _ordered: list[Lot] | None = None
    _by_cause: dict[LotCause, list[Lot]] | None = None

    def lot(self, lot_id: UUID) -> Lot:
        """The terms of a lot on this sheet."""
        return self._stages[lot_id].lot

    def lots(self) -> list[Lot]:
        """Every lot on the sheet, in spending order."""
        if self._ordered is None:
            lots = (stages.lot for stages in self._stages.values())
            self._ordered = sorted(lots, key=lambda lot: lot.spending_order)
        return self._ordered

    def lots_of(self, cause: LotCause) -> list[Lot]:
        """The lots on the sheet that this caused, in spending order."""
        if self._by_cause is None:
            self._by_cause = {}
            for lot in self.lots():
                self._by_cause.setdefault(lot.cause, []).append(lot)
        return self._by_cause.get(cause, [])

    def points(self, lot_id: UUID, stage: Stage) -> Points:
        """What one stage of a lot holds now."""
        return self._stages[lot_id].points[stage]

    def expired(self, lot_id: UUID) -> Points:
        """What of a lot has expired, if the position stated it."""
        return self._stages[lot_id].expired

    def total(self, stage: Stage) -> Points:
        """What one stage of all lots holds now."""
        return sum_points(stages.points[stage] for stages in self._stages.values())

    def usable(self, at: datetime) -> list[Lot]:
        """The lots with available points that have not expired at ``at``, in spending order."""
        return [
            lot
            for lot in self.lots()
            if self.points(lot.lot_id, Stage.AVAILABLE) and not lot.expired(at)
        ]

    def waits(self, lot_id: UUID) -> bool:
        """Whether somebody has to see first that its condition holds."""
        return self._stages[lot_id].waits

    def matured(self, lot_id: UUID) -> None:
        """Somebody has seen: from here on only time counts."""
        self._stages[lot_id].waits = False

    def open_lot(self, lot: Lot, vesting: Vesting | None = None) -> None:
        """Add a new lot, still empty."""
        self.new_lots.append(lot)
        self._ordered = self._by_cause = None
        self._stages[lot.lot_id] = _Stages(
            lot, dict.fromkeys(Stage, ZERO), waits=vesting is not None
        )
        if vesting is not None:
            self.new_vestings[lot.lot_id] = vesting

    def enter(
        self,
        kind: EntryKind,
        postings: Sequence[Posting],
        *,
        entry_id: UUID,
        effective_at: datetime,
        cause: Cause,
        cites: UUID | None = None,
    ) -> EntryDraft:
        """Write one entry: move the points on the sheet and keep the draft."""
        return self.write(
            EntryDraft(
                entry_id=entry_id,
                kind=kind,
                postings=tuple(postings),
                effective_at=effective_at,
                cause=cause_text(cause),
                cites=cites,
            )
        )

    def write(self, draft: EntryDraft) -> EntryDraft:
        """Move an entry's points on the sheet and keep it."""
        for posting in draft.postings:
            self._move(posting.debit, -posting.amount)
            self._move(posting.credit, posting.amount)
            if posting.credit == EXPIRED and posting.debit.owner is not None:
                self._stages[posting.debit.owner].expired += posting.amount
            elif posting.debit == EXPIRED and posting.credit.owner is not None:
                self._stages[posting.credit.owner].expired -= posting.amount
        self.entries.append(draft)
        return draft

    def position(self) -> Position:
        """The position as it stands, lots in spending order."""
        held = (self._stages[lot.lot_id] for lot in self.lots())
        return Position(
            member_id=self.member_id,
            lots=tuple(
                HeldLot(
                    lot=stages.lot,
                    pending=stages.points[Stage.PENDING],
                    available=stages.points[Stage.AVAILABLE],
                    held=stages.points[Stage.HELD],
                    expired=stages.expired,
                    waits=stages.waits,
                )
                for stages in held
            ),
            debt=self.debt,
        )

    def _move(self, key: AccountKey, change: Points) -> None:
        if key.kind is AccountKind.DEBT:
            self.debt -= change
            assert self.debt >= ZERO, "more paid than was owed"
        elif key.kind in STAGE_BY_ACCOUNT:
            assert key.owner is not None, "a lot's account has the lot as owner"
            stage = STAGE_BY_ACCOUNT[key.kind]
            points = self._stages[key.owner].points
            points[stage] += change
            assert points[stage] >= ZERO, f"{stage} of lot {key.owner} went below zero"


def open_sheet(position: Position) -> Sheet:
    """A sheet with this position on it and no entry yet."""
    return Sheet(
        member_id=position.member_id,
        debt=position.debt,
        _stages={
            held.lot.lot_id: _Stages(
                held.lot,
                {
                    Stage.PENDING: held.pending,
                    Stage.AVAILABLE: held.available,
                    Stage.HELD: held.held,
                },
                held.expired,
                held.waits,
            )
            for held in position.lots
        },
    )


def cause_text(cause: Cause) -> str:
    """The canonical JSON that the journal keeps and hashes."""
    return canonical_json(cause).decode()


def moment_text(moment: datetime) -> str:
    """A time as causes state it."""
    return Instant.of(moment).isoformat()


def lot_terms(lot: Lot) -> dict[str, Json]:
    """The terms of a lot as the cause of its granting entry states them, so the hash covers them.

    Its ``entry_id`` is the entry itself.
    """
    return {
        "lot": str(lot.lot_id),
        "member": str(lot.member_id),
        "granted": lot.granted.amount,
        "activates_at": moment_text(lot.activates_at),
        "expires_at": None if lot.expires_at is None else moment_text(lot.expires_at),
        "cause": {"kind": lot.cause.kind, "id": lot.cause.cause_id},
        "continues": None if lot.continues is None else str(lot.continues),
        "cites": None if lot.cites is None else str(lot.cites),
    }


def granting_cause(lots: Iterable[Lot], why: Json, **more: Json) -> dict[str, Json]:
    """The cause of an entry that grants lots."""
    return {"lots": [lot_terms(lot) for lot in lots], "why": why, **more}


def lot_id_of(entry_id: UUID, granted_at: datetime, number: int) -> UUID:
    """The id of the ``number``-th lot (from 0) that an entry grants."""
    return derived_id(granted_at, "lot", str(entry_id), str(number))


@dataclass(frozen=True, slots=True)
class Granted:
    """What a command comes to, whatever is on the member's sheet."""

    lot: Lot
    draft: EntryDraft
    vesting: Vesting | None


def granted(command: GrantLot) -> Granted:
    """The entry that gives a new lot: pending until it activates, else available.

    It depends on nothing but the command, so the same command is the same entry.
    """
    entry_id = derived_id(command.effective_at, command.kind, *command.key)
    lot = Lot(
        lot_id=lot_id_of(entry_id, command.effective_at, 0),
        member_id=command.member_id,
        granted=command.amount,
        activates_at=command.activates_at,
        expires_at=command.expires_at,
        cause=command.cause,
        entry_id=entry_id,
        continues=command.continues,
        cites=command.cites,
    )
    waits = command.activates_at > command.effective_at or command.vesting is not None
    stage = Stage.PENDING if waits else Stage.AVAILABLE
    more = {} if command.vesting is None else {"vesting": command.vesting.stated()}
    draft = EntryDraft(
        entry_id=entry_id,
        kind=command.kind,
        postings=(Posting(command.paid_from, stage.account(lot.lot_id), command.amount),),
        effective_at=command.effective_at,
        cause=cause_text(granting_cause([lot], command.why, **more)),
        cites=command.cites_entry,
    )
    return Granted(lot, draft, command.vesting)


def grant(sheet: Sheet, command: GrantLot) -> EntryDraft:
    """Write the entry that gives a new lot (:func:`granted`)."""
    return take(sheet, granted(command))


def take(sheet: Sheet, new: Granted) -> EntryDraft:
    """Write down what was made ready before the sheet was there."""
    sheet.open_lot(new.lot, new.vesting)
    return sheet.write(new.draft)


def expire_posting(lot: Lot, amount: Points) -> Posting:
    """Available points of a lot that go on to expired."""
    return Posting(Stage.AVAILABLE.account(lot.lot_id), EXPIRED, amount)
