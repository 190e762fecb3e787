"""Statements of giving lots, written out once and sent together: the path of every award."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from ledger.journal import service as journal
from ledger.journal.model import AccountKind, EntryDraft
from ledger.journal.store import Loaded
from ledger.journal.tables import accounts
from ledger.kernel.arrays import any_given_uuid
from ledger.kernel.packed import int8s, moments, texts, uuids
from ledger.kernel.pipeline import Pipeline, Prepared, pipeline
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.lots.model import ZERO, Lot
from ledger.members.persons.store import PERSON
from ledger.members.tables import members

Debts = dict[UUID, tuple[UUID, Points]]
"""Member → who stands for the member, and what that one owes."""

_DEBTS: Final = Prepared(
    sa.select(members.c.member_id, PERSON.label("person"), accounts.c.balance)
    .outerjoin(
        accounts, sa.and_(accounts.c.kind == AccountKind.DEBT.value, accounts.c.owner == PERSON)
    )
    .where(members.c.member_id == any_given_uuid("members"))
)
_INSERT_LOTS: Final = Prepared(
    sa.text(
        """
    INSERT INTO lots (lot_id, member_id, granted, activates_at, expires_at, cause_kind, cause_id,
                      continues, cites, entry_id, created_at)
    SELECT unnest(CAST(:lot_id AS uuid[])), unnest(CAST(:member_id AS uuid[])),
        unnest(CAST(:granted AS int8[])), unnest(CAST(:activates_at AS timestamptz[])),
        unnest(CAST(:expires_at AS timestamptz[])), unnest(CAST(:cause_kind AS text[])),
        unnest(CAST(:cause_id AS text[])), unnest(CAST(:continues AS uuid[])),
        unnest(CAST(:cites AS uuid[])), unnest(CAST(:entry_id AS uuid[])), :now
    """
    )
)


@dataclass(frozen=True, slots=True)
class Looked:
    """What giving lots begins with: each member's debt, and what their entries' posting needs."""

    debts: Debts
    loaded: Loaded


def debts_of(work: Work, member_ids: Collection[UUID]) -> Debts:
    """Who stands for each of these members, and what that one owes."""
    with pipeline(work) as line:
        owed = _send_debts(line, member_ids)
    return _debts(owed.fetchall(), member_ids)


def lock_and_look(work: Work, member_ids: Collection[UUID], drafts: Sequence[EntryDraft]) -> Looked:
    """Lock the journal's head and load what these entries touch; :func:`debts_of` beside."""
    with pipeline(work) as line:
        loading = journal.send_load(line, drafts)
        owed = _send_debts(line, member_ids)
    return Looked(_debts(owed.fetchall(), member_ids), loading.loaded())


def _send_debts(line: Pipeline, member_ids: Collection[UUID]) -> Any:
    return line.send(_DEBTS, {"members": uuids(list(member_ids))})


def _debts(rows: Sequence[Any], member_ids: Collection[UUID]) -> Debts:
    owed = {member_id: (person, Points(-(balance or 0))) for member_id, person, balance in rows}
    return {member_id: owed.get(member_id, (member_id, ZERO)) for member_id in member_ids}


def send_lots(line: Pipeline, new: Sequence[Lot]) -> None:
    """Store the terms of new lots, in one statement."""
    if not new:
        return
    line.send(
        _INSERT_LOTS,
        {
            "lot_id": uuids([lot.lot_id for lot in new]),
            "member_id": uuids([lot.member_id for lot in new]),
            "granted": int8s([lot.granted.amount for lot in new]),
            "activates_at": moments([lot.activates_at for lot in new]),
            "expires_at": moments([lot.expires_at for lot in new]),
            "cause_kind": texts([lot.cause.kind for lot in new]),
            "cause_id": texts([lot.cause.cause_id for lot in new]),
            "continues": uuids([lot.continues for lot in new]),
            "cites": uuids([lot.cites for lot in new]),
            "entry_id": uuids([lot.entry_id for lot in new]),
            "now": line.work.now,
        },
    )
