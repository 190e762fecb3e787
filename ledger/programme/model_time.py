"""Time invested: what of stated minutes is plausible, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

COUNTED: Final = "counted"
"""The field of ``data`` in which a rule finds the minutes that count; nobody can state it."""
MEASURED: Final = "measured"
"""The field beside it that says what became of the others, for the receipt."""


@dataclass(frozen=True, slots=True)
class TimeTerms:
    """Event types that state ``data.started`` and ``data.minutes``, and what is plausible of them.

    At most ``session_max`` minutes of one event and ``day_max`` of one local day count, each minute
    once, whoever states it.
    """

    types: tuple[str, ...]
    session_max: int
    day_max: int
