"""Points held for a purchase, captured in part, and brought back by refunds in any order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from doors import School, expect
from firsts_doors import ask, refused
from firsts_student import available, hold_points
from proving import lots_of_student

if TYPE_CHECKING:
    from story import Story

PAID_MINOR: Final = 40_000
PARTS: Final = (13_333, 16_667)
"""Neither is worth whole points; together they are three quarters of what was paid."""
SPENT: Final = 20
BACK_AT_THREE_QUARTERS: Final = 15


def hold_and_refund(story: Story) -> str:
    """A hold is captured in part; refunds in either order come to the same lots on the way."""
    apart = [SPENT * part // PAID_MINOR for part in PARTS]
    expect(sum(apart) != BACK_AT_THREE_QUARTERS, "any way of rounding comes to the same here")
    one, other = (
        _refunded(story, f"{story.tag}-{number}", parts)
        for number, parts in enumerate((PARTS, PARTS[::-1]))
    )
    expect(one[0] != other[0], "a smaller and a greater refund left the same lots")
    expect(one[1] == other[1], f"three quarters left {one[1]} or {other[1]}")
    back = sum(lot["available"] for lot in one[1].values()) - one[2]
    expect(back == BACK_AT_THREE_QUARTERS, f"three quarters of {SPENT} points are {back}")
    return (
        f"40 held, {SPENT} captured; ¾ refunded bring {back} back to the same {len(one[1])} lots "
        f"by ⅓ + 5/12 and by 5/12 + ⅓, where each by itself would be {sum(apart)}; nothing beyond"
    )


def _refunded(
    story: Story, number: str, parts: tuple[int, ...]
) -> tuple[dict[str, dict[str, int]], dict[str, dict[str, int]], int]:
    """The lots after the first part and after both, what was there before them; all is undone."""
    school: School = story.seen["school"]
    before, had = lots_of_student(story), available(story)
    held = hold_points(story, number, points=2 * SPENT)
    expect(available(story) == had - 2 * SPENT, f"not {2 * SPENT} points on hold")
    path = f"/v1/redemptions/{held['id']}"
    more = ask(school, f"{path}/capture", {"discount_minor": held["discount_minor"] + 1})
    refused(more, 422, "capture_above_hold", "more was captured than is held")
    half = held["discount_minor"] // 2
    school.post(f"{path}/capture", {"discount_minor": half, "paid_minor": PAID_MINOR})
    left = available(story)
    expect(had - left == SPENT, f"half of {2 * SPENT} points is {had - left}")
    seen: list[dict[str, dict[str, int]]] = []
    for amount in (*parts, PAID_MINOR - sum(parts)):
        refund = {"refund_id": f"{held['id']}-{len(seen)}", "amount_minor": amount}
        school.post(f"{path}/refunds", refund)
        seen.append(lots_of_student(story))
    changed = {"refund_id": f"{held['id']}-0", "amount_minor": parts[0] + 1}
    refused(ask(school, f"{path}/refunds", changed), 409, "refund_id_reused", "told otherwise")
    beyond = {"refund_id": f"{held['id']}-x", "amount_minor": 1}
    more = ask(school, f"{path}/refunds", beyond)
    refused(more, 422, "refund_above_paid", "refunded beyond all")
    expect(seen[-1] == before, f"{before} came back as {seen[-1]}")
    return seen[0], seen[1], left
