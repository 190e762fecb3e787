"""What a programme is once it has been read: frozen values, numbers exact.

Knows nothing of YAML, of events or of members. A ``Programme`` that exists has passed every check.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Final

from ledger.kernel.canonical import Json
from ledger.programme.conditions import Condition
from ledger.programme.expressions import Expression
from ledger.programme.model_commerce import Reduction
from ledger.programme.model_detectors import USUAL, DetectorTerms
from ledger.programme.model_earning import Cap, Freezes, Limit, Per
from ledger.programme.model_life import (
    Budget,
    Emission,
    Inactivity,
    Term,
    Validity,
    Vesting,
)
from ledger.programme.model_referral import ReferralSection
from ledger.programme.model_standing import Levels, StandingTerms, VoiceTerms
from ledger.programme.model_thanks import ThanksTerms
from ledger.programme.model_time import TimeTerms
from ledger.programme.model_unit import POINTS_UNIT

AttributeValue = int | str
"""One of the stated values of an attribute: whole numbers or texts, never both in one attribute."""

ACTOR: Final = "actor"
"""``to`` of a rule that pays whoever acted (the event's subject)."""


class Rounding(StrEnum):
    """How an exact number becomes whole points."""

    HALF_UP = "half_up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Text:
    """Words for people, in both languages of the community."""

    en: str
    ru: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """What can be stated of a member by ``member.<name>.changed`` in ``data.<field>``."""

    name: str
    field: str
    values: tuple[AttributeValue, ...]
    default: AttributeValue
    title: Text | None
    names: Mapping[AttributeValue, Text]

    @property
    def event_type(self) -> str:
        """The type of the event that states it."""
        return f"member.{self.name}.changed"


@dataclass(frozen=True, slots=True)
class Rule:
    """What earns, who earns it, and how often.

    ``to`` is ``actor`` or the path of the field that names the beneficiary (``data.owner``).
    ``owner`` is the path of the field that names whose thing was acted on, for rules that pay the
    actor. ``limits``, shortest span first, count per beneficiary. ``once_per`` are paths of fields.
    """

    rule_id: str
    on: tuple[str, ...]
    to: str
    points: Fraction | Expression
    when: Condition | None = None
    owner: str | None = None
    limits: tuple[Limit, ...] = ()
    once_per: tuple[str, ...] = ()
    multipliers: tuple[str, ...] = ()
    category: str | None = None
    title: Text | None = None
    validity: Validity | None = None
    vesting: Vesting | None = None


@dataclass(frozen=True, slots=True)
class AttributeMultiplier:
    """A factor by the value of an attribute; a row for every value."""

    name: str
    attribute: str
    table: Mapping[AttributeValue, Fraction]
    title: Text | None


@dataclass(frozen=True, slots=True)
class DayStreakMultiplier:
    """A factor by consecutive active days.

    A day is active if it has an event of type ``condition`` and one of another type in ``types``.
    ``table[n - 1]`` is the factor at length n; the last row holds for longer streaks.
    """

    name: str
    condition: str
    types: tuple[str, ...]
    table: tuple[Fraction, ...]
    title: Text | None
    freezes: Freezes | None = None


@dataclass(frozen=True, slots=True)
class WeekStreakMultiplier:
    """A factor by consecutive weeks with something earned; ``table`` as for days."""

    name: str
    table: tuple[Fraction, ...]
    title: Text | None
    freezes: Freezes | None = None


Multiplier = AttributeMultiplier | DayStreakMultiplier | WeekStreakMultiplier


class Period(StrEnum):
    """When points are awarded: at each event, or when the local day, ISO week or month closes."""

    AT_ONCE = "at_once"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    @property
    def per(self) -> Per:
        """The span of a period that closes."""
        return Per(self.value)


@dataclass(frozen=True, slots=True)
class BridgeTerms:
    """Which points leave for tokens, and what becomes of tokens that were received from others."""

    returned_validity: Term | None
    returned_points_per_year: int | None
    refund_window_days: int | None = None
    points_min: int | None = None
    points_max: int | None = None


@dataclass(frozen=True, slots=True)
class Programme:
    """One immutable version of a programme.

    ``period_multipliers`` apply to a period's sum, the rules' own to single events. ``redemption``
    is the section of that name in JSON, numbers exact (``"5/2"``), for the room that redeems.
    """

    name: str
    version: str
    zone: str
    rounding: Rounding
    attributes: Mapping[str, Attribute]
    rules: tuple[Rule, ...]
    multipliers: Mapping[str, Multiplier]
    period: Period
    period_multipliers: tuple[str, ...]
    cap: Cap | None
    validity: Validity | None
    redemption: Mapping[str, Json] | None
    bridge: BridgeTerms | None
    title: Text | None
    programme_hash: bytes
    caps: tuple[Cap, ...] = ()
    vesting: Mapping[str, Vesting] = field(default_factory=dict)
    inactivity: Inactivity | None = None
    emission: Emission | None = None
    budgets: tuple[Budget, ...] = ()
    reductions: tuple[Reduction, ...] = ()
    splits: Mapping[str, Json] | None = None
    standing: StandingTerms | None = None
    levels: Levels | None = None
    voice: VoiceTerms | None = None
    thanks: ThanksTerms | None = None
    detectors: DetectorTerms = USUAL
    time: TimeTerms | None = None
    unit: str = POINTS_UNIT
    referral: ReferralSection | None = None

    @property
    def every_cap(self) -> tuple[Cap, ...]:
        """The daily cap and the others, in the order in which they apply."""
        return self.caps if self.cap is None else (self.cap, *self.caps)

    def rule(self, rule_id: str) -> Rule:
        """The rule of that id."""
        return next(rule for rule in self.rules if rule.rule_id == rule_id)

    def validity_of(self, rule_id: str) -> Validity | None:
        """How long what a rule (of a period: the programme's name) awards lasts."""
        own = (rule.validity for rule in self.rules if rule.rule_id == rule_id)
        return next(own, None) or self.validity

    @property
    def is_periodic(self) -> bool:
        """Whether points are awarded when a period closes."""
        return self.period is not Period.AT_ONCE

    @property
    def hash_text(self) -> str:
        """The hash as it is shown and voted on: ``0x`` and 64 hexadecimal digits."""
        return f"0x{self.programme_hash.hex()}"
