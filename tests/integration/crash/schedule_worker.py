"""The worker of a seeded schedule: it does the deeds of its turns until a fault strikes it down.

What is done is written down after it was done, so that a deed may be done again: a source that had
no answer tells its facts once more, and whoever takes over begins with what nobody wrote down.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import sqlalchemy as sa

from api.composition import Composition
from api.tasks import topics as registry
from api.tasks.schedule import JOBS
from ledger.events import service as events
from ledger.events.admission import admit
from ledger.events.model import AcceptEvents, IncomingEvent, OnConflict, Source
from ledger.kernel import outbox
from ledger.kernel.clock import Instant
from ledger.kernel.transaction import DatabaseUnavailable, Work, execute
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.lots.errors import HoldNotFound
from ledger.lots.model import CaptureHold, HoldPurpose, HoldState, PlaceHold
from ledger.members.model import SCORE_TOPIC
from ledger.programme import service as programmes
from ledger.programme.service import ACTIVATED_TOPIC
from ledger.scoring import service as scoring
from tests.integration.crash import jobs_worker
from tests.integration.crash.jobs_worker import Hops
from tests.integration.crash.schedules import (
    Activate,
    Deed,
    Drain,
    Fault,
    RunJobs,
    Settle,
    Spend,
    TaskAgain,
    Told,
    Turn,
)
from tests.support.clock import SetClock

LOST = 4
"""Exit status of a worker that lost its connection and gave up."""
_HOLD_TIME = timedelta(hours=1)


@dataclass(frozen=True)
class Errand:
    """All that the child needs; ``done`` deeds of the first turn are done already."""

    settings: dict[str, str]
    source: Source
    members: dict[str, UUID]
    text: str
    turns: tuple[tuple[Turn, Fault | None], ...]
    done: int
    diary: str
    plant: str | None = None


class Faults(Hops):
    """Hops at which a process ends, or its connection to the database does."""

    kind = "kill"
    during = ""

    def arm(self, fault: Fault | None) -> None:
        """From here on count to this fault."""
        self.kind, self.during, self.left = fault or ("kill", "", None)

    def hop(self, name: str, connection: psycopg.Connection[Any] | None = None) -> None:
        if self.during in {"", self.doing}:
            super().hop(name, connection)

    def strike(self, connection: psycopg.Connection[Any] | None) -> None:
        if self.kind == "kill":
            super().strike(connection)
        if connection is None:
            self.left = 1  # Nothing to lose at this hop: the next one.
            return
        self.left = None
        with socket.socket(fileno=os.dup(connection.fileno())) as lost:
            lost.shutdown(socket.SHUT_RDWR)


def run(errand: Errand) -> None:
    """Do the turns; exit status 0, or ``LOST``."""
    PLANTS[errand.plant]()
    clock = SetClock()
    composition = jobs_worker.composed(errand.settings)
    composition = replace(composition, database=replace(composition.database, clock=clock))
    hops = Faults(None, errand.diary)
    jobs_worker.hop_everywhere(composition, hops)
    school = School(composition, hops, errand)
    for number, (turn, fault) in enumerate(errand.turns):
        clock.time = turn.at
        hops.arm(fault)
        for place, deed in enumerate(turn.deeds):
            if number or place >= errand.done:
                try:
                    school.do(deed, turn.at)
                except DatabaseUnavailable:
                    sys.exit(LOST)
                hops.note(f"done {number} {place}")


@dataclass(frozen=True)
class School:
    """Does the deeds, each in a way that bears being done again."""

    composition: Composition
    hops: Hops
    errand: Errand

    def do(self, deed: Deed, at: datetime) -> None:
        """One deed."""
        self.hops.doing = type(deed).__name__
        match deed:
            case Told():
                self.tell(deed, at)
            case Drain(names):
                for topic in names:
                    jobs_worker.drain(self.composition, self.hops, topic)
            case TaskAgain():
                self.again()
            case RunJobs(places):
                jobs = [job for job in JOBS if not job.needs_chain]
                for place in places:
                    jobs[place % len(jobs)].run(self.composition)
            case Settle():
                assert jobs_worker.work_to_the_end(self.composition, self.hops), "it never ends"
            case Activate():
                self.activate(deed, at)
            case Spend():
                self.spend(deed, at)

    def tell(self, told: Told, at: datetime) -> None:
        incoming = [
            IncomingEvent(
                each["id"], each["type"], each["subject"], Instant.parse(each["time"]), each["data"]
            )
            for each in told.events
        ]
        admitted = admit(self.errand.source, incoming, at)
        command = AcceptEvents(self.errand.source, admitted, OnConflict.REPORT, budgeted=False)
        execute(self.composition.database, events.accept_events, command)

    def again(self) -> None:
        with self.composition.database.read() as work:
            query = sa.text("SELECT activation_id FROM programme_activations ORDER BY 1")
            activated = [str(each) for each in work.connection.execute(query).scalars()]
        self.hops.doing = ACTIVATED_TOPIC
        for key in activated:
            registry.TOPICS[ACTIVATED_TOPIC](self.composition, key)
        self.hops.doing = SCORE_TOPIC
        for member_id in self.errand.members.values():
            registry.TOPICS[SCORE_TOPIC](self.composition, str(member_id))

    def activate(self, deed: Activate, at: datetime) -> None:
        old, new = deed.change
        text = self.errand.text.replace(old, new).replace('version: "1"', 'version: "2"')

        def put_in_force(work: Work, _: None) -> None:
            stored = programmes.store_programme(work, programmes.StoreProgramme(text, "test"))
            basis = {"kind": "test"}
            command = programmes.Activate(stored.programme_hash, at - deed.back, basis, deed.mode)
            programmes.activate(work, command)

        try:
            execute(self.composition.database, put_in_force, None)
        except (
            programmes.AlreadyInForce,
            programmes.ActivationOutOfOrder,
            programmes.TopUpIncomparable,
        ) as refusal:
            self.hops.note(f"refused: {refusal.code}")

    def spend(self, deed: Spend, at: datetime) -> None:
        database, hold_id = self.composition.database, UUID(int=deed.number + 1)
        member_id = self.errand.members[deed.member]
        with database.read() as work:
            try:
                held = lots.hold(work, hold_id)
            except HoldNotFound:
                held = None
            available = lots.summary(work, member_id, at).available.amount
        if held is None:
            amount = Points(available * deed.share // 100)
            if not amount:
                return
            wanted = (hold_id, member_id, amount, HoldPurpose.REDEMPTION, at, at + _HOLD_TIME)
            held = execute(database, lots.place_hold, PlaceHold(*wanted))
        if held.state is HoldState.HELD:
            part = Points((held.amount.amount + 1) // 2)
            execute(database, lots.capture_hold, CaptureHold(hold_id, part, at))


def _forget_what_was_taken() -> None:
    """A fault: the piece is taken in a transaction of its own, and the work done afterwards."""

    def score(composition: Composition, key: str) -> None:
        def take(work: Work, _: None) -> bool:
            return bool(outbox.take(work, SCORE_TOPIC, key))

        if execute(composition.database, take, None):
            execute(
                composition.database, lambda work, _: scoring.score_member(work, UUID(key)), None
            )

    registry.TOPICS[SCORE_TOPIC] = score  # type: ignore[index]


PLANTS: dict[str | None, Callable[[], object]] = {
    None: lambda: None,
    "taken before it is done": _forget_what_was_taken,
}
"""What a child may be given to do wrong, to see that the schedules find it."""
