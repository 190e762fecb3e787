"""What awards come to beside what can be spent: standing, levels and voice, as frozen values.

All three are worked out from awards alone (``ledger.standing``): nothing that is done with points
afterwards touches them.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from ledger.programme.expressions import Expression

if TYPE_CHECKING:
    from ledger.programme.model import Rounding, Text


@dataclass(frozen=True, slots=True)
class StandingTerms:
    """Categories whose awards are standing."""

    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Level:
    """A level, and the standing from which on a member has it."""

    level_id: str
    points: int
    title: Text | None


@dataclass(frozen=True, slots=True)
class Levels:
    """Levels, lowest first; ``expression`` is what their thresholds were worked out from, if so."""

    steps: tuple[Level, ...]
    expression: Expression | None = None


@dataclass(frozen=True, slots=True)
class VoiceTerms:
    """How awards become a voice.

    Of each calendar month at most ``per_month`` points of ``categories`` count, and each month
    after it takes the share ``decay`` of what is left of them; rounded once, by ``rounding``.
    """

    categories: tuple[str, ...]
    per_month: int
    decay: Fraction
    rounding: Rounding
