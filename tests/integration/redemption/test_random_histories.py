"""Random histories of one member against a model that is too simple to be wrong."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
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
RATE = (7, 2)
"""3.5 minor units a point: every rounding shows."""


@dataclass
class Expected:
    """One redemption as the model sees it."""

    points: int
    discount: int
    ends_at: datetime
    state: str = "held"
    captured_points: int = 0
    captured: int = 0
    paid: int = 0
    refunded: int = 0
    code: str | None = None
    code_id: UUID | None = None

    @property
    def returned_points(self) -> int:
        whole = self.paid or self.captured
        return self.captured_points * self.refunded // whole if whole else 0

    @property
    def away(self) -> int:
        """Points of the member that this one keeps, held or spent."""
        if self.state == "held":
            return self.points
        return self.captured_points - self.returned_points


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

    def hold(self) -> None:
        self.orders += 1
        order = self.school.order(
            order=str(self.orders),
            lines=[{"id": "1", "product": "course:go", "price_minor": PRICE}],
        )
        asked = self.chance.randint(1, 250)
        discount = min(asked * RATE[0] // RATE[1], PRICE)
        points = -(-discount * RATE[1] // RATE[0])
        quote = self.school.quote(order, asked)
        assert quote.offer.quote.points.amount == points
        if points > self.model.available:
            self._refused("insufficient_points", lambda: self.school.hold(order, quote.token))
            return
        made = self.school.hold(order, quote.token)
        ends_at = self.school.clock.time + timedelta(minutes=30)
        self.model.redemptions[made.redemption_id] = Expected(points, discount, ends_at)

    def issue_code(self) -> None:
        discount = self.chance.randint(1, 900)
        points = -(-discount * RATE[1] // RATE[0])
        command = IssueCode(self.school.member, "lms", "USD", discount, life=timedelta(hours=1))
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
        )

    def use_code(self) -> None:
        expected = self._any_code()
        if expected is None or expected.code is None:
            return
        self.orders += 1
        price = self.chance.choice([PRICE, self.chance.randint(1, PRICE)])
        line = {"id": "1", "product": "course:go", "price_minor": price}
        order: Json = {"order": str(self.orders), "currency": "USD", "lines": [line]}
        command = UseCode(self.school.lms, expected.code, order)  # type: ignore[arg-type]
        if expected.state in {"captured", "partially_refunded", "refunded"}:
            self._refused("code_used", lambda: self._do(code_use.use, command))
        elif expected.state != "held" or self.school.clock.time >= expected.ends_at:
            self._refused("code_expired", lambda: self._do(code_use.use, command))
        else:
            self._do(code_use.use, command)
            expected.state = "captured"
            expected.captured = min(expected.discount, price)
            expected.captured_points = -(-expected.captured * RATE[1] // RATE[0])
            expected.paid = price - expected.captured

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
        whole = self.chance.random() < 0.5
        part = self.chance.randint(1, expected.discount)
        command = CaptureRedemption(self.school.lms, redemption_id, None if whole else part, None)
        refusal = self._refusal_of_capture(expected)
        if refusal is not None:
            self._refused(refusal, lambda: self._do(service.capture, command))
            return
        self._do(service.capture, command)
        expected.state = "captured"
        expected.captured = expected.discount if whole else part
        expected.captured_points = -(-expected.captured * RATE[1] // RATE[0])
        expected.paid = PRICE - expected.captured

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
        whole = expected.paid or expected.captured
        amount = self.chance.choice([1, self.chance.randint(1, PRICE), whole - expected.refunded])
        name = f"{expected.refunded}/{amount}/{self.chance.random()}"
        command = RefundRedemption(self.school.lms, redemption_id, name, amount)
        if expected.state in {"held", "released", "expired"}:
            self._refused("redemption_not_captured", lambda: self._do(service.refund, command))
        elif not 1 <= amount <= whole - expected.refunded:
            self._refused("refund_above_paid", lambda: self._do(service.refund, command))
        else:
            self._do(service.refund, command)
            expected.refunded += amount
            expected.state = "refunded" if expected.refunded == whole else "partially_refunded"

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
    school.set_terms(rates={"USD": "7/2"}, code_days=1)
    history = History(school, seed)
    for step in range(STEPS):
        history.step()
        if step % 8 == 0:
            history.compare()
    history.compare()
    assert len(history.model.redemptions) > 3
    assert verify(school.database, (*JOURNAL_CHECKS, *REDEMPTION_CHECKS)).findings == ()
