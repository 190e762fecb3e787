"""Random histories of one member against a model that is too simple to be wrong."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from uuid import UUID

import pytest

from ledger.kernel.canonical import Json
from ledger.kernel.errors import VkladError
from ledger.kernel.transaction import execute
from ledger.redemption import code_use, codes, service
from ledger.redemption.code_use import UseCode
from ledger.redemption.codes import CancelCode, IssueCode
from ledger.redemption.jobs import expire_redemptions
from ledger.redemption.model import Redemption
from ledger.redemption.service import CaptureRedemption, RefundRedemption, ReleaseRedemption
from ledger.redemption.verify import REDEMPTION_CHECKS
from ledger.verify.service import JOURNAL_CHECKS, verify
from tests.integration.redemption.conftest import School

STEPS = 120
PRICE = 700
RATES = {"course": Fraction(7, 2), "mentor": Fraction(1, 2), "book": Fraction(5)}
"""What a point is worth for each product: every rounding shows, and one rate is a worse one."""
TERMS: Json = [
    {"product": "mentor:*", "rates": {"USD": "1/2"}},
    {"product": "book:*", "rates": {"USD": 5}},
    "*",
]


@dataclass
class Line:
    """One line of an order as the model sees it."""

    product: str
    price: int
    discount: int = 0
    points: int = 0
    paid: int = 0
    refunded: int = 0

    @property
    def rate(self) -> Fraction:
        return RATES[self.product.partition(":")[0]]

    @property
    def whole(self) -> int:
        return self.paid or self.discount


Lines = dict[str, Line]


def share_out(amount: int, weights: dict[str, int]) -> dict[str, int]:
    """In proportion, whole units; what is left over goes to who lost most by rounding."""
    total = sum(weights.values())
    exact = {name: Fraction(amount * weight, total or 1) for name, weight in weights.items()}
    parts = {name: math.floor(part) for name, part in exact.items()}
    losers = sorted(exact, key=lambda name: (parts[name] - exact[name], name))
    for name in losers[: amount - sum(parts.values())]:
        parts[name] += 1
    return parts


def buy(lines: Lines, points: int, most: int) -> dict[str, int]:
    """The discounts that so many points buy where they are worth most, rate by rate."""
    bought = dict.fromkeys(lines, 0)
    for rate in sorted({line.rate for line in lines.values()}, reverse=True):
        prices = {name: line.price for name, line in lines.items() if line.rate == rate}
        amount = min(sum(prices.values()), math.floor(points * rate), most)
        points -= math.ceil(amount / rate)
        most -= amount
        bought |= share_out(amount, prices)
    return bought


def costs(lines: Lines, discounts: dict[str, int]) -> dict[str, int]:
    """The points that discounts cost by line: rounded up once for each rate, then shared out."""
    points = dict.fromkeys(lines, 0)
    for rate in {line.rate for line in lines.values()}:
        own = {name: amount for name, amount in discounts.items() if lines[name].rate == rate}
        points |= share_out(math.ceil(sum(own.values()) / rate), own)
    return points


@dataclass
class Expected:
    """One redemption as the model sees it."""

    points: int
    discount: int
    ends_at: datetime
    lines: Lines = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)
    state: str = "held"
    refunded: int = 0
    by_line: bool | None = None
    code: str | None = None
    code_id: UUID | None = None
    products: tuple[str, ...] = ()

    @property
    def captured_points(self) -> int:
        return sum(line.points for line in self.lines.values())

    @property
    def paid(self) -> int:
        return sum(line.paid for line in self.lines.values())

    @property
    def whole(self) -> int:
        if self.by_line:
            return sum(line.whole for line in self.lines.values())
        return self.paid or sum(line.discount for line in self.lines.values())

    @property
    def returned_points(self) -> int:
        if self.by_line:
            lines = [line for line in self.lines.values() if line.whole]
            return sum(line.points * line.refunded // line.whole for line in lines)
        return self.captured_points * self.refunded // self.whole if self.whole else 0

    @property
    def away(self) -> int:
        """Points of the member that this one keeps, held or spent."""
        if self.state == "held":
            return self.points
        return self.captured_points - self.returned_points

    def capture(self, discounts: dict[str, int], paid: dict[str, int]) -> None:
        points = costs(self.lines, discounts)
        for name, line in self.lines.items():
            line.discount, line.paid = discounts[name], paid[name]
            line.points = points[name]
        self.state = "captured"


@dataclass
class Model:
    """What the member must have."""

    granted: int = 0
    redemptions: dict[UUID, Expected] = field(default_factory=dict)

    @property
    def available(self) -> int:
        return self.granted - sum(each.away for each in self.redemptions.values())

    @property
    def held(self) -> int:
        return sum(each.points for each in self.redemptions.values() if each.state == "held")


class History:
    """Does a random thing at a time, to the school and to the model."""

    def __init__(self, school: School, seed: int) -> None:
        self.school = school
        self.chance = random.Random(seed)  # noqa: S311 - a reproducible history, no secret
        self.model = Model()
        self.orders = 0

    def step(self) -> None:
        moves = [self.grant, self.hold, self.hold, self.capture, self.capture]
        moves += [self.release, self.refund, self.refund, self.refund, self.wait, self.expire]
        moves += [self.issue_code, self.use_code, self.use_code, self.cancel_code]
        self.chance.choice(moves)()

    def grant(self) -> None:
        amount = self.chance.randint(1, 400)
        self.school.clock.forward(microseconds=1)
        self.school.grant(amount)
        self.model.granted += amount

    def some_lines(self) -> Lines:
        """One to three lines of some products."""
        products = ["course:go", "course:sql", "mentor:ann", "book:go"]
        return {
            str(number): Line(self.chance.choice(products), self.chance.choice([PRICE, 70, 333]))
            for number in range(self.chance.randint(1, 3))
        }

    def hold(self) -> None:
        self.orders += 1
        lines = self.some_lines()
        order = self.school.order(order=str(self.orders), lines=_stated(lines))
        asked = self.chance.randint(1, 250)
        held = buy(lines, asked, sum(line.price for line in lines.values()))
        points = sum(costs(lines, held).values())
        quote = self.school.quote(order, asked)
        assert quote.offer.quote.points.amount == points
        assert {
            each.line_id: each.points_discount_minor for each in quote.offer.priced.lines
        } == held
        if not points:
            return
        if points > self.model.available:
            self._refused("insufficient_points", lambda: self.school.hold(order, quote.token))
            return
        made = self.school.hold(order, quote.token)
        ends_at = self.school.clock.time + timedelta(minutes=30)
        self.model.redemptions[made.redemption_id] = Expected(
            points, sum(held.values()), ends_at, lines, held
        )

    def issue_code(self) -> None:
        discount = self.chance.randint(1, 900)
        products, rate, extra = self.chance.choice(
            [
                (("*",), RATES["mentor"], 0),
                (("mentor:ann",), RATES["mentor"], 0),
                (("course:*", "book:*"), RATES["course"], 1),
                (("book:go",), RATES["book"], 0),
            ]
        )
        points = math.ceil(discount / rate) + extra
        command = IssueCode(
            self.school.member, "lms", "USD", discount, products, life=timedelta(hours=1)
        )
        if points > self.model.available:
            self._refused("insufficient_points", lambda: self._do(codes.issue, command))
            return
        issued = execute(self.school.database, codes.issue, command)
        self.model.redemptions[issued.redemption.redemption_id] = Expected(
            points,
            discount,
            self.school.clock.time + timedelta(hours=1),
            code=issued.text,
            code_id=issued.code.code_id,
            products=products,
        )

    def use_code(self) -> None:
        expected = self._any_code()
        if expected is None or expected.code is None:
            return
        self.orders += 1
        lines = self.some_lines()
        order: Json = {"order": str(self.orders), "currency": "USD", "lines": _stated(lines)}
        command = UseCode(self.school.lms, expected.code, order)  # type: ignore[arg-type]
        bought = dict.fromkeys(lines, 0)
        bought |= buy(_of(lines, expected.products), expected.points, expected.discount)
        if expected.state in {"captured", "partially_refunded", "refunded"}:
            self._refused("code_used", lambda: self._do(code_use.use, command))
        elif expected.state != "held" or self.school.clock.time >= expected.ends_at:
            self._refused("code_expired", lambda: self._do(code_use.use, command))
        elif not any(bought.values()):
            self._refused("code_buys_nothing", lambda: self._do(code_use.use, command))
        else:
            self._do(code_use.use, command)
            expected.lines = lines
            left = {name: line.price - bought[name] for name, line in lines.items()}
            expected.capture(bought, left)

    def cancel_code(self) -> None:
        expected = self._any_code()
        if expected is None or expected.code_id is None:
            return
        command = CancelCode(self.school.member, expected.code_id)
        if expected.state in {"captured", "partially_refunded", "refunded"}:
            self._refused("code_used", lambda: self._do(codes.cancel, command))
            return
        self._do(codes.cancel, command)
        if expected.state == "held":
            late = self.school.clock.time >= expected.ends_at
            expected.state = "expired" if late else "released"

    def capture(self) -> None:
        redemption_id, expected = self._any()
        if expected is None:
            return
        if expected.code is not None:
            command = CaptureRedemption(self.school.lms, redemption_id)
            self._refused("code_needed", lambda: self._do(service.capture, command))
            return
        discounts = expected.held
        if self.chance.random() < 0.5:
            part = self.chance.randint(1, expected.discount)
            discounts = share_out(part, expected.held)
        amount = None if discounts == expected.held else sum(discounts.values())
        command = CaptureRedemption(self.school.lms, redemption_id, amount, None)
        refusal = self._refusal_of_capture(expected)
        if refusal is not None:
            self._refused(refusal, lambda: self._do(service.capture, command))
            return
        self._do(service.capture, command)
        left = {name: line.price - discounts[name] for name, line in expected.lines.items()}
        expected.capture(discounts, left)

    def release(self) -> None:
        redemption_id, expected = self._any()
        if expected is None:
            return
        command = ReleaseRedemption(self.school.lms, redemption_id)
        if expected.state not in {"held", "released", "expired"}:
            self._refused("redemption_already_captured", lambda: self._do(service.release, command))
            return
        self._do(service.release, command)
        if expected.state == "held":
            late = self.school.clock.time >= expected.ends_at
            expected.state = "expired" if late else "released"

    def refund(self) -> None:
        redemption_id, expected = self._any()
        if expected is None:
            return
        undecided = expected.by_line is None
        by_line = self.chance.random() < 0.5 if undecided else expected.by_line
        name = f"{expected.refunded}/{self.chance.random()}"
        if by_line and expected.state not in {"held", "released", "expired"}:
            self._refund_a_line(redemption_id, expected, name)
            return
        whole = expected.whole
        amount = self.chance.choice([1, self.chance.randint(1, PRICE), whole - expected.refunded])
        command = RefundRedemption(self.school.lms, redemption_id, name, amount)
        if expected.state in {"held", "released", "expired"}:
            self._refused("redemption_not_captured", lambda: self._do(service.refund, command))
        elif not 1 <= amount <= whole - expected.refunded:
            self._refused("refund_above_paid", lambda: self._do(service.refund, command))
        else:
            self._do(service.refund, command)
            expected.by_line = False
            expected.refunded += amount
            expected.state = "refunded" if expected.refunded == whole else "partially_refunded"

    def _refund_a_line(self, redemption_id: UUID, expected: Expected, name: str) -> None:
        line_id, line = self.chance.choice(list(expected.lines.items()))
        left = line.whole - line.refunded
        amount = self.chance.choice([1, self.chance.randint(1, PRICE), left])
        command = RefundRedemption(self.school.lms, redemption_id, name, amount, {line_id: amount})
        if not 1 <= amount <= left:
            self._refused("refund_above_paid", lambda: self._do(service.refund, command))
            return
        self._do(service.refund, command)
        expected.by_line = True
        line.refunded += amount
        expected.refunded += amount
        is_whole = expected.refunded == expected.whole
        expected.state = "refunded" if is_whole else "partially_refunded"

    def wait(self) -> None:
        self.school.clock.forward(minutes=self.chance.randint(1, 20))

    def expire(self) -> None:
        due = [
            each
            for each in self.model.redemptions.values()
            if each.state == "held" and self.school.clock.time >= each.ends_at
        ]
        assert expire_redemptions(self.school.database) == len(due)
        for each in due:
            each.state = "expired"

    def compare(self) -> None:
        with self.school.database.read() as work:
            for redemption_id, expected in self.model.redemptions.items():
                found = service.find(work, self.school.lms, redemption_id)
                assert _seen(found) == _seen_of(expected)
        # Due expiries are applied to what is shown by the steps alone, so held counts them still.
        summary = self.school.summary()
        assert (summary.available.amount, summary.held.amount) == (
            self.model.available,
            self.model.held,
        )

    def _any(self) -> tuple[UUID, Expected | None]:
        if not self.model.redemptions:
            return UUID(int=0), None
        return self.chance.choice(list(self.model.redemptions.items()))

    def _any_code(self) -> Expected | None:
        found = [each for each in self.model.redemptions.values() if each.code is not None]
        return self.chance.choice(found) if found else None

    def _refusal_of_capture(self, expected: Expected) -> str | None:
        if expected.state == "held":
            late = self.school.clock.time >= expected.ends_at
            return "redemption_expired" if late else None
        return {"released": "redemption_released", "expired": "redemption_expired"}.get(
            expected.state, "redemption_already_captured"
        )

    def _do(self, use_case: object, command: object) -> None:
        execute(self.school.database, use_case, command)  # type: ignore[arg-type]

    def _refused(self, code: str, act: object) -> None:
        with pytest.raises(VkladError) as refused:
            act()  # type: ignore[operator]
        assert refused.value.code == code


def _stated(lines: Lines) -> list[Json]:
    return [
        {"id": name, "product": line.product, "price_minor": line.price}
        for name, line in lines.items()
    ]


def _of(lines: Lines, products: tuple[str, ...]) -> Lines:
    """The lines of these products."""
    wanted = tuple(each.rstrip("*") for each in products)
    return {name: line for name, line in lines.items() if line.product.startswith(wanted)}


def _seen(found: Redemption) -> tuple[str, int, int, int, int, int]:
    return (
        found.state.value,
        found.points.amount,
        found.captured_points.amount,
        found.paid_minor,
        found.refunded_minor,
        found.returned_points.amount,
    )


def _seen_of(expected: Expected) -> tuple[str, int, int, int, int, int]:
    return (
        expected.state,
        expected.points,
        expected.captured_points,
        expected.paid,
        expected.refunded,
        expected.returned_points,
    )


@pytest.mark.parametrize("seed", range(6))
def test_a_random_history_ends_as_the_model_says(school: School, seed: int) -> None:
    school.set_terms(rates={"USD": "7/2"}, products=TERMS, code_days=1)
    history = History(school, seed)
    for step in range(STEPS):
        history.step()
        if step % 8 == 0:
            history.compare()
    history.compare()
    assert len(history.model.redemptions) > 3
    assert verify(school.database, (*JOURNAL_CHECKS, *REDEMPTION_CHECKS)).findings == ()
