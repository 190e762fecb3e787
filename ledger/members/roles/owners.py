"""The owner of a school: whose word it takes before a version of the rules takes points away.

Until somebody has the role, any admin speaks for the owner. From then on an owner does, and one
always remains: else whoever takes the role away would get the owner's word with it.
"""

from __future__ import annotations

from uuid import UUID

from ledger.kernel.transaction import Work
from ledger.members import store as members
from ledger.members.model import NotAnAdmin, NotTheOwner, Role, TooFewOwners
from ledger.members.roles import store


def require_owners_word(work: Work, member_id: UUID) -> None:
    """Return if the member may agree in the owner's place.

    Raises:
        NotTheOwner: the school has an owner, and this is somebody else.
        NotAnAdmin: it has none, and this is no admin.
    """
    roles = members.roles_of(work, member_id)
    if store.owners(work):
        if Role.OWNER not in roles:
            raise NotTheOwner("Only the owner of the school may agree to this.")
    elif Role.ADMIN not in roles:
        raise NotAnAdmin("Only an admin may do this.")


def require_another_owner(work: Work, member_id: UUID) -> None:
    """Return if somebody else is an active owner too; the caller holds the membership lock.

    Raises:
        TooFewOwners: nobody is.
    """
    if not [each for each in store.active_owners(work) if each != member_id]:
        raise TooFewOwners("One owner has to remain. Give somebody else the role first.")
