"""Signing in and out in a browser."""

from __future__ import annotations

import secrets
from typing import Annotated, Final, cast

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response

from api.auth import sessions, sign_in
from api.auth.issuer import CALLBACK_PATH, Issuer
from api.auth.model import SESSION_LIFE
from api.auth.oidc import (
    SIGN_IN_LIFE,
    IssuerRefused,
    SignInNotConfigured,
    authorization_url,
    local_path,
)
from api.auth.sign_in import BeginSignIn, FinishSignIn, TakeSignIn, check_sign_in
from api.http.parts import DatabaseHere, LanguageHere
from api.http.principal import SESSION_COOKIE, PrincipalHere, limit_by_address
from api.pages.rendering import ViewHere
from api.pages.visiting import link_visitor
from ledger.kernel.transaction import execute

router: Final = APIRouter(include_in_schema=False)

BROWSER_COOKIE: Final = "vklad_sign_in"


def _issuer(request: Request) -> Issuer:
    issuer = cast("Issuer | None", request.app.state.issuer)
    if issuer is None:
        raise SignInNotConfigured("No issuer is configured to sign in with (VKLAD_OIDC_ISSUER).")
    return issuer


IssuerHere = Annotated[Issuer, Depends(_issuer)]


@router.get("/sign-in")
def sign_in_page(view: ViewHere, return_to: str = "/") -> Response:
    """Why to sign in, and the one button that does."""
    if view.principal is not None:
        return view.redirect(local_path(return_to))
    return view.render("session/sign_in.html", return_to=local_path(return_to))


@router.get("/sign-in/start", dependencies=[Depends(limit_by_address)])
def start(
    request: Request, database: DatabaseHere, issuer: IssuerHere, return_to: str = "/"
) -> Response:
    """Off to the issuer. Two of these in one browser do not disturb each other."""
    endpoints = issuer.endpoints()
    browser = request.cookies.get(BROWSER_COOKIE) or secrets.token_urlsafe(32)
    begun = execute(database, sign_in.begin_sign_in, BeginSignIn(browser, return_to))
    target = authorization_url(
        endpoints, issuer.settings, state=begun.state, nonce=begun.nonce, verifier=begun.verifier
    )
    response = RedirectResponse(target, 303)
    response.set_cookie(
        BROWSER_COOKIE,
        browser,
        max_age=int(SIGN_IN_LIFE.total_seconds()),
        path="/sign-in",
        httponly=True,
        samesite="lax",
        secure=_is_secure(request),
    )
    return response


@router.get(CALLBACK_PATH, dependencies=[Depends(limit_by_address)])
def callback(
    request: Request,
    database: DatabaseHere,
    issuer: IssuerHere,
    language: LanguageHere,
    *,
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=4000)] = "",
) -> Response:
    """Back from the issuer: exchange the code, open a session."""
    taken = execute(database, sign_in.take_sign_in, TakeSignIn(state))
    under_way = check_sign_in(taken, request.cookies.get(BROWSER_COOKIE))
    _refuse_answer(request, issuer, code)
    person = issuer.exchange(code, under_way.verifier, under_way.nonce)
    opened = execute(database, sign_in.finish_sign_in, FinishSignIn(person, language))
    response = RedirectResponse(under_way.return_to, 303)
    response.set_cookie(
        SESSION_COOKIE,
        opened.cookie,
        max_age=int(SESSION_LIFE.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=_is_secure(request),
    )
    link_visitor(request, response, database, opened.session.member_id)
    return response


@router.post("/sign-out")
def sign_out(
    request: Request, view: ViewHere, database: DatabaseHere, _: PrincipalHere
) -> Response:
    """End this session."""
    cookie = request.cookies.get(SESSION_COOKIE, "")
    execute(database, sessions.close_session, cookie)
    response = view.redirect("/", notice="session.signed_out")
    response.delete_cookie(SESSION_COOKIE)
    return response


def _refuse_answer(request: Request, issuer: Issuer, code: str) -> None:
    """Refuse an answer that says no, lacks a code, or is another issuer's (RFC 9207).

    Raises:
        IssuerRefused: one of these; ``reason`` says which.
    """
    query = request.query_params
    reason = query.get("error", "")[:100]
    if not reason and query.get("iss", issuer.settings.issuer) != issuer.settings.issuer:
        reason = "iss"
    if not reason and not code:
        reason = "no_code"
    if reason:
        raise IssuerRefused(f"The issuer did not sign you in: {reason}.", reason=reason)


def _is_secure(request: Request) -> bool:
    origin: str = request.app.state.parts.settings.origin
    return origin.startswith("https://")
