"""Goods for people: the catalogue and my orders; for admins the shelf and who waits for what."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form
from fastapi.responses import Response

from api.http.pagination import PageHere
from api.http.parts import DatabaseHere
from api.http.principal import CurrentMember
from api.pages.admin import ActingAdmin, Overseer, names_of
from api.pages.rendering import ViewHere
from governance.goods import service, store
from governance.goods.errors import BadGood
from governance.goods.model import (
    NOTE_LENGTH_MAX,
    ORDER_PREFIX,
    PREFIX,
    QUANTITY_MAX,
    TEXT_LENGTH_MAX,
    GoodOrder,
    OrderState,
    Terms,
)
from governance.goods.service import AddGood, ChangeGood, ChangeStock, EndOrder, Order
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import execute
from ledger.kernel.units import Points
from ledger.lots import service as lots

router: Final = APIRouter(include_in_schema=False)

ORDERS_SHOWN_MAX: Final = 50
WAITING_SHOWN_MAX: Final = 200
DIGITS_MAX: Final = 9
TONES: Final = {
    OrderState.ORDERED: "info",
    OrderState.FULFILLED: "good",
    OrderState.CANCELLED: "quiet",
    OrderState.LAPSED: "warn",
    OrderState.REFUNDED: "quiet",
}
ENDED: Final = tuple(state for state in OrderState if state is not OrderState.ORDERED)
Number = Annotated[str, Form(max_length=20)]
Line = Annotated[str, Form(max_length=2 * TEXT_LENGTH_MAX)]


@router.get("/goods")
def catalogue(view: ViewHere, member_id: CurrentMember, database: DatabaseHere) -> Response:
    """What is on offer, and what I ordered."""
    with database.read() as work:
        offered = store.list_goods(work, offered_only=True)
        every = {each.good_id: each for each in store.list_goods(work, offered_only=False)}
        orders = store.list_orders(
            work,
            member_id=member_id,
            states=tuple(OrderState),
            before=None,
            limit=ORDERS_SHOWN_MAX,
        )
        available = lots.summary(work, member_id, work.now).available
    return view.render(
        "goods/list.html",
        goods=offered,
        every=every,
        orders=orders,
        available=available,
        tones=TONES,
        good_id=lambda good: format_id(PREFIX, good.good_id),
        order_id=_order_id,
        quantity_max=QUANTITY_MAX,
    )


@router.post("/goods/{good_id}/orders")
def order(
    good_id: str,
    view: ViewHere,
    member_id: CurrentMember,
    database: DatabaseHere,
    *,
    quantity: Number,
    price: Number,
    note: Annotated[str, Form(max_length=2 * NOTE_LENGTH_MAX)] = "",
) -> Response:
    """Order at the price that was shown."""
    command = Order(
        parse_id(PREFIX, good_id),
        member_id,
        _number(quantity, "quantity"),
        Points(_number(price, "price")),
        note,
    )
    execute(database, service.order, command)
    return view.redirect("/goods", notice="goods.notice.ordered")


@router.post("/goods/orders/{order_id}/cancel")
def cancel(
    order_id: str, view: ViewHere, member_id: CurrentMember, database: DatabaseHere
) -> Response:
    """Take an order of one's own back."""
    execute(database, service.cancel, EndOrder(parse_id(ORDER_PREFIX, order_id), member_id))
    return view.redirect("/goods", notice="goods.notice.cancelled")


@router.get("/admin/goods")
def shelf(view: ViewHere, page: PageHere, _: Overseer, database: DatabaseHere) -> Response:
    """Who waits for what, what was before, and the catalogue."""
    before = None if page.after is None else parse_id(ORDER_PREFIX, str(page.after[0]))
    with database.read() as work:
        goods = store.list_goods(work, offered_only=False)
        waiting = store.list_orders(
            work,
            member_id=None,
            states=(OrderState.ORDERED,),
            before=None,
            limit=WAITING_SHOWN_MAX,
        )
        ended = store.list_orders(
            work, member_id=None, states=ENDED, before=before, limit=page.fetch
        )
        people = [each.member_id for each in (*waiting, *ended)]
        names = names_of(work, [*people, *(each.ended_by for each in ended)])
    return view.render(
        "admin/goods.html",
        goods=goods,
        every={good.good_id: good for good in goods},
        waiting=waiting,
        ended=ended[: page.limit],
        names=names,
        me=view.principal.member_id if view.principal else None,
        tones=TONES,
        good_id=lambda good: format_id(PREFIX, good.good_id),
        order_id=_order_id,
        next_cursor=page.next_cursor(ended, lambda each: [_order_id(each)]),
    )


def _terms(
    *,
    name_en: Line,
    name_ru: Line,
    text_en: Line,
    text_ru: Line,
    price: Number,
    per_member: Number = "",
    offered: Annotated[str, Form(max_length=3)] = "",
) -> Terms:
    """What a form says of a good; an empty limit is none."""
    names = (name_en.strip(), name_ru.strip(), text_en.strip(), text_ru.strip())
    limit = _number(per_member, "per_member") if per_member.strip() else None
    return Terms(*names, Points(_number(price, "price")), limit, bool(offered))


TermsHere = Annotated[Terms, Depends(_terms)]


@router.post("/admin/goods")
def add(
    view: ViewHere, admin: ActingAdmin, database: DatabaseHere, terms: TermsHere, *, stock: Number
) -> Response:
    """Put a new good into the catalogue."""
    execute(database, service.add, AddGood(terms, _number(stock, "stock"), admin))
    return view.redirect("/admin/goods", notice="goods.notice.saved")


@router.post("/admin/goods/{good_id}/terms")
def change(
    good_id: str, view: ViewHere, admin: ActingAdmin, database: DatabaseHere, terms: TermsHere
) -> Response:
    """State new terms of a good."""
    execute(database, service.change, ChangeGood(parse_id(PREFIX, good_id), terms, admin))
    return view.redirect("/admin/goods", notice="goods.notice.saved")


@router.post("/admin/goods/{good_id}/stock")
def change_stock(
    good_id: str, view: ViewHere, admin: ActingAdmin, database: DatabaseHere, *, change: Number
) -> Response:
    """Say how many came onto the shelf or left it."""
    sign = -1 if change.strip().startswith("-") else 1
    amount = sign * _number(change.strip().lstrip("+-"), "change")
    execute(database, service.change_stock, ChangeStock(parse_id(PREFIX, good_id), amount, admin))
    return view.redirect("/admin/goods", notice="goods.notice.saved")


@router.post("/admin/goods/orders/{order_id}/fulfil")
def fulfil(order_id: str, view: ViewHere, admin: ActingAdmin, database: DatabaseHere) -> Response:
    """Say that goods were handed out."""
    execute(database, service.fulfil, EndOrder(parse_id(ORDER_PREFIX, order_id), admin))
    return view.redirect("/admin/goods", notice="goods.notice.fulfilled")


@router.post("/admin/goods/orders/{order_id}/cancel")
def cancel_for(
    order_id: str, view: ViewHere, admin: ActingAdmin, database: DatabaseHere
) -> Response:
    """Take somebody's order back that was not handed out."""
    execute(database, service.cancel, EndOrder(parse_id(ORDER_PREFIX, order_id), admin))
    return view.redirect("/admin/goods", notice="goods.notice.cancelled")


@router.post("/admin/goods/orders/{order_id}/refund")
def refund(order_id: str, view: ViewHere, admin: ActingAdmin, database: DatabaseHere) -> Response:
    """Take handed-out goods back."""
    execute(database, service.refund, EndOrder(parse_id(ORDER_PREFIX, order_id), admin))
    return view.redirect("/admin/goods", notice="goods.notice.refunded")


def _order_id(order: GoodOrder) -> str:
    return format_id(ORDER_PREFIX, order.order_id)


def _number(text: str, field: str) -> int:
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit()) or len(digits) > DIGITS_MAX:
        raise BadGood("This is a whole number.", field=field)
    return int(digits)
