"""``/v1/sources/credentials``: a second person's yes to secrets and keys of sources.

They are made in ``sources`` (secrets) and ``oauth`` (keys), and are known here by the same ids.
"""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from api.auth.model import Principal
from api.http.pagination import LIMIT_MAX
from api.http.parts import DatabaseHere
from api.http.principal import CurrentMember, allow, require_role
from api.http.problems import responses
from ledger.events.credentials import service, store
from ledger.events.credentials.model import (
    ApproveCredential,
    Credential,
    RejectCredential,
    id_of,
    id_text,
)
from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import execute

router: Final = APIRouter(prefix="/v1/sources/credentials", tags=["facts"])

Overseer = Annotated[Principal, Depends(allow(roles=("admin", "auditor")))]
Admin = Annotated[Principal, Depends(require_role("admin"))]


class ApprovalBody(BaseModel):
    """The digest of the content that was read."""

    model_config = ConfigDict(extra="forbid")

    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


@router.get("", responses=responses(401, 403, 503))
def list_credentials(database: DatabaseHere, _: Overseer) -> JSONResponse:
    """What waits, then what was decided, newest first; never a secret."""
    with database.read() as work:
        data = [credential_json(one) for one in store.list_credentials(work, LIMIT_MAX)]
    return JSONResponse({"data": data, "next_cursor": None})


@router.get("/notices", responses=responses(503))
def notices(database: DatabaseHere) -> dict[str, Any]:
    """Public: what a single admin may approve alone after a stated time, unless rejected."""
    with database.read() as work:
        found = store.open_notices(work, LIMIT_MAX)
    return {"data": [_notice_json(one) for one in found], "next_cursor": None}


@router.post("/{credential_id}/approve", responses=responses(401, 403, 404, 409, 422, 503))
def approve(
    credential_id: str, body: ApprovalBody, database: DatabaseHere, admin: CurrentMember, _: Admin
) -> JSONResponse:
    """Let a secret or key work from now on; a secret's predecessors end after its overlap."""
    command = ApproveCredential(id_of(credential_id), bytes.fromhex(body.digest), admin)
    return JSONResponse(credential_json(execute(database, service.approve, command)))


@router.post(
    "/{credential_id}/reject", status_code=204, responses=responses(401, 403, 404, 409, 503)
)
def reject(credential_id: str, database: DatabaseHere, admin: CurrentMember, _: Admin) -> None:
    """See to it that a proposed secret or key never works, or take it back."""
    command = RejectCredential(id_of(credential_id), admin)
    execute(database, service.reject, command)


def awaits_json(credential: Credential) -> dict[str, Json]:
    """What approving it takes, and from when its proposer may where there is one admin."""
    until = credential.announced_until
    return {
        "digest": credential.content_digest.hex(),
        "announced_until": None if until is None else Instant.of(until).isoformat(),
    }


def credential_json(credential: Credential) -> dict[str, Json]:
    """A secret or key of a source without the secret, and who stands for it."""
    return {
        "id": id_text(credential),
        "kind": credential.kind,
        "source": credential.source,
        "state": credential.state,
        "inherited": credential.inherited,
        "content": credential.content,
        **awaits_json(credential),
        "proposed_by": _person(credential.proposed_by),
        "proposed_at": Instant.of(credential.proposed_at).isoformat(),
        "decided_by": _person(credential.decided_by),
        "decided_at": (
            None if credential.decided_at is None else Instant.of(credential.decided_at).isoformat()
        ),
    }


def _notice_json(credential: Credential) -> dict[str, Json]:
    """What anybody may know of it: nothing of its content."""
    return {
        "id": id_text(credential),
        "kind": credential.kind,
        "source": credential.source,
        "proposed_at": Instant.of(credential.proposed_at).isoformat(),
        "announced_until": awaits_json(credential)["announced_until"],
    }


def _person(member_id: UUID | None) -> str | None:
    return None if member_id is None else format_id("mem", member_id)
