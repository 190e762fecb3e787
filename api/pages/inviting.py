"""Inviting somebody: passes with places left, using one, and the moderators' queue."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from api.auth.model import Principal
from api.http.parts import DatabaseHere, PartsHere
from api.http.principal import CurrentMember, current_member, limit_by_address, require_role
from api.pages.admin import names_of
from api.pages.rendering import View, ViewHere
from api.pages.reserve import said
from api.referring import referrals_of, told_reason
from ledger.kernel.errors import VkladError
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Database, execute
from ledger.referral import service, store
from ledger.referral.errors import ReferralNotOffered
from ledger.referral.model import Referral
from ledger.referral.service import PREFIX, ClaimPass, IssuePass, ReviewPass

router: Final = APIRouter(include_in_schema=False)

SHOWN_MAX: Final = 30
REVIEWED_MAX: Final = 100
MODERATORS: Final = ("moderator", "admin")
Moderator = Annotated[Principal, Depends(require_role(*MODERATORS))]


@router.get("/invite")
def invite(view: ViewHere, member_id: CurrentMember, database: DatabaseHere) -> Response:
    """Places left, the passes handed out, and the one that was used."""
    return _page(view, database, member_id)


@router.post("/invite")
def issue(view: ViewHere, member_id: CurrentMember, database: DatabaseHere) -> Response:
    """Hand a pass out; its code is shown on this answer alone."""
    try:
        issued = execute(database, service.issue, IssuePass(member_id))
    except VkladError as error:
        return _page(view, database, member_id, problem=said(view, error))
    return _page(view, database, member_id, code=issued.code)


@router.post("/invite/claim")
def claim(
    view: ViewHere,
    request: Request,
    parts: PartsHere,
    member_id: CurrentMember,
    code: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Use a pass."""
    limit_by_address(request)
    address = request.client.host if request.client else None
    try:
        execute(parts.database, referrals_of(parts).claim, ClaimPass(member_id, code, address))
    except VkladError as error:
        return _page(view, parts.database, member_id, problem=said(view, error))
    return view.redirect("/invite", notice="invite.used")


@router.get("/invite/review")
def review(view: ViewHere, _: Moderator, database: DatabaseHere) -> Response:
    """Passes that wait for a moderator."""
    return _review_page(view, database)


def _decision(
    referral_id: str,
    moderator: Moderator,
    decision: Annotated[str, Form(pattern="^(accept|refuse)$")],
    reason: Annotated[str, Form(max_length=2000)] = "",
) -> ReviewPass:
    wanted = parse_id(PREFIX, referral_id)
    return ReviewPass(wanted, current_member(moderator), decision == "accept", reason)


@router.post("/invite/review/{referral_id}")
def decide(
    view: ViewHere, database: DatabaseHere, command: Annotated[ReviewPass, Depends(_decision)]
) -> Response:
    """Let a pass go on, or end it."""
    try:
        execute(database, service.review, command)
    except VkladError as error:
        return _review_page(view, database, said(view, error))
    return view.redirect("/invite/review", notice="invite.decided")


def _page(
    view: View,
    database: Database,
    member_id: UUID,
    *,
    code: str | None = None,
    problem: str | None = None,
) -> Response:
    principal = view.principal
    moderates = principal is not None and bool(principal.roles.intersection(MODERATORS))
    with database.read() as work:
        try:
            places = service.places(work, member_id)
        except ReferralNotOffered:
            places = None
        passes = store.of_inviter(work, member_id, None, SHOWN_MAX)
        own = store.live_claim_of(work, member_id)
        waiting = len(store.to_review(work, None, REVIEWED_MAX)) if moderates else 0
    return view.render(
        "member/invite.html",
        status=200 if problem is None else 422,
        places=places,
        passes=passes,
        own=own,
        code=code,
        problem=problem,
        moderates=moderates,
        waiting=waiting,
        words=_words,
        told_reason=told_reason,
    )


def _review_page(view: View, database: Database, problem: str | None = None) -> Response:
    with database.read() as work:
        found = store.to_review(work, None, REVIEWED_MAX)
        both = [member for each in found for member in (each.inviter, each.guest)]
        names = names_of(work, both)
    return view.render(
        "member/invite_review.html",
        status=200 if problem is None else 422,
        passes=found,
        names=names,
        problem=problem,
        referral_id=lambda each: format_id(PREFIX, each.referral_id),
    )


def _words(referral: Referral) -> str:
    """The key of the sentence that says how a pass stands."""
    if referral.under_review and referral.reason is None:
        return "invite.state.in_review"
    if referral.waits is not None:
        return f"invite.waits.{referral.waits}"
    return f"invite.state.{referral.state}"
