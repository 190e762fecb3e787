"""Who may do what in a project; persons are compared, not accounts."""

from __future__ import annotations

from uuid import UUID

from governance.projects.errors import NotAnAcceptor, NotTheProjectsLead
from governance.projects.model import Project
from ledger.kernel.transaction import Work
from ledger.members import service as members
from ledger.members.model import Role
from ledger.members.persons import store as persons


def require_lead(work: Work, project: Project, member_id: UUID, *, admin_too: bool = True) -> None:
    """Return if the member leads the project: its author, or an admin in the author's place.

    Raises:
        NotTheProjectsLead: neither.
    """
    if persons.person_of(work, project.author_id) == persons.person_of(work, member_id):
        return
    if admin_too and Role.ADMIN in members.roles_of(work, member_id):
        return
    raise NotTheProjectsLead("Only the author, or an admin in the author's place, does this.")


def require_acceptor(work: Work, member_id: UUID) -> None:
    """Return if the member decides on what others delivered.

    Raises:
        NotAnAcceptor: neither moderator nor admin.
    """
    if not members.roles_of(work, member_id) & {Role.MODERATOR, Role.ADMIN}:
        raise NotAnAcceptor("Only a moderator or an admin decides on what was delivered.")
