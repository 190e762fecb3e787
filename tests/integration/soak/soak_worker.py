"""One of the processes of the soak: random commands for the same few members until time is over."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing.connection import Connection
from uuid import UUID

from ledger.events.model import Source
from ledger.journal.model import EntryKind
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.transaction import Database, connect, execute
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.lots.model import (
    CaptureHold,
    Cause,
    ClawBack,
    GrantLot,
    HoldPurpose,
    MoveToEscrow,
    PlaceHold,
    ReleaseHold,
    ReturnFromEscrow,
    ReturnToLots,
)
from tests.integration.soak import school

KEPT_MAX = 50


@dataclass
class Walker:
    """Knows the holds and claims that it made itself; the members are everybody's."""

    database: Database
    chance: random.Random
    named: dict[str, UUID]
    source: Source
    admins: tuple[UUID, UUID]
    clock: school.QuickClock
    holds: list[UUID] = field(default_factory=list)
    captured: list[UUID] = field(default_factory=list)
    claims: list[UUID] = field(default_factory=list)
    guests: list[str] = field(default_factory=list)
    first: list[str] = field(default_factory=list)
    """Commands to begin with, before it is left to chance."""

    def step(self) -> str:
        """One command; its name."""
        name = self.first.pop() if self.first else self.chance.choice(OFTEN)
        COMMANDS[name](self)
        return name

    @property
    def now(self) -> datetime:
        return self.clock.now()

    @property
    def name(self) -> str:
        return self.chance.choice(sorted(self.named))

    @property
    def member(self) -> UUID:
        return self.named[self.name]

    def new_id(self) -> UUID:
        return self.database.ids.new(self.now)

    def points(self, most: int) -> Points:
        return Points(self.chance.randint(1, most))

    def grant(self) -> None:
        now = self.now
        waits = self.chance.choice((0, 0, 0, 1))
        lives = self.chance.choice((1, 3, 600))
        key = self.new_id().hex
        starts = now + self.clock.shortly(waits)
        command = GrantLot(
            member_id=self.member,
            amount=self.points(300),
            kind=EntryKind.GRANT,
            key=(key,),
            effective_at=now,
            activates_at=starts,
            expires_at=starts + self.clock.shortly(lives),
            cause=Cause("soak", key),
        )
        execute(self.database, lots.grant_lot, command)

    def hold(self) -> None:
        now, hold_id = self.now, self.new_id()
        expires_at = now + self.clock.shortly(self.chance.choice((0.2, 60, 60)))
        command = PlaceHold(
            hold_id, self.member, self.points(60), HoldPurpose.REDEMPTION, now, expires_at
        )
        execute(self.database, lots.place_hold, command)
        self.holds = [*self.holds, hold_id][-KEPT_MAX:]

    def capture(self) -> None:
        hold_id = self._one(self.holds)
        execute(self.database, lots.capture_hold, CaptureHold(hold_id, self.points(5), self.now))
        self.captured = [*self.captured, hold_id][-KEPT_MAX:]

    def release(self) -> None:
        execute(self.database, lots.release_hold, ReleaseHold(self._one(self.holds), self.now))

    def expire(self) -> None:
        command = lots.ExpireHold(self._one(self.holds), self.now)
        execute(self.database, lots.expire_hold, command)

    def refund(self) -> None:
        grace = self.clock.shortly(self.chance.choice((0, 2)))
        command = ReturnToLots(
            self._one(self.captured),
            self.new_id(),
            self.points(3),
            self.now,
            grace,
        )
        execute(self.database, lots.return_to_lots, command)

    def claw_back(self) -> None:
        now, key = self.now, self.new_id().hex
        command = ClawBack(self.member, self.points(40), Cause("soak", key), (key,), now, now)
        execute(self.database, lots.claw_back, command)

    def due(self) -> None:
        execute(self.database, lots.apply_due, lots.ApplyDue(self.member, self.now))

    def bridge(self) -> None:
        claim_id = self.new_id()
        command = MoveToEscrow(claim_id, self.member, self.points(60), self.now)
        execute(self.database, lots.move_to_escrow, command)
        self.claims = [*self.claims, claim_id][-KEPT_MAX:]

    def bring_back(self) -> None:
        command = ReturnFromEscrow(
            self._one(self.claims),
            self.new_id(),
            self.now,
            self.points(30),
        )
        execute(self.database, lots.return_from_escrow, command)

    def _one(self, known: list[UUID]) -> UUID:
        return self.chance.choice(known[-5:]) if known else UUID(int=1)


COMMANDS = {
    "grant": Walker.grant,
    "hold": Walker.hold,
    "capture": Walker.capture,
    "release": Walker.release,
    "expire": Walker.expire,
    "refund": Walker.refund,
    "claw back": Walker.claw_back,
    "due": Walker.due,
    "bridge": Walker.bridge,
    "bring back": Walker.bring_back,
}
OFTEN = list(COMMANDS) * 4
"""Commands by how often they come: those that move points of the same members most often."""
COMMANDS |= {
    "invite": school.invite,
    "refund a guest": school.refund_guest,
    "advance": school.advance,
    "act": school.act,
    "like": school.like,
    "score": school.score,
    "scan": school.scan,
    "decide": school.decide,
    "look for the absent": school.look_for_the_absent,
    "night": school.night,
}
OFTEN += list(COMMANDS)


@dataclass(frozen=True)
class Errand:
    """What a process is given: the school, a seed, and for how long."""

    url: str
    named: dict[str, UUID]
    source: Source
    admins: tuple[UUID, UUID]
    clock: school.QuickClock
    seed: int


def run(errand: Errand, said: Connection) -> None:
    """Until the time is over; sends how often each command was done, and each refusal came."""
    chance = random.Random(errand.seed)  # noqa: S311 - commands that a seed repeats
    database = connect(errand.url, pool_size=2, clock=errand.clock)
    walker = Walker(database, chance, errand.named, errand.source, errand.admins, errand.clock)
    walker.first = chance.sample(list(COMMANDS), len(COMMANDS))
    done: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    until = time.monotonic() + errand.clock.lasts_s
    while time.monotonic() < until:
        try:
            done[walker.step()] += 1
        except VkladError as refusal:
            if refusal.kind is ErrorKind.UNAVAILABLE:
                raise  # A deadlock that outlived its retries, or a lost database.
            refused[refusal.code] += 1
    said.send((done, refused))
    said.close()
