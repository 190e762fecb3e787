"""What a purchase earned goes back with its refunds. Pure.

A refund is a fact like any other: an event of the same source about the same order. So the
projection stays the only truth (DESIGN 3, rule 6): an award is worth what it earned less

    floor(points × refunded / whole)

where ``refunded`` is the sum of all refunds, at most the whole. It is a function of the sum alone:
any refunds in any order end at the same, and the last one at nothing. Where an order is paid by
several events of one type, its refunds go to one after another, to each at most its whole:

    paid      ├── 1 ──┼──── 2 ────┼── 3 ──┤     in order of facts
    refunded  ├─────────────┤                   all of the first, a part of the second

Rules that pay for one event are refunded alike. How much earlier payments used up is counted as a
share of the refunds, so that versions which read other fields go on from one another.

What a cap trimmed stays trimmed, and what goes back makes no room below a cap: later awards do not
depend on it. Posting the difference is the correction of an award, whose order of clawing back is
``ledger.lots``'s.

A vote against a thing is the same with another amount: each takes a stated number of points of the
one award that its thing earned, and nothing below zero is ever taken.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from ledger.events.model import StoredFact
from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.units import Points
from ledger.programme.expressions import ExpressionFailed, number_at
from ledger.programme.model import ACTOR
from ledger.programme.model_commerce import Reduction
from ledger.scoring.history import identity_at, path_of
from ledger.scoring.model import Entitlement, EventCause, Fact
from ledger.scoring.pipeline import Resolve
from ledger.scoring.receipts import EventReceipt, ReductionUse

Order = tuple[str, str, str | int]
"""The source, and what it names an order by: whether text or number, and which."""


@dataclass(frozen=True, slots=True)
class _Refunds:
    """What went back of one order so far, and the events that say so."""

    amount: Fraction
    causes: tuple[EventCause, ...]


_NONE: Final = _Refunds(Fraction(0), ())
_Payments = tuple[str, str, Order, str]
"""The events of one type that pay for one order: refunded by, named in, which order, the type."""


@dataclass(slots=True)
class _Spread:
    """How an order's refunds go to its payments, one after another; shares of one."""

    payment: EventCause | None = None
    before: Fraction = Fraction(0)
    after: Fraction = Fraction(0)

    def used_before(self, payment: EventCause) -> Fraction:
        """What earlier payments used up; awards for one payment come one after another."""
        if payment != self.payment:
            self.payment, self.before = payment, self.after
        return self.before

    def use(self, share: Fraction) -> None:
        """The payment whose turn it is takes this share."""
        self.after = max(self.after, self.before + share)


def reduced(
    entitlements: list[Entitlement], facts: Sequence[Fact], resolve: Resolve
) -> list[Entitlement]:
    """One member's entitlements with what refunds and votes among ``facts`` take back.

    ``facts`` are the member's history: no duplicates, nothing retracted, in order. Each award is
    reduced as the version says that scored it.
    """
    if not any(each.receipt.programme.reductions for each in entitlements):
        return entitlements
    seen: dict[Reduction, dict[Order, _Refunds]] = {}
    for each in entitlements:
        for reduction in each.receipt.programme.reductions:
            if reduction not in seen:
                about = _about(reduction, facts, each.beneficiary, resolve)
                seen[reduction] = _refunds(reduction, about)
    spreads: defaultdict[_Payments, _Spread] = defaultdict(_Spread)
    found = list(entitlements)
    for place in sorted(range(len(found)), key=lambda place: _in_order(found[place])):
        found[place] = _reduced(found[place], seen, spreads)
    return found


def _in_order(entitlement: Entitlement) -> tuple[Instant, str, str]:
    cause = entitlement.cause
    named = (cause.source, cause.id) if isinstance(cause, EventCause) else ("", cause.period)
    return (entitlement.earned_at, *named)


def _about(
    reduction: Reduction, facts: Sequence[Fact], member: str, resolve: Resolve
) -> list[Fact]:
    """Refunds that the member takes part in; votes against what is the member's."""
    found = [fact for fact in facts if fact.type == reduction.on]
    if reduction.to is None:
        return found
    to = path_of(reduction.to)
    return [
        fact
        for fact in found
        if (identity := identity_at(fact, to)) is not None and resolve(identity) == member
    ]


def _reduced(
    entitlement: Entitlement,
    seen: Mapping[Reduction, Mapping[Order, _Refunds]],
    spreads: defaultdict[_Payments, _Spread],
) -> Entitlement:
    receipt = entitlement.receipt
    reduction = _reduction_of(entitlement)
    if reduction is None or not isinstance(receipt, EventReceipt):
        return entitlement
    fact = receipt.fact
    key = order_of(fact, reduction.key)
    refunds = _NONE if key is None else seen[reduction].get(key, _NONE)
    if reduction.whole is None:
        whole = Fraction(entitlement.points.amount)
    else:
        whole = max(_number(fact, reduction.whole), Fraction(0))
    if key is None or not refunds.amount:
        return entitlement
    payments = reduction.on, reduction.key, key, fact.type
    spread = _Spread() if reduction.takes else spreads[payments]  # Each vote takes of one award.
    earlier = refunds.amount * spread.used_before(fact.cause)
    part = min(refunds.amount - earlier, whole)
    spread.use(part / refunds.amount)
    if not part:
        return entitlement
    taken = int(entitlement.points.amount * part // whole)
    left = entitlement.points - Points(taken)
    use = ReductionUse(whole, part, taken, refunds.causes, reduction.takes, earlier)
    settled = receipt._replace(points=left.amount, reduction=use)
    return entitlement._replace(points=left, receipt=settled)


def _reduction_of(entitlement: Entitlement) -> Reduction | None:
    """What the version that scored an award says of taking it back; of a period's, nothing."""
    receipt = entitlement.receipt
    if not isinstance(receipt, EventReceipt):
        return None
    said = (each for each in receipt.programme.reductions if entitlement.rule in each.rules)
    return next(said, None)


def _refunds(reduction: Reduction, facts: Sequence[Fact]) -> dict[Order, _Refunds]:
    """By order: each refund once, by what names it or else by the event.

    One that does not say what went back takes nothing and does not use up its name: whoever tells
    it again, with the amount, is heard.
    """
    found: dict[Order, _Refunds] = {}
    counted: set[tuple[Order, Json]] = set()
    for fact in facts:
        key = order_of(fact, reduction.key)
        if key is None:
            continue
        amount = _amount(reduction, fact)
        if amount is None:
            continue
        name = _name(reduction, fact)
        if isinstance(name, str | int):
            if (key, name) in counted:
                continue
            counted.add((key, name))
        before = found.get(key, _NONE)
        found[key] = _Refunds(before.amount + amount, (*before.causes, fact.cause))
    return found


def _name(reduction: Reduction, fact: Fact) -> object:
    """What a refund or vote is told apart by, if by anything but being an event.

    Who acted is the identity that the source stated, not the person behind it: whose other
    identities are, is no fact in which the award's member takes part.
    """
    if reduction.once_per == ACTOR:
        return fact.subject
    return None if reduction.once_per is None else _at(fact, reduction.once_per)


def unread(reduction: Reduction, fact: Fact) -> str | None:
    """Why a refund that names an order takes nothing of it; ``None``: it can be read, or is none.

    A programme reads no number but the one in ``part``.
    """
    if reduction.on != fact.type or reduction.part is None or order_of(fact, reduction.key) is None:
        return None
    try:
        number_at(fact.data, reduction.part)
    except ExpressionFailed as error:
        return error.message
    return None


def unread_of(entitlements: Iterable[Entitlement], fact: Fact) -> list[tuple[str, str]]:
    """The rules whose awards a refund is about and cannot be taken off, and why."""
    found: dict[str, str] = {}
    for each in entitlements:
        reduction = _reduction_of(each)
        why = None if reduction is None else unread(reduction, fact)
        if reduction is None or why is None or not isinstance(each.receipt, EventReceipt):
            continue
        if order_of(each.receipt.fact, reduction.key) == order_of(fact, reduction.key):
            found[each.rule] = why
    return list(found.items())


def _amount(reduction: Reduction, fact: Fact) -> Fraction | None:
    """What one refund was of, or one vote takes; ``None``: it does not say."""
    if reduction.part is None:
        return Fraction(reduction.takes)
    try:
        return max(number_at(fact.data, reduction.part), Fraction(0))
    except ExpressionFailed:
        return None


def order_of(fact: Fact | StoredFact, path: str) -> Order | None:
    """The order a fact is about, at its source; ``None`` if it names none."""
    value = _at(fact, path)
    if isinstance(value, str) or type(value) is int:
        return fact.source, type(value).__name__, value
    return None


def _number(fact: Fact, path: str) -> Fraction:
    """The number in a field; one that is not there, or is none, counts as nothing."""
    try:
        return number_at(fact.data, path)
    except ExpressionFailed:
        return Fraction(0)


def _at(fact: Fact | StoredFact, path: str) -> object:
    value: object = fact.data
    for step in path.split(".")[1:]:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value
