"""Who may ask: principals, roles and scopes, and the credentials behind them. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from ledger.events.credentials.model import State
from ledger.kernel.errors import ErrorKind, VkladError

SESSION_LIFE: Final = timedelta(hours=12)
SESSION_IDLE_MAX: Final = timedelta(hours=2)
ACCESS_TOKEN_LIFE: Final = timedelta(hours=1)


class CredentialsRefused(VkladError):
    """A key, token or session that is unknown, expired or revoked. Which, is not told."""

    code = "credentials_refused"
    kind = ErrorKind.UNAUTHENTICATED


class CsrfRefused(VkladError):
    """An unsafe request by cookie without the token of that session, or from another origin."""

    code = "csrf_refused"
    kind = ErrorKind.FORBIDDEN


class UnknownScope(VkladError):
    """A scope that no route asks for."""

    code = "unknown_scope"
    kind = ErrorKind.INVALID


class SourceKeyRequired(VkladError):
    """A scope that only a key of a source may have, on a key of none."""

    code = "source_key_required"
    kind = ErrorKind.INVALID


class PrincipalKind(StrEnum):
    """What sort of party asks."""

    PERSON = "person"
    MACHINE = "machine"
    SOURCE = "source"


class Role(StrEnum):
    """What a person may do (DESIGN 8)."""

    MEMBER = "member"
    TEACHER = "teacher"
    CURATOR = "curator"
    MODERATOR = "moderator"
    ADMIN = "admin"
    AUDITOR = "auditor"
    OWNER = "owner"


SCOPES: Final = (
    "events:write",
    "members:read",
    "balances:read",
    "redemptions:read",
    "redemptions:write",
    "embed:write",
    "grants:read",
    "journal:read",
    "funnel:read",
    "metrics:read",
)
"""What a machine's key may be for. None of them approves anything (DESIGN 3, rule 10)."""
SOURCE_SCOPES: Final = frozenset({"events:write", "redemptions:write", "embed:write"})
"""Those that state facts, move points or show what members have: only of a source's key, which
two persons agree on."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. ``subject``: member id, key id, or a source's URI.

    ``session_digest`` and ``csrf`` are of a signed-in browser only.
    """

    kind: PrincipalKind
    subject: str
    member_id: UUID | None = None
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    session_digest: bytes | None = None
    csrf: str | None = None

    @property
    def key(self) -> str:
        """One text per principal: owner of idempotency keys and rate buckets."""
        return f"{self.kind}:{self.subject}"

    @property
    def source(self) -> str | None:
        """URI of the source whose credential this is; ``None`` for others."""
        return self.subject if self.kind is PrincipalKind.SOURCE else None


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser; the cookie holds the secret, the row its digest."""

    digest: bytes
    member_id: UUID
    csrf: str
    opened_at: datetime
    seen_at: datetime
    expires_at: datetime

    def is_open(self, now: datetime) -> bool:
        """Neither past its life nor idle too long; both ends exclusive."""
        return now < self.expires_at and now < self.seen_at + SESSION_IDLE_MAX


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A machine's credential; ``source`` binds it to one source's URI.

    ``state``: a key bound to a source works once a second person approved it, others do at once.
    """

    key_id: UUID
    name: str
    scopes: frozenset[str]
    source: str | None
    expires_at: datetime | None
    revoked_at: datetime | None
    state: State

    def is_live(self, now: datetime) -> bool:
        """Approved, not revoked and not expired; the end is exclusive."""
        ended = self.revoked_at is not None or (
            self.expires_at is not None and now >= self.expires_at
        )
        return self.state == "approved" and not ended


@dataclass(frozen=True, slots=True)
class SignInRow:
    """A sign-in under way at the issuer, bound to the browser that began it."""

    browser_digest: bytes
    nonce: str
    verifier: str
    return_to: str


@dataclass(frozen=True, slots=True)
class WalletNonce:
    """A nonce given to a member in a session, to be signed by a wallet."""

    member_id: UUID
    session_digest: bytes
    expires_at: datetime
    used_at: datetime | None


def secret_digest(secret: str) -> bytes:
    """How a secret of ours is kept: SHA-256, enough for 256 random bits."""
    return hashlib.sha256(secret.encode()).digest()


def check_scopes(scopes: frozenset[str]) -> None:
    """Refuse scopes that nothing asks for.

    Raises:
        UnknownScope: names the first of them.
    """
    for scope in sorted(scopes):
        if scope not in SCOPES:
            raise UnknownScope(f"There is no scope {scope[:64]!r}.", scope=scope[:64])
