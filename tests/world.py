"""A small community for integration tests, made through use cases only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from ledger.events import service as events
from ledger.events.admission import admit
from ledger.events.model import (
    AcceptEvents,
    Authority,
    ExactJson,
    FieldKind,
    IncomingEvent,
    OnConflict,
    Outcome,
    Source,
)
from ledger.events.sources import service as sources
from ledger.events.sources.model import DecideSource, ProposeSource, SourceSpec
from ledger.kernel import outbox
from ledger.kernel.clock import Instant
from ledger.kernel.keyed import KeyedHashes
from ledger.kernel.transaction import Database, Work, execute
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.lots.model import Summary
from ledger.members import service as members
from ledger.members import store as members_store
from ledger.members.model import SCORE_TOPIC, CreateMember, IdentityKey, LinkIdentity, Role
from ledger.programme import service as programmes
from ledger.scoring import service as scoring
from ledger.scoring import store as awards
from ledger.scoring.store import StoredAward

ISSUER = "https://lms.example"
SOURCE_URI = "https://lms.example/events"
LATENESS_DAYS = 36_500
HASHES = KeyedHashes(bytes(32))


def lms(subject: str) -> IdentityKey:
    return IdentityKey("lms", ISSUER, subject)


@dataclass
class World:
    """Two admins, one source that may state anything, and whoever is linked."""

    database: Database
    first_admin: UUID
    second_admin: UUID
    source: Source
    linked: dict[str, UUID] = field(default_factory=dict)

    @classmethod
    def make(cls, database: Database) -> World:
        first = execute(database, members.create_member, CreateMember()).member_id
        second = execute(database, members.create_member, CreateMember()).member_id

        def promote(work: Work, _: None) -> None:
            members.make_first_admin(work, first)
            members_store.insert_role(work, second, Role.ADMIN, None)
            members_store.grant_role(work, second, Role.ADMIN, None)

        execute(database, promote, None)
        spec = SourceSpec(
            name="lms",
            uri=SOURCE_URI,
            profile="standard-webhooks",
            authority=Authority(
                types=("*",),
                issuers={"*": ISSUER, "lms": ISSUER},
                attributes=("*",),
                declared={
                    "club.help.given": dict.fromkeys(("owner", "mentor"), FieldKind.IDENTITY)
                },
            ),
            lateness_days=LATENESS_DAYS,
            hourly_budget=1_000_000,
        )
        change = execute(database, sources.propose_source, ProposeSource(spec, first))
        decision = DecideSource(change.change_id, change.content_digest, second)
        source = execute(database, sources.approve_source, decision)
        return cls(database, first, second, source)

    def link(self, subject: str) -> UUID:
        """A new member who is ``lms:<subject>``."""
        member_id = execute(self.database, members.create_member, CreateMember()).member_id
        key = lms(subject)
        reference = execute(self.database, members.references_of, [key])[key]
        execute(self.database, members.link_identity, LinkIdentity(member_id, reference, "test"))
        self.linked[subject] = member_id
        return member_id

    def activate(self, text: str, effective_at: str = "2000-01-01T00:00:00Z") -> bytes:
        """Store a programme and put it in force by two admins."""
        programme = execute(
            self.database, programmes.store_programme, programmes.StoreProgramme(text, "test")
        )
        change = execute(
            self.database,
            programmes.propose_activation,
            programmes.ProposeActivation(
                programme.programme_hash, datetime.fromisoformat(effective_at), self.first_admin
            ),
        )
        execute(
            self.database,
            programmes.decide_activation,
            programmes.DecideActivation(
                change.change_id, "approved", change.content_hash, self.second_admin
            ),
        )
        return programme.programme_hash

    def state(
        self,
        event_id: str,
        event_type: str,
        subject: str | None,
        time: str,
        data: Mapping[str, ExactJson] | None = None,
    ) -> list[Outcome]:
        """One event through the same use case as every door's."""
        return self.state_all([(event_id, event_type, subject, time, data or {})])

    def state_all(
        self, stated: Sequence[tuple[str, str, str | None, str, Mapping[str, ExactJson]]]
    ) -> list[Outcome]:
        incoming = [
            IncomingEvent(event_id, event_type, subject, Instant.parse(time), data)
            for event_id, event_type, subject, time, data in stated
        ]
        now = datetime.now(UTC)  # noqa: TID251 - a test's clock
        admitted = admit(self.source, incoming, now, hashes=HASHES)
        command = AcceptEvents(self.source, admitted, OnConflict.REPORT, budgeted=False)
        return execute(self.database, events.accept_events, command)

    def score(self) -> int:
        """Do all waiting scoring, as a worker would; the number of members scored."""

        def handle(key: str) -> None:
            execute(self.database, scoring.score_waiting, UUID(key))

        def fail(key: str, error: Exception) -> None:
            raise AssertionError(f"scoring {key} failed") from error

        return outbox.drain(self.database, SCORE_TOPIC, handle, on_failure=fail)

    def close_periods(self) -> None:
        def close(work: Work, _: None) -> None:
            scoring.close_periods(work)

        execute(self.database, close, None)

    def awards(self, subject: str) -> list[StoredAward]:
        with self.database.read() as work:
            found = awards.awards_of(work, self.linked[subject])
        return sorted(found.values(), key=lambda award: (award.earned_at, award.award_id))

    def points(self, subject: str) -> int:
        return sum(award.points for award in self.awards(subject))

    def summary(self, subject: str) -> Summary:
        member_id = self.linked[subject]
        with self.database.read() as work:
            return lots.summary(work, member_id, work.now)

    def available(self, subject: str) -> Points:
        return self.summary(subject).available
