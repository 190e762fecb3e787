"""``/v1/sources``: who may state events. One admin proposes, another approves as read.

Keys for ``POST /v1/events`` are made with all other keys (``oauth``); secrets and keys are approved
in ``credentials``.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from api.auth.model import Principal
from api.http.pagination import LIMIT_MAX
from api.http.parts import DatabaseHere, PartsHere
from api.http.principal import CurrentMember, allow, require_role
from api.http.problems import responses
from api.http.routes.credentials import credential_json
from api.webhooks.profiles import WEBHOOK_PROFILES, check_profile
from api.webhooks.secret_box import FernetBox
from api.webhooks.standard_webhooks import new_secret
from ledger.events.credentials.model import Credential
from ledger.events.errors import SourceSpecInvalid
from ledger.events.listing import store as listing
from ledger.events.model import Source, SourceActivity
from ledger.events.sources import service, store
from ledger.events.sources.model import (
    SECRET_LENGTH_MAX,
    AddSecret,
    DecideSource,
    ProposeSource,
    SecretSummary,
    SourceChange,
    authority_content,
    read_spec,
)
from ledger.kernel.canonical import Json
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Work, execute

router: Final = APIRouter(prefix="/v1/sources", tags=["facts"])

Overseer = Annotated[Principal, Depends(allow(roles=("admin", "auditor")))]
Admin = Annotated[Principal, Depends(require_role("admin"))]
CHANGE_PREFIX: Final = "srx"


class DigestBody(BaseModel):
    """The digest of the content that was read."""

    model_config = ConfigDict(extra="forbid")

    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class SecretBody(BaseModel):
    """Their secret, if they made it; and how long the ones before stay good."""

    model_config = ConfigDict(extra="forbid")

    secret: Annotated[str | None, Field(max_length=SECRET_LENGTH_MAX)] = None
    overlap_hours: Annotated[int, Field(ge=0, le=24 * 30)] = 24


@router.get("", responses=responses(401, 403, 503))
def list_sources(database: DatabaseHere, _: Overseer) -> JSONResponse:
    """Every source, and how it is doing."""
    with database.read() as work:
        active = {one.source: one for one in listing.source_activity(work)}
        data = [source_json(one, active.get(one.uri)) for one in store.list_sources(work)]
    return JSONResponse({"data": data, "next_cursor": None})


@router.get("/changes", responses=responses(401, 403, 503))
def list_changes(database: DatabaseHere, _: Overseer) -> JSONResponse:
    """The newest proposals."""
    with database.read() as work:
        data = [change_json(one) for one in store.list_changes(work, LIMIT_MAX)]
    return JSONResponse({"data": data, "next_cursor": None})


@router.post("/changes", status_code=201, responses=responses(400, 401, 403, 409, 422, 503))
def propose(
    body: dict[str, Any], database: DatabaseHere, admin: CurrentMember, _: Admin
) -> JSONResponse:
    """Propose a registration or a change of one."""
    spec = read_spec(body)
    check_profile(spec.profile)
    change = execute(database, service.propose_source, ProposeSource(spec, admin))
    return JSONResponse(change_json(change), status_code=201)


@router.post("/changes/{change_id}/approve", responses=responses(401, 403, 404, 409, 422, 503))
def approve(
    change_id: str, body: DigestBody, database: DatabaseHere, admin: CurrentMember, _: Admin
) -> JSONResponse:
    """Put a proposal into force."""
    command = _decision(change_id, body, admin)
    return JSONResponse(source_json(execute(database, service.approve_source, command), None))


@router.post(
    "/changes/{change_id}/reject",
    status_code=204,
    responses=responses(401, 403, 404, 409, 422, 503),
)
def reject(
    change_id: str, body: DigestBody, database: DatabaseHere, admin: CurrentMember, _: Admin
) -> None:
    """Turn a proposal down, or take it back."""
    execute(database, service.reject_source, _decision(change_id, body, admin))


@router.post("/{name}/suspend", status_code=204, responses=responses(401, 403, 404, 503))
def suspend(name: str, database: DatabaseHere, admin: CurrentMember, _: Admin) -> None:
    """Stop accepting from a source, within two seconds in every process."""
    execute(database, partial(service.suspend_source, by=admin), name)


@router.get("/{name}/secrets", responses=responses(401, 403, 404, 503))
def list_secrets(name: str, database: DatabaseHere, _: Overseer) -> JSONResponse:
    """Which secrets are, were or may become good, and who stands for each: never the secrets.

    Newest first.
    """
    with database.read() as work:
        source = service.require_source(work, name)
        data = [secret_json(one) for one in store.list_secrets(work, source.source_id)]
    return JSONResponse({"data": data, "next_cursor": None})


@router.post("/{name}/secrets", status_code=201, responses=responses(400, 401, 403, 404, 422, 503))
def add_secret(
    name: str, body: SecretBody, parts: PartsHere, admin: CurrentMember, _: Admin
) -> JSONResponse:
    """Propose one more signing secret; the answer is the only place that shows it.

    It opens nothing until another admin approves it (``/v1/sources/credentials/{id}/approve``).
    """
    box = FernetBox(parts.secret)

    def add(work: Work, given: SecretBody) -> tuple[str, Credential]:
        source = service.require_source(work, name)
        secret = given.secret or new_secret(work.ids.secret())
        profile = WEBHOOK_PROFILES.get(source.profile)
        if profile is None:
            raise SourceSpecInvalid(
                f"A source of profile {source.profile} signs nothing.", field="profile"
            )
        profile.check_secret(secret)
        overlap = timedelta(hours=given.overlap_hours)
        return secret, service.propose_secret(
            work, AddSecret(name, secret, admin, overlap), box=box
        )

    secret, credential = execute(parts.database, add, body)
    told = {"secret": secret, **credential_json(credential)}
    return JSONResponse(told, status_code=201, headers={"Cache-Control": "no-store"})


@router.delete("/{name}/secrets", status_code=204, responses=responses(401, 403, 404, 503))
def end_secrets(name: str, database: DatabaseHere, admin: CurrentMember, _: Admin) -> None:
    """End every secret that works, within two seconds in every process: one got known."""
    execute(database, partial(service.end_secrets, by=admin), name)


def source_json(source: Source, activity: SourceActivity | None) -> dict[str, Json]:
    """A source as people see it."""
    return {
        "name": source.name,
        "uri": source.uri,
        "profile": source.profile,
        "state": source.state,
        "authority": authority_content(source.authority),
        "lateness_days": source.lateness_days,
        "hourly_budget": source.hourly_budget,
        "last_received_at": _time(activity.last_received_at) if activity else None,
        "newest_occurred_at": _time(activity.newest_occurred_at) if activity else None,
        "accepted_last_day": activity.accepted_last_day if activity else 0,
        "parked": activity.parked if activity else 0,
    }


def secret_json(secret: SecretSummary) -> dict[str, Json]:
    """Who issued a secret, who approved it, and when it ends.

    Approved by nobody: it is from before two persons were asked.
    """
    return {
        "id": format_id("sec", secret.secret_id),
        "issued_by": None if secret.issued_by is None else format_id("mem", secret.issued_by),
        "issued_at": _time(secret.created_at),
        "expires_at": _time(secret.expires_at) if secret.expires_at else None,
        "state": secret.state,
        "approved_by": (
            format_id("mem", secret.approved_by)
            if secret.approved_by and secret.state == "approved"
            else None
        ),
    }


def change_json(change: SourceChange) -> dict[str, Json]:
    """A proposal with the digest that approving it takes."""
    return {
        "id": format_id(CHANGE_PREFIX, change.change_id),
        "state": change.state,
        "content": change.spec.content(),
        "digest": change.content_digest.hex(),
        "proposed_by": change.proposed_by,
        "proposed_at": _time(change.proposed_at),
        "decided_by": change.decided_by,
        "decided_at": _time(change.decided_at) if change.decided_at else None,
    }


def _decision(change_id: str, body: DigestBody, admin: UUID) -> DecideSource:
    return DecideSource(parse_id(CHANGE_PREFIX, change_id), bytes.fromhex(body.digest), admin)


def _time(moment: datetime) -> str:
    return moment.isoformat()
