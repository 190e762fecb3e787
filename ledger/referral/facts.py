"""What the facts of a guest say: payments, refunds, being subscribed. Pure.

A payment is a ``shop.order.paid`` with its amount in minor units; its refunds are by the same
source and order, in minor or in whole units. One that does not say how much of that currency went
back is taken to be of everything: no reward stays for a payment that may be gone. Facts are in
order and retracted ones are not among them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from ledger.events.model import StoredFact
from ledger.kernel.units import Money
from ledger.programme.model import Attribute
from ledger.programme.model_referral import ORDER_PAID, ORDER_REFUNDED
from ledger.referral.model import Payment


def paid_before(facts: Sequence[StoredFact], moment: datetime) -> bool:
    """Whether anything was paid before, whatever is stated of it."""
    return any(
        fact.type == ORDER_PAID and fact.occurred.floor_datetime() < moment for fact in facts
    )


def first_payment(facts: Sequence[StoredFact]) -> Payment | None:
    """The first payment whose amount is stated."""
    for fact in facts:
        paid = _amount(fact) if fact.type == ORDER_PAID else None
        if paid is not None and paid.amount_minor > 0:
            return _payment(fact, paid, facts)
    return None


def payment_of(facts: Sequence[StoredFact], event_id: UUID) -> Payment | None:
    """The payment that this event states; ``None`` if it is not there any more."""
    for fact in facts:
        paid = _amount(fact) if fact.event_id == event_id else None
        if paid is not None:
            return _payment(fact, paid, facts)
    return None


def is_subscribed(
    facts: Sequence[StoredFact],
    attribute: Attribute,
    values: Collection[int | str],
    at: datetime,
) -> bool:
    """Whether the attribute had one of these values; what it does not know is passed over."""
    value: int | str = attribute.default
    for fact in facts:
        if fact.type == attribute.event_type and fact.occurred.floor_datetime() <= at:
            stated = fact.data.get(attribute.field)
            if isinstance(stated, int | str) and not isinstance(stated, bool):
                value = stated if stated in attribute.values else value
    return value in values


def _payment(fact: StoredFact, paid: Money, facts: Sequence[StoredFact]) -> Payment:
    refunds: dict[object, Money | None] = {}
    for other in facts:
        same = other.source == fact.source and other.data.get("order") == fact.data.get("order")
        if other.type != ORDER_REFUNDED or not same:
            continue
        stated = other.data.get("refund")
        name = other.event_id if stated is None else stated
        if refunds.get(name) is None:
            refunds[name] = _given_back(other, paid.currency)
    back = sum(max(0, (each or paid).amount_minor) for each in refunds.values())
    refunded = Money(min(back, paid.amount_minor), paid.currency)
    return Payment(fact.event_id, paid, refunded, fact.occurred.floor_datetime())


def _given_back(fact: StoredFact, currency: str) -> Money | None:
    """What a refund is of; its currency, if it names none, is the payment's. ``None``: not said."""
    minor, major = fact.data.get("amount_minor"), fact.data.get("amount")
    if fact.data.get("currency") not in {None, currency}:
        return None
    if type(minor) is int:
        return Money(minor, currency)
    try:
        known = type(major) is int or isinstance(major, Decimal)
        return Money.of_major(Decimal(str(major)), currency) if known else None
    except ValueError:
        return None


def _amount(fact: StoredFact) -> Money | None:
    amount, currency = fact.data.get("amount_minor"), fact.data.get("currency")
    if type(amount) is not int or not isinstance(currency, str) or fact.data.get("order") is None:
        return None
    try:
        return Money(amount, currency)
    except ValueError:
        return None
