"""New lots and settled awards: the use cases that give points and correct what was given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from ledger.journal import service as journal
from ledger.journal.model import EntryDraft, EntryKind, PostedEntry
from ledger.journal.post import conflict
from ledger.journal.store import Loaded
from ledger.kernel.ids import derived_id
from ledger.kernel.pipeline import pipeline
from ledger.kernel.transaction import Work
from ledger.lots import clawing, granting_store, store, vesting_store
from ledger.lots.model import ZERO, Cause, GrantLot, Lot, Position, SettleAward, Settled
from ledger.lots.sheet import Sheet, grant, granted, lot_id_of, open_sheet, take


def grant_lot(work: Work, command: GrantLot) -> Lot:
    """Give a member a new lot; as :func:`grant_lots` of one."""
    return grant_lots(work, [command])[0]


def grant_lots(work: Work, commands: Sequence[GrantLot]) -> list[Lot]:
    """Give each command's member a new lot; an open debt is paid from it first.

    A command that was carried out before is not carried out again.

    Raises:
        EntryConflict: a key was used before with other content.
    """
    new = [granted(command) for command in commands]  # Before the lock: others may post meanwhile.
    looked = granting_store.lock_and_look(
        work, {each.lot.member_id for each in new}, [each.draft for each in new]
    )
    debts, known = looked.debts, journal.entries(work, looked.loaded.known)
    for each in new:
        entry_id = each.draft.entry_id
        if entry_id in known and known[entry_id].draft != each.draft:
            raise conflict(entry_id)
    sheets = {person: open_sheet(Position(person, (), debt)) for person, debt in debts.values()}
    for each in new:
        if each.draft.entry_id not in known:
            take(sheets[debts[each.lot.member_id][0]], each)
    for sheet in sheets.values():
        clawing.settle_new(sheet, work.now)
    save(work, list(sheets.values()), looked.loaded)
    return [each.lot for each in new]


def settle_award(work: Work, command: SettleAward) -> Settled:
    """Post one award's difference; as :func:`settle_awards` of one."""
    return settle_awards(work, command.member_id, [command])[0]


def settle_awards(work: Work, member_id: UUID, commands: Sequence[SettleAward]) -> list[Settled]:
    """Bring what one person's awards paid to what they are worth, in the order given.

    Each command names the member whose award it is: the person, or one merged into them. Upwards a
    new lot, which pays an open debt first; downwards a clawback. The answer has one
    element for each command. A settlement posted before is not posted again.

    Raises:
        EntryConflict: an award's revision was settled before with other content.
    """
    journal.lock_head(work)
    ids = [_settlement_id(command) for command in commands]
    known = journal.entries(work, ids)
    settled: dict[UUID, Settled] = {}
    fresh = []
    for entry_id, command in zip(ids, commands, strict=True):
        if entry_id in known:
            settled[entry_id] = _settled_before(work, known[entry_id], command)
        else:
            fresh.append((entry_id, command))
    sheet = open_sheet(_position_to_settle(work, member_id, [command for _, command in fresh]))
    results = clawing.settle_all(sheet, [command for _, command in fresh], work.now)
    save(work, [sheet])
    settled.update((pair[0], result) for pair, result in zip(fresh, results, strict=True))
    return [settled[entry_id] for entry_id in ids]


def save(work: Work, sheets: Sequence[Sheet], loaded: Loaded | None = None) -> None:
    """Store what is on the sheets: the terms of new lots, and all entries in one posting.

    ``loaded`` as :func:`ledger.journal.service.work_out` takes it.
    """
    new = [lot for sheet in sheets for lot in sheet.new_lots]
    drafts = [draft for sheet in sheets for draft in sheet.entries]
    if not drafts:
        return
    batch, _ = journal.work_out(work, _expiring_anew(work, drafts), loaded)
    with pipeline(work) as line:
        granting_store.send_lots(line, new)
        journal.send(line, batch)
    vestings = {lot_id: each for sheet in sheets for lot_id, each in sheet.new_vestings.items()}
    vesting_store.insert_vestings(work, new, vestings)


def _expiring_anew(work: Work, drafts: Sequence[EntryDraft]) -> Sequence[EntryDraft]:
    """The same, with other ids for expiries of lots that expired before.

    A lot expires once by the clock. But a command that began just before its expiry may have its
    turn after somebody else's who expired it, and give points back to it; those expire as well.
    """
    expiries = [draft.entry_id for draft in drafts if draft.kind is EntryKind.EXPIRY]
    before = journal.entries(work, expiries) if expiries else {}
    if not before:
        return drafts
    place = str(journal.lock_head(work).sequence)
    return [
        replace(
            draft,
            entry_id=derived_id(draft.effective_at, EntryKind.EXPIRY, str(draft.entry_id), place),
        )
        if draft.entry_id in before and draft.kind is EntryKind.EXPIRY
        else draft
        for draft in drafts
    ]


def _position_to_settle(work: Work, member_id: UUID, commands: Sequence[SettleAward]) -> Position:
    """All live lots if any may be taken from; for new awards of a member without debt, none."""
    _, debt = granting_store.debts_of(work, [member_id])[member_id]
    if not debt and all(c.revision == 1 and c.difference > ZERO for c in commands):
        return Position(member_id)
    causes = [Cause(clawing.AWARD_CAUSE, str(command.award_id)) for command in commands]
    return store.position(work, member_id, causes=causes)


def _settlement_id(command: SettleAward) -> UUID:
    return derived_id(
        command.effective_at, clawing.settlement_kind(command), *clawing.settlement_key(command)
    )


def _settled_before(work: Work, entry: PostedEntry, command: SettleAward) -> Settled:
    cause = Cause(clawing.AWARD_CAUSE, str(command.award_id))
    before = store.position(work, command.member_id, causes=[cause])
    scratch = open_sheet(before)
    entry_id = entry.draft.entry_id
    if command.difference > ZERO:
        if entry.draft != grant(scratch, clawing.grant_of(scratch, command)):
            raise conflict(entry_id)
        lot_id = lot_id_of(entry_id, command.effective_at, 0)
        return Settled(command.award_id, entry_id, lot_id)
    clawed = clawing.clawed_back_before(entry, clawing.claw_back_of(scratch, command, work.now))
    return Settled(command.award_id, entry_id, None, clawed.from_lots, clawed.new_debt, clawed.gone)
