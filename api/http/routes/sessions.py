"""``/v1/session``: who is signed in here, and signing out. Signing in: ``api.pages.session``."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from api.auth.model import Principal
from api.auth.sessions import close_session
from api.http.parts import DatabaseHere
from api.http.principal import SESSION_COOKIE, PrincipalHere
from api.http.problems import responses
from ledger.kernel.canonical import Json
from ledger.kernel.transaction import execute

router: Final = APIRouter(prefix="/v1/session", tags=["session"])


@router.get("", responses=responses(401, 429))
def who(principal: PrincipalHere) -> JSONResponse:
    """Who asks, with roles or scopes. A browser finds its CSRF token here."""
    return JSONResponse(principal_json(principal), headers={"Cache-Control": "no-store"})


@router.delete("", status_code=204, responses=responses(401, 403))
def sign_out(request: Request, database: DatabaseHere, _: PrincipalHere) -> Response:
    """End the session of the cookie. Keys and tokens have no session and are not touched."""
    execute(database, close_session, request.cookies.get(SESSION_COOKIE, ""))
    response = Response(status_code=204)
    response.delete_cookie(SESSION_COOKIE)
    return response


def principal_json(principal: Principal) -> dict[str, Json]:
    """A principal as it is told to itself."""
    return {
        "kind": principal.kind.value,
        "subject": principal.subject,
        "roles": sorted(principal.roles),
        "scopes": sorted(principal.scopes),
        "csrf": principal.csrf,
    }
