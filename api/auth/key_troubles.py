"""Why a key or token was refused, for the admins of its source; who asks is told none of it.

``keys`` decides what is refused; nothing here is asked before it was.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from api.auth import store
from api.auth.keys import KEY_PREFIX, TOKEN_PREFIX
from api.auth.model import ApiKey, secret_digest
from ledger.kernel.clock import Instant
from ledger.kernel.errors import Operand
from ledger.kernel.ids import BadId, parse_id
from ledger.kernel.transaction import Work


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with a credential of ``source``; absent where it names none that there is."""

    source: str | None
    reason: str
    detail: Mapping[str, Operand] = field(default_factory=dict)


def why_refused(work: Work, text: str) -> Trouble | None:
    """What is wrong with a key or token; ``None`` if it is neither, or no source's."""
    if text.startswith(TOKEN_PREFIX):
        return _why_token(work, text)
    return _why_key(work, text) if text.startswith(KEY_PREFIX) else None


def _why_token(work: Work, text: str) -> Trouble | None:
    found = store.access_token(work, secret_digest(text))
    row = None if found is None else store.key_by_id(work, found[0])
    if found is None or row is None:
        return Trouble(None, "token_unknown")
    ended = work.now >= found[2]
    return _of(row.key, "token_ended", found[2]) if ended else _why_ended(row.key, work.now)


def _why_key(work: Work, text: str) -> Trouble | None:
    head, _, secret = text.removeprefix(KEY_PREFIX).partition("_")
    try:
        row = store.key_by_id(work, parse_id("vk", f"vk_{head}"))
    except BadId:
        return Trouble(None, "key_malformed")
    if row is None:
        return Trouble(None, "key_unknown")
    if not hmac.compare_digest(secret_digest(secret), row.secret_digest):
        return _of(row.key, "key_secret_differs")
    return _why_ended(row.key, work.now)


def _why_ended(key: ApiKey, now: datetime) -> Trouble | None:
    if key.revoked_at is not None:
        return _of(key, "key_revoked", key.revoked_at)
    if key.state != "approved":
        return _of(key, "key_waits" if key.state == "draft" else "key_rejected")
    if key.expires_at is not None and now >= key.expires_at:
        return _of(key, "key_ended", key.expires_at)
    return None


def _of(key: ApiKey, reason: str, ended_at: datetime | None = None) -> Trouble | None:
    if key.source is None:
        return None
    told = {} if ended_at is None else {"ended_at": Instant.of(ended_at).isoformat()}
    return Trouble(key.source, reason, told)
