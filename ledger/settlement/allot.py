"""How much of what awards are worth is paid now, and why the rest is not. Pure.

Upwards, for each award in the order given: budgets first, the least that is left of them; then,
where there is an emission, the rewards pool, but not before those who wait already. What a budget
does not cover is never paid; what the pool lacks waits for it.

Downwards: first what was never to be paid, then what waits, and only the rest is taken back. What
is not owed any more goes back to its budgets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from ledger.programme.calendar import Calendar
from ledger.programme.model import Programme
from ledger.settlement.model import Gap, Reason, Worth


@dataclass(frozen=True, slots=True, order=True)
class BudgetSpan:
    """A budget in one calendar span of the zone: a month, a year, or ``lifetime``."""

    budget_id: str
    span: str


@dataclass(slots=True)
class Funds:
    """What there is to pay from; ``allot`` draws on it.

    ``unpaid`` are gaps by award and reason, ``charged`` what awards took of budgets, ``used`` what
    is used of them in sum.
    """

    pool: int = 0
    others_wait: bool = False
    unpaid: dict[tuple[UUID, Reason], int] = field(default_factory=dict)
    charged: dict[tuple[UUID, BudgetSpan], int] = field(default_factory=dict)
    used: dict[BudgetSpan, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Allotment:
    """What an award's revision moves (upwards positive), what it does not, and budgets' use."""

    worth: Worth
    moves: int
    gaps: tuple[Gap, ...]
    charges: tuple[tuple[BudgetSpan, int], ...]


def allot(changes: Sequence[Worth], funds: Funds) -> list[Allotment]:
    """Share out what there is, in the order of the changes."""
    return [
        _pay(change, funds) if change.difference > 0 else _take_back(change, funds)
        for change in changes
    ]


def budgets_of(worth: Worth) -> list[tuple[BudgetSpan, int]]:
    """The budgets that an award is paid from, with how much each has."""
    programme = worth.programme
    if programme is None or not programme.budgets:
        return []
    rule = next((each for each in programme.rules if each.rule_id == worth.rule_id), None)
    category = None if rule is None else rule.category
    return [
        (BudgetSpan(budget.budget_id, _span(budget.per, worth, programme)), budget.points)
        for budget in programme.budgets
        if budget.of.covers(worth.rule_id, category)
    ]


def _pay(worth: Worth, funds: Funds) -> Allotment:
    wanted = covered = worth.difference
    budgets = budgets_of(worth)
    for span, points in budgets:
        covered = min(covered, max(0, points - funds.used.get(span, 0)))
    for span, _ in budgets:
        funds.used[span] = funds.used.get(span, 0) + covered
    paid = covered
    if worth.programme is not None and worth.programme.emission is not None:
        paid = 0 if funds.others_wait else min(covered, funds.pool)
        funds.pool -= paid
        funds.others_wait = funds.others_wait or paid < covered
    gaps = [(Reason.BUDGET, wanted - covered), (Reason.POOL, covered - paid)]
    return Allotment(
        worth,
        paid,
        tuple(Gap(worth.award_id, worth.revision, why, change) for why, change in gaps if change),
        tuple((span, covered) for span, _ in budgets if covered),
    )


def _take_back(worth: Worth, funds: Funds) -> Allotment:
    left = -worth.difference
    gaps = []
    for reason in (Reason.BUDGET, Reason.POOL):
        unpaid = min(left, funds.unpaid.get((worth.award_id, reason), 0))
        if unpaid:
            gaps.append(Gap(worth.award_id, worth.revision, reason, -unpaid))
            left -= unpaid
    covered = -worth.difference + sum(gap.change for gap in gaps if gap.reason is Reason.BUDGET)
    charges = []
    for (award_id, span), charged in sorted(funds.charged.items(), key=lambda item: item[0][1]):
        back = min(covered, charged)
        if award_id == worth.award_id and back:
            funds.used[span] = funds.used.get(span, 0) - back
            charges.append((span, -back))
    return Allotment(worth, -left, tuple(gaps), tuple(charges))


def _span(per: str, worth: Worth, programme: Programme) -> str:
    local = worth.earned_at.astimezone(Calendar(programme.zone).rules)
    if per == "lifetime":
        return per
    return f"{local.year:04d}" if per == "year" else f"{local.year:04d}-{local.month:02d}"
