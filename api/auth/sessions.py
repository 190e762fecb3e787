"""Sessions of signed-in browsers: open, use, close. The cookie's secret is never stored."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from api.auth import store
from api.auth.model import SESSION_LIFE, CredentialsRefused, CsrfRefused, Session, secret_digest
from ledger.kernel.transaction import Work

TOUCH_AFTER: Final = timedelta(minutes=5)
"""A session's last use is written no more often than this."""


@dataclass(frozen=True, slots=True)
class OpenSession:
    """Let this member's browser in."""

    member_id: UUID


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """The new session and the secret for its cookie, told once."""

    session: Session
    cookie: str


def open_session(work: Work, command: OpenSession) -> OpenedSession:
    """Start a session of ``SESSION_LIFE``."""
    cookie = work.ids.secret()
    session = Session(
        digest=secret_digest(cookie),
        member_id=command.member_id,
        csrf=work.ids.secret(),
        opened_at=work.now,
        seen_at=work.now,
        expires_at=work.now + SESSION_LIFE,
    )
    store.insert_session(work, session)
    return OpenedSession(session, cookie)


def find_session(work: Work, cookie: str) -> Session:
    """The open session of a cookie.

    Raises:
        CredentialsRefused: there is none, or it has ended.
    """
    session = store.session_by_digest(work, secret_digest(cookie))
    if session is None or not session.is_open(work.now):
        raise CredentialsRefused("The session is unknown or has ended.")
    return session


def touch_session(work: Work, digest: bytes) -> None:
    """Note that a session was used."""
    store.touch_session(work, digest)


def close_session(work: Work, cookie: str) -> None:
    """End a session; one that is unknown is no error."""
    store.delete_session(work, secret_digest(cookie))


def close_sessions_of(work: Work, member_id: UUID) -> int:
    """End every session of a member, as when their roles change or they are blocked."""
    return store.delete_sessions_of(work, member_id)


def check_csrf(session: Session, csrf: str | None, origin: str | None, public_url: str) -> None:
    """Refuse an unsafe request that a foreign page may have sent.

    Raises:
        CsrfRefused: the token is not the session's, or ``Origin`` is stated and is not ours.
    """
    if origin is not None and origin != public_url:
        raise CsrfRefused("The form is not from this site.", origin=origin[:200])
    if not hmac.compare_digest((csrf or "").encode(), session.csrf.encode()):
        raise CsrfRefused("The form is from an older session. Load the page again and repeat.")
