"""The unit that a programme awards."""

from __future__ import annotations

from typing import Final

POINTS_UNIT: Final = "points"
"""The one unit that has lots: what is redeemed, carried to the chain, given and bought with."""
