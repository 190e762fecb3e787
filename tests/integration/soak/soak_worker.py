"""One of the processes of the soak: random commands for the same few members until time is over."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing.connection import Connection
from typing import TypeVar
from uuid import UUID

from ledger.events.model import Source
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.transaction import Database, connect, execute
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.redemption.model import Redemption
from oracle.bridge.model import Reference
from tests.integration.soak import crossing, office, school, shop

Kept = TypeVar("Kept")

KEPT_MAX = 50


@dataclass
class Walker:
    """Knows what it made itself; the members are everybody's."""

    database: Database
    chance: random.Random
    named: dict[str, UUID]
    source: Source
    admins: tuple[UUID, UUID]
    clock: school.QuickClock
    budget_id: UUID
    held: list[UUID] = field(default_factory=list)
    captured: list[Redemption] = field(default_factory=list)
    codes: list[tuple[UUID, UUID, str]] = field(default_factory=list)
    bought: list[UUID] = field(default_factory=list)
    granted: list[UUID] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
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

    def keep(self, known: list[Kept], made: Kept) -> None:
        """To come back to it; the newest are enough."""
        known.append(made)
        del known[:-KEPT_MAX]

    def one(self, known: list[Kept]) -> Kept:
        """One of the newest."""
        if not known:
            raise school.NothingToDo
        return self.chance.choice(known[-5:])


def due(walker: Walker) -> None:
    """One member's activations and expiries."""
    execute(walker.database, lots.apply_due, lots.ApplyDue(walker.member, walker.now))


COMMANDS: dict[str, Callable[[Walker], None]] = {
    "grant": office.grant,
    "take a grant back": office.take_back,
    "hold": shop.hold,
    "capture": shop.capture,
    "release": shop.release,
    "expire": shop.expire,
    "refund": shop.refund,
    "issue a code": shop.issue_code,
    "use a code": shop.use_code,
    "cancel a code": shop.cancel_code,
    "buy": shop.buy,
    "take a purchase back": shop.take_back,
    "due": due,
    "bridge": crossing.request,
    "batch": crossing.batch,
    "tell of batches": crossing.tell,
    "refer": crossing.refer,
    "burn": crossing.burn,
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
    budget_id: UUID
    seed: int


def run(errand: Errand, said: Connection) -> None:
    """Until the time is over; sends how often each command was done, and each refusal came."""
    chance = random.Random(errand.seed)  # noqa: S311 - commands that a seed repeats
    database = connect(errand.url, pool_size=2, clock=errand.clock)
    walker = Walker(
        database=database,
        chance=chance,
        named=errand.named,
        source=errand.source,
        admins=errand.admins,
        clock=errand.clock,
        budget_id=errand.budget_id,
    )
    walker.first = chance.sample(list(COMMANDS), len(COMMANDS))
    done: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    until = time.monotonic() + errand.clock.lasts_s
    while time.monotonic() < until:
        try:
            done[walker.step()] += 1
        except school.NothingToDo:
            refused["nothing to do"] += 1
        except VkladError as refusal:
            if refusal.kind is ErrorKind.UNAVAILABLE:
                raise  # A deadlock that outlived its retries, or a lost database.
            refused[refusal.code] += 1
    said.send((done, refused))
    said.close()
