"""Hooks of others, what is sent to them, and when a failed delivery is tried again. Pure.

    propose (secret shown once) ──another admin──▶ live ──given up, or 410──▶ paused
         │ withdrawn, rejected                      │ ▲                        │ │
         └──────────────────────────▶ ended ◀───────┘ └────────resume──────────┘ ▼
                                                                              ended

Bodies and signatures are those of Standard Webhooks. Deliveries come at least once and in no
certain order; ``webhook-id`` is the same on every attempt.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from ledger.kernel.canonical import Json, digest
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.ids import format_id

HOOK_PREFIX: Final = "hok"
MESSAGE_PREFIX: Final = "msg"
URL_LENGTH_MAX: Final = 500
HOOKS_MAX: Final = 5
"""Hooks that are live or wait for somebody: each multiplies every message."""
LEASE: Final = timedelta(minutes=2)
"""How long an attempt is waited for before another one is made; longer than its timeouts."""
DELIVERED_KEPT: Final = timedelta(days=30)
"""How long the log keeps what was delivered."""
_WAITS_S: Final = (5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600, *(43_200,) * 5)
"""After each failed attempt: together three days (Standard Webhooks, "Retries")."""
ATTEMPTS_MAX: Final = len(_WAITS_S) + 1
_JITTER_PARTS: Final = 5
_VISIBLE: Final = re.compile(r"[!-~]+\Z", re.ASCII)


class HookInvalid(VkladError):
    """An address to which nothing can be sent."""

    code = "outgoing_hook_invalid"
    kind = ErrorKind.INVALID


class TooManyHooks(VkladError):
    """As many hooks as may be."""

    code = "too_many_outgoing_hooks"
    kind = ErrorKind.CONFLICT


class UnknownHook(VkladError):
    """A hook's id that is unknown, or of one in another state than asked for."""

    code = "unknown_outgoing_hook"
    kind = ErrorKind.NOT_FOUND


class HookNeedsAnotherPerson(VkladError):
    """A hook that its own proposer would approve."""

    code = "outgoing_hook_needs_another_person"
    kind = ErrorKind.FORBIDDEN


class HookContentDiffers(VkladError):
    """A hook that is another than the one that was read."""

    code = "outgoing_hook_content_differs"
    kind = ErrorKind.CONFLICT


class HookState(StrEnum):
    """Whether anything is sent to a hook."""

    DRAFT = "draft"
    LIVE = "live"
    PAUSED = "paused"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Hook:
    """An address of another system's, and who stands for telling it."""

    hook_id: UUID
    url: str
    content_digest: bytes
    state: HookState
    proposed_by: UUID
    proposed_at: datetime
    approved_by: UUID | None
    approved_at: datetime | None


@dataclass(frozen=True, slots=True)
class ProposeHook:
    """Ask that messages go to ``url``; ``allows_private``: within this machine's networks, too."""

    url: str
    proposed_by: UUID
    allows_private: bool = False


@dataclass(frozen=True, slots=True)
class ProposedHook:
    """A new hook, and the secret that is shown this once."""

    hook: Hook
    secret: str


@dataclass(frozen=True, slots=True)
class ApproveHook:
    """Send to a hook of exactly this content."""

    hook_id: UUID
    content_digest: bytes
    approved_by: UUID


@dataclass(frozen=True, slots=True)
class ChangeHook:
    """End a hook, or go on with one that is paused."""

    hook_id: UUID
    changed_by: UUID


@dataclass(frozen=True, slots=True)
class Message:
    """Something that happened to a member, for every live hook."""

    type: str
    member_id: UUID
    occurred_at: str
    content: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A delivery that is to be tried now."""

    delivery_id: UUID
    number: int
    url: str
    sealed: bytes
    body: str

    @property
    def message_id(self) -> str:
        """The header ``webhook-id``."""
        return format_id(MESSAGE_PREFIX, self.delivery_id)


@dataclass(frozen=True, slots=True)
class Heard:
    """What an attempt came to: a status that was answered, or why there was none."""

    status: int | None = None
    failure: str | None = None

    @property
    def is_delivered(self) -> bool:
        """Whether it was heard: any 2xx."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """Whether the receiver wants nothing any more."""
        return self.status == 410


@dataclass(frozen=True, slots=True)
class Delivery:
    """A line of the log."""

    delivery_id: UUID
    type: str
    created_at: datetime
    due_at: datetime | None
    attempts: int
    last_status: int | None
    last_failure: str | None
    delivered_at: datetime | None

    @property
    def state(self) -> str:
        """``delivered``, ``waiting`` for an attempt, or ``given_up``."""
        if self.delivered_at is not None:
            return "delivered"
        return "given_up" if self.due_at is None else "waiting"


def check_url(text: str, *, allows_private: bool) -> str:
    """The address, if it is one to which others' systems listen.

    Raises:
        HookInvalid: no https, words to sign in with, a fragment, or too long. Plain http is for
            where private networks are allowed.
    """
    schemes = {"https", "http"} if allows_private else {"https"}
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise HookInvalid("The address cannot be read.") from error
    if len(text) > URL_LENGTH_MAX or not _VISIBLE.match(text) or parts.scheme not in schemes:
        raise HookInvalid("Messages go to an address of https, of at most 500 characters.")
    if not host or parts.username is not None or parts.fragment:
        raise HookInvalid("The address has a host, no name to sign in with and no fragment.")
    return text


def content_digest(hook_id: UUID, url: str, proposed_by: UUID) -> bytes:
    """What an approval is of."""
    return digest(
        {
            "hook": format_id(HOOK_PREFIX, hook_id),
            "url": url,
            "proposed_by": format_id("mem", proposed_by),
        }
    )


def wait_after(delivery_id: UUID, attempts: int) -> timedelta | None:
    """How long until the next attempt, ``None`` to give up.

    Up to a fifth is added by the delivery's own id, so that what failed together is not tried
    together again.
    """
    if attempts >= ATTEMPTS_MAX:
        return None
    wait_s = _WAITS_S[attempts - 1]
    drawn = hashlib.sha256(b"%d." % attempts + delivery_id.bytes).digest()[0]
    return timedelta(seconds=wait_s + wait_s * drawn // (256 * _JITTER_PARTS))
