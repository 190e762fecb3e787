"""Taking points back, and bringing awards to what they are worth. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final
from uuid import UUID

from ledger.journal.model import AccountKey, AccountKind, EntryKind, PostedEntry, Posting
from ledger.journal.post import conflict
from ledger.kernel.canonical import Json
from ledger.kernel.ids import derived_id
from ledger.kernel.units import Points, sum_points
from ledger.lots.due import apply_due, pay_debt
from ledger.lots.model import (
    EXPIRED,
    REVOKED,
    ZERO,
    Cause,
    ClawBack,
    ClawedBack,
    GrantLot,
    Lot,
    Reach,
    SettleAward,
    Settled,
    Stage,
)
from ledger.lots.sheet import Sheet, cause_text, grant

AWARD_CAUSE: Final = "award"
"""The cause kind of lots that an award gave; the cause id is the award's."""


def claw_back(sheet: Sheet, command: ClawBack) -> ClawedBack:
    """Take points back in the order of DESIGN 6, as far as ``reach``.

    Pending of the cause's own lots; available of them, and what of them had expired; available of
    other lots by expiry; debt.
    Held points are not touched: what cannot be taken elsewhere becomes debt, which the hold pays
    if it is released. Writes no entry if nothing is within reach.
    """
    apply_due(sheet, command.at)
    return _claw_back(sheet, command)


def _claw_back(sheet: Sheet, command: ClawBack) -> ClawedBack:
    assert command.amount > ZERO, "a clawback of nothing"
    left = command.amount
    gone = ZERO
    postings: list[Posting] = []
    for source, most in _within_reach(sheet, command):
        amount = min(left, most)
        if not amount:
            continue
        if not source:
            gone = amount
        postings += [Posting(debit, credit, amount) for debit, credit in pairwise(source)]
        left -= amount
        if not left:
            break
    new_debt = ZERO
    if left and command.reach >= Reach.DEBT:
        debt = AccountKey(AccountKind.DEBT, sheet.member_id)
        postings.append(Posting(debt, REVOKED, left))
        new_debt, left = left, ZERO
    entry_id = None
    if postings:
        entry_id = claw_back_entry_id(command)
        sheet.enter(
            command.kind,
            postings,
            entry_id=entry_id,
            effective_at=command.at,
            cause=claw_back_cause(command),
            cites=command.cites_entry,
        )
    return ClawedBack(
        entry_id=entry_id,
        from_lots=command.amount - left - new_debt - gone,
        new_debt=new_debt,
        out_of_reach=left,
        gone=gone,
    )


def clawed_back_before(entry: PostedEntry, command: ClawBack) -> ClawedBack:
    """The answer of a clawback that is in the journal already.

    Raises:
        EntryConflict: the entry is of another command.
    """
    draft = entry.draft
    if draft.cause != cause_text(claw_back_cause(command)):
        raise conflict(draft.entry_id)
    revoked = [posting for posting in draft.postings if posting.credit == REVOKED]
    new_debt = sum_points(p.amount for p in revoked if p.debit.kind is AccountKind.DEBT)
    taken = sum_points(p.amount for p in revoked)
    gone = min(command.gone, command.amount - taken)
    out_of_reach = command.amount - taken - gone
    return ClawedBack(draft.entry_id, taken - new_debt, new_debt, out_of_reach, gone)


def claw_back_entry_id(command: ClawBack) -> UUID:
    """The id of the clawback's entry, the same whenever it is worked out."""
    return derived_id(command.key_at, command.kind, *command.key)


def claw_back_cause(command: ClawBack) -> dict[str, Json]:
    """What the entry states: the command, not what was found when it ran."""
    return {
        "claw_back": {
            "member": str(command.member_id),
            "amount": command.amount.amount,
            "cause": {"kind": command.cause.kind, "id": command.cause.cause_id},
            "reach": command.reach.name.lower(),
        },
        "why": command.why,
    }


def grant_of(sheet: Sheet, command: SettleAward) -> GrantLot:
    """The new lot of an upward settlement."""
    first = _first_lot(sheet, command)
    return GrantLot(
        member_id=command.member_id,
        amount=command.difference,
        kind=settlement_kind(command),
        key=settlement_key(command),
        effective_at=command.effective_at,
        activates_at=command.activates_at,
        expires_at=command.expires_at,
        cause=_cause(command),
        why=command.why,
        paid_from=command.paid_from,
        cites=None if first is None else first.lot_id,
        cites_entry=None if first is None else first.entry_id,
        vesting=command.vesting,
    )


def claw_back_of(sheet: Sheet, command: SettleAward, at: datetime) -> ClawBack:
    """The clawback of a downward settlement."""
    first = _first_lot(sheet, command)
    return ClawBack(
        member_id=command.member_id,
        amount=-command.difference,
        cause=_cause(command),
        key=settlement_key(command),
        key_at=command.effective_at,
        at=at,
        reach=command.reach,
        kind=settlement_kind(command),
        why=command.why,
        cites_entry=None if first is None else first.entry_id,
        gone=command.gone,
    )


def settle_all(sheet: Sheet, commands: Sequence[SettleAward], at: datetime) -> list[Settled]:
    """Post each difference: a new lot upwards, a clawback downwards.

    What the new lots make available pays an open debt at the end, once.
    """
    apply_due(sheet, at)
    settled = []
    for command in commands:
        assert command.difference, "an award that is settled already"
        if command.difference > ZERO:
            entry = grant(sheet, grant_of(sheet, command))
            lot_id = sheet.new_lots[-1].lot_id
            settled.append(Settled(command.award_id, entry.entry_id, lot_id))
        else:
            clawed = _claw_back(sheet, claw_back_of(sheet, command, at))
            settled.append(
                Settled(
                    command.award_id,
                    clawed.entry_id,
                    None,
                    taken_from_lots=clawed.from_lots,
                    new_debt=clawed.new_debt,
                    gone=clawed.gone,
                )
            )
    settle_new(sheet, at)
    return settled


def settle_new(sheet: Sheet, at: datetime) -> None:
    """After granting: apply what is due of the new lots, and let them pay an open debt."""
    apply_due(sheet, at)
    if sheet.debt and sheet.new_lots:
        pay_debt(sheet, at, because_of=sheet.new_lots[-1].entry_id)


def _within_reach(
    sheet: Sheet, command: ClawBack
) -> Iterator[tuple[tuple[AccountKey, ...], Points]]:
    """The accounts that points pass through on their way to revoked, and how many are there.

    Points of the own lots that have expired are gone already: they are called revoked instead, so
    that nobody pays for them a second time. What is gone for good passes through no account.
    """
    own = sheet.lots_of(command.cause)
    for lot in own:
        yield _from(lot, Stage.PENDING), sheet.points(lot.lot_id, Stage.PENDING)
    if command.reach >= Reach.OWN_LOTS:
        for lot in own:
            yield _from(lot, Stage.AVAILABLE), sheet.points(lot.lot_id, Stage.AVAILABLE)
        for lot in own:
            yield (EXPIRED, *_from(lot, Stage.AVAILABLE)), sheet.expired(lot.lot_id)
        yield (), command.gone
    if command.reach >= Reach.OTHER_LOTS:
        for lot in sheet.lots():
            if lot.cause != command.cause:
                yield _from(lot, Stage.AVAILABLE), sheet.points(lot.lot_id, Stage.AVAILABLE)


def _from(lot: Lot, stage: Stage) -> tuple[AccountKey, AccountKey]:
    return stage.account(lot.lot_id), REVOKED


def _cause(command: SettleAward) -> Cause:
    return Cause(AWARD_CAUSE, str(command.award_id))


def settlement_kind(command: SettleAward) -> EntryKind:
    """``AWARD`` for the first points of an award, ``CORRECTION`` for all else."""
    first = command.revision == 1 and command.difference > ZERO
    return EntryKind.AWARD if first else EntryKind.CORRECTION


def settlement_key(command: SettleAward) -> tuple[str, ...]:
    """What names a settlement for ever, with its kind and ``effective_at``."""
    return (str(command.award_id), str(command.revision))


def _first_lot(sheet: Sheet, command: SettleAward) -> Lot | None:
    """The award's first lot, if an earlier revision gave one; it must be on the sheet."""
    if command.revision == 1:
        return None
    own = sheet.lots_of(_cause(command))
    return next((lot for lot in own if lot.cites is None and lot.continues is None), None)
