"""Credentials of machines: API keys, and OAuth2 access tokens made from them (RFC 6749, 4.4).

A key is ``vk_<id>_<secret>``: the id finds the row, the secret is compared by digest. As OAuth2
client, the id is ``client_id`` and the secret ``client_secret``. A token is ``vkt_<secret>``, lives
an hour and ends with its key.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from api.auth import store
from api.auth.model import (
    ACCESS_TOKEN_LIFE,
    SOURCE_SCOPES,
    ApiKey,
    CredentialsRefused,
    Principal,
    PrincipalKind,
    SourceKeyRequired,
    check_scopes,
    secret_digest,
)
from ledger.events.credentials import service as credentials
from ledger.events.credentials.model import Credential, ProposeCredential, RejectCredential
from ledger.events.errors import SourceSuspended
from ledger.events.sources import service as sources
from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.ids import BadId, format_id, parse_id
from ledger.kernel.transaction import Work
from ledger.members.model import NotAnAdmin

KEY_PREFIX: Final = "vk_"
TOKEN_PREFIX: Final = "vkt_"  # noqa: S105 - a prefix, no secret


class NoSuchKey(VkladError):
    """A key id that is unknown or already revoked."""

    code = "no_such_key"
    kind = ErrorKind.NOT_FOUND


@dataclass(frozen=True, slots=True)
class CreateKey:
    """A new key. ``source``: URI of the source it speaks for, ``None`` for a plain machine.

    ``created_by``: the admin who sees it; of a plain key made at the machine nobody is known.
    """

    name: str
    scopes: frozenset[str]
    source: str | None = None
    expires_at: datetime | None = None
    created_by: UUID | None = None


@dataclass(frozen=True, slots=True)
class CreatedKey:
    """The key and its whole text, told once; ``credential`` is what waits for a second person."""

    key: ApiKey
    text: str
    secret: str
    credential: Credential | None


@dataclass(frozen=True, slots=True)
class RevokeKey:
    """End a key; ``revoked_by`` is an admin."""

    key_id: UUID
    revoked_by: UUID


@dataclass(frozen=True, slots=True)
class IssueToken:
    """A client's request for a token; no scopes means all of the key's."""

    client_id: str
    client_secret: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """An access token, told once."""

    text: str
    scopes: frozenset[str]
    expires_in_s: int


def create_key(work: Work, command: CreateKey) -> CreatedKey:
    """Make a key. One that speaks for a source works once another admin approved it as read.

    A key of no source works at once, by one person's will, so it only reads.

    Raises:
        UnknownScope: one of the scopes does not exist.
        SourceKeyRequired: one of them is for keys of sources, and no source is named.
        NotAnAdmin: a source's key has to be proposed by an admin.
        UnknownSource, SourceSuspended: there is no source to speak for, or it is switched off.
        SourceHasNoDoor: the source was made by an import.
    """
    check_scopes(command.scopes)
    _require_source_for(command)
    key_id, secret = work.ids.new(work.now), work.ids.secret()
    credential = None
    if command.source is not None:
        _require_active(work, command.source)
        credential = _propose(work, command, command.source, key_id, secret_digest(secret))
    key = ApiKey(
        key_id=key_id,
        name=command.name,
        scopes=command.scopes,
        source=command.source,
        expires_at=command.expires_at,
        revoked_at=None,
        state="approved" if credential is None else credential.state,
    )
    store.insert_key(work, key, secret_digest(secret), command.created_by)
    return CreatedKey(key, f"{format_id('vk', key_id)}_{secret}", secret, credential)


def revoke_key(work: Work, command: RevokeKey) -> None:
    """End a key and every token made from it; one that waits for its approval gets none.

    Raises:
        NoSuchKey: unknown or revoked before.
    """
    if not store.revoke_key(work, command.key_id, command.revoked_by):
        raise NoSuchKey(f"There is no live key {format_id('key', command.key_id)}.")
    credentials.withdraw(work, RejectCredential(command.key_id, command.revoked_by))


def principal_of_key(work: Work, text: str) -> Principal:
    """Who holds this key.

    Raises:
        CredentialsRefused: malformed, unknown, wrong secret, not approved, revoked or expired.
    """
    head, _, rest = text.removeprefix(KEY_PREFIX).partition("_")
    key = _checked(work, f"vk_{head}", "vk", rest)
    return _principal(key, key.scopes)


def issue_token(work: Work, command: IssueToken) -> IssuedToken:
    """An access token for a key.

    Raises:
        CredentialsRefused: the client is not one of ours, or its secret is another.
        UnknownScope: a scope was asked for that does not exist.
    """
    key = _checked(work, command.client_id, "key", command.client_secret)
    check_scopes(command.scopes)
    scopes = key.scopes & command.scopes if command.scopes else key.scopes
    text = f"{TOKEN_PREFIX}{work.ids.secret()}"
    store.insert_access_token(
        work, secret_digest(text), key.key_id, scopes, work.now + ACCESS_TOKEN_LIFE
    )
    return IssuedToken(text, scopes, int(ACCESS_TOKEN_LIFE.total_seconds()))


def principal_of_token(work: Work, text: str) -> Principal:
    """Who holds this access token.

    Raises:
        CredentialsRefused: unknown or expired, or its key is no longer live.
    """
    found = store.access_token(work, secret_digest(text))
    if found is not None and work.now < found[2]:
        row = store.key_by_id(work, found[0])
        if row is not None and row.key.is_live(work.now):
            return _principal(row.key, found[1] & row.key.scopes)
    raise CredentialsRefused("The token is unknown or has expired.")


def _propose(
    work: Work, command: CreateKey, source: str, key_id: UUID, digest: bytes
) -> Credential:
    if command.created_by is None:
        raise NotAnAdmin("A key of a source is proposed by an admin; say who.")
    ends = None if command.expires_at is None else Instant.of(command.expires_at).isoformat()
    terms: dict[str, Json] = {
        "name": command.name,
        "scopes": sorted(command.scopes),
        "expires_at": ends,
        "secret_sha256": digest.hex(),
    }
    asked = ProposeCredential(key_id, "key", source, terms, command.created_by)
    return credentials.propose(work, asked)


def _require_source_for(command: CreateKey) -> None:
    reserved = sorted(command.scopes & SOURCE_SCOPES)
    if command.source is None and reserved:
        names = " / ".join(reserved)
        raise SourceKeyRequired(
            f"{names} is only for a key of a source: say which; a second admin approves it.",
            scope=names,
        )


def _require_active(work: Work, uri: str) -> None:
    found = sources.require_door(work, uri)
    if found.state != "active":
        raise SourceSuspended("This source is switched off.", name=found.name)


def _checked(work: Work, id_text: str, prefix: str, secret: str) -> ApiKey:
    try:
        row = store.key_by_id(work, parse_id(prefix, id_text))
    except BadId:
        row = None
    expected = row.secret_digest if row is not None else bytes(32)
    matches = hmac.compare_digest(secret_digest(secret), expected)
    if row is None or not matches or not row.key.is_live(work.now):
        raise CredentialsRefused("The key is unknown, not approved yet, revoked or expired.")
    return row.key


def _principal(key: ApiKey, scopes: frozenset[str]) -> Principal:
    if key.source is not None:
        return Principal(PrincipalKind.SOURCE, key.source, scopes=scopes)
    # Also of keys that were made before these scopes took a source.
    own = scopes - SOURCE_SCOPES
    return Principal(PrincipalKind.MACHINE, format_id("key", key.key_id), scopes=own)
