"""Seeded schedules: what a school is told and does, and how the machinery under it goes wrong.

    seed ─▶ epochs, each with what is heard in it and what people do at its end
               ├─ undisturbed: in order, once, nothing fails
               └─ disturbed:   shuffled, doubled, drained in between, tasks again, workers killed

Within an epoch facts come in any order; at its end everything is settled, and what people do then
(spend, put a version in force) rests on the same facts either way. So the end must be the same.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from ledger.programme.service import Mode
from tests.scoring_cases import DAILY, WEEKLY, Event
from tests.world import SOURCE_URI

SEEDS: Final = 1_000
START: Final = datetime(2025, 3, 3, tzinfo=UTC)
"""A Monday."""
EPOCH: Final = timedelta(days=6)
EPOCHS: Final = 3
PEOPLE: Final = ("ann", "ann-other", "bob", "cid")
MEMBER_OF: Final = {"ann": "ann", "ann-other": "ann", "bob": "bob", "cid": "cid"}
ATTEMPTS_MAX: Final = 4
"""A turn fails at most so often; then it is let through."""
HOPS_MAX: Final = 160
"""A fault strikes within so many hops, or not at all."""
HOPS_SCORING_MAX: Final = 60
_ACTS: Final = {
    "daily": ("day.opened", "text.submitted", "text.submitted", "commit.created", "ai.chat"),
    "weekly": ("lms.section.read", "lms.section.read", "club.post.created", "club.like.given"),
}
TEXTS: Final = {
    "daily": DAILY,
    "weekly": WEEKLY.replace("yearly: 1000000000", "yearly: 73000"),
}
"""The weekly example with a pool that is soon empty."""
_CHANGED: Final = {
    "daily": (("points: 2.3", "points: 5"), ("1: 100,", "1: 7,")),
    "weekly": (("points: 50", "points: 70"), ("count: 5}", "count: 1}")),
}

Fault = tuple[Literal["kill", "lose the connection"], str, int]
"""What happens, while the worker is doing what (or anything), at which hop of that."""


@dataclass(frozen=True)
class Told:
    """A source tells these, until it is answered."""

    events: tuple[Event, ...]


@dataclass(frozen=True)
class Drain:
    """A worker does what waits on these topics."""

    topics: tuple[str, ...]


@dataclass(frozen=True)
class TaskAgain:
    """A message that was delivered already comes again: for every member, whoever waits."""


@dataclass(frozen=True)
class RunJobs:
    """Some of the clock's jobs, by their place in the registry modulo its length, in this order."""

    places: tuple[int, ...]


@dataclass(frozen=True)
class Settle:
    """Jobs and topics until nothing moves any more."""


@dataclass(frozen=True)
class Activate:
    """A version is put in force from so long before now."""

    change: tuple[str, str]
    back: timedelta
    mode: Mode


@dataclass(frozen=True)
class Spend:
    """A member holds a share of what is there and captures some of that."""

    number: int
    member: str
    share: int


Deed = Told | Drain | TaskAgain | RunJobs | Settle | Activate | Spend


@dataclass(frozen=True)
class Turn:
    """What one worker is to do; ``faults``: what strikes at its first attempts."""

    at: datetime
    deeds: tuple[Deed, ...]
    faults: tuple[Fault, ...] = ()


@dataclass
class Schedule:
    """What a seed makes."""

    seed: int
    programme: str = ""
    undisturbed: list[Turn] = field(default_factory=list)
    disturbed: list[Turn] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)  # noqa: S311 - replayable is what is wanted
        self.programme = self._dice.choice(["daily", "weekly"])
        heard: list[Event] = []
        for number in range(EPOCHS):
            at = START + (number + 1) * EPOCH
            told = [self._event(heard, at) for _ in range(self._dice.randint(5, 12))]
            decided = tuple(self._decided(number))
            self.undisturbed.append(Turn(at, (Told(tuple(told)), Settle(), *decided, Settle())))
            self.disturbed += self._disturb(at, told, decided)

    @property
    def text(self) -> str:
        """The programme in force from the beginning."""
        return TEXTS[self.programme]

    def _disturb(
        self, at: datetime, told: list[Event], decided: tuple[Deed, ...]
    ) -> Iterator[Turn]:
        dice = self._dice
        told = dice.sample(told, len(told))
        told += [dice.choice(told) for _ in range(dice.randint(0, 5))]
        while told:
            size = dice.randint(1, 6)
            part, told = tuple(told[:size]), told[size:]
            deeds: list[Deed] = [Told(part), *self._meddling()]
            dice.shuffle(deeds)
            yield Turn(at, tuple(deeds), self._faults())
        yield Turn(at, (Settle(),), self._faults())
        yield Turn(at, (*decided, Settle()), self._faults())

    def _meddling(self) -> Iterator[Deed]:
        """What workers do meanwhile."""
        dice = self._dice
        for _ in range(dice.randint(0, 2)):
            topics = ["score", "programme.activated"]
            dice.shuffle(topics)
            yield dice.choice(
                [
                    Drain(tuple(topics)),
                    TaskAgain(),
                    RunJobs(tuple(dice.randrange(60) for _ in range(3))),
                ]
            )

    def _faults(self) -> tuple[Fault, ...]:
        """Often none; a worker that takes over may fall as well."""
        found: list[Fault] = []
        while len(found) < ATTEMPTS_MAX and self._dice.random() < 0.4:
            kind: Literal["kill", "lose the connection"] = self._dice.choice(
                ["kill", "kill", "lose the connection"]
            )
            doing = self._dice.choice(["", "", "score", "score", "programme.activated"])
            most = HOPS_SCORING_MAX if doing else HOPS_MAX
            found.append((kind, doing, int(most ** self._dice.random()) - 1))
        return tuple(found)

    def _decided(self, number: int) -> Iterator[Deed]:
        """What people do at the end of an epoch."""
        if self._dice.random() < 0.5:
            yield Activate(
                self._dice.choice(_CHANGED[self.programme]),
                timedelta(days=self._dice.randint(0, 12)),
                self._dice.choice(["forward", "restatement", "top_up"]),
            )
        if self._dice.random() < 0.6:
            member = self._dice.choice(["ann", "bob"])
            yield Spend(number, member, self._dice.randint(10, 100))

    def _event(self, heard: list[Event], at: datetime) -> Event:
        dice = self._dice
        kind = dice.choice([*_ACTS[self.programme]] * 3 + ["retraction", "level"])
        when = at - timedelta(minutes=dice.randrange(1, 2 * 6 * 1440))
        data: dict[str, object] = {}
        if kind == "retraction" and heard:
            kind, data = "activity.retracted", {"id": dice.choice(heard)["id"]}
        elif kind in {"level", "retraction"}:
            kind, data = "member.qualification.changed", {"level": dice.choice([1, 3, 8])}
        elif kind == "club.like.given":
            data = {"owner": f"lms:{dice.choice(PEOPLE)}"}
        event = {
            "specversion": "1.0",
            "source": SOURCE_URI,
            "id": f"{len(heard):03}",
            "type": kind,
            "subject": f"lms:{dice.choice(PEOPLE)}",
            "time": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "data": data,
        }
        heard.append(event)
        return event
