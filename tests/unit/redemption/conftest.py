"""Values that the tests of redeeming share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from uuid import UUID

import pytest

from ledger.kernel.canonical import Json
from ledger.kernel.units import Points
from ledger.redemption.lines import RedeemedLine
from ledger.redemption.model import Redemption, RedemptionState
from ledger.redemption.orders import Order, read_order

SOURCE = "https://lms.example"
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
MEMBER = UUID("01890000-0000-7000-8000-000000000001")


def claims(**changes: Json) -> dict[str, Json]:
    stated: dict[str, Json] = {
        "sub": "lms:1042",
        "order": "A-17",
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 3600,
        "currency": "USD",
        "lines": [{"id": "1", "product": "course:go", "price_minor": 5000}],
    }
    return stated | changes


@dataclass(frozen=True, slots=True)
class Cart:
    """An order in the making: ``(id, product, price, own discount)``."""

    lines: list[tuple[str, str, int, int]]
    discounts: list[int] = field(default_factory=list)

    def order(self) -> Order:
        return read_order(
            claims(
                lines=[
                    {
                        "id": line_id,
                        "product": product,
                        "price_minor": amount,
                        "discounts": [{"code": "own", "amount_minor": discount}],
                    }
                    for line_id, product, amount, discount in self.lines
                ],
                discounts=[
                    {"code": f"all-{index}", "amount_minor": amount}
                    for index, amount in enumerate(self.discounts)
                ],
            ),
            source=SOURCE,
            at=NOW,
        )


@pytest.fixture
def held() -> Callable[..., Redemption]:
    """A held redemption of 1000 minor units for 400 points, of an order of 5000."""

    def make(**changes: object) -> Redemption:
        stated: dict[str, object] = {
            "redemption_id": UUID("01890000-0000-7000-8000-0000000000aa"),
            "member_id": MEMBER,
            "hold_id": UUID("01890000-0000-7000-8000-0000000000bb"),
            "order_source": "https://lms.example",
            "order_number": "A-17",
            "state": RedemptionState.HELD,
            "programme_hash": b"p" * 32,
            "rate": "5/2",
            "currency": "USD",
            "net_minor": 5000,
            "discount_minor": 1000,
            "points": Points(400),
            "refund_grace": timedelta(days=30),
            "created_at": NOW,
            "expires_at": NOW + timedelta(minutes=30),
            "lines": (
                RedeemedLine("a", 4000, 800, Fraction(5, 2)),
                RedeemedLine("b", 1000, 200, Fraction(5, 2)),
            ),
        }
        return Redemption(**(stated | changes))  # type: ignore[arg-type]

    return make
