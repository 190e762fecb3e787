"""Long seeded lives of a school: half a year, told in the order in which the school hears of it.

    acts of the members, day by day    ─▶ told late, twice, re-dated, taken back ─▶ arrivals
                                              └─▶ with nights, versions, links, spending between

A seed makes the same life anywhere. Times are those of the school: an act arrives when its source
tells it, minutes or weeks afterwards, and what is told together comes in any order. Nothing here
knows what anything is worth.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from ledger.programme.service import Mode
from tests.integration.scoring.random_histories import OWNED, TIMES, TYPES
from tests.scoring_cases import DAILY, WEEKLY, Event
from tests.world import SOURCE_URI

BEGINNING: Final = datetime(2024, 12, 16, tzinfo=UTC)
DAYS: Final = 180
LATECOMERS: Final = 2
"""Members whose accounts are linked only when they have acted for a while."""
PASSERS_BY: Final = 2
"""Members who act in the beginning and are gone: for inactivity."""
MODES: Final[tuple[Mode, ...]] = ("forward", "restatement", "top_up")
LATE: Final = ("minutes", "minutes", "minutes", "days", "weeks")


def _dated(text: str, version: str) -> str:
    return text.replace('version: "1"', f'version: "{version}"')


_SHORT: Final = DAILY.replace("validity: {months: 12}", "validity: {months: 1}").replace(
    "    points: 11.5\n", "    points: 11.5\n    vesting: soon\n"
) + ("\nvesting:\n  soon: {days: 3}\n")
"""The daily example with lots that expire within the history, and some that vest."""
_SCARCE: Final = WEEKLY.replace("yearly: 1000000000", "yearly: 3000000")
"""The weekly example with a pool that is empty on some days."""
TEXTS: Final = {"daily": _SHORT, "weekly": _SCARCE}
CHANGED: Final = {
    "daily": (
        _dated(_SHORT.replace("points: 11.5", "points: 6"), "2"),
        _dated(_SHORT.replace("count: 10}", "count: 4}").replace("1: 100,", "1: 60,"), "3"),
        _dated(_SHORT.replace("points: 2.3", "points: 7"), "4"),
    ),
    "weekly": (
        _dated(_SCARCE.replace("points: 50", "points: 70"), "2"),
        _dated(_SCARCE.replace("count: 5}", "count: 2}"), "3"),
        _dated(_SCARCE.replace("points: 200", "points: 310"), "4"),
    ),
}
"""Versions of the same programme with its zone: a top-up can be compared with each."""
ELSEWHERE: Final = {
    "daily": (_dated(_SHORT.replace("Europe/Moscow", "UTC"), "5"), _SCARCE),
    "weekly": (_dated(_SCARCE.replace("zone: UTC", "zone: Asia/Tokyo"), "5"), _SHORT),
}
"""Versions of another zone, or of another period: nothing tops these up."""


@dataclass(frozen=True)
class Arrive:
    """The school is told of these together."""

    events: tuple[Event, ...]


@dataclass(frozen=True)
class Again:
    """A source that had no answer tells these once more."""

    events: tuple[Event, ...]


@dataclass(frozen=True)
class Link:
    """An account becomes a member's."""

    identity: str


@dataclass(frozen=True)
class Merge:
    """Two members are found to be one person."""

    survivor: str
    absorbed: str


@dataclass(frozen=True)
class Split:
    """The merge of that number, from 0 on, was a mistake."""

    number: int


@dataclass(frozen=True)
class Activate:
    """A version is put in force."""

    text: str
    since: datetime
    mode: Mode


@dataclass(frozen=True)
class Spend:
    """A member sets points aside and spends, returns, carries off or brings back some."""

    identity: str
    act: str
    points: int


@dataclass(frozen=True)
class Night:
    """The clock's work is done."""


Step = Arrive | Again | Link | Merge | Split | Activate | Spend | Night
Told = tuple[datetime, Step]
"""When the school does it, by its own clock."""


@dataclass
class LongLife:
    """What a seed makes: the first programme, accounts of members, and steps in order."""

    seed: int
    programme: str
    count: int
    members: int = 30
    days_between_nights: int = 1

    def __post_init__(self) -> None:
        self.dice = random.Random(f"{self.seed}/{self.programme}")  # noqa: S311 - replayable
        self.number = 0
        self.member_of = {f"p{each:02}": f"p{each:02}" for each in range(self.members)}
        self.member_of["p02-other"] = "p02"
        self.member_of["p03-other"] = "p03"
        self.strangers = ("nobody", "unheard-of")
        self.steps = self._steps()
        """Everything in the order in which it happens to the school."""

    @property
    def text(self) -> str:
        """The programme in force from the beginning."""
        return TEXTS[self.programme]

    def _steps(self) -> list[Told]:
        told = self._told()
        steps: list[Told] = []
        batch: list[Event] = []
        size = self.dice.randint(1, 19)
        for moment, event in told:
            batch.append(event)
            if len(batch) >= size:
                steps += self._arrival(moment, batch)
                batch, size = [], self.dice.randint(1, 19)
        if batch:
            steps += self._arrival(told[-1][0], batch)
        end = max(told[-1][0], BEGINNING + timedelta(days=DAYS))
        steps += self._others(end)
        order = {Night: 0, Activate: 1, Link: 2}
        return sorted(steps, key=lambda each: (each[0], order.get(type(each[1]), 3)))

    def _arrival(self, moment: datetime, batch: list[Event]) -> Iterator[Told]:
        self.dice.shuffle(batch)
        doubled = [each for each in batch if self.dice.random() < 0.03]
        yield moment, Arrive((*batch, *doubled))
        if self.dice.random() < 0.05:
            again = moment + timedelta(minutes=self.dice.randint(1, 9000))
            yield again, Again(tuple(self.dice.sample(batch, len(batch))))

    def _told(self) -> list[tuple[datetime, Event]]:
        """Every event with the time at which the school is told of it."""
        told: list[tuple[datetime, Event]] = []
        acting: dict[str, int] = {}
        while len(told) < self.count:
            who = self.dice.choice([*self.member_of, *self.strangers])
            if who in acting and self.dice.random() < 0.6:
                acting[who] = (acting[who] + 1) % DAYS
            else:
                acting[who] = self.dice.randrange(DAYS)
            if who in self.gone:
                acting[who] %= 10
            for event in self._session(who, acting[who]):
                told.append((self._heard(event), event))
                told += self._taken_back(event)
        return sorted(told[: self.count], key=lambda each: (each[0], each[1]["id"]))

    @property
    def gone(self) -> list[str]:
        """Who acts in the first days only."""
        return [f"p{self.members - 1 - each:02}" for each in range(PASSERS_BY)]

    @property
    def late(self) -> list[str]:
        """Whose accounts are linked later."""
        return [f"p{each:02}" for each in range(LATECOMERS)]

    def _session(self, who: str, day: int) -> Iterator[Event]:
        """What somebody does in a day: some of it again and again, for limits and caps."""
        mine = TYPES[self.programme]
        other = TYPES["weekly" if self.programme == "daily" else "daily"]
        if self.dice.random() < 0.7 and self.programme == "daily":
            yield self._event("day.opened", who, day, {})
        if self.dice.random() < 0.06:
            level = {"level": self.dice.choice([1, 2, 3, 5, 8, 8, 9, "3"])}
            yield self._event("member.qualification.changed", who, day, level)
        again = self.dice.choice(mine)
        for _ in range(self.dice.randint(1, 9)):
            kind = again if self.dice.random() < 0.5 else self.dice.choice(mine)
            kind = self.dice.choice(other) if self.dice.random() < 0.05 else kind
            owner = self.dice.choice([*self.member_of, who])
            data: dict[str, object] = {"owner": f"lms:{owner}"} if kind in OWNED else {}
            yield self._event(kind, who, day, data)

    def _event(
        self, kind: str, who: str | None, day: int, data: dict[str, object], time: str | None = None
    ) -> Event:
        self.number += 1
        near_midnight = self.dice.random() < 0.3
        clock = f"{self.dice.randrange(24):02}:{self.dice.randrange(60):02}:00Z"
        spelled = self.dice.choice(TIMES) if near_midnight else clock
        when = date(BEGINNING.year, BEGINNING.month, BEGINNING.day) + timedelta(days=day)
        return {
            "specversion": "1.0",
            "source": SOURCE_URI,
            "id": f"{self.number:05}",
            "type": kind,
            "subject": None if who is None else f"lms:{who}",
            "time": time or f"{when.isoformat()}T{spelled}",
            "data": data,
        }

    def _heard(self, event: Event, *, late: str | None = None) -> datetime:
        """When the school is told of an event: what is stated of a person mostly later."""
        stated = event["type"].startswith("member.")
        late = late or self.dice.choice(LATE[2:] if stated else LATE)
        after = {
            "minutes": timedelta(minutes=self.dice.randrange(300)),
            "days": timedelta(hours=self.dice.randrange(80)),
            "weeks": timedelta(hours=self.dice.randrange(900)),
        }[late]
        return _happened(event) + after

    def _taken_back(self, event: Event) -> Iterator[tuple[datetime, Event]]:
        """Now and then it is retracted, moved to another day, or told otherwise under its id."""
        chance = self.dice.random()
        day = (_happened(event) - BEGINNING).days
        if chance < 0.025:
            word = self._event("activity.retracted", None, day, {"id": event["id"]})
            yield self._heard(event, late=self.dice.choice(LATE)), word
            if chance < 0.01:  # Re-dated: taken back, and told anew with another day.
                who = str(event["subject"]).removeprefix("lms:")
                moved = max(0, day + self.dice.choice([-8, -1, 1, 7]))
                anew = self._event(event["type"], who, moved, event["data"])
                yield max(self._heard(anew), self._heard(event)), anew
        elif chance < 0.03:
            otherwise = event | {"data": {"owner": "lms:p05", "told": "otherwise"}}
            yield self._heard(event), otherwise

    def _others(self, end: datetime) -> Iterator[Told]:
        """What is not told by a source."""
        late = self.late
        for identity in self.member_of:
            is_late = identity in late or identity.endswith("-other")
            day = self.dice.randint(20, DAYS - 20) if is_late else 0
            yield BEGINNING + timedelta(days=day), Link(identity)
        yield from self._activations()
        yield from self._merges()
        for day in range(1, (end - BEGINNING).days + 40, self.days_between_nights):
            yield BEGINNING + timedelta(days=day), Night()
        acts = ("capture", "capture", "release", "lapse", "refund", "carry off", "bring back")
        for _ in range(self.count // 25):
            moment = BEGINNING + timedelta(minutes=self.dice.randrange(DAYS * 1440))
            who = self.dice.choice(list(self.member_of))
            yield moment, Spend(who, self.dice.choice(acts), self.dice.randint(1, 300))

    def _merges(self) -> Iterator[Told]:
        """Pairs; who one pair is goes over to a third; every other merge is undone."""
        both = [f"p{each:02}" for each in range(4, self.members - PASSERS_BY)]
        self.dice.shuffle(both)
        some = max(1, len(both) // 5)
        pairs = list(zip(both[:some], both[some : 2 * some], strict=True))
        pairs.append((both[2 * some], pairs[0][0]))
        days = sorted(self.dice.sample(range(10, 100), len(pairs)))
        for day, pair in zip(days, pairs, strict=True):
            yield BEGINNING + timedelta(days=day), Merge(*pair)
        for number in range(0, len(pairs), 2):
            parted = timedelta(days=days[-1] + self.dice.randint(5, 40), minutes=number)
            yield BEGINNING + parted, Split(number)

    def _activations(self) -> Iterator[Told]:
        """A forward version, a restatement and a top-up, and one more; far enough apart."""
        modes: list[Mode] = [*MODES]
        self.dice.shuffle(modes)
        texts = list(CHANGED[self.programme])
        self.dice.shuffle(texts)
        modes.append(self.dice.choice(["forward", "restatement"]))
        texts.append(self.dice.choice(ELSEWHERE[self.programme]))
        for number, (mode, text) in enumerate(zip(modes, texts, strict=True)):
            moment = BEGINNING + timedelta(days=25 + 35 * number, hours=self.dice.randrange(24))
            back = self.dice.randint(5, 60) if mode == "restatement" else self.dice.randint(-4, 20)
            since = moment - timedelta(days=back, minutes=self.dice.randrange(1440))
            yield moment, Activate(text, since, mode)


def _happened(event: Event) -> datetime:
    """To the microsecond, which is enough to say when it is told."""
    return datetime.fromisoformat(event["time"].replace("Z", "+00:00")[:19] + "+00:00")
