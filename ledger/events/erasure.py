"""Forgetting who a member was: what names them is deleted, facts and entries stay.

Facts hold references only, so the projection, the journal and every proof are as before. What the
same account states later gets a fresh reference, linked to nobody.
"""

from __future__ import annotations

from uuid import UUID

from ledger.events import store as events_store
from ledger.kernel.transaction import Work
from ledger.members import service, store
from ledger.members.model import MemberStatus, UnknownMember


def erase_member(work: Work, member_id: UUID) -> None:
    """Delete name, identities and bodies of what was sent, and end all roles. Again is no change.

    Raises:
        UnknownMember: no such member.
        TooFewAdmins: it is an admin, and fewer than two others are there to go on.
    """
    store.lock_membership(work)
    if store.lock_member(work, member_id) is None:
        raise UnknownMember("There is no such member.", member_id=str(member_id))
    service.require_dispensable(work, member_id)
    references = store.references_of_member(work, member_id)
    events_store.erase_bodies(work, references)
    store.erase_personal(work, member_id, references)
    store.set_status(work, member_id, MemberStatus.ERASED)
