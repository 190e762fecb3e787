"""Grants of a kind that the programme names under ``vesting``. Pure.

The terms are those of the version in force when the grant is proposed: they are part of what the
persons approve, and a later version changes nothing about them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Self
from uuid import UUID

from ledger.grants.errors import UnknownVesting, VestingAboutWhom, VestingDaysOutOfBounds
from ledger.kernel.canonical import Json
from ledger.kernel.ids import format_id, parse_id
from ledger.lots.waiting import Vesting as WaitsFor
from ledger.programme.calendar import Calendar
from ledger.programme.model import Programme
from ledger.programme.model_life import BENEFICIARY, Vesting
from ledger.settlement.model import matures, waits_for

KIND_LENGTH_MAX: Final = 120
DAYS_MAX: Final = 36_500


@dataclass(frozen=True, slots=True)
class AskedVesting:
    """A kind, other days where the kind lets them be set, and whom its condition is about.

    ``about`` stands where a rule would name a field of the award's event, such as ``data.guest``.
    """

    kind: str
    days: int | None = None
    about: UUID | None = None


@dataclass(frozen=True, slots=True)
class GrantVesting:
    """How long a grant's points are pending once paid, and what has to hold at the end."""

    kind: str
    zone: str
    months: int
    days: int
    waits_for: WaitsFor | None

    def matures(self, paid_at: datetime) -> datetime:
        """When points that are paid then are no longer pending."""
        return matures(Vesting(self.months, self.days), paid_at, Calendar(self.zone))

    @property
    def about(self) -> UUID | None:
        """Whom the condition is about, if that is not whom the grant pays."""
        condition = None if self.waits_for is None else self.waits_for.condition
        for stated in condition.values() if isinstance(condition, Mapping) else ():
            if isinstance(stated, Mapping) and stated.get("who") != BENEFICIARY:
                return parse_id("mem", str(stated.get("who")))
        return None

    def stated(self) -> dict[str, Json]:
        """As the grant's content has it."""
        waits = None if self.waits_for is None else self.waits_for.stated()
        return {
            "kind": self.kind,
            "zone": self.zone,
            "months": self.months,
            "days": self.days,
            "waits_for": waits,
        }

    @classmethod
    def of_stated(cls, stated: Mapping[str, Json]) -> Self:
        """Back from :meth:`stated`; of what was altered, something whose digest differs."""
        months, days, waits = stated.get("months"), stated.get("days"), stated.get("waits_for")
        return cls(
            kind=str(stated.get("kind")),
            zone=str(stated.get("zone")),
            months=months if isinstance(months, int) else 0,
            days=days if isinstance(days, int) else 0,
            waits_for=WaitsFor(waits.get("condition"), waits.get("to") == "rewards")
            if isinstance(waits, Mapping)
            else None,
        )


def terms_of(programme: Programme, asked: AskedVesting) -> GrantVesting:
    """What a grant of this kind waits for.

    Raises:
        UnknownVesting: the programme has no such kind.
        VestingDaysOutOfBounds: other days than the kind lets be set.
        VestingAboutWhom: its condition is about somebody who is not named, or about nobody else.
    """
    kind = programme.vesting.get(asked.kind)
    if kind is None:
        known = ", ".join(programme.vesting)
        raise UnknownVesting(
            f"The programme in force has no vesting {asked.kind!r} (known: {known or 'none'}).",
            kind=asked.kind,
            known=known,
        )
    most = kind.days if kind.days_max is None else kind.days_max
    days = kind.days if asked.days is None else asked.days
    if not kind.days <= days <= most:
        raise VestingDaysOutOfBounds(
            f"Points of the kind {asked.kind!r} vest {kind.days} to {most} days, not {days}.",
            kind=asked.kind,
            days_min=kind.days,
            days_max=most,
        )
    return GrantVesting(
        kind=asked.kind,
        zone=programme.zone,
        months=kind.months,
        days=days,
        waits_for=waits_for(_about(kind, asked), programme),
    )


def names_another(kind: Vesting) -> bool:
    """Whether the condition is about somebody whom a grant has to name."""
    return kind.condition is not None and kind.condition.who != BENEFICIARY


def _about(kind: Vesting, asked: AskedVesting) -> Vesting:
    """The kind with its condition about the member who was named."""
    if names_another(kind) != (asked.about is not None):
        needed = "needs" if names_another(kind) else "takes no"
        raise VestingAboutWhom(
            f"The kind {asked.kind!r} {needed} member whom its condition is about.",
            kind=asked.kind,
        )
    if kind.condition is None or asked.about is None:
        return kind
    return replace(kind, condition=replace(kind.condition, who=format_id("mem", asked.about)))
