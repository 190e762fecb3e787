"""What one member was awarded so far, as far as caps ask, and what a cap leaves of the next.

Caps apply in the order stated, each to what the one before it left; what remains is written down
for every cap of any version that covers the rule, so that a cap of a later version knows it. Holds
one number for each cap and span that is not over: nothing else is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from ledger.programme.calendar import span_of_day
from ledger.scoring.plan import CapAccount, PlannedCap
from ledger.scoring.receipts import AttributeBasis, CapUse
from ledger.scoring.state import State, amount_state, read_amount

Attributes = Callable[[str], AttributeBasis]
"""The value of an attribute that decides how much a cap allows."""


class CapBook:
    """What counts towards each account (``Plan.cap_accounts``), by span."""

    def __init__(self, accounts: Sequence[CapAccount]) -> None:
        self._accounts = accounts
        self.used: list[dict[int, int | Fraction]] = [{} for _ in accounts]

    def bound(
        self,
        amount: int | Fraction,
        caps: Sequence[PlannedCap],
        day: int,
        attributes: Attributes,
    ) -> tuple[int | Fraction, tuple[CapUse, ...]]:
        """What ``caps`` leave of an amount on ``day``, one by one; nothing is used up yet."""
        uses: list[CapUse] = []
        for planned in caps:
            cap = planned.cap
            span = span_of_day(cap.per, day)
            points, basis = cap.points, None
            if cap.attribute is not None:
                basis = attributes(cap.attribute)
                points = cap.table[basis.value]
            assert points is not None, "a cap is by attribute or for everybody"
            before = self.used[planned.account].get(span, 0)
            use = CapUse(cap, span, points, before, basis, amount)
            amount = use.kept
            uses.append(use)
        return amount, tuple(uses)

    def use(self, amount: int | Fraction, feeds: Sequence[int], day: int) -> None:
        """An amount was awarded on ``day`` that counts towards the accounts ``feeds``."""
        if amount:
            for place in feeds:
                used = self.used[place]
                span = span_of_day(self._accounts[place].per, day)
                used[span] = used.get(span, 0) + amount

    def state(self) -> State:
        """What has been used up, to go on from there (:meth:`restore`)."""
        return [
            [[span, amount_state(amount)] for span, amount in used.items()] for used in self.used
        ]

    def restore(self, state: State) -> None:
        """Go on from where :meth:`state` was written."""
        self.used = [{span: read_amount(amount) for span, amount in used} for used in state]

    def forget_before(self, day: int) -> None:
        """Nothing more is awarded on days before ``day``."""
        for place, used in enumerate(self.used):
            span = span_of_day(self._accounts[place].per, day)
            for over in [each for each in used if each < span]:
                del used[over]
