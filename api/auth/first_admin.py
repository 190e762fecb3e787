"""The first admins: links that work once, made by somebody at the machine.

As many as it takes to approve each other; every later admin is proposed by one and approved by
another (``ledger.members``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from api.auth.sessions import close_sessions_of
from ledger.kernel.transaction import Work
from ledger.members import service as members
from ledger.members.links import service as links
from ledger.members.model import IssuedLink, IssueLink, UseLink

PURPOSE: Final = "first_admin"
LIFE: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class BecomeFirstAdmin:
    """A member opened the link and confirmed."""

    member_id: UUID
    token: str


def issue_first_admin_link(work: Work, _: None) -> IssuedLink:
    """A link that makes the member who uses it an admin.

    Raises:
        AdminExists: there are or were enough, who can propose and approve others.
    """
    members.require_link_of_use(work)
    return links.issue_link(work, IssueLink(PURPOSE, None, LIFE))


def first_admin_url(origin: str, token: str) -> str:
    """The address of the page on which a member uses the link."""
    return f"{origin}/first-admin?{urlencode({'token': token})}"


def become_first_admin(work: Work, command: BecomeFirstAdmin) -> None:
    """Use the link; the member's sessions end, so the power is taken up by a fresh sign-in.

    Raises:
        UnknownLink, LinkSpent: the link is not good, or not any more.
        UnknownMember, MemberNotActive, AdminExists: see ``ledger.members``.
    """
    links.use_link(work, UseLink(PURPOSE, command.token))
    members.make_first_admin(work, command.member_id)
    close_sessions_of(work, command.member_id)
