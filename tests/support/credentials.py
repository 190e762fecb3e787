"""Secrets and keys of a source, issued by two admins through the use cases."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from api.auth.keys import CreatedKey, CreateKey, create_key
from api.webhooks.secret_box import FernetBox
from ledger.events.credentials import service as credentials
from ledger.events.credentials.model import ApproveCredential, Credential
from ledger.events.sources import service as sources
from ledger.events.sources.model import OVERLAP_DEFAULT, AddSecret
from ledger.kernel.transaction import Database, Work, execute

Admins = tuple[UUID, UUID]


def propose_secret(database: Database, box: FernetBox, command: AddSecret) -> Credential:
    def propose(work: Work, asked: AddSecret) -> Credential:
        return sources.propose_secret(work, asked, box=box)

    return execute(database, propose, command)


def approve(database: Database, credential: Credential, person: UUID) -> Credential:
    yes = ApproveCredential(credential.credential_id, credential.content_digest, person)
    return execute(database, credentials.approve, yes)


def issue_secret(
    database: Database,
    box: FernetBox,
    admins: Admins,
    name: str,
    secret: str,
    overlap: timedelta = OVERLAP_DEFAULT,
) -> None:
    """A secret that works."""
    command = AddSecret(name, secret, admins[0], overlap)
    approve(database, propose_secret(database, box, command), admins[1])


def issue_key(database: Database, admins: Admins, source: str, *scopes: str) -> CreatedKey:
    """A key of a source that works."""
    command = CreateKey("test", frozenset(scopes), source, created_by=admins[0])
    made = execute(database, create_key, command)
    assert made.credential is not None
    approve(database, made.credential, admins[1])
    return made
