"""When facts look wrong enough for persons to look at: a programme's thresholds, frozen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class DetectorTerms:
    """When a detector speaks. Kept with every case that it opens."""

    window_days: int = 7
    """Facts so far back are looked at together."""
    reciprocity_percent: int = 50
    """More than so much of what either got of likes, say, came from the other..."""
    reciprocity_least: int = 6
    """...and it was at least so many, each way."""
    reciprocity_types: tuple[str, ...] = ("club.comment.created", "club.like.given")
    """Those are, in order of their names."""
    velocity_events: int = 100
    """More than so many facts of one type..."""
    velocity_minutes: int = 10
    """...within so many minutes."""
    device_members: int = 3
    """More than so many members on one device."""
    ring_length: int = 4
    """Rings of reviews, say, of up to so many members..."""
    ring_times: int = 2
    """...in which each gave the next at least so many."""
    ring_types: tuple[str, ...] = ("club.thanks.given", "peer.review.completed")
    """Those are, in order of their names."""


USUAL: Final = DetectorTerms()
"""Where a programme states nothing."""
