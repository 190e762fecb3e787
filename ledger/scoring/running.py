"""What runs on over versions, zones and periods, and who awards in each era.

Limits and ``once_per`` keys run in the pipeline; caps and streaks run here, one of each for the
whole history. Where zone or period change, every era has an accrual of its own, and one begins
when all before it is worked out, so that caps are used up in order.

     facts ──▶ accrual of era 0 ─▶┐
           ──▶ held ── era 0 done ┴▶ accrual of era 1 ──▶ …
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Protocol

from ledger.kernel.clock import Instant
from ledger.scoring.attributes import Timelines
from ledger.scoring.caps import CapBook
from ledger.scoring.model import Entitlement, Fact
from ledger.scoring.pipeline import Counted
from ledger.scoring.plan import Plan
from ledger.scoring.state import State
from ledger.scoring.state_book import Reader, Writer
from ledger.scoring.streaks import DayStreaks, WeekStreaks


class Running:
    """Caps and streaks of one member."""

    def __init__(self, plan: Plan, timelines: Timelines) -> None:
        self.caps = CapBook(plan.cap_accounts)
        self.days = DayStreaks(plan, timelines)
        self.weeks = WeekStreaks(plan, timelines)

    def state(self) -> State:
        """What has been used up and how long streaks are, to go on from there."""
        return [self.caps.state(), self.days.state(), self.weeks.state()]

    def restore(self, state: State) -> None:
        """Go on from where :meth:`state` was written."""
        caps, days, weeks = state
        self.caps.restore(caps)
        self.days.restore(days)
        self.weeks.restore(weeks)


class Accrual(Protocol):
    """What turns counted events into entitlements."""

    def see(self, fact: Fact, day: int) -> None:
        """Take note of an act of the member's own, whether or not anything counts it."""
        ...

    def add(self, counted: list[Counted], day: int) -> None:
        """Take what the pipeline counted of one fact."""
        ...

    def pass_to(self, day: int) -> None:
        """A fact falls on ``day``: what no later fact can touch is worked out."""
        ...

    def state(self, book: Writer) -> State:
        """What waits, to go on from there."""
        ...

    def restore(self, state: State, book: Reader) -> None:
        """Go on from where :meth:`state` was written."""
        ...

    @property
    def done(self) -> Sequence[Entitlement]:
        """What has been worked out so far."""
        ...

    def finish(self, closed_until: Instant | None) -> list[Entitlement]:
        """Everything."""
        ...


class OfOneEra(Accrual, Protocol):
    """What does so for one stretch of zone and period."""

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits."""
        ...


class ByEra:
    """The accruals of several eras as one."""

    def __init__(self, plan: Plan, running: Running, accruals: list[OfOneEra]) -> None:
        """``accruals`` are by era; caps and streaks of ``running`` are theirs together."""
        self._plan = plan
        self._running = running
        self._accruals = accruals
        self._front = 0
        self._held: deque[tuple[int, list[Counted], int]] = deque()

    def see(self, fact: Fact, day: int) -> None:
        """Take note of an act of the member's own, whether or not anything counts it."""
        self._running.days.see(fact, day)

    def add(self, counted: list[Counted], day: int) -> None:
        """Take what the pipeline counted of one fact."""
        if not counted:
            return
        era = self._plan.era_at(counted[0].fact.time).index
        if era == self._front:
            self._accruals[era].add(counted, day)
        else:
            self._held.append((era, counted, day))

    def pass_to(self, day: int) -> None:
        """A fact falls on ``day``: what no later fact can touch is worked out."""
        self._accruals[self._front].pass_to(day)
        while self._held and self._accruals[self._front].is_idle:
            self._begin_next()
            self._accruals[self._front].pass_to(day)

    def state(self, book: Writer) -> State:
        """What waits in the era at work, and what is held for later ones."""
        held = [
            [era, [book.counted(each) for each in counted], day] for era, counted, day in self._held
        ]
        return [self._front, held, [each.state(book) for each in self._accruals]]

    def restore(self, state: State, book: Reader) -> None:
        """Go on from where :meth:`state` was written."""
        self._front, held, accruals = state
        self._held = deque(
            (era, [book.counted(each) for each in counted], day) for era, counted, day in held
        )
        for accrual, each in zip(self._accruals, accruals, strict=True):
            accrual.restore(each, book)

    @property
    def done(self) -> Sequence[Entitlement]:
        """What has been worked out so far, era by era."""
        return [entitlement for accrual in self._accruals for entitlement in accrual.done]

    def finish(self, closed_until: Instant | None) -> list[Entitlement]:
        """What every era came to, in order."""
        while self._held:
            self._accruals[self._front].finish(closed_until)
            self._begin_next()
        return [
            entitlement
            for accrual in self._accruals
            for entitlement in accrual.finish(closed_until)
        ]

    def _begin_next(self) -> None:
        self._front = self._held[0][0]
        while self._held and self._held[0][0] == self._front:
            _, counted, day = self._held.popleft()
            self._accruals[self._front].add(counted, day)
