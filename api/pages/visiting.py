"""What a visitor of the public page came by: asked once, kept only of who agrees.

A browser that sends a signal against being followed (Global Privacy Control, Do Not Track) is
neither asked nor counted. Who agrees gets a cookie with random words in it, of which we keep a
digest; it ends with the sign-in, after which there is nothing to find out any more.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from api.auth.model import secret_digest
from api.http.parts import DatabaseHere, parts_of
from api.http.principal import limit_by_address
from api.pages.rendering import ViewHere
from ledger.funnel import service
from ledger.funnel.model import Channel
from ledger.funnel.touches import (
    VISITOR_LIFE,
    WORD_LENGTH_MAX,
    LinkTouches,
    RecordTouch,
    channel_of,
)
from ledger.kernel.transaction import Database, execute

router: Final = APIRouter(include_in_schema=False)

VISITOR_COOKIE: Final = "vklad_visitor"
_NO: Final = "no"
_LIFE_S: Final = int(VISITOR_LIFE.total_seconds())
Word = Annotated[str, Form(max_length=4 * WORD_LENGTH_MAX)]


@dataclass(frozen=True, slots=True)
class Visit:
    """What the public page says about it: a question, that it was agreed to, or nothing."""

    channel: Channel
    answer: Literal["asked", "agreed", "none"]


def visit_of(request: Request, database: Database) -> Visit:
    """The visit of somebody who is not signed in; one more touch of who agreed before."""
    origin = parts_of(request).settings.origin
    channel = channel_of(request.query_params, request.headers.get("referer"), origin)
    cookie = request.cookies.get(VISITOR_COOKIE)
    if cookie == _NO or _declines(request):
        return Visit(channel, "none")
    if cookie is None:
        return Visit(channel, "asked")
    touch = RecordTouch(secret_digest(cookie), channel)
    return Visit(channel, "agreed" if execute(database, service.record_again, touch) else "asked")


@router.post("/visit", dependencies=[Depends(limit_by_address)])
def answer(
    request: Request,
    view: ViewHere,
    database: DatabaseHere,
    *,
    agrees: Annotated[bool, Form()],
    source: Word = "",
    medium: Word = "",
    campaign: Word = "",
) -> Response:
    """Agree to be counted, or not; not any more forgets what was kept.

    A form on another site can say nothing for a visitor.
    """
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return view.redirect("/")
    known = request.cookies.get(VISITOR_COOKIE, _NO)
    if not agrees or _declines(request):
        if known != _NO:
            execute(database, service.forget_visitor, secret_digest(known))
        return _remembering(view.redirect("/", notice="funnel.visit.not_kept"), _NO, request)
    cookie = secrets.token_urlsafe(32)
    words = {"utm_source": source, "utm_medium": medium, "utm_campaign": campaign}
    channel = channel_of(words, None, "")
    execute(database, service.record_first, RecordTouch(secret_digest(cookie), channel))
    return _remembering(view.redirect("/", notice="funnel.visit.kept"), cookie, request)


def link_visitor(request: Request, response: Response, database: Database, member: UUID) -> None:
    """Whoever this browser is has signed in: what they came by is theirs, the cookie ends."""
    cookie = request.cookies.get(VISITOR_COOKIE, _NO)
    if cookie != _NO:
        execute(database, service.link_touches, LinkTouches(secret_digest(cookie), member))
        response.delete_cookie(VISITOR_COOKIE)


def _declines(request: Request) -> bool:
    """Whether the browser says for the visitor that nobody is to follow them."""
    return "1" in (request.headers.get("sec-gpc"), request.headers.get("dnt"))


def _remembering(response: Response, cookie: str, request: Request) -> Response:
    response.set_cookie(
        VISITOR_COOKIE,
        cookie,
        max_age=_LIFE_S,
        httponly=True,
        samesite="lax",
        secure=parts_of(request).settings.origin.startswith("https://"),
    )
    return response
