"""What a programme says about purchases between members, and how a price is shared. Pure.

    splits:
      rules:
        course:
          shares:
            - {to: author, per_cent: 70}
            - {to: school, per_cent: 30, pool: treasury}

Each share is rounded down; the last recipient named gets the remainder, so nothing is lost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from ledger.journal.model import AccountKind
from ledger.kernel.canonical import Json
from ledger.kernel.units import Points, sum_points
from ledger.lots.validity import Validity, expires_at
from ledger.redemption.terms import LimitPeriod


@dataclass(frozen=True, slots=True)
class Share:
    """A recipient's part of a price; ``pool`` is an account of the school's, else a member."""

    to: str
    part: Fraction
    pool: AccountKind | None


@dataclass(frozen=True, slots=True)
class PurchaseLimit:
    """At most so many points, or so many purchases, of one member in a calendar period."""

    per: LimitPeriod
    points: Points | None
    count: int | None


@dataclass(frozen=True, slots=True)
class SplitTerms:
    """The ``splits`` section of one programme version."""

    rules: Mapping[str, tuple[Share, ...]]
    limits: tuple[PurchaseLimit, ...]
    pending_for: timedelta
    validity: Validity | None
    refund_for: timedelta

    def expires_at(self, activates_at: datetime, zone: str) -> datetime | None:
        """When a recipient's points expire that can be spent from ``activates_at`` on."""
        if self.validity is None:
            return None
        return expires_at(activates_at, self.validity, ZoneInfo(zone))


def split(price: Points, shares: Sequence[Share]) -> tuple[Points, ...]:
    """What each share comes to, in their order; together exactly the price."""
    floored = [
        Points(price.amount * share.part.numerator // share.part.denominator)
        for share in shares[:-1]
    ]
    return (*floored, price - sum_points(floored))


def read_splits(section: Mapping[str, Json]) -> SplitTerms:
    """The section as a checked programme holds it."""
    said: Mapping[str, Any] = section
    life = said.get("validity")
    return SplitTerms(
        rules={
            name: tuple(_share(each) for each in rule["shares"])
            for name, rule in said["rules"].items()
        },
        limits=tuple(
            PurchaseLimit(
                LimitPeriod(each["per"]),
                None if each.get("points") is None else Points(each["points"]),
                each.get("count"),
            )
            for each in said["limits"]
        ),
        pending_for=timedelta(days=said["pending_days"]),
        validity=None
        if life is None
        else Validity(months=12 * life["years"] + life["months"], days=life["days"]),
        refund_for=timedelta(days=said["refund_days"]),
    )


def _share(stated: Mapping[str, Any]) -> Share:
    pool = stated.get("pool")
    part = Fraction(stated["per_cent"]) / 100
    return Share(stated["to"], part, None if pool is None else AccountKind(pool))
