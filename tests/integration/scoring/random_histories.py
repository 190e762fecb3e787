"""Random histories of both reference programmes, as steps of a community's life.

Small and dense, as everywhere: few members, ids and moments, so that duplicates, conflicts, limits,
caps, streaks, ties and corrections meet. Everything happens in a few weeks of 2025.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from hypothesis import strategies as st

from ledger.programme.service import Mode
from tests.scoring_cases import DAILY, WEEKLY, Event
from tests.world import SOURCE_URI

MEMBER_OF: Final = {"ann": "ann", "ann2": "ann", "bob": "bob", "cid": "cid"}
"""Identity → member; one member has two identities, and ``dan`` stays nobody's."""
PEOPLE: Final = ["ann", "ann", "ann2", "bob", "bob", "cid", "dan"]
TYPES: Final = {
    "daily": [
        *("day.opened", "day.opened", "session.started", "text.submitted", "commit.created"),
        *("ai.chat", "content.published", "knowledge.extracted", "template.commit.merged"),
        *("template.commit.merged", "unheard.of"),
    ],
    "weekly": [
        *("lms.section.read", "lms.exercise.completed", "club.post.created"),
        *("club.like.given", "club.like.given", "club.comment.created", "unheard.of"),
    ],
}
OWNED: Final = ("club.like.given", "club.comment.created")
TIMES: Final = [
    *("00:00:00Z", "00:00:00.000Z", "08:30:00Z", "08:30:00.5Z", "08:30:00.50Z", "12:00:00+03:00"),
    *("20:59:59.999999999Z", "21:00:00Z", "23:59:59.9999999Z", "23:59:59+00:00"),
]
ENDLESS: Final = WEEKLY[: WEEKLY.index("inactivity:")]
"""The weekly example without inactivity and emission: here every award is paid at once."""
VERSIONS: Final = {
    "daily-2": DAILY.replace("11.5", "6").replace('version: "1"', 'version: "2"'),
    "daily-3": DAILY.replace("Europe/Moscow", "UTC").replace('version: "1"', 'version: "3"'),
    "weekly-2": ENDLESS.replace("points: 50", "points: 70").replace('version: "1"', 'version: "2"'),
    "weekly-3": ENDLESS.replace("zone: UTC", "zone: Asia/Tokyo"),
}
MODES: Final[tuple[Mode, ...]] = ("forward", "restatement", "top_up", "top_up")
CLOSES: Final = ["2025-03-10", "2025-03-17", "2025-03-24", "2025-04-07"]


@dataclass(frozen=True)
class State:
    """One event arrives."""

    event: Event


@dataclass(frozen=True)
class Link:
    """An identity becomes a member's."""

    identity: str


@dataclass(frozen=True)
class Close:
    """The clock reaches a day's beginning, and what is over is closed."""

    day: str


@dataclass(frozen=True)
class Score:
    """Everything that waits is scored."""


@dataclass(frozen=True)
class Activate:
    """A version is activated: one of the texts, from a day on, in a mode."""

    text: str
    day: str
    mode: Mode


Step = State | Link | Close | Score | Activate


@dataclass(frozen=True)
class Life:
    """A programme's name and what happens."""

    programme: str
    steps: tuple[Step, ...]

    @property
    def events(self) -> list[Event]:
        """Everything stated, in the order of arrival."""
        return [step.event for step in self.steps if isinstance(step, State)]


def at(day: str) -> datetime:
    """Midnight UTC."""
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def exact(data: dict[str, Any]) -> dict[str, Any]:
    """``data`` as the door reads it: no binary fractions."""
    return {
        name: Decimal(str(value)) if isinstance(value, float) else value
        for name, value in data.items()
    }


@st.composite
def moments(draw: st.DrawFn) -> str:
    """Days from three weeks, the turns of weeks more often than others."""
    day = draw(st.sampled_from([3, 4, 5, 6, 7, 9, 9, 10, 10, 11, 16, 17, 23]))
    return f"2025-03-{day:02}T{draw(st.sampled_from(TIMES))}"


@st.composite
def _acts(draw: st.DrawFn, programme: str, event_id: str, day: st.SearchStrategy[str]) -> Event:
    kind = draw(st.sampled_from([*TYPES[programme], "member.qualification.changed"]))
    data: dict[str, Any] = {}
    if kind == "member.qualification.changed":
        data["level"] = draw(st.sampled_from([1, 2, 3, 5, 8, 8, 2.0, 9, "3", True, 2.5]))
    elif kind in OWNED and draw(st.integers(0, 5)):
        data["owner"] = f"lms:{draw(st.sampled_from(PEOPLE))}"
    subject = draw(st.sampled_from(PEOPLE))
    return _event(event_id, kind, f"lms:{subject}", draw(day), data)


@st.composite
def _runs(draw: st.DrawFn, programme: str, first: int) -> list[Event]:
    """Alike acts on one day, or days in a row: for limits, caps and streaks."""
    subject = f"lms:{draw(st.sampled_from(PEOPLE[:6]))}"
    if draw(st.booleans()):
        kind = draw(st.sampled_from(TYPES[programme]))
        owner = {"owner": f"lms:{draw(st.sampled_from(PEOPLE))}"} if kind in OWNED else {}
        day = draw(st.sampled_from(["2025-03-05", "2025-03-10"]))
        return [
            _event(str(first + n), kind, subject, f"{day}T09:{n:02}:00Z", owner)
            for n in range(draw(st.integers(4, 12)))
        ]
    kinds = {"daily": ("day.opened", "commit.created"), "weekly": ("lms.section.read",)}[programme]
    days = range(3, 3 + draw(st.integers(2, 9)))
    return [
        _event(str(first + n), kind, subject, f"2025-03-{day:02}T08:00:00Z", {})
        for n, (day, kind) in enumerate(itertools.product(days, kinds))
    ]


@st.composite
def _stated(draw: st.DrawFn, programme: str) -> list[Event]:
    events: list[Event] = []
    pool = st.sampled_from(draw(st.lists(moments(), min_size=2, max_size=5)))
    for _ in range(draw(st.integers(4, 16))):
        number = len(events)
        kind = draw(st.sampled_from(["act"] * 5 + ["run", "retraction", "retraction", "conflict"]))
        if kind == "run":
            events += draw(_runs(programme, number))
        elif kind == "retraction":
            target = draw(st.integers(0, number + 3))
            data = {"id": str(target)}
            events.append(_event(f"r{number}", "activity.retracted", None, draw(pool), data))
        else:
            event_id = str(number if kind == "act" else draw(st.integers(0, number)))
            events.append(draw(_acts(programme, event_id, pool | moments())))
    return events


def _activations(programme: str) -> st.SearchStrategy[Activate]:
    """Mostly of the same kind, so that a top-up finds something to be compared with."""
    return st.builds(
        Activate,
        st.sampled_from([f"{programme}-2", f"{programme}-3", f"{programme}-2", *VERSIONS]),
        st.sampled_from(["2025-03-01", "2025-03-05", "2025-03-10", "2025-03-19"]),
        st.sampled_from(MODES),
    )


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """A life: events in any order and repeated, with links, closes and scorings between them."""
    programme = draw(st.sampled_from(["daily", "weekly"]))
    events = draw(_stated(programme))
    if draw(st.booleans()):
        events = draw(st.permutations(events))
    events = [*events, *draw(st.lists(st.sampled_from(events), max_size=4))]
    steps: list[Step] = [State(event) for event in events]
    # Put in from the end: what is put in later stands before, so closes come in order of time.
    late = draw(st.lists(st.sampled_from(CLOSES[:3]), max_size=3, unique=True).map(sorted))
    others: list[Step] = [Link(each) for each in draw(st.permutations(sorted(MEMBER_OF)))]
    others += [Score()] * draw(st.integers(0, 3))
    if draw(st.booleans()):
        others += draw(st.lists(_activations(programme), min_size=1, max_size=3))
    for step in others:
        steps.insert(draw(st.integers(0, len(steps))), step)
    places = sorted(draw(st.integers(0, len(steps))) for _ in late)
    for place, day in reversed(list(zip(places, late, strict=True))):
        steps.insert(place, Close(day))
    return Life(programme, tuple(steps))


def _event(event_id: str, kind: str, subject: str | None, time: str, data: dict[str, Any]) -> Event:
    return {
        "specversion": "1.0",
        "source": SOURCE_URI,
        "id": event_id,
        "type": kind,
        "subject": subject,
        "time": time,
        "data": data,
    }
