"""What a preview says of money: points that are still to be honoured, at the stated rate. Pure.

    outstanding  = pending + available + on hold + carried to wallets
    a gain       pays an open debt first; what is left becomes outstanding
    a loss       takes what is pending and available; what those do not cover becomes debt
    liability    = outstanding × rate, whole minor units, rounded down once for all members together

Every gain is taken as paid: what a budget or a pool will not cover, nobody can say beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.programme.calendar import Calendar, day_text
from ledger.programme.model import Programme

ROUNDING: Final = "down"


@dataclass(frozen=True, slots=True)
class Held:
    """What a member has not spent; ``free`` of it is pending or available, the rest on hold."""

    outstanding: int = 0
    free: int = 0
    debt: int = 0

    def after(self, gained: int, lost: int) -> Held:
        """With corrections posted as activation would: losses first, then gains."""
        taken = min(lost, self.free)
        owed = self.debt + lost - taken
        paid = min(gained, owed)
        left = gained - paid
        return Held(self.outstanding - taken + left, self.free - taken + left, owed - paid)


@dataclass(frozen=True, slots=True)
class Book:
    """What everybody holds, and what nobody here would see change: wallets, members without facts.

    ``None`` in place of a book: a file of events, of which nobody knows what was spent.
    """

    by_member: Mapping[str, Held]
    carried: int

    @property
    def outstanding(self) -> int:
        """Points that are still to be honoured, all together."""
        return self.carried + sum(each.outstanding for each in self.by_member.values())


@dataclass(frozen=True, slots=True)
class Rates:
    """What one point is worth, minor units by currency; ``since`` when, if the rates are dated."""

    by_currency: Mapping[str, Fraction]
    since: str | None = None

    def worth(self, points: int) -> dict[str, Json]:
        """Minor units by currency, rounded down."""
        return {
            currency: int(points * rate // 1) for currency, rate in sorted(self.by_currency.items())
        }


def rates_of(programme: Programme | None, at: Instant | None) -> Rates:
    """The common rates that a version states; of dated ones those in force at ``at``.

    Without a moment the last row counts, as it will be.
    """
    stated = None if programme is None or programme.redemption is None else programme.redemption
    rates = None if stated is None else stated.get("rates")
    assert programme is not None or rates is None, "rates are a programme's"
    since = None
    if programme is not None and isinstance(rates, Sequence) and not isinstance(rates, str):
        day = None if at is None else day_text(Calendar(programme.zone).day(at))
        rows = [row for row in rates if isinstance(row, Mapping)]
        past = [row for row in rows if day is None or str(row["from"]) <= day]
        since = str(past[-1]["from"]) if past else None
        rates = past[-1]["rates"] if past else None
    if not isinstance(rates, Mapping):
        return Rates({})
    return Rates({str(name): Fraction(str(rate)) for name, rate in rates.items()}, since)


def liability(
    book: Book | None, awarded: tuple[int, int], change: int, rates: tuple[Rates, Rates]
) -> dict[str, Json]:
    """Fields of the totals: points to be honoured before and after, and what they are worth.

    Without a book, on what was ``awarded`` before and after, as if nothing had ever been spent.
    """
    before, after = awarded
    if book is not None:
        before, after = book.outstanding, book.outstanding + change
    return {
        "liability_basis": "awarded" if book is None else "outstanding",
        "liability_rounding": ROUNDING,
        "outstanding_before": None if book is None else before,
        "outstanding_after": None if book is None else after,
        "rates_from_before": rates[0].since,
        "rates_from_after": rates[1].since,
        "liability_before": rates[0].worth(before),
        "liability_after": rates[1].worth(after),
    }
