"""Refunds of orders that several events pay for, against a judge that counts coin by coin.

The judge scores the programmes as if nothing were ever refunded. Then it lays the refunds of each
order out as single coins, and each coin goes to the first payment that still has room for it.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import event as note
from hypothesis import given
from hypothesis import strategies as st

from ledger.scoring.history import settle
from ledger.scoring.plan import Plan
from ledger.scoring.project import history_of, participants, project, project_member
from tests.property.scoring.test_checkpoints import check
from tests.scoring_cases import (
    Event,
    Versions,
    activations_of,
    awards_of,
    event,
    facts_of,
    score,
)

TEXT = """\
programme: shop
version: "{version}"
zone: UTC
rules:
  - {{id: cash-back, on: [shop.paid, shop.renewed], to: actor, points: {points}}}
  - {{id: bonus, on: shop.paid, to: actor, points: 7, once_per: [data.order]}}
cap: {{per: day, points: 40}}
reductions:
  - {{rules: {rules}, on: shop.refunded, key: data.order, whole: data.sum, part: data.sum,
     once_per: data.refund}}
"""
FIRST = TEXT.format(version=1, points="floor(data.sum / 2)", rules="[cash-back, bonus]")
SECOND = TEXT.format(version=2, points="data.sum * 2", rules="[cash-back]")
VERSIONS: list[Versions] = [
    [(FIRST, None)],
    [(FIRST, None), (SECOND, "2026-03-02T00:00:00Z")],
]
PLANS = [Plan(activations_of(versions)) for versions in VERSIONS]
_ORDERS = st.sampled_from([*"AAAAAA", "B", 1, "1"])


@st.composite
def lines(draw: st.DrawFn) -> list[Event]:
    """Payments, refunds (some repeated, some without a number), and takings back."""
    found: list[Event] = []
    for number in range(draw(st.integers(3, 12))):
        kind = draw(st.sampled_from(["paid"] * 4 + ["renewed", "refunded", "refunded", "gone"]))
        time = f"2026-03-0{draw(st.integers(1, 3))}T10:{draw(st.integers(0, 9)):02d}:00Z"
        source = draw(st.sampled_from(["s1"] * 7 + ["s2"]))
        more: dict[str, Any] = {"source": source, "id": f"e{number}"}
        if kind == "gone":
            if found:
                target = draw(st.sampled_from(found))
                more["source"] = target["source"]
                found.append(event("activity.retracted", None, time, {"id": target["id"]}, **more))
            continue
        data: dict[str, Any] = {
            "order": draw(_ORDERS),
            "sum": draw(st.integers(0, 12) | st.just(5)),
        }
        if kind == "refunded":
            if draw(st.booleans()):
                data["refund"] = draw(st.sampled_from(["r1", "r2"]))
            data["sum"] = draw(st.sampled_from([None, "3", -2, 0, 1, 4, 4, 9, 9, 20]))
        who = draw(st.sampled_from(["ann"] * 7 + ["bob"]))
        found.append(event(f"shop.{kind}", who, time, data, **more))
    return found


def same_order(one: Event, other: Event) -> bool:
    """Of one buyer, one source and one order, a number being no text."""
    return (one["subject"], one["source"], json.dumps(one["data"]["order"])) == (
        other["subject"],
        other["source"],
        json.dumps(other["data"]["order"]),
    )


def refunds_of(payment: Event, standing: list[Event]) -> int:
    """How many coins of its order went back."""
    named: set[str] = set()
    coins = 0
    for each in standing:
        if each["type"] != "shop.refunded" or not same_order(each, payment):
            continue
        amount, name = each["data"]["sum"], each["data"].get("refund")
        if not isinstance(amount, int) or name in named:
            continue
        if name is not None:
            named.add(name)
        coins += max(amount, 0)
    return coins


def coins_on(payment: Event, paid: list[Event], standing: list[Event]) -> int:
    """The coins that land on one of the payments of its order and type, which come in order."""
    room = [[each["id"], each["data"]["sum"]] for each in paid]
    landed = 0
    for _ in range(refunds_of(payment, standing)):
        open_ = [each for each in room if each[1] > 0]
        if open_:
            open_[0][1] -= 1
            landed += open_[0][0] == payment["id"]
    return landed


def judged(received: list[Event], versions: Versions) -> dict[Any, Any]:
    bare = [(text.partition("reductions:")[0], since) for text, since in versions]
    awards: dict[Any, tuple[int, int]] = dict(score("naive", bare, received))
    gone = {
        (each["source"], each["data"]["id"])
        for each in received
        if each["type"] == "activity.retracted"
    }
    standing = [each for each in received if (each["source"], each["id"]) not in gone]
    standing.sort(key=lambda each: (each["time"], each["source"], each["id"]))
    second_from = versions[1][1] if len(versions) > 1 else "9"
    kept_rules = {"cash-back", "bonus"}
    found = {}
    for key, (points, excess) in awards.items():
        _, rule, cause = key
        by_cause = {(each["source"], each["id"]): each for each in standing}
        payment = by_cause[cause]

        def reduces(each: Event, rule: str) -> bool:
            rules = {"cash-back"} if each["time"] >= (second_from or "") else kept_rules
            return (each["subject"], rule, (each["source"], each["id"])) in awards and rule in rules

        paid = [
            each
            for each in standing
            if each["type"] == payment["type"]
            and same_order(each, payment)
            and any(reduces(each, one) for one in kept_rules)
        ]
        whole = payment["data"]["sum"]
        landed = coins_on(payment, paid, standing) if reduces(payment, rule) else 0
        if landed and len(paid) > 1:
            note("one of several payments refunded")
        taken = points * landed // whole if landed else 0
        found[key] = (points - taken, excess)
    return found


@given(lines(), st.sampled_from([0, 1]), st.data())
def test_real_is_naive_in_any_order(received: list[Event], which: int, data: st.DataObject) -> None:
    plan = PLANS[which]
    facts = facts_of(data.draw(st.permutations(received)))
    found = project(facts, plan, closed_until=None)
    assert awards_of(found) == judged(received, VERSIONS[which])
    history = settle(facts)
    for member in ("ann", "bob"):
        own = [fact for fact in history if member in participants(fact, plan)]
        mine = project_member(member, own, plan, closed_until=None)
        assert mine == [each for each in found if each.beneficiary == member]
    for each in found:
        receipt: dict[str, Any] = json.loads(json.dumps(each.receipt.to_json()))
        taken = receipt.get("reduction", {"points": 0})["points"]
        assert receipt["points"] == each.points.amount
        assert receipt["rounded"] == each.points.amount + each.excess.amount + taken


@given(lines(), st.sampled_from(PLANS), st.data())
def test_any_place_of_a_history_will_do(
    received: list[Event], plan: Plan, data: st.DataObject
) -> None:
    history = history_of(plan, "ann", facts_of(received), None)
    if len(history) > 1:
        check(plan, "ann", history, None, data.draw(st.integers(1, len(history) - 1)))
