"""Goods and orders, as values.

    order ──▶ ordered ──fulfil──▶ fulfilled ──refund──▶ refunded
                 ├──cancel──▶ cancelled
                 └──time limit──▶ lapsed

An ordered one holds its points and its stock. ``fulfilled`` spends the points; in every other end
they go back to the lots they came from, and the stock to the shelf.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from governance.goods.errors import BadGood
from ledger.kernel.canonical import Json
from ledger.kernel.units import Points
from ledger.lots.model import HoldState

PREFIX: Final = "gds"
ORDER_PREFIX: Final = "gor"
NAME_LENGTH_MAX: Final = 120
TEXT_LENGTH_MAX: Final = 2_000
NOTE_LENGTH_MAX: Final = 500
PRICE_MAX: Final = 10_000_000
STOCK_MAX: Final = 1_000_000
QUANTITY_MAX: Final = 100
ORDER_LIFE: Final = timedelta(days=30)
"""An order that nobody fulfils in this time gives its points and its stock back."""


class OrderState(StrEnum):
    """Where an order is in its life."""

    ORDERED = "ordered"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"
    REFUNDED = "refunded"


TAKES_STOCK: Final = frozenset({OrderState.ORDERED, OrderState.FULFILLED})
"""Orders whose goods are not on the shelf; only these count towards a member's limit."""
HOLD_STATES: Final = {
    OrderState.ORDERED: HoldState.HELD,
    OrderState.FULFILLED: HoldState.CAPTURED,
    OrderState.REFUNDED: HoldState.CAPTURED,
    OrderState.CANCELLED: HoldState.RELEASED,
    OrderState.LAPSED: HoldState.EXPIRED,
}
"""How an order's hold stands."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a catalogue says of a good. ``per_member``: at most so many a person; ``None``: any."""

    name_en: str
    name_ru: str
    text_en: str
    text_ru: str
    price: Points
    per_member: int | None
    is_offered: bool

    def to_json(self) -> dict[str, Json]:
        """As changes are kept."""
        return {
            "name": {"en": self.name_en, "ru": self.name_ru},
            "text": {"en": self.text_en, "ru": self.text_ru},
            "price": self.price.amount,
            "per_member": self.per_member,
            "offered": self.is_offered,
        }


@dataclass(frozen=True, slots=True)
class Good:
    """A good with what is on the shelf of it."""

    good_id: UUID
    terms: Terms
    stock: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class GoodOrder:
    """An order. ``price`` is that of one; ``note`` is ``None`` if there is none, or once erased."""

    order_id: UUID
    good_id: UUID
    member_id: UUID
    quantity: int
    price: Points
    hold_id: UUID
    state: OrderState
    ordered_at: datetime
    ended_by: UUID | None
    ended_at: datetime | None
    refunded_by: UUID | None
    refunded_at: datetime | None
    note: str | None

    @property
    def points(self) -> Points:
        """What it costs."""
        return Points(self.price.amount * self.quantity)

    @property
    def lapses_at(self) -> datetime:
        """Its time limit, exclusive."""
        return self.ordered_at + ORDER_LIFE


def order_why(order: GoodOrder) -> dict[str, Json]:
    """What the entries of an order state; nothing personal."""
    return {
        "order": str(order.order_id),
        "good": str(order.good_id),
        "quantity": order.quantity,
        "price": order.price.amount,
    }


def checked_terms(terms: Terms) -> Terms:
    """Terms as they are kept.

    Raises:
        BadGood: a name, text, price or limit that cannot be.
    """
    for field, text, longest in (
        ("name_en", terms.name_en, NAME_LENGTH_MAX),
        ("name_ru", terms.name_ru, NAME_LENGTH_MAX),
        ("text_en", terms.text_en, TEXT_LENGTH_MAX),
        ("text_ru", terms.text_ru, TEXT_LENGTH_MAX),
    ):
        if not text.strip() or len(text) > longest or "\0" in text:
            raise BadGood(f"This has 1 to {longest} characters, in both languages.", field=field)
    if not 0 < terms.price.amount <= PRICE_MAX:
        raise BadGood(f"A price is 1 to {PRICE_MAX} points.", field="price")
    if terms.per_member is not None and not 0 < terms.per_member <= STOCK_MAX:
        raise BadGood("A limit is a whole number above zero.", field="per_member")
    return terms


def checked_quantity(quantity: int) -> int:
    """How many are ordered at once.

    Raises:
        BadGood: none, or too many.
    """
    if not 0 < quantity <= QUANTITY_MAX:
        raise BadGood(f"One orders 1 to {QUANTITY_MAX} at once.", field="quantity")
    return quantity


def checked_note(note: str | None) -> str | None:
    """A note as it is kept; an empty one is none.

    Raises:
        BadGood: too long.
    """
    clean = (note or "").strip()
    if len(clean) > NOTE_LENGTH_MAX or "\0" in clean:
        raise BadGood(f"A note has at most {NOTE_LENGTH_MAX} characters.", field="note")
    return clean or None
