"""Sharing out what there is, against a judge that hands out one point at a time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.programme.load import load_programme
from ledger.settlement.allot import BudgetSpan, Funds, allot
from ledger.settlement.model import Reason, Worth

PROGRAMME = load_programme(
    """\
programme: p
version: "1"
zone: Europe/Moscow
rules:
  - {id: a, on: a, to: actor, points: 1, category: x}
  - {id: b, on: b, to: actor, points: 1, category: x}
  - {id: c, on: c, to: actor, points: 1}
budgets:
  - {id: all, of: programme, points: 40, per: year}
  - {id: x, of: {category: x}, points: 15, per: month}
  - {id: b, of: {rules: [b]}, points: 12, per: lifetime}
emission: {start: "2026-01-01", yearly: 3650, pools: {rewards: 100}}
"""
)
MOMENTS = (
    datetime(2026, 1, 31, 20, 59, tzinfo=UTC),  # still January in Moscow
    datetime(2026, 1, 31, 21, 0, tzinfo=UTC),  # already February
    datetime(2026, 12, 31, 21, 0, tzinfo=UTC),  # already 2027
)
MOST = {"all": 40, "x": 15, "b": 12}


@dataclass
class Judge:
    """Every point an award is worth is a coin: paid, waiting, never or gone (taken back)."""

    pool: int = 0
    coins: dict[UUID, list[str]] = field(default_factory=dict)
    spans: dict[UUID, list[tuple[str, str]]] = field(default_factory=dict)

    def used(self, span: tuple[str, str]) -> int:
        return sum(
            coin in ("paid", "waiting")
            for award, coins in self.coins.items()
            for coin in coins
            if span in self.spans[award]
        )

    def change(self, award: UUID, difference: int) -> None:
        coins = self.coins.setdefault(award, [])
        wait_before = any("waiting" in each for each in self.coins.values())
        blocked = wait_before
        for _ in range(difference):
            if any(self.used(span) >= MOST[span[0]] for span in self.spans[award]):
                coins.append("never")
            elif self.pool and not blocked:
                coins.append("paid")
                self.pool -= 1
            else:
                coins.append("waiting")
                blocked = True
        for _ in range(-difference):
            coins.remove(next(place for place in ("never", "waiting", "paid") if place in coins))


def named_spans(rule: str, moment: int) -> list[tuple[str, str]]:
    year, month = [("2026", "2026-01"), ("2026", "2026-02"), ("2027", "2027-01")][moment]
    spans = [("all", year)]
    if rule in "ab":
        spans.append(("x", month))
    return [*spans, ("b", "lifetime")] if rule == "b" else spans


award = st.tuples(st.sampled_from("abc"), st.integers(0, 2), st.integers(0, 2))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("fill"), st.integers(1, 30)),
        st.tuples(st.just("worth"), st.lists(st.tuples(award, st.integers(0, 20)), max_size=4)),
    ),
    max_size=12,
)


def changed(
    what: list[tuple[tuple[str, int, int], int]],
    worth: Counter[UUID],
    revisions: Counter[UUID],
    judge: Judge,
) -> list[Worth]:
    """Awards that are worth something else now."""
    changes = []
    for (rule, moment, number), points in dict(what).items():
        award_id = UUID(int=ord(rule) * 100 + moment * 10 + number)
        difference = points - worth[award_id]
        if not difference:
            continue
        worth[award_id] = points
        revisions[award_id] += 1
        judge.spans[award_id] = named_spans(rule, moment)
        revision, at = revisions[award_id], MOMENTS[moment]
        changes.append(
            Worth(award_id, UUID(int=1), rule, revision, difference, at, PROGRAMME, None)
        )
    return changes


@settings(max_examples=400, deadline=None)
@given(steps)
def test_every_point_is_where_the_judge_puts_it(plan: list[tuple[str, object]]) -> None:
    judge, funds, worth = Judge(), Funds(), Counter[UUID]()
    unpaid: Counter[tuple[UUID, Reason]] = Counter()
    charged: Counter[tuple[UUID, BudgetSpan]] = Counter()
    revisions: Counter[UUID] = Counter()
    paid: Counter[UUID] = Counter()
    for kind, what in plan:
        if kind == "fill":
            assert isinstance(what, int)
            funds.pool += what
            judge.pool += what
            continue
        assert isinstance(what, list)
        changes = changed(what, worth, revisions, judge)
        changes.sort(key=lambda change: change.difference > 0)
        funds.unpaid, funds.charged = dict(unpaid), dict(charged)
        funds.others_wait = any(n for (_, why), n in unpaid.items() if why is Reason.POOL)
        for allotment in allot(changes, funds):
            award_id = allotment.worth.award_id
            judge.change(award_id, allotment.worth.difference)
            paid[award_id] += allotment.moves
            for gap in allotment.gaps:
                unpaid[award_id, gap.reason] += gap.change
            for span, change in allotment.charges:
                charged[award_id, span] += change
        assert funds.pool == judge.pool
        for award_id, coins in judge.coins.items():
            assert paid[award_id] == coins.count("paid")
            assert unpaid[award_id, Reason.POOL] == coins.count("waiting")
            assert unpaid[award_id, Reason.BUDGET] == coins.count("never")
            assert len(coins) == worth[award_id]
            for name in judge.spans[award_id]:
                assert charged[award_id, BudgetSpan(*name)] == len(coins) - coins.count("never")
        for span, used in funds.used.items():
            assert used == judge.used((span.budget_id, span.span)) <= MOST[span.budget_id]
