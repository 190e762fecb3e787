"""The words of this room, pure: members, identity keys, roles, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal, NamedTuple
from uuid import UUID

from ledger.kernel.canonical import Json
from ledger.kernel.errors import ErrorKind, VkladError

Locale = str
"""A language's tag, such as ``ru``: two or three small letters."""
RoleAction = Literal["proposed", "granted", "revoked"]
"""What was done to a role; the log of it is append-only."""
SUBJECT_LENGTH_MAX: Final = 256
ISSUER_LENGTH_MAX: Final = 512
DISPLAY_NAME_LENGTH_MAX: Final = 120
ADMINS_BY_LINK_MAX: Final = 2
"""Four eyes need two admins; a link from the server makes these and no more."""
SINGLE_ADMIN_DELAY: Final = timedelta(hours=72)
"""How long what a school's only admin wants is announced in place of the second person's yes."""
LINK_LIFETIME_MAX: Final = timedelta(days=30)
SCORE_TOPIC: Final = "score"
"""Outbox topic; the key is a member's id as text: project this member's facts again."""
LINKED_TOPIC: Final = "linked"
"""Outbox topic; the key is a member's id as text: an identity became this member's."""


class MemberStatus(StrEnum):
    """Whether somebody takes part. An erased member's entries stay, who it was does not.

    A merged one is the same person as another member, who takes part for both.
    """

    ACTIVE = "active"
    BLOCKED = "blocked"
    ERASED = "erased"
    MERGED = "merged"


class Role(StrEnum):
    """What a member may do beyond what every member may."""

    TEACHER = "teacher"
    CURATOR = "curator"
    MODERATOR = "moderator"
    ADMIN = "admin"
    AUDITOR = "auditor"
    OWNER = "owner"


class IdentityKey(NamedTuple):
    """Who somebody is elsewhere: ``("lms", "https://lms.example", "1042")``. Never an e-mail.

    A tuple, because sorting a batch by it fixes the order in which rows are locked.
    """

    provider: str
    issuer: str
    subject: str


@dataclass(frozen=True, slots=True)
class Member:
    """A participant; the name is shown to people only and may be absent."""

    member_id: UUID
    status: MemberStatus
    locale: Locale
    created_at: datetime
    display_name: str | None = None
    merged_into: UUID | None = None


@dataclass(frozen=True, slots=True)
class LinkedIdentity:
    """One identity of a member; ``key`` is absent once erased."""

    reference: UUID
    key: IdentityKey | None
    linked_at: datetime
    proof_kind: str


@dataclass(frozen=True, slots=True)
class RoleGrant:
    """A role somebody has, or is proposed to have."""

    member_id: UUID
    role: Role
    state: Literal["proposed", "granted"]
    proposed_by: UUID | None
    approved_by: UUID | None


@dataclass(frozen=True, slots=True)
class CreateMember:
    """Take somebody in."""

    locale: Locale = "ru"
    display_name: str | None = None


@dataclass(frozen=True, slots=True)
class LinkIdentity:
    """Say that an identity is this member, on a proof (kind, and digest of what proved it)."""

    member_id: UUID
    reference: UUID
    proof_kind: str
    proof_digest: bytes | None = None


@dataclass(frozen=True, slots=True)
class UnlinkIdentity:
    """Say that an identity is this member no longer."""

    member_id: UUID
    reference: UUID
    proof_kind: str
    proof_digest: bytes | None = None


@dataclass(frozen=True, slots=True)
class TakeIn:
    """Give every unlinked identity of these a new member of its own (an import does)."""

    references: Sequence[UUID]
    proof_kind: str
    locale: Locale = "ru"


@dataclass(frozen=True, slots=True)
class ProposeRole:
    """Ask that a member be given a role; takes effect when another person approves."""

    member_id: UUID
    role: Role
    proposed_by: UUID


@dataclass(frozen=True, slots=True)
class ApproveRole:
    """The second person's yes."""

    member_id: UUID
    role: Role
    approved_by: UUID


@dataclass(frozen=True, slots=True)
class RevokeRole:
    """Take a role, or its proposal, away at once: less power needs one person only."""

    member_id: UUID
    role: Role
    revoked_by: UUID


@dataclass(frozen=True, slots=True)
class BlockMember:
    """Let a member take part no longer: less power needs one person only."""

    member_id: UUID
    blocked_by: UUID


@dataclass(frozen=True, slots=True)
class IssueLink:
    """Make a link that works once for ``purpose`` and carries ``payload`` to whoever uses it."""

    purpose: str
    payload: Json
    lifetime: timedelta


@dataclass(frozen=True, slots=True)
class IssuedLink:
    """The token, shown once: only its digest is kept."""

    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class UseLink:
    """Spend a link."""

    purpose: str
    token: str


class UnknownMember(VkladError):
    """No member has this id."""

    code = "unknown_member"
    kind = ErrorKind.NOT_FOUND


class MemberNotActive(VkladError):
    """A blocked or erased member was to be changed as if taking part."""

    code = "member_not_active"
    kind = ErrorKind.CONFLICT


class UnknownIdentity(VkladError):
    """No identity has this reference."""

    code = "unknown_identity"
    kind = ErrorKind.NOT_FOUND


class IdentityTaken(VkladError):
    """The identity belongs to another member; joining two members is a merge, never a link."""

    code = "identity_taken"
    kind = ErrorKind.CONFLICT


class IdentityNotLinked(VkladError):
    """The identity to unlink is not this member's."""

    code = "identity_not_linked"
    kind = ErrorKind.CONFLICT


class BadIdentity(VkladError):
    """A provider, issuer or subject that is empty, too long or has control characters."""

    code = "bad_identity"
    kind = ErrorKind.INVALID


class BadDisplayName(VkladError):
    """A name that cannot be shown."""

    code = "bad_display_name"
    kind = ErrorKind.INVALID


class RoleNotProposed(VkladError):
    """There is no open proposal of this role for this member."""

    code = "role_not_proposed"
    kind = ErrorKind.CONFLICT


class RoleNeedsAnotherPerson(VkladError):
    """The approver proposed it, or would promote themselves (DESIGN 3, rule 10)."""

    code = "role_needs_another_person"
    kind = ErrorKind.FORBIDDEN


class NotAnAdmin(VkladError):
    """Only an admin proposes and approves roles and sources."""

    code = "not_an_admin"
    kind = ErrorKind.FORBIDDEN


class WordCountsNoLonger(VkladError):
    """Who proposed something was blocked since, or lost the role that it takes."""

    code = "word_counts_no_longer"
    kind = ErrorKind.CONFLICT


class TooFewAdmins(VkladError):
    """Without this admin there would be no two who can approve each other's proposals."""

    code = "too_few_admins"
    kind = ErrorKind.CONFLICT


class NotTheOwner(VkladError):
    """The school has an owner, and somebody else gave the owner's word."""

    code = "not_the_owner"
    kind = ErrorKind.FORBIDDEN


class TooFewOwners(VkladError):
    """A school that has an owner keeps one."""

    code = "too_few_owners"
    kind = ErrorKind.CONFLICT


class AdminExists(VkladError):
    """There are two admins, or were; further ones are proposed by one and approved by the other."""

    code = "admin_exists"
    kind = ErrorKind.CONFLICT


class UnknownLink(VkladError):
    """No such one-time link for this purpose."""

    code = "unknown_link"
    kind = ErrorKind.NOT_FOUND


class LinkSpent(VkladError):
    """The one-time link was used or its time is over."""

    code = "link_spent"
    kind = ErrorKind.GONE


def check_key(key: IdentityKey) -> IdentityKey:
    """The key itself, if it can be one.

    Raises:
        BadIdentity: a part is empty, too long, or has characters that cannot be seen.
    """
    limits = {"provider": 32, "issuer": ISSUER_LENGTH_MAX, "subject": SUBJECT_LENGTH_MAX}
    for part, text in zip(limits, key, strict=True):
        if not text or len(text) > limits[part] or not text.isprintable():
            raise BadIdentity(
                f"The {part} of an identity is 1 to {limits[part]} visible characters.",
                part=part,
                length_max=limits[part],
            )
    return key


def check_display_name(name: str | None) -> str | None:
    """The name itself, if it can be shown.

    Raises:
        BadDisplayName: empty, too long, or with characters that cannot be seen.
    """
    if name is not None and (
        not name.strip() or len(name) > DISPLAY_NAME_LENGTH_MAX or not name.isprintable()
    ):
        raise BadDisplayName(
            f"A name is 1 to {DISPLAY_NAME_LENGTH_MAX} visible characters.",
            length_max=DISPLAY_NAME_LENGTH_MAX,
        )
    return name
