"""Whoever acts in a room of governance takes part, and goes on doing so until the commit."""

from __future__ import annotations

from uuid import UUID

from ledger.kernel.transaction import Work
from ledger.members import store as members
from ledger.members.model import MemberNotActive, MemberStatus, UnknownMember


def lock_acting(work: Work, member_id: UUID) -> None:
    """Lock who acts, so that nothing is written in the name of who is being forgotten.

    Raises:
        UnknownMember, MemberNotActive: they take no part.
    """
    status = members.lock_member(work, member_id)
    if status is None:
        raise UnknownMember("There is no such member.", member_id=str(member_id))
    if status is not MemberStatus.ACTIVE:
        raise MemberNotActive("This member does not take part.", member_id=str(member_id))
