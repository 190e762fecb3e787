"""Random lives of a community, lived in the real database, against the judge.

Whenever scoring is done, what is in the database is what the naive scorer says of the events so
far; at the end the ledger verifies, and a second database that learns all at once agrees.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import cast
from uuid import UUID

import sqlalchemy as sa
from hypothesis import event as note
from hypothesis import given, settings
from starlette.testclient import TestClient

from api.cli.ledger import CHECKS
from api.http.app import create_app
from api.i18n.catalogue import refuse_missing
from api.supervisor.postgres import APPLICATION, PostgresServer
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
from ledger.verify.service import verify
from tests.integration.scoring.random_histories import (
    CLOSES,
    ENDLESS,
    MEMBER_OF,
    VERSIONS,
    Activate,
    Close,
    Life,
    Link,
    Score,
    State,
    at,
    exact,
    lives,
)
from tests.naive_scorer import Awards
from tests.scoring_cases import DAILY, Event, Versions, score
from tests.support.clock import SetClock
from tests.support.credentials import issue_key
from tests.support.http import TestParts, client_of
from tests.world import SOURCE_URI, World, lms

TEXTS = {"daily": DAILY, "weekly": ENDLESS}
REFUSED = (
    programmes.AlreadyInForce,
    programmes.ActivationOutOfOrder,
    programmes.TopUpIncomparable,
)
BEGINNING = "2025-03-01"
NEVER_CLOSED = "0001-01-02T00:00:00Z"
_numbers = itertools.count(1)


class Community:
    """One database living through a life."""

    def __init__(self, database: Database, programme: str) -> None:
        self.clock = SetClock(at(BEGINNING))
        self.world = World.make(replace(database, clock=self.clock))
        self.world.activate(TEXTS[programme])
        self.programme = programme
        self.members: dict[str, UUID] = {}
        self.resolve: dict[str, str] = {}
        self.heard: list[Event] = []

    def state(self, events: list[Event]) -> None:
        self.world.state_all(
            [(e["id"], e["type"], e["subject"], e["time"], exact(e["data"])) for e in events]
        )
        self.heard += events

    def link(self, identity: str) -> None:
        database, name = self.world.database, MEMBER_OF[identity]
        if name not in self.members:
            made = execute(database, members.create_member, CreateMember())
            self.members[name] = made.member_id
            self.world.linked[name] = made.member_id
        key = lms(identity)
        reference = execute(database, members.references_of, [key])[key]
        command = LinkIdentity(self.members[name], reference, "test")
        execute(database, members.link_identity, command)
        self.resolve[f"lms:{identity}"] = name

    def activate(self, step: Activate) -> None:
        """Put a version in force as two persons would have; what cannot be is refused."""
        database = self.world.database
        command = programmes.StoreProgramme(VERSIONS[step.text], "test")
        stored = execute(database, programmes.store_programme, command)
        self.put_in_force(stored.programme_hash, at(step.day), step.mode)

    def put_in_force(self, programme_hash: bytes, since: datetime, mode: Mode) -> None:
        database = self.world.database
        command = programmes.Activate(programme_hash, since, {"kind": "test"}, mode)
        try:
            done = execute(database, programmes.activate, command)
        except REFUSED:
            return
        execute(database, score_everybody, done.activation_id)

    def follow(self, other: Community) -> None:
        """Activate what another community did."""
        for each in other.activations()[1:]:
            text = each.source_text
            command = programmes.StoreProgramme(text, "test")
            stored = execute(self.world.database, programmes.store_programme, command)
            mode = cast("Mode", each.mode)
            self.put_in_force(stored.programme_hash, each.effective_at, mode)

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
        for name in self.members:
            for award in self.world.awards(name):
                key = award.key
                cause = key.period if key.event_id is None else ids[key.event_id]
                if award.points or award.excess:
                    found[name, key.rule_id, cause] = award.points, award.excess
        return found

    def judged(self) -> Awards:
        """What the naive scorer says of the events heard so far."""
        with self.world.database.read() as work:
            closed = programmes_store.closed_until(work)
        until = NEVER_CLOSED if closed is None else Instant.of(closed).isoformat()
        versions: Versions = [
            (each.source_text, Instant.of(each.effective_at).isoformat(), each.mode)
            for each in self.activations()
        ]
        judged = score("naive", versions, self.heard, closed_until=until, resolve=self.resolve)
        return {key: worth for key, worth in judged.items() if any(worth)}

    def check(self) -> None:
        """Awards, lots and the projection agree with the judge."""
        awards = self.awards()
        assert awards == self.judged()
        for name in self.members:
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


def live(community: Community, life: Life) -> None:
    """Every step, and the judge after each scoring."""
    for step in life.steps:
        match step:
            case State(event):
                community.state([event])
            case Link(identity):
                community.link(identity)
            case Close(day):
                community.close(day)
            case Activate():
                community.activate(step)
            case Score():
                community.world.score()
                community.check()


def end(community: Community) -> None:
    """Close what is over, score, and let the whole ledger prove itself."""
    community.close(CLOSES[-1])
    community.world.score()
    community.check()
    report = verify(community.world.database, CHECKS)
    assert report.findings == ()


@settings(max_examples=12)
@given(life=lives())
def test_lived_step_by_step_or_learnt_at_once_it_is_what_the_judge_says(
    postgres_server: PostgresServer, template_database: str, life: Life
) -> None:
    make = partial(fresh, postgres_server, template_database)
    with make() as one, make() as other:
        gradual = Community(one, life.programme)
        live(gradual, life)
        end(gradual)
        at_once = Community(other, life.programme)
        for identity in MEMBER_OF:
            at_once.link(identity)
        at_once.state(life.events)
        at_once.follow(gradual)
        end(at_once)
        note(f"{life.programme}: {'awards' if at_once.awards() else 'nothing earned'}")
        assert gradual.awards() == at_once.awards()


def post(client: TestClient, event: Event) -> int:
    headers = {"Content-Type": "application/cloudevents+json"}
    return int(client.post("/v1/events", content=json.dumps(event), headers=headers).status_code)


@settings(max_examples=4)
@given(life=lives())
def test_stated_over_http_it_is_what_the_judge_says(
    postgres_server: PostgresServer, template_database: str, life: Life
) -> None:
    with fresh(postgres_server, template_database) as database:
        community = Community(database, life.programme)
        community.clock.time = at(CLOSES[-1])
        timed = community.world.database
        admins = (community.world.first_admin, community.world.second_admin)
        key = issue_key(timed, admins, SOURCE_URI, "events:write")
        app = create_app(TestParts(timed), on_missing=refuse_missing)
        client = client_of(app, authorization=f"Bearer {key.text}")
        try:
            for step in life.steps:
                match step:
                    case State(event):
                        assert post(client, event) in {202, 409}
                        community.heard.append(event)
                    case Link(identity):
                        community.link(identity)
                    case Activate():
                        community.activate(step)
                    case Score():
                        community.world.score()
                        community.check()
        finally:
            app.state.intake.close()
        end(community)
