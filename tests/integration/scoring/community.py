"""A community that lives through a random history, and what the judge says of it so far."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast
from uuid import UUID

import sqlalchemy as sa

from api.supervisor.postgres import APPLICATION, PostgresServer
from ledger.events.model import Outcome
from ledger.events.tables import events as events_table
from ledger.kernel.clock import Instant
from ledger.kernel.transaction import Database, connect, execute
from ledger.members import service as members
from ledger.members.model import CreateMember, LinkIdentity
from ledger.programme import service as programmes
from ledger.programme import store as programmes_store
from ledger.programme.service import Mode
from ledger.programme.store import StoredActivation
from ledger.scoring.service import score_everybody
from ledger.scoring.verify import check_projection
from tests.integration.scoring.random_histories import at, exact
from tests.naive_scorer import Awards
from tests.scoring_cases import Event, Versions, score
from tests.support import merging
from tests.support.clock import SetClock
from tests.world import SOURCE_URI, World, lms

REFUSED = (
    programmes.AlreadyInForce,
    programmes.ActivationOutOfOrder,
    programmes.TopUpIncomparable,
)
BEGINNING = "2025-03-01"
NEVER_CLOSED = "0001-01-02T00:00:00Z"
_numbers = itertools.count(1)


@dataclass
class Merged:
    """Two who were found to be one, by name."""

    merge_id: UUID
    survivor: str
    absorbed: str
    stands: bool = True


class Community:
    """One database living through a life."""

    def __init__(
        self, database: Database, text: str, member_of: Mapping[str, str], *, since: str = BEGINNING
    ) -> None:
        self.clock = SetClock(at(since))
        self.world = World.make(replace(database, clock=self.clock))
        self.world.activate(text)
        self.member_of = member_of
        self.members: dict[str, UUID] = {}
        self.linked: dict[str, str] = {}
        self.merges: list[Merged] = []
        self.heard: list[Event] = []

    def state(self, events: Sequence[Event]) -> list[Outcome]:
        outcomes = self.world.state_all(
            [(e["id"], e["type"], e["subject"], e["time"], exact(e["data"])) for e in events]
        )
        self.heard += events
        return outcomes

    def link(self, identity: str) -> None:
        database, name = self.world.database, self.member_of[identity]
        if name not in self.members:
            made = execute(database, members.create_member, CreateMember())
            self.members[name] = made.member_id
            self.world.linked[name] = made.member_id
        key = lms(identity)
        reference = execute(database, members.references_of, [key])[key]
        command = LinkIdentity(self.members[name], reference, "test")
        execute(database, members.link_identity, command)
        self.linked[f"lms:{identity}"] = name

    def merge(self, survivor: str, absorbed: str) -> None:
        """One person from here on, under the survivor's name."""
        done = merging.merge(self.world, self.members[survivor], self.members[absorbed])
        self.merges.append(Merged(done.merge_id, survivor, absorbed))

    def split(self, number: int) -> None:
        """The merge of that number was a mistake."""
        merged = self.merges[number]
        merging.split(self.world, merged.merge_id)
        merged.stands = False

    def activate(self, text: str, since: datetime, mode: Mode) -> bool:
        """Put a version in force as two persons would have; ``False`` if it is refused."""
        database = self.world.database
        stored = execute(
            database, programmes.store_programme, programmes.StoreProgramme(text, "test")
        )
        command = programmes.Activate(stored.programme_hash, since, {"kind": "test"}, mode)
        try:
            done = execute(database, programmes.activate, command)
        except REFUSED:
            return False
        execute(database, score_everybody, done.activation_id)
        return True

    def follow(self, other: Community) -> None:
        """Activate what another community did, and merge who is one there."""
        for merged in other.merges:
            if merged.stands:
                self.merge(merged.survivor, merged.absorbed)
        for each in other.activations()[1:]:
            assert self.activate(each.source_text, each.effective_at, cast("Mode", each.mode))

    @property
    def resolve(self) -> dict[str, str]:
        """Identity → who it is: the member it was linked to, or who stands for that one now."""
        stands_for = {each.absorbed: each.survivor for each in self.merges if each.stands}

        def person(name: str) -> str:
            return person(stands_for[name]) if name in stands_for else name

        return {identity: person(name) for identity, name in self.linked.items()}

    @property
    def persons(self) -> list[str]:
        """Every member but those who were merged into others."""
        absorbed = {merged.absorbed for merged in self.merges if merged.stands}
        return [name for name in self.members if name not in absorbed]

    def activations(self) -> Sequence[StoredActivation]:
        with self.world.database.read() as work:
            return programmes.activations(work)

    def close(self, day: str) -> None:
        self.clock.time = at(day)
        self.world.close_periods()

    def awards(self) -> Awards:
        """What is worth something in the database, in the judge's form."""
        with self.world.database.read() as work:
            rows = work.connection.execute(
                sa.select(events_table.c.event_id, events_table.c.source_event_id)
            )
            ids = {row.event_id: (SOURCE_URI, row.source_event_id) for row in rows}
        found: Awards = {}
        for name in self.persons:
            for award in self.world.awards(name):
                key = award.key
                cause = key.period if key.event_id is None else ids[key.event_id]
                if award.points or award.excess:
                    found[name, key.rule_id, cause] = award.points, award.excess
        return found

    def judged(self, heard: Sequence[Event] | None = None) -> Awards:
        """What the naive scorer says of the events heard so far, or of some of them."""
        with self.world.database.read() as work:
            closed = programmes_store.closed_until(work)
        until = NEVER_CLOSED if closed is None else Instant.of(closed).isoformat()
        versions: Versions = [
            (each.source_text, Instant.of(each.effective_at).isoformat(), each.mode)
            for each in self.activations()
        ]
        judged = score(
            "naive",
            versions,
            self.heard if heard is None else heard,
            closed_until=until,
            resolve=self.resolve,
        )
        return {key: worth for key, worth in judged.items() if any(worth)}

    def check(self) -> None:
        """Awards, lots and the projection agree with the judge."""
        awards = self.awards()
        assert awards == self.judged()
        for name in self.persons:
            summary = self.world.summary(name)
            own = sum(points for (member, _, _), (points, _) in awards.items() if member == name)
            has = summary.pending.amount + summary.available.amount + summary.held.amount
            assert has - summary.debt.amount == own
        with self.world.database.read() as work:
            assert list(check_projection(work)) == []


@contextmanager
def fresh(server: PostgresServer, template: str) -> Iterator[Database]:
    """A database of one example's own."""
    name = f"random_history_{next(_numbers)}"
    server.create_database(name, template)
    database = connect(server.url(APPLICATION, name))
    try:
        yield database
    finally:
        database.engine.dispose()
        server.drop_database(name)
