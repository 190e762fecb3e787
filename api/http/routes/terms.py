"""``/v1/terms`` and consents: what is to be accepted, who said yes, who is under age."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.auth.model import Principal, PrincipalKind, Role
from api.http.parts import DatabaseHere
from api.http.principal import CurrentMember, MaybePrincipal, current_member, require_role
from api.http.problems import responses
from ledger.consents import service, store
from ledger.consents.model import (
    TERMS_LENGTH_MAX,
    AcceptTerms,
    PublishTerms,
    Purpose,
    RecordConsent,
    StateMinority,
    Terms,
)
from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.ids import parse_id
from ledger.kernel.transaction import Work, execute
from ledger.members import service as members

router: Final = APIRouter(prefix="/v1", tags=["terms"])

Admin = Annotated[Principal, Depends(require_role(Role.ADMIN))]
Overseer = Annotated[Principal, Depends(require_role(Role.ADMIN, Role.AUDITOR))]
Words = Annotated[str, Field(min_length=1, max_length=TERMS_LENGTH_MAX)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TermsBody(_Strict):
    """The same terms in both languages; in force at once where ``in_force_from`` is absent."""

    ru: Words
    en: Words
    in_force_from: AwareDatetime | None = None


class AcceptanceBody(_Strict):
    """Yes to the version with this digest, or no longer."""

    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    accepts: bool = True


class ConsentBody(_Strict):
    """Consent to one purpose, or its withdrawal."""

    purpose: Purpose
    gives: bool


class MinorityBody(_Strict):
    """The day of coming of age; ``null``: is of age."""

    of_age_on: date | None


@router.get("/terms", responses=responses(503))
def terms(principal: MaybePrincipal, database: DatabaseHere) -> JSONResponse:
    """The terms in force, those that come next, and since when whoever asks accepts them."""
    known = principal is not None and principal.kind is PrincipalKind.PERSON
    with database.read() as work:
        standing = service.standing(work, principal.member_id if principal and known else None)
    return JSONResponse(
        {
            "in_force": terms_json(standing.in_force),
            "coming": terms_json(standing.coming),
            "accepted_at": _moment(standing.accepted_at),
        }
    )


@router.post("/terms", status_code=201, responses=responses(401, 403, 415, 422, 503))
def publish(body: TermsBody, admin: Admin, database: DatabaseHere) -> JSONResponse:
    """Publish a version; changed terms two weeks before they are in force."""
    command = PublishTerms(body.ru, body.en, body.in_force_from, current_member(admin))
    return JSONResponse(terms_json(execute(database, service.publish, command)), 201)


@router.post(
    "/terms/acceptances", status_code=204, responses=responses(401, 403, 409, 415, 422, 503)
)
def accept(body: AcceptanceBody, member_id: CurrentMember, database: DatabaseHere) -> Response:
    """Accept the terms in force, or take that back. Repeating it changes nothing."""
    command = AcceptTerms(member_id, bytes.fromhex(body.digest), body.accepts)
    execute(database, service.accept, command)
    return Response(status_code=204)


@router.get("/members/me/consents", responses=responses(401, 403, 503))
def mine(member_id: CurrentMember, database: DatabaseHere) -> JSONResponse:
    """What whoever asks may do, purpose by purpose, and whether they are known to be under age."""
    with database.read() as work:
        return JSONResponse(consents_json(work, member_id))


@router.post("/members/me/consents", status_code=204, responses=responses(401, 403, 415, 422, 503))
def say(body: ConsentBody, member_id: CurrentMember, database: DatabaseHere) -> Response:
    """Say whether one's profile is public. Repeating it changes nothing."""
    command = RecordConsent(member_id, body.purpose, body.gives, member_id)
    execute(database, service.record, command)
    return Response(status_code=204)


@router.get("/members/{member_id}/consents", responses=responses(401, 403, 404, 422, 503))
def of_member(member_id: str, _: Overseer, database: DatabaseHere) -> JSONResponse:
    """The same of a member."""
    target = parse_id("mem", member_id)
    with database.read() as work:
        members.require_member(work, target)
        return JSONResponse(consents_json(work, target))


@router.post(
    "/members/{member_id}/consents",
    status_code=204,
    responses=responses(401, 403, 404, 409, 415, 422, 503),
)
def record(member_id: str, body: ConsentBody, admin: Admin, database: DatabaseHere) -> Response:
    """Record what a parent signed for a member under age, or that it was withdrawn."""
    target = parse_id("mem", member_id)
    command = RecordConsent(target, body.purpose, body.gives, current_member(admin))
    execute(database, service.record, command)
    return Response(status_code=204)


@router.put(
    "/members/{member_id}/minority",
    status_code=204,
    responses=responses(401, 403, 404, 409, 415, 422, 503),
)
def minority(member_id: str, body: MinorityBody, admin: Admin, database: DatabaseHere) -> Response:
    """State until when a member is under age."""
    command = StateMinority(parse_id("mem", member_id), body.of_age_on, current_member(admin))
    execute(database, service.state_minority, command)
    return Response(status_code=204)


def consents_json(work: Work, member_id: UUID) -> dict[str, Json]:
    """What a member may do now; the day of coming of age is told only while it lies ahead."""
    day = store.of_age_on(work, member_id)
    minor = day is not None and service.is_minor(work, member_id)
    return {
        "of_age_on": day.isoformat() if day is not None and minor else None,
        "may": {each.value: service.allowed(work, member_id, each) for each in Purpose},
    }


def terms_json(terms: Terms | None) -> dict[str, Json] | None:
    """A version with its words."""
    if terms is None:
        return None
    return {
        "digest": terms.digest.hex(),
        "ru": terms.draft.text_ru,
        "en": terms.draft.text_en,
        "in_force_from": _moment(terms.draft.in_force_from),
        "published_at": _moment(terms.published_at),
    }


def _moment(at: datetime | None) -> str | None:
    return None if at is None else Instant.of(at).isoformat()
