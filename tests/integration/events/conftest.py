"""A source and events to state, for tests of the events room."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from ledger.events import service
from ledger.events.admission import admit
from ledger.events.model import (
    AcceptEvents,
    AdmittedEvent,
    Authority,
    ExactJson,
    FieldKind,
    IncomingEvent,
    ObjectStep,
    OnConflict,
    Outcome,
    Source,
)
from ledger.events.sources import service as sources
from ledger.events.sources.model import DecideSource, ProposeSource, SourceSpec
from ledger.kernel import outbox
from ledger.kernel.clock import Instant
from ledger.kernel.transaction import Database, Work, execute
from ledger.members import service as members
from ledger.members.model import CreateMember, IdentityKey, LinkIdentity

ISSUER = "https://lms.example"
SPEC = SourceSpec(
    name="lms",
    uri="https://lms.example/events",
    profile="standard-webhooks",
    authority=Authority(
        types=("*",),
        issuers={"lms": ISSUER},
        attributes=("*",),
        declared={"own.thing.done": {"weight": FieldKind.DECIMAL, "at": FieldKind.TIME}},
    ),
)


def lms(subject: str) -> IdentityKey:
    return IdentityKey("lms", ISSUER, subject)


@pytest.fixture
def admins(database: Database) -> tuple[UUID, UUID]:
    """Two admins, made by links from the server."""
    first = execute(database, members.create_member, CreateMember()).member_id
    second = execute(database, members.create_member, CreateMember()).member_id
    for member_id in (first, second):
        execute(database, members.make_first_admin, member_id)
    return first, second


Register = Callable[[SourceSpec], Source]


@pytest.fixture
def register(database: Database, admins: tuple[UUID, UUID]) -> Register:
    def registered(spec: SourceSpec) -> Source:
        change = execute(database, sources.propose_source, ProposeSource(spec, admins[0]))
        yes = DecideSource(change.change_id, change.content_digest, admins[1])
        return execute(database, sources.approve_source, yes)

    return registered


@pytest.fixture
def source(register: Register) -> Source:
    return register(SPEC)


class Door:
    """States events of one source and looks at what came of it."""

    def __init__(self, database: Database, source: Source) -> None:
        self.database = database
        self.source = source
        self.now = datetime.now(UTC)  # noqa: TID251 - a test's own clock

    def event(
        self,
        event_id: str,
        subject: str | None = "lms:1",
        event_type: str = "lms.section.read",
        data: Mapping[str, ExactJson] | None = None,
        *,
        minutes_ago: float = 10,
        step: ObjectStep | None = None,
    ) -> AdmittedEvent:
        time = Instant.of(self.now - timedelta(minutes=minutes_ago))
        stated = IncomingEvent(event_id, event_type, subject, time, data or {}, step)
        return admit(self.source, [stated], self.now)[0]

    def accept(
        self, *events: AdmittedEvent, on_conflict: OnConflict = OnConflict.REFUSE
    ) -> list[Outcome]:
        command = AcceptEvents(self.source, events, on_conflict)
        return execute(self.database, service.accept_events, command)

    def statuses(self, *events: AdmittedEvent) -> list[str]:
        return [one.status for one in self.accept(*events, on_conflict=OnConflict.REPORT)]

    def link(self, subject: str) -> UUID:
        """A new member who is ``lms:<subject>``."""
        member_id = execute(self.database, members.create_member, CreateMember()).member_id
        key = lms(subject)
        reference = execute(self.database, members.references_of, [key])[key]
        execute(self.database, members.link_identity, LinkIdentity(member_id, reference, "test"))
        return member_id

    def waiting(self) -> list[str]:
        with self.database.read() as work:
            return outbox.waiting_keys(work, "score")

    def settle(self) -> None:
        """Take away what waits, as the scorer would."""

        def take(work: Work, key: str) -> None:
            outbox.take(work, "score", key)

        for key in self.waiting():
            execute(self.database, take, key)


@pytest.fixture
def door(database: Database, source: Source) -> Door:
    return Door(database, source)
