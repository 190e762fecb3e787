"""Paying what was approved, and taking back what was paid: in parts, each in one transaction.

A part locks whose identities are whose, then the journal's head, pays the next lines and remembers
how far it came, so a crash loses nothing and doubles nothing: every line's entry has an id of its
own, worked out from the import and the line. Lines that reach nobody yet wait; they are credited
when their identity is linked, unless to somebody who proposed or approved the import: nobody pays
themselves, by whatever detour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from ledger.grants.gone_store import gone_of_lines
from ledger.grants.imports import paying_store, store
from ledger.grants.imports.model import (
    CHUNK,
    IMPORT_TOPIC,
    Import,
    ImportLine,
    ImportState,
    Outcome,
    payment_id,
    payment_key,
    payment_text,
    start_of,
    taking_back_key,
)
from ledger.grants.imports.paying_store import Payment
from ledger.grants.imports.service import find
from ledger.journal import service as journal
from ledger.journal.model import EntryKind
from ledger.kernel import outbox
from ledger.kernel.transaction import Database, Work, execute
from ledger.kernel.units import Points
from ledger.lots.granting import grant_lots
from ledger.lots.model import ClawBack, GrantLot
from ledger.lots.service import claw_back
from ledger.members import store as members_store
from ledger.members.model import LINKED_TOPIC

TAKE_BACK_CHUNK: Final = 50
"""Lines taken back in one transaction; each looks at all of a member's lots."""
MEMBERS_AT_ONCE_MAX: Final = 1_000


def carry_out(database: Database, import_id: UUID) -> None:
    """Pay, or take back, part after part until nothing is left to do."""
    while execute(database, carry_out_part, import_id):
        pass


def carry_out_part(work: Work, import_id: UUID) -> bool:
    """Do the next part of what was asked for in the outbox; whether there is more."""
    if not outbox.take(work, IMPORT_TOPIC, str(import_id)):
        return False
    more = do_part(work, import_id)
    if more:
        outbox.put(work, IMPORT_TOPIC, str(import_id))
    return more


def do_part(work: Work, import_id: UUID, *, chunk: int = CHUNK) -> bool:
    """Pay the next ``chunk`` lines, or take the next ones back; whether there are more."""
    members_store.lock_membership_shared(work)
    journal.lock_head(work)
    what = find(work, import_id)
    if what.state is ImportState.APPROVED:
        return _pay_part(work, what, chunk)
    if what.state is ImportState.TAKING_BACK:
        return _take_back_part(work, what, min(chunk, TAKE_BACK_CHUNK))
    return False


def credit_waiting(work: Work, member_id: UUID) -> bool:
    """As :func:`credit_linked`, if the outbox asks for it; whether there may be more."""
    if not outbox.take(work, LINKED_TOPIC, str(member_id)):
        return False
    if not paying_store.waiting_of(work, member_id, 1):
        return False
    more = credit_linked(work, member_id) == CHUNK
    if more:
        outbox.put(work, LINKED_TOPIC, str(member_id))
    return more


def credit_linked(work: Work, member_id: UUID) -> int:
    """Credit the lines that wait for this member; how many. Again is no change."""
    members_store.lock_membership_shared(work)
    journal.lock_head(work)
    waiting = paying_store.waiting_of(work, member_id, CHUNK)
    credited = 0
    for import_id, lines in waiting.items():
        credited += _pay(work, find(work, import_id), lines)
    return credited


def credit_all_linked(database: Database) -> None:
    """Credit every line that waits and reaches somebody; the linking itself asked for most."""
    with database.read() as work:
        reached = paying_store.reachable(work, MEMBERS_AT_ONCE_MAX)
    for member_id in reached:
        while execute(database, credit_linked, member_id):
            pass


def _pay_part(work: Work, what: Import, chunk: int) -> bool:
    lines = store.lines_after(work, what.import_id, what.walked, chunk)
    done = paying_store.payments_of(work, what.import_id, [line.number for line in lines])
    _pay(work, what, [line for line in lines if line.number not in done])
    more = len(lines) == chunk
    walked = lines[-1].number if lines else what.walked
    store.set_state(
        work, what.import_id, ImportState.APPROVED if more else ImportState.PAID, walked
    )
    return more


def _pay(work: Work, what: Import, lines: Sequence[ImportLine]) -> int:
    """Pay those of the lines that reach somebody who does not stand for it; how many did."""
    reached = paying_store.active_of(work, lines)
    standing = paying_store.standing_for(work, what)
    payments, commands = [], []
    for line in lines:
        member_id = reached.get(line.number)
        if member_id is None or member_id in standing:
            continue
        if line.expires_on is not None and start_of(line.expires_on) <= work.now:
            payments.append(Payment(line.number, Outcome.LAPSED, member_id, None))
            continue
        commands.append(grant_of(what, line, member_id))
        entry_id = payment_id(what, line.number)
        payments.append(Payment(line.number, Outcome.CREDITED, member_id, entry_id))
    if commands:
        grant_lots(work, commands)
    if payments:
        paying_store.insert_payments(work, what.import_id, payments)
    return len(payments)


def grant_of(what: Import, line: ImportLine, member_id: UUID) -> GrantLot:
    """The lot of a line, dated when the import was approved, whenever it is credited."""
    assert what.closed_at is not None, "an import is paid once it was approved"
    activates_at = what.closed_at
    if line.activates_on is not None:
        activates_at = max(activates_at, start_of(line.activates_on))
    expires_at = None if line.expires_on is None else start_of(line.expires_on)
    return GrantLot(
        member_id=member_id,
        amount=line.points,
        kind=EntryKind.GRANT,
        key=payment_key(what.import_id, line.number),
        effective_at=what.closed_at,
        activates_at=activates_at,
        expires_at=expires_at,
        cause=what.cause,
        why=payment_text(what, line),
    )


def _take_back_part(work: Work, what: Import, chunk: int) -> bool:
    payments = paying_store.payments_after(work, what.import_id, what.walked, chunk)
    points = paying_store.points_of(work, what.import_id, [each.line for each in payments])
    gone = _gone_by_line(work, what, payments, points)
    asked = store.read_take_backs(work, what.import_id)
    for payment in payments:
        line = payment.line
        if payment.entry_id is not None and gone[line] < points[line]:
            claw_back(
                work,
                ClawBack(
                    member_id=payment.member_id,
                    amount=points[line],
                    cause=what.cause,
                    key=taking_back_key(what.import_id, line),
                    key_at=asked[-1].asked_at,
                    at=work.now,
                    why={
                        "import": str(what.import_id),
                        "line": line,
                        "taken_back_by": [str(each.person_id) for each in asked],
                    },
                    cites_entry=payment.entry_id,
                    gone=gone[line],
                ),
            )
    more = len(payments) == chunk
    walked = payments[-1].line if payments else what.walked
    store.set_state(
        work, what.import_id, ImportState.TAKING_BACK if more else ImportState.TAKEN_BACK, walked
    )
    return more


def _gone_by_line(
    work: Work, what: Import, payments: Sequence[Payment], points: Mapping[int, Points]
) -> dict[int, Points]:
    """Credited line → how much of it is gone for good, and need not be taken back."""
    credited = [each for each in payments if each.entry_id is not None]
    lines = [(each.member_id, points[each.line]) for each in credited]

    def brought_later() -> dict[UUID, Points]:
        return paying_store.credited_after(work, what.import_id, payments[-1].line)

    gone = gone_of_lines(work, what.cause, lines, brought_later) if lines else []
    return {each.line: taken for each, taken in zip(credited, gone, strict=True)}
