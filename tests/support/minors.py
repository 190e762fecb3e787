"""Members who are under age."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from ledger.consents import service as consents
from ledger.consents.model import Purpose, RecordConsent, StateMinority
from ledger.kernel.transaction import Database, Work, execute
from ledger.members import service as members

OF_AGE_ON = date(2040, 1, 1)


def under_age(database: Database, member_id: UUID, admin_id: UUID) -> None:
    """State it, by somebody who becomes the first admin."""

    def promote(work: Work, _: None) -> None:
        members.make_first_admin(work, admin_id)

    execute(database, promote, None)
    execute(database, consents.state_minority, StateMinority(member_id, OF_AGE_ON, admin_id))


def consent(database: Database, member_id: UUID, admin_id: UUID, purpose: Purpose) -> None:
    """Record a parent's yes."""
    execute(database, consents.record, RecordConsent(member_id, purpose, True, admin_id))
