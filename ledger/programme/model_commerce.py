"""What a programme says of purchases, and of votes against things, once it has been read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reduction:
    """Awards of ``rules`` go back with their purchase: ``floor(points × refunded / whole)``.

    The other fields are paths into data: ``key`` names the order in both events, ``whole`` is what
    was paid and ``part`` what one refund was of; ``once_per`` names a refund.

    Or, where ``takes`` is stated in place of ``whole`` and ``part``, each event takes so many
    points of the award of the thing that ``key`` names, down to nothing; ``to`` names the member
    whose award it is. ``once_per`` may then be ``actor``: each subject, as the source names it,
    votes once.
    """

    rules: tuple[str, ...]
    on: str
    key: str
    whole: str | None = None
    part: str | None = None
    once_per: str | None = None
    takes: int = 0
    to: str | None = None
