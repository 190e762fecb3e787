"""Programme versions: store one, ask that it come into force, approve it, read what is in force."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.auth.model import Principal
from api.http.idempotency import OnceHere, once_responses
from api.http.parts import DatabaseHere
from api.http.principal import CurrentMember, PrincipalHere, require_role
from api.http.problems import responses
from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import execute
from ledger.preview import service as previews
from ledger.preview.model import document_csv
from ledger.preview.store import StoredPreview
from ledger.programme import service, store
from ledger.programme.model import Programme

SOURCE_LENGTH_MAX: Final = 256 * 1024
"""Characters of one programme file."""

router = APIRouter(prefix="/v1", tags=["programme"])
Admin = Annotated[Principal, Depends(require_role("admin"))]
PreviewReader = Annotated[Principal, Depends(require_role("admin", "owner"))]


class BadProgrammeHash(VkladError):
    """A programme hash that is not ``0x`` and 64 hexadecimal digits."""

    code = "bad_programme_hash"
    kind = ErrorKind.NOT_FOUND


class ProgrammeBody(BaseModel):
    """A programme file as text (YAML)."""

    model_config = ConfigDict(extra="forbid", strict=True)

    source: Annotated[str, Field(max_length=SOURCE_LENGTH_MAX)]


class ActivationBody(BaseModel):
    """From when a version is to be in force; events before it keep the version they had."""

    model_config = ConfigDict(extra="forbid")

    effective_at: AwareDatetime
    mode: service.Mode = "forward"


class PreviewBody(BaseModel):
    """A what-if: from when and how the version would count; without a time, over all of history."""

    model_config = ConfigDict(extra="forbid")

    effective_at: AwareDatetime | None = None
    mode: service.Mode = "restatement"


class ConsentBody(BaseModel):
    """The owner's word, having seen the preview with this digest."""

    model_config = ConfigDict(extra="forbid", strict=True)

    preview_digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class DecisionBody(BaseModel):
    """The second person's word, on exactly the content with this hash."""

    model_config = ConfigDict(extra="forbid", strict=True)

    decision: Literal["approved", "rejected"]
    content_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


@router.post("/programmes", status_code=201, responses=responses(401, 403, 422, 503))
def store_programme(body: ProgrammeBody, database: DatabaseHere, admin: Admin) -> dict[str, Any]:
    """Check a programme and keep it; 422 names every fault with its line and an example."""
    command = service.StoreProgramme(body.source, admin.key)
    return _programme(execute(database, service.store_programme, command))


@router.get("/programmes", responses=responses(401, 503))
def list_programmes(database: DatabaseHere, _: PrincipalHere) -> dict[str, Any]:
    """Every stored version, newest first."""
    with database.read() as work:
        stored = store.all_programmes(work)
    return {
        "data": [
            {
                "hash": f"0x{each.programme_hash.hex()}",
                "name": each.name,
                "version": each.version,
                "stored_at": Instant.of(each.stored_at).isoformat(),
            }
            for each in stored
        ],
        "next_cursor": None,
    }


@router.get("/programmes/in-force", responses=responses(404, 503))
def read_in_force(database: DatabaseHere) -> dict[str, Any]:
    """The version in force now, its file, and what put it in force. Public: rules are published."""
    with database.read() as work:
        found = service.in_force(work, work.now)
    return {
        **_programme(found.programme),
        "source": found.activation.source_text,
        "effective_at": Instant.of(found.activation.effective_at).isoformat(),
        "cause": found.activation.cause,
    }


@router.get("/programmes/{programme_hash}", responses=responses(404, 503))
def read_programme(programme_hash: str, database: DatabaseHere) -> dict[str, Any]:
    """One version with its file."""
    wanted = _hash(programme_hash)
    with database.read() as work:
        stored = store.programme(work, wanted)
    if stored is None:
        raise service.UnknownProgramme(
            f"No programme with the hash {programme_hash} is stored.", programme_hash=programme_hash
        )
    return {
        **_programme(service.read_programme(stored.source_text)),
        "source": stored.source_text,
    }


@router.get("/programme-activations", responses=responses(503))
def list_activations(database: DatabaseHere) -> dict[str, Any]:
    """Every activation, by the time it takes effect. Public."""
    with database.read() as work:
        found = service.activations(work)
    return {"data": [_activation(each) for each in found], "next_cursor": None}


@router.post(
    "/programmes/{programme_hash}/activations", status_code=201, responses=once_responses(404)
)
def propose_activation(
    programme_hash: str, body: ActivationBody, once: OnceHere, member: CurrentMember
) -> Response:
    """Ask that a version come into force; another admin approves."""
    effective_at: datetime = body.effective_at
    command = service.ProposeActivation(_hash(programme_hash), effective_at, member, body.mode)
    return once(service.propose_activation, command, render=_change)


@router.post(
    "/programmes/{programme_hash}/previews", status_code=202, responses=once_responses(404)
)
def ask_preview(
    programme_hash: str, body: PreviewBody, once: OnceHere, member: CurrentMember
) -> Response:
    """Have worked out what a version would do to every member; read how far it is by its id."""
    command = previews.AskPreview(_hash(programme_hash), body.mode, body.effective_at, member)
    return once(previews.ask, command, render=_preview, status=202)


@router.get("/programme-previews/{preview_id}", responses=responses(401, 403, 404, 503))
def read_preview(preview_id: str, database: DatabaseHere, _: PreviewReader) -> dict[str, Any]:
    """How far a preview is, and its digest once it is finished."""
    with database.read() as work:
        return _preview(previews.require_preview(work, _preview_id(preview_id)))


@router.get("/programme-previews/{preview_id}/result", responses=responses(401, 403, 404, 503))
def read_preview_result(
    preview_id: str, database: DatabaseHere, _: PreviewReader, kind: Literal["json", "csv"] = "json"
) -> Response:
    """The finished document: the bytes that the digest is of, or its members as CSV."""
    with database.read() as work:
        found = previews.require_preview(work, _preview_id(preview_id))
    if found.result is None:
        raise previews.UnknownPreview("This preview has no result (yet).")
    if kind == "csv":
        return Response(document_csv(json.loads(found.result)), media_type="text/csv")
    return Response(found.result, media_type="application/json")


@router.post(
    "/programme-changes/{change_id}/consents", status_code=201, responses=once_responses(404)
)
def consent(change_id: str, body: ConsentBody, once: OnceHere, member: CurrentMember) -> Response:
    """Agree that a version is to reach back, having seen the preview with this digest.

    For the owner; while nobody has that role, for any admin.
    """
    command = previews.ConsentToChange(
        parse_id(service.CHANGE_PREFIX, change_id), bytes.fromhex(body.preview_digest), member
    )
    return once(previews.consent, command, render=_change)


@router.get("/programme-changes", responses=responses(401, 403, 503))
def list_changes(database: DatabaseHere, _: Admin) -> dict[str, Any]:
    """Proposed activations and what was decided, newest first."""
    with database.read() as work:
        found = store.changes(work)
    return {"data": [_change(each) for each in found], "next_cursor": None}


@router.post(
    "/programme-changes/{change_id}/decisions", status_code=201, responses=once_responses(404)
)
def decide(change_id: str, body: DecisionBody, once: OnceHere, member: CurrentMember) -> Response:
    """Approve or reject a proposed activation."""
    command = service.DecideActivation(
        parse_id(service.CHANGE_PREFIX, change_id),
        body.decision,
        bytes.fromhex(body.content_hash),
        member,
    )
    return once(service.decide_activation, command, render=_change)


def _hash(text: str) -> bytes:
    digits = text.removeprefix("0x")
    try:
        value = bytes.fromhex(digits)
    except ValueError:
        value = b""
    if len(value) != 32 or digits == text:
        raise BadProgrammeHash(
            f"{text[:80]!r} is not the hash of a programme (0x and 64 hexadecimal digits)."
        )
    return value


def _programme(programme: Programme) -> dict[str, Any]:
    return {
        "hash": programme.hash_text,
        "name": programme.name,
        "version": programme.version,
        "zone": programme.zone,
        "period": programme.period.value,
    }


def _activation(activation: store.StoredActivation) -> dict[str, Json]:
    return {
        "hash": f"0x{activation.programme_hash.hex()}",
        "name": activation.name,
        "version": activation.version,
        "effective_at": Instant.of(activation.effective_at).isoformat(),
        "mode": activation.mode,
        "cause": activation.cause,
        "recorded_at": Instant.of(activation.recorded_at).isoformat(),
    }


def _change(change: store.StoredChange) -> dict[str, Json]:
    return {
        "id": format_id(service.CHANGE_PREFIX, change.change_id),
        "hash": f"0x{change.programme_hash.hex()}",
        "name": change.name,
        "version": change.version,
        "effective_at": Instant.of(change.effective_at).isoformat(),
        "mode": change.mode,
        "content_hash": change.content_hash.hex(),
        "proposed_by": format_id("mem", change.proposed_by),
        "proposed_at": Instant.of(change.proposed_at).isoformat(),
        "decision": change.decision,
        "decided_by": None if change.decided_by is None else format_id("mem", change.decided_by),
        "consented_by": None
        if change.consented_by is None
        else format_id("mem", change.consented_by),
        "preview_digest": None if change.preview_digest is None else change.preview_digest.hex(),
    }


def _preview_id(text: str) -> UUID:
    return parse_id(previews.PREVIEW_PREFIX, text)


def _preview(preview: StoredPreview) -> dict[str, Json]:
    since = preview.effective_at
    return {
        "id": format_id(previews.PREVIEW_PREFIX, preview.preview_id),
        "hash": f"0x{preview.programme_hash.hex()}",
        "mode": preview.mode,
        "effective_at": None if since is None else Instant.of(since).isoformat(),
        "members_done": preview.members_done,
        "members_in_all": preview.members_in_all,
        "state": "running"
        if preview.finished_at is None
        else "failed"
        if preview.failure is not None
        else "finished",
        "failure": preview.failure,
        "digest": None if preview.digest is None else preview.digest.hex(),
    }
