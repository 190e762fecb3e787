"""Sources: two persons, secrets that rotate, and what cannot be one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from api.webhooks.profiles import check_profile
from api.webhooks.secret_box import FernetBox, SecretUnreadable
from ledger.events.errors import (
    SecretInvalid,
    SourceAddressTaken,
    SourceChangeDecided,
    SourceChangeNotAsRead,
    SourceNeedsAnotherPerson,
    SourceSpecInvalid,
    UnknownSource,
    UnknownSourceChange,
)
from ledger.events.model import Authority, FieldKind, Source
from ledger.events.sources import service, store
from ledger.events.sources.model import (
    DecideSource,
    OpenSource,
    ProposeSource,
    SourceChange,
    SourceSpec,
    read_spec,
)
from ledger.kernel.transaction import Database, execute
from ledger.members import service as members
from ledger.members.model import CreateMember, NotAnAdmin, WordCountsNoLonger
from tests.support.admins import blocked
from tests.support.credentials import issue_secret

from .conftest import SPEC, Register  # type: ignore[import-not-found]

BOX = FernetBox(b"an installation's secret")


def propose(database: Database, spec: SourceSpec, person: UUID) -> SourceChange:
    return execute(database, service.propose_source, ProposeSource(spec, person))


def approve(database: Database, change: SourceChange, person: UUID) -> Source:
    yes = DecideSource(change.change_id, change.content_digest, person)
    return execute(database, service.approve_source, yes)


Add = Callable[..., None]


@pytest.fixture
def add(database: Database, admins: tuple[UUID, UUID]) -> Add:
    """Issues a secret of the source by two persons."""
    return partial(issue_secret, database, BOX, admins, "lms")


def opened(database: Database, box: FernetBox = BOX) -> OpenSource:
    with database.read() as work:
        return service.open_source(work, "lms", box=box)


def test_two_persons_register_and_change_a_source(
    database: Database, admins: tuple[UUID, UUID]
) -> None:
    change = propose(database, SPEC, admins[0])
    with database.read() as work:
        assert store.list_sources(work) == [], "a draft is in force nowhere"
    with pytest.raises(SourceNeedsAnotherPerson):
        approve(database, change, admins[0])
    with blocked(database, admins[0]), pytest.raises(WordCountsNoLonger):
        approve(database, change, admins[1])
    source = approve(database, change, admins[1])
    assert (source.name, source.authority) == ("lms", SPEC.authority)
    with pytest.raises(SourceChangeDecided):
        approve(database, change, admins[1])
    later = propose(database, replace(SPEC, lateness_days=7), admins[1])
    assert approve(database, later, admins[0]).lateness_days == 7
    with database.read() as work:
        assert [one.state for one in store.list_changes(work, 10)] == ["approved", "approved"]


def test_nobody_but_admins(database: Database, admins: tuple[UUID, UUID]) -> None:
    stranger = execute(database, members.create_member, CreateMember()).member_id
    with pytest.raises(NotAnAdmin):
        propose(database, SPEC, stranger)
    change = propose(database, SPEC, admins[0])
    with pytest.raises(NotAnAdmin):
        approve(database, change, stranger)


def test_what_is_approved_is_what_was_read(database: Database, admins: tuple[UUID, UUID]) -> None:
    change = propose(database, SPEC, admins[0])
    with pytest.raises(SourceChangeNotAsRead):
        approve(database, replace(change, content_digest=bytes(32)), admins[1])
    with pytest.raises(UnknownSourceChange):
        approve(database, replace(change, change_id=UUID(int=1)), admins[1])


def test_a_proposal_may_be_taken_back(database: Database, admins: tuple[UUID, UUID]) -> None:
    change = propose(database, SPEC, admins[0])
    no = DecideSource(change.change_id, change.content_digest, admins[0])
    execute(database, service.reject_source, no)
    with pytest.raises(SourceChangeDecided):
        approve(database, change, admins[1])


def test_an_address_is_one_sources_for_ever(
    database: Database, admins: tuple[UUID, UUID], register: Register
) -> None:
    register(SPEC)
    for spec in (replace(SPEC, name="other"), replace(SPEC, uri="https://moved.example")):
        with pytest.raises(SourceAddressTaken):
            propose(database, spec, admins[0])


def test_the_database_itself_wants_two_persons(
    database: Database, admins: tuple[UUID, UUID]
) -> None:
    change = propose(database, SPEC, admins[0])
    query = "UPDATE source_changes SET state='approved', decided_by=proposed_by, decided_at=now()"
    with pytest.raises(DBAPIError, match="two_persons"), database.engine.begin() as connection:
        connection.execute(sa.text(f"{query} WHERE change_id = :c"), {"c": change.change_id})


def test_secrets_rotate_and_end(database: Database, source: Source, add: Add) -> None:
    first, second, third = "a" * 16, "b" * 16, "c" * 16
    add(first)
    add(second)
    assert opened(database).secrets == (second, first)
    add(third, timedelta(0))
    assert opened(database).secrets == (third,)
    execute(database, service.end_secrets, "lms")
    assert opened(database).secrets == ()
    with database.read() as work:
        assert len(store.list_secrets(work, source.source_id)) == 3
    for bad in ("short", "x" * 513):
        with pytest.raises(SecretInvalid):
            add(bad)
    with database.engine.connect() as connection:
        kept = connection.execute(sa.text("SELECT sealed FROM source_secrets")).scalars().all()
    assert all(first.encode() not in bytes(one) for one in kept)


def test_a_secret_sealed_under_another_key_is_told_plainly(
    database: Database, source: Source, add: Add
) -> None:
    add("a" * 16)
    assert source.name == "lms"
    with pytest.raises(SecretUnreadable):
        opened(database, FernetBox(b"another"))


def test_a_source_that_is_none(database: Database) -> None:
    with pytest.raises(UnknownSource):
        execute(database, service.suspend_source, "nobody")
    with pytest.raises(UnknownSource):
        execute(database, service.end_secrets, "nobody")
    with pytest.raises(SourceSpecInvalid):
        execute(database, service.source_for_import, "has a space")


GOOD: dict[str, Any] = {
    "name": "lms",
    "uri": "https://lms.example",
    "profile": "bearer",
    "authority": {
        "types": ["lms.*"],
        "issuers": {"lms": "https://lms.example"},
        "attributes": ["qualification"],
        "declared": {"lms.quiz.won": {"score": "decimal", "winner": "identity"}},
    },
}


def test_a_registration_reads_back_from_its_own_form() -> None:
    spec = read_spec(GOOD)
    assert spec.authority == Authority(
        ("lms.*",),
        {"lms": "https://lms.example"},
        ("qualification",),
        {"lms.quiz.won": {"score": FieldKind.DECIMAL, "winner": FieldKind.IDENTITY}},
    )
    assert read_spec(spec.content()) == spec
    assert read_spec(spec.content()).content_digest() == spec.content_digest()
    check_profile(spec.profile)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Has Capitals"},
        {"name": 5},
        {"uri": ""},
        {"uri": "a b"},
        {"uri": None},
        {"profile": "no such thing!"},
        {"lateness_days": -1},
        {"lateness_days": 36_501},
        {"lateness_days": True},
        {"hourly_budget": 0},
        {"hourly_budget": "many"},
        {"surprise": 1},
        {"authority": []},
        {"authority": {"types": "lms.*"}},
        {"authority": {"issuers": []}},
        {"authority": {"declared": {"lms.section.read": {}}}},
        {"authority": {"declared": {"own.x": {"a": "float"}}}},
        {"authority": {"declared": {"own.x": {"A b": "key"}}}},
    ],
)
def test_what_cannot_be_a_registration_is_named(changes: dict[str, Any]) -> None:
    with pytest.raises(SourceSpecInvalid) as refused:
        read_spec({**GOOD, **changes})
    assert str(refused.value.operands["field"]).startswith(next(iter(changes)))


def test_a_profile_nobody_wrote_is_refused() -> None:
    with pytest.raises(SourceSpecInvalid):
        check_profile("carrier_pigeon")
    with pytest.raises(SourceSpecInvalid):
        read_spec([])
