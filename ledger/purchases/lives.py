"""How long the points live that a purchase brings its recipients. Pure.

Points change hands and grow no younger: who is paid gets lots that continue the buyer's, with the
life that these had left. While they wait to be spendable they stand still, as bridged points do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledger.kernel.units import Points, sum_points
from ledger.lots.model import Lot

_NONE = Points(0)


@dataclass(frozen=True, slots=True)
class Life:
    """Of a price, the points that expire then (``None``: never), and whose life they carry on."""

    points: Points
    expires_at: datetime | None
    continues: UUID | None


def lives_left(
    paid: Sequence[tuple[Points, Lot]], *, paid_at: datetime, activates_at: datetime
) -> list[Life]:
    """The lives of what was ``paid`` from these lots, nearest expiry first.

    Lots of one expiry are one life, which carries on the first of them.
    """
    lives: list[Life] = []
    for points, lot in sorted(paid, key=lambda each: each[1].spending_order):
        left = None if lot.expires_at is None else activates_at + (lot.expires_at - paid_at)
        if lives and lives[-1].expires_at == left:
            last = lives.pop()
            lives.append(Life(last.points + points, left, last.continues))
        else:
            lives.append(Life(points, left, lot.lot_id))
    return lives


def spread(
    amounts: Sequence[Points], lives: Sequence[Life]
) -> Iterator[tuple[Life, tuple[Points, ...]]]:
    """Each life with what of it goes to each of ``amounts``, in proportion, so nobody gets the old.

    Rounded down; what is over goes point by point to those who were rounded, the last named first.
    Both the lives and the amounts come out exactly.
    """
    assert sum_points(amounts) == sum_points(life.points for life in lives), "a price is a price"
    open_amounts = list(amounts)
    for life in lives:
        total = sum_points(open_amounts).amount
        shares = [divmod(life.points.amount * each.amount, total) for each in open_amounts]
        over = life.points.amount - sum(whole for whole, _ in shares)
        rounded = [number for number, (_, rest) in enumerate(shares) if rest]
        favoured = set(rounded[len(rounded) - over :])
        parts = tuple(
            Points(whole + (number in favoured)) for number, (whole, _) in enumerate(shares)
        )
        open_amounts = [each - part for each, part in zip(open_amounts, parts, strict=True)]
        yield life, parts
    assert all(each == _NONE for each in open_amounts), "what was paid has arrived"
