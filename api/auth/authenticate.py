"""From the credentials a request carries to a ``Principal``.

One transaction reads whatever is needed. The token of an OpenID issuer is checked before it, since
fetching the issuer's keys is I/O.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar
from uuid import UUID

from api.auth import keys, sessions
from api.auth.model import CredentialsRefused, Principal, PrincipalKind, Role, Session
from api.auth.oidc import Person
from api.auth.sign_in import PROVIDER
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Database, Work, execute
from ledger.members import service as members
from ledger.members.model import IdentityKey, MemberStatus

_T = TypeVar("_T")

_DOTS_OF_A_JWT: Final = 2


@dataclass(frozen=True, slots=True)
class Presented:
    """Credentials as they came, unchecked."""

    bearer: str | None
    session: str | None
    csrf: str | None
    unsafe: bool
    origin: str | None


class BearerVerifier(Protocol):
    """Checks a JWT of the configured issuer."""

    def verify(self, token: str) -> Person:
        """Whom it names.

        Raises:
            TokenRefused: any check failed.
        """
        ...


@dataclass(frozen=True, slots=True)
class Authenticator:
    """Tells who asks. ``bearer`` is ``None`` where no issuer is configured."""

    database: Database
    bearer: BearerVerifier | None
    public_url: str

    def authenticate(self, presented: Presented) -> Principal | None:
        """The principal, or ``None`` if nothing was presented. A bearer wins over a cookie.

        Raises:
            CredentialsRefused: what was presented is not valid.
            CsrfRefused: an unsafe request by cookie without the session's token.
        """
        if presented.bearer is not None:
            return self._by_bearer(presented.bearer)
        if presented.session is not None:
            return self._by_session(presented, presented.session)
        return None

    def _by_bearer(self, token: str) -> Principal:
        if token.startswith(keys.TOKEN_PREFIX):
            return self._read(lambda work: keys.principal_of_token(work, token))
        if token.startswith(keys.KEY_PREFIX):
            return self._read(lambda work: keys.principal_of_key(work, token))
        if self.bearer is None or token.count(".") != _DOTS_OF_A_JWT:
            raise CredentialsRefused("The token is unknown.")
        named = self.bearer.verify(token)
        return self._read(lambda work: self._by_subject(work, named))

    def _by_subject(self, work: Work, named: Person) -> Principal:
        member = members.member_of(work, IdentityKey(PROVIDER, named.issuer, named.subject))
        if member is None:
            raise CredentialsRefused("Nobody with this identity has signed in here before.")
        return self._person(work, member.member_id, None)

    def _by_session(self, presented: Presented, cookie: str) -> Principal:
        def look(work: Work) -> tuple[Principal, Session, bool]:
            session = sessions.find_session(work, cookie)
            stale = work.now - session.seen_at > sessions.TOUCH_AFTER
            return self._person(work, session.member_id, session), session, stale

        principal, session, stale = self._read(look)
        if presented.unsafe:
            sessions.check_csrf(session, presented.csrf, presented.origin, self.public_url)
        if stale:
            execute(self.database, sessions.touch_session, session.digest)
        return principal

    def _person(self, work: Work, member_id: UUID, session: Session | None) -> Principal:
        if members.require_member(work, member_id).status is not MemberStatus.ACTIVE:
            raise CredentialsRefused("The member is blocked.")
        roles = frozenset(role.value for role in members.roles_of(work, member_id))
        return Principal(
            PrincipalKind.PERSON,
            format_id("mem", member_id),
            member_id=member_id,
            roles=roles | {Role.MEMBER},
            session_digest=None if session is None else session.digest,
            csrf=None if session is None else session.csrf,
        )

    def _read(self, look: Callable[[Work], _T]) -> _T:
        with self.database.read() as work:
            return look(work)
