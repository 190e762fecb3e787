"""Thanks between members: what a programme lets everybody give, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

THANKS_GIVEN: Final = "club.thanks.given"
"""The event type that the door of thanks states."""
THANKS_SOURCE: Final = "urn:vklad:thanks"
"""The source that states them; no credential is ever issued for it."""
THANKS_TO: Final = "data.to"
THANKS_COUNTED: Final = "data.counted"
"""Whom a gift is for, and what of it counts: decided when it was given, and stated in the fact."""


@dataclass(frozen=True, slots=True)
class ThanksTerms:
    """What one member may give: in a calendar month, at once, and to one member in a month.

    A gift that closes a ring of two or three members whose other gifts were given within
    ``ring_days`` before counts for the share ``ring_share`` of it only, rounded down.
    """

    allowance: int
    per_gift: int
    per_pair: int
    ring_days: int
    ring_share: Fraction
