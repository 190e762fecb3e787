"""Goods against their changes, and orders against their holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from governance.goods import store
from governance.goods.model import HOLD_STATES, GoodOrder, OrderState
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points, sum_points
from ledger.lots import store as lots
from ledger.lots.model import Hold, HoldPurpose, HoldState
from ledger.verify.checks import Check
from ledger.verify.model import Finding

NAME: Final = "goods"
_PAGE: Final = 500


def check_order(order: GoodOrder, hold: Hold) -> str | None:
    """What is wrong with one order; ``None`` if nothing is."""
    stated = (HoldPurpose.GOODS, order.member_id, order.points, order.ordered_at, order.lapses_at)
    if stated != (hold.purpose, hold.member_id, hold.amount, hold.placed_at, hold.expires_at):
        return "is of another buyer, price or time than its hold"
    ran_out = order.state is OrderState.ORDERED and hold.state is HoldState.EXPIRED
    if hold.state is not HOLD_STATES[order.state] and not ran_out:
        return f"is {order.state}, and its hold {hold.state}"
    if hold.state is HoldState.CAPTURED and hold.captured != order.points:
        return f"costs {order.points.amount}, and {hold.captured.amount} were spent"
    back = sum_points(part.returned for part in hold.parts)
    if back != (order.points if order.state is OrderState.REFUNDED else Points(0)):
        return f"is {order.state}, and {back.amount} points came back"
    return None


def _goods(work: Work) -> Iterator[Finding]:
    for good_id, stock, counted in store.stock_rows(work):
        if stock != counted:
            problem = f"says that {stock} are left; its changes and orders leave {counted}"
            yield Finding(NAME, "goods", str(good_id), problem)
    newest = store.newest_terms(work)
    for good in store.list_goods(work, offered_only=False):
        if newest.get(good.good_id) != good.terms.to_json():
            yield Finding(NAME, "goods", str(good.good_id), "is offered otherwise than was stated")
    after = UUID(int=0)
    while page := store.orders_after(work, after, _PAGE):
        holds = {each.hold_id: each for each in lots.read_holds(work, [o.hold_id for o in page])}
        for order in page:
            wrong = check_order(order, holds[order.hold_id])
            if wrong is not None:
                yield Finding(NAME, "good_orders", str(order.order_id), wrong)
        after = page[-1].order_id
    for hold_id in store.holds_without_order(work):
        yield Finding(NAME, "holds", str(hold_id), "is for goods, and no order names it")


GOODS_CHECKS: Final = (Check(NAME, _goods),)
"""The checks of this room, for ``vklad ledger verify``."""
