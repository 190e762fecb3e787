"""Awards at once: each counted event by itself, under the day's streak and the caps.

A day's streak is known when the day is over, because whether it is active may become known after
its first events; so what counts waits till then, and is awarded in order of facts. What is kept
between facts is what waits (of two days at most, three where a clock turns back over midnight), the
streak so far and what caps have been used.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from ledger.kernel.clock import Instant
from ledger.kernel.units import Points
from ledger.programme.model import AttributeMultiplier, DayStreakMultiplier, Multiplier
from ledger.scoring.attributes import Timelines
from ledger.scoring.model import Entitlement, Fact
from ledger.scoring.pipeline import Counted
from ledger.scoring.plan import Plan, VersionPlan
from ledger.scoring.receipts import (
    AppliedMultiplier,
    AttributeBasis,
    CapUse,
    DayStreakBasis,
    EventReceipt,
)
from ledger.scoring.running import Running
from ledger.scoring.state import State
from ledger.scoring.state_book import Reader, Writer

_ONE: Final = Fraction(1)
_NOTHING: Final = Points(0)


class AtOnce:
    """What one member is entitled to, event by event."""

    def __init__(self, plan: Plan, member: str, timelines: Timelines, running: Running) -> None:
        self._plan = plan
        self._member = member
        self._timelines = timelines
        self._streaks = running.days
        self._waiting: deque[Counted] = deque()
        self._caps = running.caps
        self._forgets = len(plan.eras) == 1
        self._applied_last: dict[tuple[int, str], AppliedMultiplier] = {}
        """By version and multiplier: most events find the same as the one before."""
        self._done: list[Entitlement] = []

    def see(self, fact: Fact, day: int) -> None:
        """Take note of an act of the member's own, whether or not anything counts it."""
        self._streaks.see(fact, day)

    def add(self, counted: list[Counted], day: int) -> None:
        """Take what the pipeline counted of one fact."""
        del day
        self._waiting.extend(counted)

    def pass_to(self, day: int) -> None:
        """A fact falls on ``day``: days that no later fact can fall on are worked out."""
        before = day - self._plan.days_back
        self._work_out(before)
        if self._forgets:
            first_open = min((each.day for each in self._waiting), default=before)
            first_open = min(before, first_open)
            self._streaks.forget_before(first_open)
            self._caps.forget_before(first_open)

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits."""
        return not self._waiting

    def state(self, book: Writer) -> State:
        """What waits; what was awarded is no part of it."""
        return [book.counted(each) for each in self._waiting]

    def restore(self, state: State, book: Reader) -> None:
        """Go on from where :meth:`state` was written."""
        self._waiting = deque(book.counted(each) for each in state)

    @property
    def done(self) -> Sequence[Entitlement]:
        """What has been awarded so far, in order."""
        return self._done

    def finish(self, closed_until: Instant | None) -> list[Entitlement]:
        """Everything, in order of facts; ``closed_until`` changes nothing for awards at once.

        What the open spans have used up stays known, for whoever asks what is left of them.
        """
        del closed_until
        if self._waiting:
            self._work_out(max(each.day for each in self._waiting) + 1)
        return self._done

    def _work_out(self, before: int) -> None:
        self._streaks.close(before)
        while self._waiting and self._waiting[0].day < before:
            self._done.append(self._award(self._waiting.popleft()))

    def _award(self, counted: Counted) -> Entitlement:
        fact, version, planned = counted.fact, counted.version, counted.planned
        rule = planned.rule
        programme = version.programme
        applied = tuple(
            [
                self._applied(programme.multipliers[name], version, counted)
                for name in rule.multipliers
            ]
        )
        product = self._plan.products.of(programme, rule, counted.points, applied)
        points = rounded = product.rounded
        caps: tuple[CapUse, ...] = ()
        if planned.caps:
            left, caps = self._caps.bound(
                rounded,
                planned.caps,
                counted.day,
                lambda name: self._attribute(version, name, fact),
            )
            points = int(left)
        if planned.feeds:
            self._caps.use(points, planned.feeds, counted.day)
        receipt = EventReceipt(
            fact=fact,
            programme=programme,
            rule_id=rule.rule_id,
            day=counted.day,
            base=counted.points,
            multipliers=applied,
            limits=counted.limits,
            exact=product.exact,
            rounded=rounded,
            caps=caps,
            points=points,
        )
        return Entitlement(
            beneficiary=self._member,
            rule=rule.rule_id,
            cause=fact.cause,
            points=product.points if points == rounded else Points(points),
            excess=_NOTHING if points == rounded else Points(rounded - points),
            earned_at=fact.time,
            receipt=receipt,
        )

    def _applied(
        self, multiplier: Multiplier, version: VersionPlan, counted: Counted
    ) -> AppliedMultiplier:
        name = multiplier.name
        last = self._applied_last.get((version.index, name))
        basis: AttributeBasis | DayStreakBasis
        if isinstance(multiplier, AttributeMultiplier):
            basis = self._attribute(version, multiplier.attribute, counted.fact)
            if last is not None and last.because is basis:
                return last
            factor = multiplier.table[basis.value]
        else:
            assert isinstance(multiplier, DayStreakMultiplier), "checked when it was read"
            basis = self._streaks.at(version.streaks[name], counted.day)
            if last is not None and last.because is basis:
                return last
            factor = streak_factor(multiplier.table, basis.days)
        applied = AppliedMultiplier(name, factor, basis)
        self._applied_last[version.index, name] = applied
        return applied

    def _attribute(self, version: VersionPlan, name: str, fact: Fact) -> AttributeBasis:
        return self._timelines.of(version, name).at(fact.time)


def streak_factor(table: tuple[Fraction, ...], length: int) -> Fraction:
    """The factor at a length: 1 outside a streak, the last row from its end on."""
    return table[min(length, len(table)) - 1] if length else _ONE
