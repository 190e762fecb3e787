"""Purchases, against the programme that shared them and the lots that they moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final
from uuid import UUID

from ledger.kernel.transaction import Work
from ledger.kernel.units import Points, sum_points
from ledger.lots import store as lots_store
from ledger.lots.model import Hold, HoldPurpose, HoldState
from ledger.programme import service as programmes
from ledger.programme import store as programmes_store
from ledger.purchases import store
from ledger.purchases.model import Purchase
from ledger.purchases.splits import read_splits, split
from ledger.verify.checks import Check
from ledger.verify.model import Finding

NAME: Final = "purchases"
_PAGE: Final = 500

Granted = Mapping[UUID, tuple[UUID, Points, str]]


def check_purchase(
    purchase: Purchase, hold: Hold, granted: Granted, stated: Mapping[str, Points]
) -> str | None:
    """What is wrong with one purchase; ``None`` if nothing is.

    ``granted`` are its recipients' lots, ``stated`` is what the programme's rule comes to.
    """
    if {share.to: share.points for share in purchase.shares} != stated:
        return "was shared otherwise than its rule says"
    paid = (hold.purpose, hold.state, hold.member_id, hold.captured)
    if paid != (HoldPurpose.PURCHASE, HoldState.CAPTURED, purchase.buyer_id, purchase.points):
        return "is of another buyer or price than its hold"
    back = sum_points(part.returned for part in hold.parts)
    if back != (purchase.points if purchase.returned_at else Points(0)):
        return f"is {'' if purchase.returned_at else 'not '}taken back, and {back.amount} came back"
    for share in purchase.shares:
        if share.member_id is None or not share.points:
            if share.lot_id is not None:
                return f"names a lot for {share.to}, who gets none"
            continue
        cause = purchase.cause_of(share).cause_id
        lot = None if share.lot_id is None else granted.get(share.lot_id)
        if lot != (share.member_id, share.points, cause):
            return f"gave {share.to} another lot than it states"
    return None


def _purchases(work: Work) -> Iterator[Finding]:
    after = UUID(int=0)
    while page := store.purchases_after(work, after, _PAGE):
        held = lots_store.read_holds(work, [each.hold_id for each in page])
        holds = {hold.hold_id: hold for hold in held}
        named = [share.lot_id for each in page for share in each.shares if share.lot_id]
        granted = store.granted_of(work, named)
        for purchase in page:
            stated = _stated(work, purchase)
            problem = (
                "was shared by a rule that its programme does not have"
                if stated is None
                else check_purchase(purchase, holds[purchase.hold_id], granted, stated)
            )
            if problem is not None:
                yield Finding(NAME, "purchases", str(purchase.purchase_id), problem)
        after = page[-1].purchase_id
    for table, key in store.strays(work):
        yield Finding(NAME, table, key, "is of a purchase that no row states")


def _stated(work: Work, purchase: Purchase) -> dict[str, Points] | None:
    stored = programmes_store.programme(work, purchase.programme_hash)
    section = None if stored is None else programmes.read_programme(stored.source_text).splits
    shares = None if section is None else read_splits(section).rules.get(purchase.rule)
    if shares is None:
        return None
    amounts = split(purchase.points, shares)
    return {share.to: points for share, points in zip(shares, amounts, strict=True)}


PURCHASE_CHECKS: Final = (Check(NAME, _purchases),)
"""The checks of this room, for ``vklad ledger verify``."""
