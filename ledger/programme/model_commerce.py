"""What a programme says of purchases, once it has been read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reduction:
    """Awards of ``rules`` go back with their purchase: ``floor(points × refunded / whole)``.

    The other fields are paths into data: ``key`` names the order in both events, ``whole`` is what
    was paid and ``part`` what one refund was of; ``once_per`` names a refund.
    """

    rules: tuple[str, ...]
    on: str
    key: str
    whole: str
    part: str
    once_per: str | None = None
