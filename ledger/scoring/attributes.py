"""What was stated of a member, and what was in force when (step 3 of the pipeline)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from ledger.kernel.clock import Instant
from ledger.programme.model import Attribute
from ledger.scoring.history import plain_number
from ledger.scoring.model import Fact
from ledger.scoring.plan import VersionPlan
from ledger.scoring.receipts import AttributeBasis


class Timeline:
    """One attribute of one member over time, as one version understands it."""

    def __init__(self, attribute: Attribute, stated: Iterable[Fact]) -> None:
        """``stated`` are the member's facts of ``attribute.event_type``, in order.

        A value that the version does not state is passed over.
        """
        self._default = AttributeBasis(attribute.name, attribute.default, None, None)
        self._times: list[Instant] = []
        self._bases: list[AttributeBasis] = []
        for fact in stated:
            value = plain_number(fact.data.get(attribute.field))
            if isinstance(value, int | str) and not isinstance(value, bool):
                if value not in attribute.values:
                    continue
                self._times.append(fact.time)
                self._bases.append(AttributeBasis(attribute.name, value, fact.cause, fact.time))

    def at(self, time: Instant) -> AttributeBasis:
        """In force for an event at ``time``: changes at that very instant count."""
        place = bisect_right(self._times, time) if self._times else 0
        return self._bases[place - 1] if place else self._default

    def before(self, close: Instant) -> AttributeBasis:
        """In force when a period closes: only changes before that instant count."""
        place = bisect_left(self._times, close) if self._times else 0
        return self._bases[place - 1] if place else self._default


class Timelines:
    """Every attribute of one member, by version."""

    def __init__(self, stated: Sequence[Fact]) -> None:
        """``stated`` are the member's attribute facts, in order."""
        self._stated = stated
        self._known: dict[tuple[int, str], Timeline] = {}

    def of(self, version: VersionPlan, name: str) -> Timeline:
        """One attribute under one version."""
        key = version.index, name
        if key not in self._known:
            self._known[key] = self.stated(version.programme.attributes[name])
        return self._known[key]

    def stated(self, attribute: Attribute) -> Timeline:
        """An attribute as one of the versions states it."""
        own = (fact for fact in self._stated if fact.type == attribute.event_type)
        return Timeline(attribute, own)
