"""An order as the LMS's server signed it: whose, which lines, what it costs before points.

Reads the claims of a token whose signature was already checked. Percentages are the LMS's affair:
here are amounts in minor units only, so nothing depends on the order in which discounts are listed.

    {"sub": "lms:1042", "order": "A-17", "iat": …, "exp": …, "currency": "USD",
     "lines": [{"id": "1", "product": "course:go", "price_minor": 5000,
                "discounts": [{"code": "annual", "amount_minor": 500}]}],
     "discounts": [{"code": "friend", "amount_minor": 300}]}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ledger.kernel.canonical import Json, digest
from ledger.redemption.claims import TEXT_LENGTH_MAX, ClaimReader
from ledger.redemption.errors import OrderExpired, OrderMalformed

ORDER_TOKEN_TYPE: Final = "vklad-order+jwt"  # noqa: S105 - a media type, not a secret
LINES_MAX: Final = 200
DISCOUNTS_MAX: Final = 20
AMOUNT_MINOR_MAX: Final = 10**12

_CLAIMS: Final = frozenset({"sub", "iat", "exp", "order", "currency", "lines"})
_OPTIONAL_CLAIMS: Final = frozenset({"discounts", "jti"})
_NOT_THE_CONTENT: Final = frozenset({"iat", "exp", "jti", "sub"})
"""The token's own times and id; and the buyer, whose identity no hash that is kept may cover."""
_CURRENCY: Final = re.compile(r"[A-Z]{3}\Z")
_READER: Final = ClaimReader("order", OrderMalformed)


@dataclass(frozen=True, slots=True)
class OrderDiscount:
    """A discount of the LMS's own, applied before points; ``amount_minor`` is what it takes off."""

    code: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One thing sold: its list price for the whole quantity, and discounts on this line alone."""

    line_id: str
    product: str
    price_minor: int
    discounts: tuple[OrderDiscount, ...] = ()

    @property
    def net_minor(self) -> int:
        """What the line costs after its own discounts."""
        return self.price_minor - sum(each.amount_minor for each in self.discounts)


@dataclass(frozen=True, slots=True)
class Order:
    """A checked order. ``buyer`` is an identity as the LMS names it; ``expires_at`` is exclusive.

    ``content`` is what is sold at which price; ``digest`` covers just that.
    """

    source: str
    number: str
    buyer: str
    currency: str
    lines: tuple[OrderLine, ...]
    discounts: tuple[OrderDiscount, ...]
    issued_at: datetime
    expires_at: datetime
    content: Mapping[str, Json]
    digest: bytes

    @property
    def gross_minor(self) -> int:
        """The sum of list prices."""
        return sum(line.price_minor for line in self.lines)

    @property
    def net_minor(self) -> int:
        """What the order costs after every discount but points."""
        return sum(line.net_minor for line in self.lines) - sum(
            each.amount_minor for each in self.discounts
        )

    def discount_codes(self) -> frozenset[str]:
        """Every code applied, on a line or on the whole."""
        on_lines = {each.code for line in self.lines for each in line.discounts}
        return frozenset(on_lines | {each.code for each in self.discounts})


def read_order(claims: Mapping[str, Json], *, source: str, at: datetime) -> Order:
    """The order that these claims state, signed with a credential of ``source``.

    Raises:
        OrderMalformed: a claim is missing, unknown or out of bounds; discounts exceed the price.
        OrderExpired: ``at`` is not before ``exp``.
    """
    _check_fields("order", claims, _CLAIMS, _OPTIONAL_CLAIMS)
    issued_at, expires_at = _READER.life(claims, at=at)
    currency = _READER.text("currency", claims["currency"])
    if not _CURRENCY.match(currency):
        _READER.refuse("currency", "must be three capital letters (ISO 4217)")
    content = {name: value for name, value in claims.items() if name not in _NOT_THE_CONTENT}
    order = Order(
        source=source,
        number=_READER.text("order", claims["order"]),
        buyer=_READER.text("sub", claims["sub"]),
        currency=currency,
        lines=_lines(claims["lines"]),
        discounts=_discounts("discounts", claims.get("discounts", [])),
        issued_at=issued_at,
        expires_at=expires_at,
        content=content,
        digest=_digest(content),
    )
    if order.net_minor < 0:
        _READER.refuse("discounts", "exceed what the lines cost")
    if at >= expires_at:
        raise OrderExpired(
            f"Order {order.number} expired at {expires_at.isoformat()}; ask for a fresh one.",
            order=order.number,
            expired_at=expires_at.isoformat(),
        )
    return order


def _digest(content: Mapping[str, Json]) -> bytes:
    """The same order signed again at another time is the same order."""
    try:
        return digest(content)
    except ValueError as error:
        raise OrderMalformed(
            f"The order is signed but has no canonical form: {error}.", field="order"
        ) from error


def _lines(value: Json) -> tuple[OrderLine, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= LINES_MAX:
        _READER.refuse("lines", f"must be a list of 1 to {LINES_MAX} lines")
    lines = tuple(_line(f"lines[{index}]", each) for index, each in enumerate(value))
    if len({line.line_id for line in lines}) != len(lines):
        _READER.refuse("lines", "state one id twice")
    return lines


def _line(field: str, value: Json) -> OrderLine:
    stated = _mapping(field, value)
    _check_fields(field, stated, {"id", "product", "price_minor"}, {"discounts"})
    line = OrderLine(
        line_id=_READER.text(f"{field}.id", stated["id"]),
        product=_READER.text(f"{field}.product", stated["product"]),
        price_minor=_amount(f"{field}.price_minor", stated["price_minor"]),
        discounts=_discounts(f"{field}.discounts", stated.get("discounts", [])),
    )
    if line.net_minor < 0:
        _READER.refuse(f"{field}.discounts", "exceed the line's price")
    return line


def _discounts(field: str, value: Json) -> tuple[OrderDiscount, ...]:
    if not isinstance(value, list) or len(value) > DISCOUNTS_MAX:
        _READER.refuse(field, f"must be a list of at most {DISCOUNTS_MAX} discounts")
    found = []
    for index, each in enumerate(value):
        name = f"{field}[{index}]"
        stated = _mapping(name, each)
        _check_fields(name, stated, {"code", "amount_minor"}, frozenset())
        found.append(
            OrderDiscount(
                _READER.text(f"{name}.code", stated["code"]),
                _amount(f"{name}.amount_minor", stated["amount_minor"]),
            )
        )
    return tuple(found)


def _check_fields(
    where: str,
    stated: Mapping[str, Json],
    required: set[str] | frozenset[str],
    optional: set[str] | frozenset[str],
) -> None:
    missing = sorted(required - stated.keys())
    if missing:
        _READER.refuse(where, f"lacks {missing[0]}")
    unknown = sorted(stated.keys() - required - optional)
    if unknown:
        _READER.refuse(where, f"has an unknown field {unknown[0][:TEXT_LENGTH_MAX]!r}")


def _mapping(field: str, value: Json) -> Mapping[str, Json]:
    if not isinstance(value, Mapping):
        _READER.refuse(field, "must be an object")
    return value


def _amount(field: str, value: Json) -> int:
    return _READER.whole(field, value, low=0, high=AMOUNT_MINOR_MAX, unit="minor units")
