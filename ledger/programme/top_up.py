"""Whether a version can top up an earlier one. Pure."""

from __future__ import annotations

from ledger.programme.model import Programme


def incomparable(programme: Programme, before: Programme) -> str | None:
    """Why awards of two versions cannot be compared; ``None`` if they can.

    Awards of periods are compared by programme and period, so these have to be the same.
    """
    if not (programme.is_periodic or before.is_periodic):
        return None
    for what in ("name", "period", "zone"):
        one, other = getattr(before, what), getattr(programme, what)
        if one != other:
            return (
                f"A top-up compares each period's award with what it was; the {what} of this "
                f"version is {other}, of an earlier one {one}. Choose forward or restatement."
            )
    return None
