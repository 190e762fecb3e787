"""What a token of an embedding page is for. Pure.

    LMS's server ──key──▶ token ──▶ its page ──postMessage──▶ our frame ──bearer──▶ our server

A token names one member, one origin, what it may be used for and at most one signed order. It is a
bearer of its own kind: no other door of ours takes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from ledger.kernel.errors import ErrorKind, VkladError

TOKEN_PREFIX: Final = "vke_"  # noqa: S105 - a prefix, no secret
TOKEN_LIFE: Final = timedelta(minutes=5)


class EmbedPurpose(StrEnum):
    """What a token may be used for."""

    BADGE = "badge"
    """The balance."""
    WHY = "why"
    """The last awards with their reasons, and what expires."""
    PAY = "pay"
    """Setting points aside for the token's order."""


class EmbedMemberUnknown(VkladError):
    """An identity that no member has linked, so there is nothing to show."""

    code = "embed_member_unknown"
    kind = ErrorKind.NOT_FOUND


class EmbedTokenRefused(VkladError):
    """A token that is unknown, over, or of another page. Which, is not told."""

    code = "embed_token_refused"
    kind = ErrorKind.UNAUTHENTICATED


class PurposeMissing(VkladError):
    """A token that is not for what was asked with it."""

    code = "embed_purpose_missing"
    kind = ErrorKind.FORBIDDEN


@dataclass(frozen=True, slots=True)
class IssueEmbedToken:
    """A token for the page of ``origin`` and the member whom ``identity`` names in the source.

    ``order``: signed by the source; given exactly if paying is among the purposes.
    """

    source: str
    identity: str
    origin: str
    purposes: frozenset[EmbedPurpose]
    order: str | None = None


@dataclass(frozen=True, slots=True)
class EmbedToken:
    """A token without its text; ``expires_at`` is exclusive."""

    member_id: UUID
    source: str
    origin: str
    purposes: frozenset[EmbedPurpose]
    order: str | None
    expires_at: datetime

    @property
    def key(self) -> str:
        """One text per member: the owner of the rate at which its tokens may ask."""
        return f"embed:{self.member_id}"


@dataclass(frozen=True, slots=True)
class IssuedEmbedToken:
    """A token's text, told once."""

    text: str
    expires_at: datetime
