"""A secret or key of a source works once a second person approved exactly it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from api.auth.keys import (
    CreatedKey,
    CreateKey,
    IssueToken,
    RevokeKey,
    create_key,
    issue_token,
    principal_of_key,
    revoke_key,
)
from api.auth.model import CredentialsRefused
from api.webhooks.secret_box import FernetBox
from ledger.events.credentials import service, store
from ledger.events.credentials.model import ApproveCredential, Credential, RejectCredential, id_text
from ledger.events.errors import (
    CredentialAnnounced,
    CredentialDecided,
    CredentialNeedsAnotherPerson,
    CredentialNotAsRead,
    UnknownCredential,
)
from ledger.events.model import Source
from ledger.events.sources import service as sources
from ledger.events.sources.model import AddSecret
from ledger.kernel.transaction import Database, Work, execute
from ledger.members import service as members
from ledger.members import store as members_store
from ledger.members.model import (
    SINGLE_ADMIN_DELAY,
    CreateMember,
    NotAnAdmin,
    Role,
    WordCountsNoLonger,
)
from tests.support.admins import blocked
from tests.support.credentials import approve, issue_secret, propose_secret

BOX = FernetBox(b"an installation's secret")
Admins = tuple[UUID, UUID]


def secrets(database: Database) -> tuple[str, ...]:
    with database.read() as work:
        return sources.open_source(work, "lms", box=BOX).secrets


def secret_of(
    database: Database, person: UUID, text: str = "a" * 16, **terms: timedelta
) -> Credential:
    return propose_secret(database, BOX, AddSecret("lms", text, person, **terms))


def key_of(database: Database, source: Source, person: UUID | None) -> CreatedKey:
    command = CreateKey("shop", frozenset({"events:write"}), source.uri, created_by=person)
    return execute(database, create_key, command)


def is_good(database: Database, key: CreatedKey) -> bool:
    with database.read() as work:
        try:
            principal_of_key(work, key.text)
        except CredentialsRefused:
            return False
    return True


def test_a_secret_opens_nothing_before_another_approves(
    database: Database, source: Source, admins: Admins
) -> None:
    first, second = admins
    proposed = secret_of(database, first)
    assert (proposed.state, proposed.announced_until) == ("draft", None)
    assert secrets(database) == ()
    with pytest.raises(CredentialNeedsAnotherPerson):
        approve(database, proposed, first)
    with blocked(database, first), pytest.raises(WordCountsNoLonger):
        approve(database, proposed, second)
    assert secrets(database) == ()
    approved = approve(database, proposed, second)
    assert (approved.state, approved.proposed_by, approved.decided_by) == ("approved", *admins)
    assert secrets(database) == ("a" * 16,)
    assert source.uri == approved.source
    for again in admins:
        with pytest.raises(CredentialDecided):
            approve(database, proposed, again)


def test_a_key_opens_nothing_before_another_approves(
    database: Database, source: Source, admins: Admins
) -> None:
    first, second = admins
    key = key_of(database, source, first)
    assert key.credential is not None
    assert not is_good(database, key)
    client = IssueToken(id_text(key.credential), key.secret, frozenset())
    with pytest.raises(CredentialsRefused):
        execute(database, issue_token, client)
    with pytest.raises(CredentialNeedsAnotherPerson):
        approve(database, key.credential, first)
    approve(database, key.credential, second)
    assert is_good(database, key)
    assert execute(database, issue_token, client).scopes == {"events:write"}


def test_what_is_approved_is_what_was_read(
    database: Database, source: Source, admins: Admins
) -> None:
    """Neither another secret's digest nor that of a key with other terms will do."""
    first, second = admins
    one, other = secret_of(database, first), secret_of(database, first)
    key = key_of(database, source, first).credential
    assert key is not None
    digests = {one.content_digest, other.content_digest, key.content_digest}
    assert len(digests) == 3
    for asked in (one, other, key):
        for digest in digests - {asked.content_digest}:
            command = ApproveCredential(asked.credential_id, digest, second)
            with pytest.raises(CredentialNotAsRead):
                execute(database, service.approve, command)
    with pytest.raises(UnknownCredential):
        execute(database, service.approve, ApproveCredential(source.source_id, bytes(32), second))
    assert secrets(database) == ()


def test_only_admins_propose_and_approve(
    database: Database, source: Source, admins: Admins
) -> None:
    member = execute(database, members.create_member, CreateMember()).member_id
    proposed = secret_of(database, admins[0])
    with pytest.raises(NotAnAdmin):
        secret_of(database, member)
    for person in (None, member):
        with pytest.raises(NotAnAdmin):
            key_of(database, source, person)
    with pytest.raises(NotAnAdmin):
        approve(database, proposed, member)
    with pytest.raises(NotAnAdmin):
        execute(database, service.reject, RejectCredential(proposed.credential_id, member))


def test_one_person_says_no_for_ever(database: Database, source: Source, admins: Admins) -> None:
    first, second = admins
    for closer in admins:
        proposed = secret_of(database, first)
        execute(database, service.reject, RejectCredential(proposed.credential_id, closer))
        with pytest.raises(CredentialDecided):
            approve(database, proposed, second)
    key = key_of(database, source, first)
    execute(database, revoke_key, RevokeKey(key.key.key_id, second))
    assert key.credential is not None
    with pytest.raises(CredentialDecided):
        approve(database, key.credential, second)
    assert not is_good(database, key)
    assert secrets(database) == ()


def test_the_secrets_before_end_when_the_new_one_is_approved_and_no_sooner(
    database: Database, source: Source, admins: Admins
) -> None:
    old, new = "a" * 16, "b" * 16
    issue_secret(database, BOX, admins, "lms", old)
    proposed = secret_of(database, admins[0], new, overlap=timedelta(0))
    assert secrets(database) == (old,), "a proposal takes nothing away"
    approve(database, proposed, admins[1])
    assert secrets(database) == (new,)
    waiting = secret_of(database, admins[0])
    execute(database, sources.end_secrets, source.name)
    assert secrets(database) == ()
    approve(database, waiting, admins[1])
    assert secrets(database) == (old,), "ending what works decides nothing about what waits"


def test_a_single_admin_waits_under_a_public_notice(
    database: Database, source: Source, admins: Admins
) -> None:
    first, second = admins

    def dismiss(person: UUID) -> None:
        """As in a school that never had another."""
        execute(database, lambda work, _: members_store.delete_role(work, person, Role.ADMIN), None)

    dismiss(second)
    proposed = secret_of(database, first)
    assert proposed.announced_until is not None
    assert proposed.announced_until - proposed.proposed_at == SINGLE_ADMIN_DELAY
    with database.read() as work:
        assert [one.credential_id for one in store.open_notices(work, 10)] == [
            proposed.credential_id
        ]
    with pytest.raises(CredentialAnnounced):
        approve(database, proposed, first)
    with database.engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE source_credentials SET announced_until = now() - interval '1 second'")
        )
    approve(database, proposed, first)
    assert secrets(database) == ("a" * 16,)
    with database.read() as work:
        assert store.open_notices(work, 10) == []
    assert source.name == "lms"


def test_a_single_admin_who_is_joined_needs_the_other(
    database: Database, source: Source, admins: Admins
) -> None:
    first, second = admins

    def dismiss(work: Work, person: UUID) -> None:
        members_store.delete_role(work, person, Role.ADMIN)

    def join(work: Work, person: UUID) -> None:
        members_store.insert_role(work, person, Role.ADMIN, None)
        members_store.grant_role(work, person, Role.ADMIN, None)

    execute(database, dismiss, second)
    proposed = secret_of(database, first)
    assert proposed.source == source.uri
    execute(database, join, second)
    with database.engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE source_credentials SET announced_until = now() - interval '1 second'")
        )
    with pytest.raises(CredentialNeedsAnotherPerson):
        approve(database, proposed, first)
    assert secrets(database) == ()
    assert approve(database, proposed, second).state == "approved"


@pytest.mark.parametrize(
    "change",
    [
        "state = 'approved', decided_by = proposed_by, decided_at = now()",
        "state = 'approved', decided_by = NULL, decided_at = now()",
        "proposed_by = NULL",
    ],
)
def test_the_database_itself_wants_two_persons(
    database: Database, source: Source, admins: Admins, change: str
) -> None:
    secret_of(database, admins[0])
    with pytest.raises(DBAPIError, match="person"), database.engine.begin() as connection:
        connection.execute(sa.text(f"UPDATE source_credentials SET {change}"))
    key_of(database, source, admins[0])
    with pytest.raises(DBAPIError, match="issued_by_two"), database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE api_keys SET credential_id = NULL"))


@pytest.mark.parametrize("state", ["draft", "approved"])
def test_nothing_is_inherited_any_more(
    database: Database, source: Source, admins: Admins, state: str
) -> None:
    """What would do without two persons is written by no one."""
    proposed = secret_of(database, admins[0])
    if state == "approved":
        approve(database, proposed, admins[1])
    insert = (
        "INSERT INTO source_credentials (credential_id, kind, source, content, content_digest, "
        "state, inherited, proposed_at, decided_at) SELECT gen_random_uuid(), kind, source, "
        "content, content_digest, 'approved', true, now(), now() FROM source_credentials"
    )
    for query in ("UPDATE source_credentials SET inherited = true", insert):
        with pytest.raises(DBAPIError, match="refused"), database.engine.begin() as connection:
            connection.execute(sa.text(query))
    assert source.uri == proposed.source
