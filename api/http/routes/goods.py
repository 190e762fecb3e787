"""``/v1/goods`` and their orders: everybody reads the catalogue, members order, admins keep it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth.model import Principal
from api.governed import good_json, order_json
from api.http.idempotency import Once, OnceHere, once_responses
from api.http.pagination import PageHere
from api.http.parts import DatabaseHere
from api.http.principal import CurrentMember, require_role
from api.http.problems import responses
from governance.goods import service, store
from governance.goods.model import (
    NAME_LENGTH_MAX,
    NOTE_LENGTH_MAX,
    ORDER_PREFIX,
    PREFIX,
    PRICE_MAX,
    QUANTITY_MAX,
    STOCK_MAX,
    TEXT_LENGTH_MAX,
    GoodOrder,
    OrderState,
    Terms,
)
from governance.goods.service import AddGood, ChangeGood, ChangeStock, EndOrder, Order
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points

router = APIRouter(prefix="/v1", tags=["goods"])

Admin = Annotated[Principal, Depends(require_role("admin"))]
Overseer = Annotated[Principal, Depends(require_role("admin", "auditor"))]
_EndOrder = Callable[[Work, EndOrder], GoodOrder]


class NameBody(BaseModel):
    """A name in both languages."""

    model_config = ConfigDict(extra="forbid")

    en: Annotated[str, Field(min_length=1, max_length=NAME_LENGTH_MAX)]
    ru: Annotated[str, Field(min_length=1, max_length=NAME_LENGTH_MAX)]


class TextBody(BaseModel):
    """A text in both languages."""

    model_config = ConfigDict(extra="forbid")

    en: Annotated[str, Field(min_length=1, max_length=TEXT_LENGTH_MAX)]
    ru: Annotated[str, Field(min_length=1, max_length=TEXT_LENGTH_MAX)]


class TermsBody(BaseModel):
    """What the catalogue says of a good; ``per_member`` is the most that one person gets."""

    model_config = ConfigDict(extra="forbid")

    name: NameBody
    text: TextBody
    price: Annotated[int, Field(strict=True, ge=1, le=PRICE_MAX)]
    per_member: Annotated[int, Field(strict=True, ge=1, le=STOCK_MAX)] | None = None
    offered: bool = True

    def terms(self) -> Terms:
        """As the use cases take them."""
        return Terms(
            name_en=self.name.en,
            name_ru=self.name.ru,
            text_en=self.text.en,
            text_ru=self.text.ru,
            price=Points(self.price),
            per_member=self.per_member,
            is_offered=self.offered,
        )


class GoodBody(TermsBody):
    """A new good with what is on the shelf."""

    stock: Annotated[int, Field(strict=True, ge=0, le=STOCK_MAX)]


class StockBody(BaseModel):
    """How many came onto the shelf, or left it by hand (below zero)."""

    model_config = ConfigDict(extra="forbid")

    change: Annotated[int, Field(strict=True, ge=-STOCK_MAX, le=STOCK_MAX)]


class OrderBody(BaseModel):
    """What is wanted, at the price of one that was seen; ``note`` is for who hands it out."""

    model_config = ConfigDict(extra="forbid")

    good: Annotated[str, Field(max_length=64)]
    quantity: Annotated[int, Field(strict=True, ge=1, le=QUANTITY_MAX)] = 1
    price: Annotated[int, Field(strict=True, ge=1, le=PRICE_MAX)]
    note: Annotated[str, Field(max_length=NOTE_LENGTH_MAX)] | None = None


@router.get("/goods", responses=responses(503))
def catalogue(database: DatabaseHere) -> dict[str, Any]:
    """Public: what is on offer, in both languages."""
    with database.read() as work:
        found = store.list_goods(work, offered_only=True)
    return {"data": [good_json(good) for good in found], "next_cursor": None}


@router.get("/goods/all", responses=responses(401, 403, 503))
def every_good(database: DatabaseHere, _: Overseer) -> dict[str, Any]:
    """Every good, also what is not on offer."""
    with database.read() as work:
        found = store.list_goods(work, offered_only=False)
    return {"data": [good_json(good) for good in found], "next_cursor": None}


@router.post("/goods", status_code=201, responses=once_responses())
def add(body: GoodBody, once: OnceHere, member: CurrentMember, _: Admin) -> Response:
    """Put a new good into the catalogue."""
    return once(service.add, AddGood(body.terms(), body.stock, member), render=good_json)


@router.post("/goods/{good_id}/terms", status_code=200, responses=once_responses(404))
def change(
    good_id: str, body: TermsBody, once: OnceHere, member: CurrentMember, _: Admin
) -> Response:
    """State new terms of a good; orders there are keep their price."""
    command = ChangeGood(parse_id(PREFIX, good_id), body.terms(), member)
    return once(service.change, command, render=good_json, status=200)


@router.post("/goods/{good_id}/stock", status_code=200, responses=once_responses(404))
def change_stock(
    good_id: str, body: StockBody, once: OnceHere, member: CurrentMember, _: Admin
) -> Response:
    """Say how many came onto the shelf or left it."""
    command = ChangeStock(parse_id(PREFIX, good_id), body.change, member)
    return once(service.change_stock, command, render=good_json, status=200)


@router.post("/goods-orders", status_code=201, responses=once_responses(404))
def order(body: OrderBody, once: OnceHere, member: CurrentMember) -> Response:
    """Order from the catalogue: points held and goods reserved, or neither."""
    command = Order(
        parse_id(PREFIX, body.good), member, body.quantity, Points(body.price), body.note
    )
    return once(service.order, command, render=order_json)


@router.get("/goods-orders", responses=responses(400, 401, 403, 503))
def mine(page: PageHere, member: CurrentMember, database: DatabaseHere) -> JSONResponse:
    """The orders of whoever asks, newest first."""
    with database.read() as work:
        found = store.list_orders(
            work,
            member_id=member,
            states=tuple(OrderState),
            before=None if page.after is None else parse_id(ORDER_PREFIX, str(page.after[0])),
            limit=page.fetch,
        )
    return page.answer(
        found, key=lambda each: [format_id(ORDER_PREFIX, each.order_id)], render=order_json
    )


@router.get("/goods-orders/all", responses=responses(400, 401, 403, 422, 503))
def every_order(
    page: PageHere, database: DatabaseHere, _: Overseer, state: OrderState | None = None
) -> JSONResponse:
    """Everybody's orders, newest first; in one state if named."""
    with database.read() as work:
        found = store.list_orders(
            work,
            member_id=None,
            states=tuple(OrderState) if state is None else (state,),
            before=None if page.after is None else parse_id(ORDER_PREFIX, str(page.after[0])),
            limit=page.fetch,
        )
    return page.answer(
        found, key=lambda each: [format_id(ORDER_PREFIX, each.order_id)], render=order_json
    )


@router.get("/goods-orders/{order_id}", responses=responses(401, 403, 404, 503))
def get(order_id: str, member: CurrentMember, database: DatabaseHere) -> dict[str, Any]:
    """One order: one's own, or any for admins."""
    wanted = parse_id(ORDER_PREFIX, order_id)
    with database.read() as work:
        return order_json(service.of_reader(work, wanted, member))


@router.post("/goods-orders/{order_id}/fulfil", status_code=200, responses=once_responses(404, 410))
def fulfil(order_id: str, once: OnceHere, member: CurrentMember, _: Admin) -> Response:
    """Say that the goods were handed out; the points are spent. Again: no change."""
    return _end(once, service.fulfil, order_id, member)


@router.post("/goods-orders/{order_id}/cancel", status_code=200, responses=once_responses(404))
def cancel(order_id: str, once: OnceHere, member: CurrentMember) -> Response:
    """Take an order back that was not handed out: the buyer, or an admin. Again: no change."""
    return _end(once, service.cancel, order_id, member)


@router.post("/goods-orders/{order_id}/refund", status_code=200, responses=once_responses(404))
def refund(order_id: str, once: OnceHere, member: CurrentMember, _: Admin) -> Response:
    """Take handed-out goods back; the points return to their lots. Again: no change."""
    return _end(once, service.refund, order_id, member)


def _end(once: Once, use_case: _EndOrder, order_id: str, member: CurrentMember) -> Response:
    command = EndOrder(parse_id(ORDER_PREFIX, order_id), member)
    return once(use_case, command, render=order_json, status=200)
