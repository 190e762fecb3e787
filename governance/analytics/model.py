"""Turnout, delegation and concentration: exact, from amounts and nothing else. Pure.

Every share is a ``Fraction``; amounts are token units (wei), weights or points. Where there is
nothing to share, a figure is ``None``: a Gini coefficient of nobody is no number.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import accumulate
from typing import Final

NOBODY: Final = "0x" + "0" * 40
"""The account that tokens come from and go to when they are made and burnt, and the delegate of
whoever delegated to nobody."""
DECIMALS: Final = 6


def gini(amounts: Sequence[int]) -> Fraction | None:
    """How unequal amounts are: 0 if all are the same, (n - 1) / n if one of n has everything.

    With the amounts x sorted ascending and i from 1:

        G = 2 · Σ i·x_i / (n · Σ x_i) - (n + 1) / n

    which is half the mean difference of two of them, over their mean (C. Gini, Variabilità e
    mutabilità, 1912; in this form A. Sen, On Economic Inequality, 1973, ch. 2). It is of the
    amounts as they are, without the small-sample factor n / (n - 1).
    """
    total, n = sum(amounts), len(amounts)
    if not total:
        return None
    ranked = sum(rank * amount for rank, amount in enumerate(sorted(amounts), 1))
    return Fraction(2 * ranked, n * total) - Fraction(n + 1, n)


def nakamoto(amounts: Sequence[int]) -> int | None:
    """The least number of holders who together have more than half of everything.

    B. S. Srinivasan, L. Lee, Quantifying Decentralization, 2017, for one subsystem and one half.
    """
    total = sum(amounts)
    if not total:
        return None
    greatest = accumulate(sorted(amounts, reverse=True))
    return next(count for count, together in enumerate(greatest, 1) if 2 * together > total)


def lorenz(amounts: Sequence[int], points: int) -> list[tuple[Fraction, Fraction]]:
    """The curve behind the coefficient: which share the poorest k of n have, at most ``points``.

    M. O. Lorenz, Methods of Measuring the Concentration of Wealth, 1905. From (0, 0) to (1, 1);
    empty where there is nothing to share.
    """
    total, n = sum(amounts), len(amounts)
    if not total:
        return []
    sums = [0, *accumulate(sorted(amounts))]
    steps = min(n, points)
    ranks = [n * step // steps for step in range(steps + 1)]
    return [(Fraction(rank, n), Fraction(sums[rank], total)) for rank in ranks]


@dataclass(frozen=True, slots=True)
class Concentration:
    """How an amount is spread over those who have any of it."""

    holders: int
    total: int
    gini: Fraction | None
    nakamoto: int | None
    largest: Fraction | None
    """The share of whoever has most."""


def concentration(amounts: Collection[int]) -> Concentration:
    """Of everybody who has something; who has nothing is not among them."""
    some = [amount for amount in amounts if amount]
    total = sum(some)
    return Concentration(
        holders=len(some),
        total=total,
        gini=gini(some),
        nakamoto=nakamoto(some),
        largest=Fraction(max(some), total) if some else None,
    )


@dataclass(slots=True)
class Power:
    """Who has tokens, to whom they are delegated, and who has how many votes, at one moment.

    Changed event by event, in the chain's order, by the methods below.
    """

    balances: dict[str, int] = field(default_factory=dict)
    delegates: dict[str, str] = field(default_factory=dict)
    votes: dict[str, int] = field(default_factory=dict)

    def transfer(self, source: str, target: str, units: int) -> None:
        """Tokens moved, were made or burnt."""
        for account, change in ((source, -units), (target, units)):
            if account != NOBODY:
                self.balances[account] = self.balances.get(account, 0) + change

    def delegate(self, account: str, to: str) -> None:
        """An account's tokens vote through another from now on, or through none."""
        self.delegates[account] = to

    def set_votes(self, account: str, units: int) -> None:
        """An account has so many votes now, its own and others'."""
        self.votes[account] = units

    def copy(self, without: Collection[str] = ()) -> Power:
        """As it is now, without some holders: contracts that hold tokens for the community."""
        kept = {one: units for one, units in self.balances.items() if one not in without and units}
        return Power(kept, dict(self.delegates), {k: v for k, v in self.votes.items() if v})


@dataclass(frozen=True, slots=True)
class Delegation:
    """How tokens are delegated.

    Delegation is not passed on: B votes with A's tokens if A delegated to B, whomever B delegated
    to. So a chain is no flow of votes; it says how many have given theirs to somebody who gave
    their own away.
    """

    supply: int
    """Tokens of all holders."""
    to_oneself: int
    to_others: int
    delegators: int
    """Holders whose tokens vote through somebody else."""
    delegates: int
    """Accounts with the votes of somebody else."""
    largest: Fraction | None
    """What the largest delegate has, of all that was delegated to others."""
    chained: int
    """Delegators whose delegate delegated to yet another."""
    longest_chain: int
    """In steps; one that closes in a circle is as long as the accounts on it."""

    @property
    def share(self) -> Fraction | None:
        """How much of all tokens can vote at all."""
        return ratio(self.to_oneself + self.to_others, self.supply)

    @property
    def share_to_others(self) -> Fraction | None:
        """How much of all tokens votes through somebody else."""
        return ratio(self.to_others, self.supply)


def delegation(power: Power) -> Delegation:
    """The delegation of a moment, counting holders of something."""
    goes = {
        one: power.delegates[one]
        for one in power.balances
        if power.delegates.get(one, NOBODY) != NOBODY
    }
    received: dict[str, int] = {}
    for account, to in goes.items():
        if to != account:
            received[to] = received.get(to, 0) + power.balances[account]
    to_others = sum(received.values())
    onward = {one: to for one, to in power.delegates.items() if to not in (one, NOBODY)}
    delegators = [one for one, to in goes.items() if to != one]
    return Delegation(
        supply=sum(power.balances.values()),
        to_oneself=sum(power.balances[one] for one, to in goes.items() if to == one),
        to_others=to_others,
        delegators=len(delegators),
        delegates=len(received),
        largest=ratio(max(received.values(), default=0), to_others),
        chained=sum(onward[one] in onward for one in delegators),
        longest_chain=max((_chain(onward, one) for one in delegators), default=0),
    )


def _chain(onward: Mapping[str, str], start: str) -> int:
    """How many steps from an account to one that goes no further, or that was passed before."""
    seen = {start}
    account = start
    while account in onward:
        account = onward[account]
        if account in seen:
            return len(seen)
        seen.add(account)
    return len(seen) - 1


@dataclass(frozen=True, slots=True)
class Turnout:
    """How many took part of those who could, as persons and by weight.

    Of proposals a person is an account: nobody can tell from the chain whose two accounts are.
    """

    voters: int
    eligible: int
    cast: int
    weight: int
    """What all who were eligible have together."""

    @property
    def by_persons(self) -> Fraction | None:
        """The share of those eligible who voted."""
        return ratio(self.voters, self.eligible)

    @property
    def by_weight(self) -> Fraction | None:
        """The share of the weight that was cast."""
        return ratio(self.cast, self.weight)


def represented(power: Power, voters: Collection[str]) -> int:
    """Holders whose tokens were voted with, by themselves or by their delegate."""
    return sum(power.delegates.get(one, NOBODY) in voters for one in power.balances)


def ratio(part: int, whole: int) -> Fraction | None:
    """A share, or ``None`` of nothing."""
    return Fraction(part, whole) if whole else None


def decimal_text(exact: Fraction) -> str:
    """A share to six digits after the point, half to even; the exact one stands beside it."""
    scaled = round(exact * 10**DECIMALS)
    return f"{scaled // 10**DECIMALS}.{scaled % 10**DECIMALS:0{DECIMALS}}"
