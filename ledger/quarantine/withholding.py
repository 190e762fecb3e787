"""How much of each award waits while facts are under review. Pure.

An award waits for what it is worth more than the same rules make of the member's facts without
those under review: all of what one of them earned at once; of a period's award the part that they
brought, whether by their weight, by a cap that they filled or by a week that they kept in a row.
So it is exactly what a correction would take if persons set those facts aside, worked out by the
projection that would work that correction out. Nothing moves before: a doubt is no fact, and so
the entitlement, which anybody can recompute from facts alone, does not know of it.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeVar

from ledger.kernel.units import Points

Key = TypeVar("Key", bound=Hashable)
_NOTHING = Points(0)


def withheld(worth: Mapping[Key, Points], without: Mapping[Key, Points]) -> dict[Key, Points]:
    """By award, what of its ``worth`` its facts ``without`` those under review do not earn.

    Awards that would be worth as much or more are left out.
    """
    found: dict[Key, Points] = {}
    for key, points in worth.items():
        undoubted = without.get(key, _NOTHING)
        if points > undoubted:
            found[key] = points - undoubted
    return found
