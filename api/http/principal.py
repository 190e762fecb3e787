"""Who asks: one ``Principal`` per request, and what routes may demand of it.

    def mine(member_id: CurrentMember) -> ...            # a person, as a member
    def approve(principal: Annotated[Principal, Depends(require_role("admin"))]) -> ...
    def quote(principal: Annotated[Principal, Depends(require_scope("redemptions:write"))]) -> ...
    def read(principal: Annotated[Principal, Depends(allow(roles=("admin", "auditor"),
                                                           scopes=("journal:read",)))]) -> ...
    def either(principal: PrincipalHere) -> ...          # anyone who is known

A person comes by session cookie (pages; unsafe methods also need the CSRF token) or by a bearer
token of the configured issuer; a machine or a source by API key or OAuth2 access token in
``Authorization: Bearer``. A person has roles and no scopes, a machine scopes and no roles: machine
keys never approve. A route whose caller signs the body itself (webhooks) does not use this module.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Annotated, Final, cast
from uuid import UUID

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from api.auth.authenticate import Authenticator, Presented
from api.auth.model import CredentialsRefused, Principal, PrincipalKind
from api.http.limits import (
    ANONYMOUS_RATE,
    ARCHIVE_RATE,
    MACHINE_RATE,
    PERSON_RATE,
    SOURCE_RATE,
    Rate,
    RateLimiter,
    TooManyRequests,
)
from api.http.refusals import whose
from ledger.kernel.errors import ErrorKind, VkladError

SESSION_COOKIE: Final = "vklad_session"
CSRF_HEADER: Final = "x-csrf-token"
CSRF_FIELD: Final = "csrf"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_RATES: Final = {
    PrincipalKind.PERSON: PERSON_RATE,
    PrincipalKind.MACHINE: MACHINE_RATE,
    PrincipalKind.SOURCE: SOURCE_RATE,
}
REMEMBERED_S: Final = 2.0
_BEARERS_MAX: Final = 1_000
_FORM_TYPES: Final = ("application/x-www-form-urlencoded", "multipart/form-data")


class CredentialsMissing(VkladError):
    """A request that says nothing of who asks, where that must be known."""

    code = "credentials_missing"
    kind = ErrorKind.UNAUTHENTICATED


class RoleRequired(VkladError):
    """A principal without any of the roles a route takes."""

    code = "role_required"
    kind = ErrorKind.FORBIDDEN


class ScopeRequired(VkladError):
    """A key without any of the scopes a route takes."""

    code = "scope_required"
    kind = ErrorKind.FORBIDDEN


class MemberRequired(VkladError):
    """A machine where only a member may act for themselves."""

    code = "member_required"
    kind = ErrorKind.FORBIDDEN


async def presented_by(request: Request) -> Presented:
    """The credentials a request carries, unchecked."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    csrf = request.headers.get(CSRF_HEADER)
    cookie = request.cookies.get(SESSION_COOKIE)
    unsafe = request.method not in SAFE_METHODS
    bearer = token.strip() if scheme.lower() == "bearer" else None
    if bearer is None and csrf is None and cookie and unsafe and _is_form(request):
        field = (await request.form()).get(CSRF_FIELD)
        csrf = field if isinstance(field, str) else None
    return Presented(
        bearer=bearer,  # It wins over a cookie, whose form is then the route's to read.
        session=cookie,
        csrf=csrf,
        unsafe=unsafe,
        origin=request.headers.get("origin"),
    )


def optional_principal(
    request: Request, presented: Annotated[Presented, Depends(presented_by)]
) -> Principal | None:
    """Who asks, or ``None`` if the request does not say.

    Raises:
        CredentialsRefused: it says, and it is not so.
        CsrfRefused: a session's unsafe request without the session's CSRF token.
        TooManyRequests: it asks faster than its rate.
    """
    authenticator = cast("Authenticator", request.app.state.authenticator)
    try:
        principal = authenticator.authenticate(presented)
    except CredentialsRefused:
        if presented.bearer is None and not presented.unsafe:
            return None  # A session that ended makes a page visitor anonymous, not an error.
        limit_by_address(request)
        raise
    if principal is not None:
        _know(request, principal)
    return principal


def principal_of(
    principal: Annotated[Principal | None, Depends(optional_principal)],
) -> Principal:
    """Who asks.

    Raises:
        CredentialsMissing: the request does not say.
    """
    if principal is None:
        raise CredentialsMissing(
            "Sign in, or send an API key or token in the header Authorization."
        )
    return principal


PrincipalHere = Annotated[Principal, Depends(principal_of)]
MaybePrincipal = Annotated[Principal | None, Depends(optional_principal)]


def allow(
    *, roles: tuple[str, ...] = (), scopes: tuple[str, ...] = ()
) -> Callable[[Principal], Principal]:
    """A dependency that lets persons with any of ``roles`` and machines with any of ``scopes`` by.

    Raises:
        RoleRequired: a person without one of them.
        ScopeRequired: a machine without one of them.
    """

    def allowed(principal: PrincipalHere) -> Principal:
        if principal.kind is PrincipalKind.PERSON:
            if not principal.roles.intersection(roles):
                names = " / ".join(roles) or "machine"
                raise RoleRequired(f"This takes the role {names}.", roles=names)
        elif not principal.scopes.intersection(scopes):
            if not scopes:
                names = " / ".join(roles)
                raise RoleRequired(f"This takes the role {names}.", roles=names)
            names = " / ".join(scopes)
            raise ScopeRequired(f"This takes a key with the scope {names}.", scopes=names)
        return principal

    return allowed


def require_role(*roles: str) -> Callable[[Principal], Principal]:
    """A dependency for persons with any of ``roles``."""
    return allow(roles=roles)


def require_scope(*scopes: str) -> Callable[[Principal], Principal]:
    """A dependency for machines with any of ``scopes``."""
    return allow(scopes=scopes)


async def machine_of(request: Request, scope: str) -> Principal:
    """Who asks at a hot door: as ``require_scope``, without a look at the database each time.

    What a bearer token stands for is remembered for ``REMEMBERED_S``: so long a key that was
    revoked may still pass. Requests are counted as everywhere.

    Raises:
        CredentialsMissing, CredentialsRefused, TooManyRequests, RoleRequired, ScopeRequired.
    """
    presented = await presented_by(request)
    memory: dict[bytes, tuple[float, Principal]] = request.app.state.bearers
    token = hashlib.sha256((presented.bearer or "").encode("utf-8", "replace")).digest()
    until, known = memory.get(token, (0.0, None))
    if known is not None and time.monotonic() < until:
        _know(request, known)
    else:
        known = principal_of(await run_in_threadpool(optional_principal, request, presented))
        if presented.bearer is not None:
            if len(memory) >= _BEARERS_MAX:
                memory.clear()
            memory[token] = (time.monotonic() + REMEMBERED_S, known)
    return require_scope(scope)(known)


def current_member(principal: PrincipalHere) -> UUID:
    """The member who asks for themselves.

    Raises:
        MemberRequired: it is a machine.
    """
    if principal.member_id is None:
        raise MemberRequired("This is for members signed in as themselves.")
    return principal.member_id


CurrentMember = Annotated[UUID, Depends(current_member)]


def limit_by_address(request: Request) -> None:
    """Count a request that tries a credential against its network address.

    Raises:
        TooManyRequests: the address tries too often.
    """
    address = request.client.host if request.client else "unknown"
    _count(request, f"address:{address}", ANONYMOUS_RATE)


def limit_by_key(request: Request, key: str) -> None:
    """Count a request of a person who came by a credential of its own kind.

    Raises:
        TooManyRequests: it asks faster than a person may.
    """
    _count(request, key, PERSON_RATE)


def _know(request: Request, principal: Principal) -> None:
    """Count a request against who asks, and say whose it is, should it be refused."""
    if principal.source is not None:
        whose(request, principal.source)
    _count(request, principal.key, _RATES[principal.kind])


def limit_archives(request: Request, member_id: UUID) -> None:
    """Count an archive that a member takes home.

    Raises:
        TooManyRequests: so many were taken this hour that another has to wait.
    """
    _count(request, f"archive:{member_id}", ARCHIVE_RATE)


def _count(request: Request, key: str, rate: Rate) -> None:
    limiter = cast("RateLimiter", request.app.state.rate_limiter)
    try:
        request.state.rate_headers = limiter.take(key, rate, time.monotonic_ns()).headers()
    except TooManyRequests as error:
        wait_s = error.operands["retry_after_s"]
        request.state.rate_headers = {
            "RateLimit-Policy": f'"{rate.name}";q={rate.quota};w={rate.window_s}',
            "RateLimit": f'"{rate.name}";r=0;t={wait_s}',
        }
        raise


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").startswith(_FORM_TYPES)
