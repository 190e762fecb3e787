"""OAuth2 client credentials (RFC 6749, 4.4), and the keys that are the clients.

A machine may send its key itself as a bearer, or trade it here for a token that lives an hour. The
token endpoint answers errors as RFC 6749, 5.2 wants them, not as problem documents.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import unquote_plus
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import JSONResponse, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.auth import keys, store
from api.auth.keys import CreatedKey, CreateKey, IssueToken, RevokeKey
from api.auth.model import SCOPES, CredentialsRefused, Principal, Role, UnknownScope
from api.auth.store import KeyRow
from api.http.pagination import PageHere
from api.http.parts import DatabaseHere, PartsHere
from api.http.principal import CurrentMember, limit_by_address, require_role
from api.http.problems import responses
from api.http.routes.credentials import awaits_json
from ledger.kernel.canonical import Json
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import execute

router: Final = APIRouter(tags=["machines"])

Admin = Annotated[Principal, Depends(require_role(Role.ADMIN))]
AdminOrAuditor = Annotated[Principal, Depends(require_role(Role.ADMIN, Role.AUDITOR))]
_NO_STORE: Final = {"Cache-Control": "no-store"}


@router.post(
    "/oauth/token",
    dependencies=[Depends(limit_by_address)],
    responses={
        400: {"description": "RFC 6749, 5.2: unsupported_grant_type, invalid_scope"},
        401: {"description": "RFC 6749, 5.2: invalid_client"},
        **responses(413, 422, 429, 503),
    },
)
def token(
    request: Request,
    database: DatabaseHere,
    grant_type: Annotated[str, Form()],
    scope: Annotated[str, Form()] = "",
    *,
    client_id: Annotated[str | None, Form()] = None,
    client_secret: Annotated[str | None, Form()] = None,
) -> JSONResponse:
    """An access token for a machine; client by HTTP Basic or in the form."""
    if grant_type != "client_credentials":
        return _oauth_error(400, "unsupported_grant_type")
    client = _basic(request.headers.get("authorization")) or (client_id, client_secret)
    if client[0] is None or client[1] is None:
        return _oauth_error(401, "invalid_client")
    command = IssueToken(client[0], client[1], frozenset(scope.split()))
    try:
        issued = execute(database, keys.issue_token, command)
    except CredentialsRefused:
        return _oauth_error(401, "invalid_client")
    except UnknownScope:
        return _oauth_error(400, "invalid_scope")
    return JSONResponse(
        {
            "access_token": issued.text,
            "token_type": "Bearer",
            "expires_in": issued.expires_in_s,
            "scope": " ".join(sorted(issued.scopes)),
        },
        headers=_NO_STORE,
    )


@router.get("/.well-known/oauth-authorization-server")
def metadata(parts: PartsHere) -> JSONResponse:
    """RFC 8414: where machines get tokens."""
    origin = parts.settings.origin
    return JSONResponse(
        {
            "issuer": origin,
            "token_endpoint": f"{origin}/oauth/token",
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "scopes_supported": list(SCOPES),
            "response_types_supported": [],
        }
    )


class KeyBody(BaseModel):
    """A key to make. ``source``: URI of the source it speaks for."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=100)]
    scopes: Annotated[list[str], Field(max_length=len(SCOPES))]
    source: Annotated[str | None, Field(max_length=512)] = None
    expires_at: AwareDatetime | None = None


@router.post(
    "/v1/api-keys", status_code=201, responses=responses(400, 401, 403, 404, 415, 422, 503)
)
def create(body: KeyBody, admin: Admin, database: DatabaseHere) -> JSONResponse:
    """A new key. Its secret is in this answer and nowhere else; asking again makes another key.

    One with a ``source`` is ``draft`` until another admin approves it
    (``/v1/sources/credentials/{id}/approve``), and opens nothing before.
    """
    command = CreateKey(
        body.name, frozenset(body.scopes), body.source, body.expires_at, admin.member_id
    )
    created = execute(database, keys.create_key, command)
    return JSONResponse(_created_json(created), 201, headers=_NO_STORE)


@router.get("/v1/api-keys", responses=responses(400, 401, 403, 422, 503))
def list_keys(page: PageHere, _: AdminOrAuditor, database: DatabaseHere) -> JSONResponse:
    """Every key, without secrets, oldest first."""
    after = None if page.after is None else UUID(str(page.after[0]))
    with database.read() as work:
        found = store.keys_after(work, after, page.fetch)
    return page.answer(found, key=lambda row: [str(row.key.key_id)], render=_key_json)


@router.delete("/v1/api-keys/{key_id}", status_code=204, responses=responses(401, 403, 404, 503))
def revoke(key_id: str, admin: CurrentMember, _: Admin, database: DatabaseHere) -> Response:
    """End a key and every token made from it; at POST /v1/events within two seconds."""
    execute(database, keys.revoke_key, RevokeKey(parse_id("key", key_id), admin))
    return Response(status_code=204)


def _created_json(created: CreatedKey) -> dict[str, Json]:
    key = created.key
    return {
        "id": format_id("key", key.key_id),
        "name": key.name,
        "scopes": sorted(key.scopes),
        "source": key.source,
        "expires_at": _time(key.expires_at),
        "key": created.text,
        "client_id": format_id("key", key.key_id),
        "client_secret": created.secret,
        "state": key.state,
        **({} if created.credential is None else awaits_json(created.credential)),
    }


def _key_json(row: KeyRow) -> dict[str, Json]:
    return {
        "id": format_id("key", row.key.key_id),
        "name": row.key.name,
        "scopes": sorted(row.key.scopes),
        "source": row.key.source,
        "created_at": _time(row.created_at),
        "created_by": None if row.created_by is None else format_id("mem", row.created_by),
        "expires_at": _time(row.key.expires_at),
        "revoked_at": _time(row.key.revoked_at),
        "state": row.key.state,
        "approved_by": None if row.approved_by is None else format_id("mem", row.approved_by),
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


def _basic(header: str | None) -> tuple[str, str] | None:
    """Client id and secret of HTTP Basic, form-decoded as RFC 6749, 2.3.1 asks."""
    scheme, _, encoded = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (unquote_plus(name), unquote_plus(secret)) if colon else None


def _oauth_error(status: int, error: str) -> JSONResponse:
    headers = dict(_NO_STORE)
    if status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="vklad"'
    return JSONResponse({"error": error}, status, headers=headers)
