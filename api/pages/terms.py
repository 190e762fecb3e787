"""Terms of taking part: to read and accept, and for admins to publish; consents under age."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Annotated, Final

from fastapi import APIRouter, Form
from fastapi.responses import Response

from api.auth.model import PrincipalKind
from api.http.parts import DatabaseHere
from api.http.principal import CurrentMember
from api.pages.admin import ActingAdmin, Overseer, names_of
from api.pages.rendering import View, ViewHere
from api.pages.reserve import said
from ledger.consents import service, store
from ledger.consents.model import (
    NOTICE,
    AcceptTerms,
    ConsentRefused,
    PublishTerms,
    Purpose,
    RecordConsent,
    StateMinority,
)
from ledger.kernel.errors import VkladError
from ledger.kernel.ids import parse_id
from ledger.kernel.transaction import Database, execute

router: Final = APIRouter(include_in_schema=False)
_ADMIN: Final = "/admin/terms"


@router.get("/terms")
def terms(view: ViewHere, database: DatabaseHere) -> Response:
    """The terms in force and those that come, for everybody; members accept them here."""
    principal = view.principal
    known = principal is not None and principal.kind is PrincipalKind.PERSON
    member_id = principal.member_id if principal is not None and known else None
    with database.read() as work:
        standing = service.standing(work, member_id)
        public = member_id is not None and service.allowed(work, member_id, Purpose.PUBLIC_PROFILE)
    return view.render(
        "member/terms.html", standing=standing, is_member=member_id is not None, public=public
    )


@router.post("/terms")
def accept(
    view: ViewHere,
    member_id: CurrentMember,
    database: DatabaseHere,
    *,
    digest: Annotated[str, Form(pattern="^[0-9a-f]{64}$")],
    accepts: Annotated[bool, Form()],
) -> Response:
    """Accept the version that was shown, or take that back."""
    execute(database, service.accept, AcceptTerms(member_id, bytes.fromhex(digest), accepts))
    return view.redirect("/terms", notice="terms.accepted" if accepts else "terms.withdrawn")


@router.post("/terms/profile")
def profile(
    view: ViewHere,
    member_id: CurrentMember,
    database: DatabaseHere,
    *,
    gives: Annotated[bool, Form()],
) -> Response:
    """Say whether others see one's name in rankings."""
    command = RecordConsent(member_id, Purpose.PUBLIC_PROFILE, gives, member_id)
    execute(database, service.record, command)
    return view.redirect("/terms", notice="terms.profile_saved")


@router.get(_ADMIN)
def overview(view: ViewHere, database: DatabaseHere, _: Overseer) -> Response:
    """Every version, and forms to publish one and to record consents."""
    return _admin_page(view, database)


@router.post(_ADMIN)
def publish(
    view: ViewHere,
    database: DatabaseHere,
    admin: ActingAdmin,
    *,
    ru: Annotated[str, Form()] = "",
    en: Annotated[str, Form()] = "",
    in_force_from: Annotated[date | None, Form()] = None,
) -> Response:
    """Publish a version; what is wrong is said beside the form."""
    since = None if in_force_from is None else datetime.combine(in_force_from, time(), UTC)
    texts = [text.replace("\r\n", "\n") for text in (ru, en)]
    try:
        execute(database, service.publish, PublishTerms(texts[0], texts[1], since, admin))
    except VkladError as error:
        return _admin_page(view, database, typed=(ru, en), problem=said(view, error))
    return view.redirect(_ADMIN, notice="terms.published")


@router.post(_ADMIN + "/minors")
def minority(
    view: ViewHere,
    database: DatabaseHere,
    admin: ActingAdmin,
    *,
    member: Annotated[str, Form(max_length=64)],
    of_age_on: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """State until when a member is under age; no day: of age."""
    try:
        day = date.fromisoformat(of_age_on) if of_age_on.strip() else None
        command = StateMinority(parse_id("mem", member.strip()), day, admin)
        execute(database, service.state_minority, command)
    except ValueError:
        wrong = ConsentRefused("The day cannot be read.", field="of_age_on")
        return _admin_page(view, database, problem=said(view, wrong))
    except VkladError as error:
        return _admin_page(view, database, problem=said(view, error))
    return view.redirect(_ADMIN, notice="terms.minor_saved")


@router.post(_ADMIN + "/consents")
def consent(
    view: ViewHere,
    database: DatabaseHere,
    admin: ActingAdmin,
    *,
    member: Annotated[str, Form(max_length=64)],
    purpose: Annotated[Purpose, Form()],
    gives: Annotated[bool, Form()],
) -> Response:
    """Record what a parent signed, or that it was withdrawn."""
    try:
        target = parse_id("mem", member.strip())
        execute(database, service.record, RecordConsent(target, purpose, gives, admin))
    except VkladError as error:
        return _admin_page(view, database, problem=said(view, error))
    return view.redirect(_ADMIN, notice="terms.consent_saved")


def _admin_page(
    view: View,
    database: Database,
    *,
    typed: tuple[str, str] = ("", ""),
    problem: str | None = None,
) -> Response:
    with database.read() as work:
        versions = store.versions(work)
        now = work.now
        names = names_of(work, [each.published_by for each in versions])
    return view.render(
        "admin/terms.html",
        status=200 if problem is None else 422,
        versions=versions,
        now=now,
        names=names,
        typed=typed,
        problem=problem,
        notice_days=NOTICE.days,
        purposes=list(Purpose),
    )
