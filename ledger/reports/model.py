"""What counted transfers say of a whole school: a month, a cohort, what is owed, who has how much.

Pure. A movement is looked at from the lots' side: what came into members' lots, from where, and
what left them, whereto. So, of any set of transfers,

    issued + handed on + brought back = spent + expired + decayed + taken back + bridged + change

where ``change`` is what the lots hold more than before. Refunds and returns count against what they
give back, at the time they do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Final

from ledger.journal.model import AccountKind, EntryKind
from ledger.kernel.units import Points
from ledger.preview.money import Rates

LOTS: Final = frozenset({AccountKind.LOT_PENDING, AccountKind.LOT_AVAILABLE, AccountKind.LOT_HELD})
"""Accounts that members' points are in."""
SOURCES: Final = frozenset(
    {
        AccountKind.ISSUANCE,
        AccountKind.REWARDS,
        AccountKind.TREASURY,
        AccountKind.STARTUP,
        AccountKind.TEAM,
        AccountKind.LIQUIDITY,
        AccountKind.PROJECT,
    }
)
"""Accounts out of which members are given points that they did not have."""
BY_EVENTS: Final = frozenset({EntryKind.AWARD, EntryKind.CORRECTION})
BY_HAND: Final = frozenset({EntryKind.GRANT})
"""Kinds of entries that persons decided one by one, imports of other systems' balances included."""
TENTHS: Final = 10
ZERO: Final = Points(0)


@dataclass(frozen=True, slots=True)
class Flow:
    """What moved between two kinds of accounts by entries of one kind."""

    kind: EntryKind
    debit: AccountKind
    credit: AccountKind
    amount: Points


@dataclass(frozen=True, slots=True)
class Moved:
    """What some transfers did to members' lots; ``handed_on`` is what one member got of another's.

    Spent, expired and bridged are what left less what came back; ``brought_back`` tokens became
    new lots. ``by_events`` and ``by_hand`` are parts of what was issued.
    """

    issued: Points = ZERO
    by_events: Points = ZERO
    by_hand: Points = ZERO
    handed_on: Points = ZERO
    brought_back: Points = ZERO
    spent: Points = ZERO
    expired: Points = ZERO
    decayed: Points = ZERO
    taken_back: Points = ZERO
    bridged: Points = ZERO

    def __add__(self, other: Moved) -> Moved:
        return Moved(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    @property
    def change(self) -> Points:
        """What the lots hold more than before."""
        came = self.issued + self.handed_on + self.brought_back
        return came - self.spent - self.lost - self.taken_back - self.bridged

    @property
    def lost(self) -> Points:
        """What nobody used in time: breakage."""
        return self.expired + self.decayed

    @property
    def given_up(self) -> Points:
        """What members together spent: what they handed on to each other is not."""
        return self.spent - self.handed_on

    @property
    def burn(self) -> Fraction | None:
        """Spent over issued; ``None`` where nothing was issued."""
        return ratio(self.given_up, self.issued)

    @property
    def manual(self) -> Fraction | None:
        """What persons granted over all that was issued."""
        return ratio(self.by_hand, self.issued)


@dataclass(frozen=True, slots=True)
class Owed:
    """What is still to be honoured, and what members owe, at one moment."""

    pending: Points = ZERO
    available: Points = ZERO
    held: Points = ZERO
    bridged: Points = ZERO
    debt: Points = ZERO

    def __add__(self, other: Owed) -> Owed:
        return Owed(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    @property
    def outstanding(self) -> Points:
        """All that members can still ask for, carried to wallets included."""
        return self.pending + self.available + self.held + self.bridged


@dataclass(frozen=True, slots=True)
class Span:
    """A week or month by its first day: what moved in it, and what was owed at its end."""

    first: date
    moved: Moved
    closing: Owed


@dataclass(frozen=True, slots=True)
class Cohort:
    """What became of the points whose lots were made in one month."""

    month: date
    moved: Moved

    @property
    def made(self) -> Points:
        """All that its lots ever got."""
        return self.moved.issued + self.moved.handed_on + self.moved.brought_back

    @property
    def breakage(self) -> Fraction | None:
        """The part that nobody used in time, so far."""
        return ratio(self.moved.lost, self.made)


@dataclass(frozen=True, slots=True)
class Liability:
    """What is owed in points and in money, minor units by currency, rounded down.

    ``expected`` multiplies it by the part of points that is spent in the end (``redemption``):

        redemption = spent / (spent + expired + decayed), over ``since`` to now; 1 if that is 0/0
        expected   = outstanding x redemption x rate
    """

    outstanding: Points
    redemption: Fraction
    since: date
    full: Mapping[str, int]
    expected: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Tenth:
    """A tenth of those who hold points, from those with the least: how many, and what they hold."""

    members: int
    points: Points
    greatest: Points


@dataclass(frozen=True, slots=True)
class Spread:
    """How points are spread over the members who have some; ``without`` had some once."""

    holders: int
    without: int
    total: Points
    median: Points
    gini: Fraction | None
    tenths: tuple[Tenth, ...]


@dataclass(frozen=True, slots=True)
class Acts:
    """Awards of one category (``None``: rules without one) and what they brought."""

    category: str | None
    acts: int
    points: Points
    low: bool

    @property
    def each(self) -> Fraction | None:
        """Points an act."""
        return Fraction(self.points.amount, self.acts) if self.acts else None


def ratio(part: Points, whole: Points) -> Fraction | None:
    """One over the other; ``None`` where the whole is nothing."""
    return Fraction(part.amount, whole.amount) if whole else None


def moved(flows: Iterable[Flow]) -> Moved:
    """What these flows did to members' lots, all together."""
    sums: defaultdict[str, int] = defaultdict(int)
    for flow in flows:
        if flow.debit in LOTS and flow.credit not in LOTS:
            _leaving(sums, flow.kind, flow.credit, flow.amount.amount)
        elif flow.credit in LOTS and flow.debit not in LOTS:
            _coming(sums, flow.kind, flow.debit, flow.amount.amount)
    return Moved(**{name: Points(amount) for name, amount in sums.items()})


def owed(flows: Iterable[Flow]) -> Owed:
    """By how much these flows changed what is owed."""
    sums: defaultdict[AccountKind, int] = defaultdict(int)
    for flow in flows:
        sums[flow.debit] -= flow.amount.amount
        sums[flow.credit] += flow.amount.amount
    return Owed(
        pending=Points(sums[AccountKind.LOT_PENDING]),
        available=Points(sums[AccountKind.LOT_AVAILABLE]),
        held=Points(sums[AccountKind.LOT_HELD]),
        bridged=Points(sums[AccountKind.ESCROW]),
        debt=Points(-sums[AccountKind.DEBT]),
    )


def spans(flows: Mapping[date | None, Sequence[Flow]], firsts: Iterable[date]) -> tuple[Span, ...]:
    """One for each of ``firsts`` (rising), even if nothing moved; ``None`` is what was before."""
    closing = owed(flows.get(None, ()))
    found = []
    for first in firsts:
        within = flows.get(first, ())
        closing += owed(within)
        found.append(Span(first, moved(within), closing))
    return tuple(found)


def redemption(moved_: Moved) -> Fraction:
    """Which part of points is spent in the end, by what came to an end; 1 if nothing did."""
    found = ratio(moved_.given_up, moved_.given_up + moved_.lost)
    return Fraction(1) if found is None else min(max(found, Fraction(0)), Fraction(1))


def liability(outstanding: Points, past: Moved, since: date, rates: Rates) -> Liability:
    """What is owed, in full and as far as it is expected to be asked for."""
    share = redemption(past)
    expected = {
        currency: int(outstanding.amount * share * rate // 1)
        for currency, rate in sorted(rates.by_currency.items())
    }
    full = {
        currency: int(outstanding.amount * rate // 1)
        for currency, rate in sorted(rates.by_currency.items())
    }
    return Liability(outstanding, share, since, full, expected)


def spread(amounts: Iterable[int]) -> Spread:
    """How what members have is spread; amounts of zero are members without points.

    Gini: G = 2 sum(i x_i) / (n sum(x_i)) - (n + 1) / n over rising amounts above zero, i from 1
    (Sen 1973). Tenth k of n holders are those after n(k - 1) // 10 up to n k // 10.
    """
    everybody = sorted(amounts)
    held = [amount for amount in everybody if amount > 0]
    count, total = len(held), sum(held)
    gini = None
    if count:
        ranked = sum(place * amount for place, amount in enumerate(held, start=1))
        gini = Fraction(2 * ranked, count * total) - Fraction(count + 1, count)
    cuts = [count * place // TENTHS for place in range(TENTHS + 1)]
    tenths = tuple(
        Tenth(
            upto - after,
            Points(sum(held[after:upto])),
            Points(held[upto - 1] if upto > after else 0),
        )
        for after, upto in pairwise(cuts)
    )
    median = Points(held[(count - 1) // 2] if count else 0)
    return Spread(count, len(everybody) - count, Points(total), median, gini, tenths)


def by_category(
    rules: Mapping[str, tuple[int, Points]], categories: Mapping[str, str | None]
) -> tuple[Acts, ...]:
    """Rule -> acts and points, by category, the most acts first.

    A category is *low-effort* if an act of it brings less than half of what an act brings on
    average. What has points but no acts (awards of whole periods) has no average and is none.
    """
    sums: dict[str | None, tuple[int, int]] = {}
    for rule, (acts, points) in rules.items():
        before = sums.get(categories.get(rule), (0, 0))
        sums[categories.get(rule)] = (before[0] + acts, before[1] + points.amount)
    paid = [(acts, points) for acts, points in sums.values() if acts and points]
    average = Fraction(sum(p for _, p in paid), sum(a for a, _ in paid)) if paid else Fraction(0)
    found = (
        Acts(name, acts, Points(points), bool(acts and points and 2 * points < average * acts))
        for name, (acts, points) in sums.items()
    )
    return tuple(sorted(found, key=lambda each: (-each.acts, each.category or "")))


def low_effort(found: Iterable[Acts]) -> Fraction | None:
    """The part of all acts that is of low-effort categories; ``None`` without acts."""
    rows = list(found)
    total = sum(each.acts for each in rows)
    return Fraction(sum(each.acts for each in rows if each.low), total) if total else None


def _leaving(sums: defaultdict[str, int], kind: EntryKind, to: AccountKind, amount: int) -> None:
    sums[_place(kind, to)] += amount


def _coming(sums: defaultdict[str, int], kind: EntryKind, of: AccountKind, amount: int) -> None:
    if of in SOURCES:
        sums["issued"] += amount
        if kind in BY_EVENTS:
            sums["by_events"] += amount
        elif kind in BY_HAND:
            sums["by_hand"] += amount
    elif kind is EntryKind.SPLIT:
        sums["handed_on"] += amount
    elif kind is EntryKind.TOKEN_RETURN:
        sums["brought_back"] += amount
    else:
        sums[_place(kind, of)] -= amount


def _place(kind: EntryKind, other: AccountKind) -> str:
    """Which figure points count to that lie in another account."""
    if kind is EntryKind.DECAY:
        return "decayed"
    plain = {
        AccountKind.SPENT: "spent",
        AccountKind.EXPIRED: "expired",
        AccountKind.ESCROW: "bridged",
    }
    return plain.get(other, "taken_back")
