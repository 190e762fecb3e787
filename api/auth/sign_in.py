"""Signing a person in: begin, come back, become a member, open a session.

    begin ──▶ row by digest of state ──▶ browser at the issuer ──▶ come back
                                                                     │ take row (once)
                                             exchange code (no transaction)
                                                                     ▼
                              member of the identity, or a new one ──▶ session

The row is bound to the browser by a cookie, so a link with somebody else's ``state`` and ``code``
signs nobody in.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from api.auth import store
from api.auth.model import CredentialsRefused, SignInRow, secret_digest
from api.auth.oidc import SIGN_IN_LIFE, Person, SignInExpired, SignInOfOtherBrowser, local_path
from api.auth.sessions import OpenedSession, OpenSession, open_session
from ledger.kernel.transaction import Work
from ledger.members import service as members
from ledger.members.model import (
    CreateMember,
    IdentityKey,
    IdentityTaken,
    LinkIdentity,
    Locale,
    Member,
    MemberStatus,
)

PROVIDER = "oidc"


@dataclass(frozen=True, slots=True)
class BeginSignIn:
    """A browser wants to sign in and be sent to ``return_to`` afterwards."""

    browser: str
    return_to: str


@dataclass(frozen=True, slots=True)
class BegunSignIn:
    """What the issuer is told, and the verifier that stays here."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class TakeSignIn:
    """A browser came back with this ``state``."""

    state: str


@dataclass(frozen=True, slots=True)
class FinishSignIn:
    """The issuer says who it is."""

    person: Person
    locale: Locale


def begin_sign_in(work: Work, command: BeginSignIn) -> BegunSignIn:
    """Keep what has to be known when the browser comes back."""
    begun = BegunSignIn(work.ids.secret(), work.ids.secret(), work.ids.secret())
    store.insert_sign_in(
        work,
        secret_digest(begun.state),
        SignInRow(
            secret_digest(command.browser),
            begun.nonce,
            begun.verifier,
            local_path(command.return_to),
        ),
        work.now + SIGN_IN_LIFE,
    )
    return begun


def take_sign_in(work: Work, command: TakeSignIn) -> SignInRow | None:
    """The sign-in of this state, used up by asking; ``None`` if there is none (any more).

    Does not refuse, so that the row is gone even when :func:`check_sign_in` does.
    """
    found = store.take_sign_in(work, secret_digest(command.state))
    return found[0] if found is not None and work.now < found[1] else None


def check_sign_in(found: SignInRow | None, browser: str | None) -> SignInRow:
    """The sign-in, if this browser may finish it.

    Raises:
        SignInExpired: unknown, used or too old.
        SignInOfOtherBrowser: begun elsewhere.
    """
    if found is None:
        raise SignInExpired("This sign-in has expired or was finished before. Sign in again.")
    if not hmac.compare_digest(found.browser_digest, secret_digest(browser or "")):
        raise SignInOfOtherBrowser(
            "This sign-in was begun in another browser. If you did not begin it, somebody may be "
            "trying to make you use their account."
        )
    return found


def finish_sign_in(work: Work, command: FinishSignIn) -> OpenedSession:
    """A session for the person, who becomes a member at the first sign-in.

    Raises:
        CredentialsRefused: the member is blocked or erased.
    """
    member = _member(work, command)
    if member.status is not MemberStatus.ACTIVE:
        raise CredentialsRefused("The member is blocked.")
    return open_session(work, OpenSession(member.member_id))


def _member(work: Work, command: FinishSignIn) -> Member:
    key = IdentityKey(PROVIDER, command.person.issuer, command.person.subject)
    known = members.member_of(work, key)
    if known is not None:
        return known
    reference = members.references_of(work, [key])[key]
    savepoint = work.connection.begin_nested()
    try:
        member = members.create_member(work, CreateMember(command.locale, command.person.name))
        members.link_identity(work, LinkIdentity(member.member_id, reference, PROVIDER))
    except IdentityTaken:
        savepoint.rollback()
        known = members.member_of(work, key)
        assert known is not None, "a taken identity has a member"
        return known
    savepoint.commit()
    return member
