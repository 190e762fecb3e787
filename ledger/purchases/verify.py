"""Purchases, against the programme that shared them and the lots that they moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final
from uuid import UUID

from ledger.kernel.transaction import Work
from ledger.kernel.units import Points, sum_points
from ledger.lots import store as lots_store
from ledger.lots.model import Hold, HoldPurpose, HoldState, Lot
from ledger.programme import service as programmes
from ledger.programme import store as programmes_store
from ledger.purchases import store
from ledger.purchases.model import PaidShare, Purchase
from ledger.purchases.splits import read_splits, split
from ledger.verify.checks import Check
from ledger.verify.model import Finding

NAME: Final = "purchases"
_PAGE: Final = 500

Lots = Mapping[UUID, Lot]


def check_purchase(
    purchase: Purchase, hold: Hold, lots: Lots, stated: Mapping[str, Points]
) -> str | None:
    """What is wrong with one purchase; ``None`` if nothing is.

    ``lots`` are its buyer's and its recipients', ``stated`` is what the programme's rule comes to.
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
        problem = _share_problem(purchase, share, lots)
        if problem is not None:
            return problem
    return None


def _share_problem(purchase: Purchase, share: PaidShare, lots: Lots) -> str | None:
    if share.member_id is None or not share.points:
        return f"names a lot for {share.to}, who gets none" if share.lot_ids else None
    own = [lots[lot_id] for lot_id in share.lot_ids if lot_id in lots]
    terms = (share.member_id, purchase.cause_of(share))
    if any((lot.member_id, lot.cause) != terms for lot in own) or (
        sum_points(lot.granted for lot in own) != share.points
    ):
        return f"gave {share.to} other lots than it states"
    if any(not _life_carried_on(purchase, lot, lots) for lot in own):
        return f"gave {share.to} points of another life than they had"
    return None


def _life_carried_on(purchase: Purchase, lot: Lot, lots: Lots) -> bool:
    """Whether a lot that continues a buyer's lives as long as that one had left."""
    if lot.continues is None:
        return True
    old = lots.get(lot.continues)
    if old is None or old.expires_at is None or lot.expires_at is None:
        return old is not None and old.expires_at is lot.expires_at
    return lot.expires_at - lot.activates_at == old.expires_at - purchase.made_at


def _purchases(work: Work) -> Iterator[Finding]:
    after = UUID(int=0)
    while page := store.purchases_after(work, after, _PAGE):
        held = lots_store.read_holds(work, [each.hold_id for each in page])
        holds = {hold.hold_id: hold for hold in held}
        named = {lot_id for each in page for share in each.shares for lot_id in share.lot_ids}
        paid = {part.lot_id for hold in held for part in hold.parts}
        lots = lots_store.read_lots(work, named | paid)
        for purchase in page:
            stated = _stated(work, purchase)
            problem = (
                "was shared by a rule that its programme does not have"
                if stated is None
                else check_purchase(purchase, holds[purchase.hold_id], lots, stated)
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
