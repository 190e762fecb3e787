"""Stages of a journey, and the figures of many journeys. Pure.

    first_visit ─▶ sign_up ─▶ activation ─▶ first_earn
        ─▶ first_redemption ─▶ purchase ─▶ bridge ─▶ vote

A stage is reached once, at the first fact of it. Nobody is made to go through them in order: who
votes in a poll may never have carried points on chain. So a conversion counts who has reached both
stages, whichever came first, and a time is taken of those only who reached them in order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Final
from uuid import UUID

_SECOND: Final = timedelta(seconds=1)
_NOTHING: Final = timedelta()


class Stage(StrEnum):
    """How far somebody came, in the order in which the figures show it."""

    FIRST_VISIT = "first_visit"
    SIGN_UP = "sign_up"
    ACTIVATION = "activation"
    FIRST_EARN = "first_earn"
    FIRST_REDEMPTION = "first_redemption"
    PURCHASE = "purchase"
    BRIDGE = "bridge"
    VOTE = "vote"


STAGES: Final = tuple(Stage)


class Attribution(StrEnum):
    """Which touch a journey is put down to."""

    FIRST_TOUCH = "first_touch"
    LAST_TOUCH = "last_touch"


@dataclass(frozen=True, slots=True, order=True)
class Channel:
    """What somebody came by: UTM source, medium and campaign; no campaign is empty."""

    source: str
    medium: str
    campaign: str = ""


@dataclass(frozen=True, slots=True)
class Journey:
    """When somebody first reached which stage, and what they came by as far as they agreed to it.

    Of visitors who have not signed up there is a first visit and nothing else; ``count`` of them
    who do not differ are told as one.
    """

    reached: Mapping[Stage, datetime]
    first_touch: Channel | None = None
    last_touch: Channel | None = None
    count: int = 1

    @property
    def cohort(self) -> str:
        """The month (UTC) of the first visit that is known, else of the sign-up: ``2026-03``."""
        began = self.reached.get(Stage.FIRST_VISIT) or self.reached[Stage.SIGN_UP]
        return f"{began.astimezone(UTC):%Y-%m}"

    def touch(self, by: Attribution) -> Channel | None:
        """What the journey is put down to."""
        return self.first_touch if by is Attribution.FIRST_TOUCH else self.last_touch


@dataclass(frozen=True, slots=True)
class Found:
    """The first fact of a stage of one person's."""

    member_id: UUID
    stage: Stage
    reached_at: datetime


@dataclass(frozen=True, slots=True)
class StageEvent:
    """A stage that somebody reached, under an id of its own."""

    event_id: UUID
    member_id: UUID
    stage: Stage
    reached_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Touches:
    """What one member came by."""

    first: Channel
    last: Channel


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of a funnel.

    ``converted`` of those at the stage before came to this one; ``timed`` of them in this order,
    half of these within ``seconds_median`` (whole seconds; of two in the middle the mean, down).
    """

    stage: Stage
    reached: int
    converted: int
    timed: int
    seconds_median: int | None


@dataclass(frozen=True, slots=True)
class Funnel:
    """The steps of a cohort, or with ``cohort`` absent of everybody."""

    cohort: str | None
    steps: tuple[Step, ...]

    def conversion(self, index: int) -> Fraction | None:
        """Of those at the stage before, the share that came here; absent where nobody was."""
        if index == 0 or not self.steps[index - 1].reached:
            return None
        return Fraction(self.steps[index].converted, self.steps[index - 1].reached)

    def of_sign_ups(self, index: int) -> Fraction | None:
        """Of those who signed up, the share that came here; absent for visits, or of nobody."""
        signed_up = self.steps[STAGES.index(Stage.SIGN_UP)].reached
        if index < STAGES.index(Stage.SIGN_UP) or not signed_up:
            return None
        return Fraction(self.steps[index].reached, signed_up)


@dataclass(frozen=True, slots=True)
class ChannelCounts:
    """How many who came by a channel reached which stage; ``channel`` absent: not known."""

    channel: Channel | None
    counts: tuple[int, ...]
    """In the order of :data:`STAGES`."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that is shown: of all, by cohort (newest first), by what people came by."""

    everybody: Funnel
    cohorts: tuple[Funnel, ...]
    channels: Mapping[Attribution, tuple[ChannelCounts, ...]]


def figures(journeys: Sequence[Journey]) -> Figures:
    """The figures of these journeys."""
    months: defaultdict[str, list[Journey]] = defaultdict(list)
    for journey in journeys:
        months[journey.cohort].append(journey)
    return Figures(
        funnel(None, journeys),
        tuple(funnel(month, months[month]) for month in sorted(months, reverse=True)),
        {by: _channels(journeys, by) for by in Attribution},
    )


def funnel(cohort: str | None, journeys: Sequence[Journey]) -> Funnel:
    """The steps that these journeys took."""
    steps = []
    for index, stage in enumerate(STAGES):
        here = [journey for journey in journeys if stage in journey.reached]
        came = _came(here, STAGES[index - 1], stage) if index else []
        in_order = sorted(took // _SECOND for took in came if took >= _NOTHING)
        reached = sum(journey.count for journey in here)
        steps.append(Step(stage, reached, len(came), len(in_order), _median_down(in_order)))
    return Funnel(cohort, tuple(steps))


def _came(here: Sequence[Journey], before: Stage, stage: Stage) -> list[timedelta]:
    """The time from the stage before, of each who reached both: members, so each is one."""
    return [
        journey.reached[stage] - journey.reached[before]
        for journey in here
        if before in journey.reached
    ]


def _median_down(ascending: Sequence[int]) -> int | None:
    if not ascending:
        return None
    middle = len(ascending) // 2
    if len(ascending) % 2:
        return ascending[middle]
    return (ascending[middle - 1] + ascending[middle]) // 2


def _channels(journeys: Iterable[Journey], by: Attribution) -> tuple[ChannelCounts, ...]:
    """The most sign-ups first, then the most visits; what is not known comes last."""
    counts: defaultdict[Channel | None, list[int]] = defaultdict(lambda: [0] * len(STAGES))
    for journey in journeys:
        row = counts[journey.touch(by)]
        for index, stage in enumerate(STAGES):
            if stage in journey.reached:
                row[index] += journey.count
    rows = [ChannelCounts(channel, tuple(row)) for channel, row in counts.items()]
    sign_up, visit = STAGES.index(Stage.SIGN_UP), STAGES.index(Stage.FIRST_VISIT)
    nothing = Channel("", "")
    return tuple(
        sorted(
            rows,
            key=lambda row: (
                row.channel is None,
                -row.counts[sign_up],
                -row.counts[visit],
                row.channel or nothing,
            ),
        )
    )
