"""Projects, stakes and goods as clients see them: one rendering for routes, pages and commands."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from governance.goods.model import ORDER_PREFIX, Good, GoodOrder
from governance.goods.model import PREFIX as GOOD_PREFIX
from governance.projects import store, tasks_store
from governance.projects.model import (
    PREFIX,
    TASK_PREFIX,
    UNPAID,
    Payment,
    Project,
    ProjectAct,
    Task,
)
from governance.staking.model import HALF_LIFE_DAYS, Priority, Stake
from governance.staking.model import PREFIX as STAKE_PREFIX
from ledger.journal import service as journal
from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points, sum_points
from ledger.lots.model import Hold

ACTS_SHOWN_MAX = 500


def project_json(project: Project) -> dict[str, Json]:
    """A project; ``content`` is what an approval repeats."""
    words = project.words
    return {
        "id": format_id(PREFIX, project.project_id),
        "state": project.state.value,
        "author": format_id("mem", project.author_id),
        "title": None if words is None else words.title,
        "plan": None if words is None else words.text,
        "pool": project.pool.value,
        "budget": project.budget.amount,
        "content": project.content_digest.hex(),
        "persons_needed": project.persons_needed,
        "fundable_from": _text(project.fundable_from),
        "proposed_at": _text(project.proposed_at),
        "approvals": [
            {"person": format_id("mem", each.person_id), "at": _text(each.approved_at)}
            for each in project.approvals
        ],
        "funded_by": None if project.funded_by is None else dict(project.funded_by),
        "funded_at": _text(project.funded_at),
        "funding_entry": _id("ent", project.funding_entry_id),
        "closed_by": _id("mem", project.closed_by),
        "closed_at": _text(project.closed_at),
        "return_entry": _id("ent", project.return_entry_id),
    }


def project_with_all(work: Work, project: Project) -> dict[str, Any]:
    """A project with its money, tasks and history."""
    tasks = tasks_store.tasks_of(work, [project.project_id])
    payments = tasks_store.payments_of(work, [task.task_id for task in tasks])
    balance = journal.balances(work, [project.account])[project.account]
    acts = store.acts_of(work, project.project_id, ACTS_SHOWN_MAX)
    return {
        **project_json(project),
        "paid": sum_points(each.points for each in payments).amount,
        "promised": promised(tasks).amount,
        "left": balance.amount,
        "tasks": [
            {
                **task_json(task),
                "payments": [_payment_json(p) for p in payments if p.task_id == task.task_id],
            }
            for task in tasks
        ],
        "history": [_act_json(each) for each in acts],
    }


def promised(tasks: list[Task]) -> Points:
    """What unpaid tasks will take of a budget."""
    return sum_points(task.reward for task in tasks if task.state in UNPAID)


def task_json(task: Task) -> dict[str, Json]:
    """A task; ``delivery`` is what an acceptance repeats."""
    words = task.words
    return {
        "id": format_id(TASK_PREFIX, task.task_id),
        "project": format_id(PREFIX, task.project_id),
        "state": task.state.value,
        "title": None if words is None else words.title,
        "text": None if words is None else words.text,
        "reward": task.reward.amount,
        "due_at": _text(task.due_at),
        "created_by": format_id("mem", task.created_by),
        "created_at": _text(task.created_at),
        "shares": [
            {"member": format_id("mem", each.member_id), "weight": each.weight}
            for each in task.shares
        ],
        "delivered_by": _id("mem", task.delivered_by),
        "delivered_at": _text(task.delivered_at),
        "delivery": None if task.delivery_digest is None else task.delivery_digest.hex(),
        "late": task.is_late,
        "decided_by": _id("mem", task.decided_by),
        "decided_at": _text(task.decided_at),
    }


def stake_json(hold: Hold) -> dict[str, Json]:
    """A stake as its owner sees it."""
    return {
        "id": format_id(STAKE_PREFIX, hold.hold_id),
        "points": hold.amount.amount,
        "state": hold.state.value,
        "placed_at": _text(hold.placed_at),
        "ends_at": _text(hold.expires_at),
        "ended_at": _text(hold.resolved_at),
        "gone_on_to_expired": hold.gone_on_to_expired.amount,
    }


def own_stake_json(stake: Stake, at: datetime) -> dict[str, Json]:
    """An open stake of whoever asks, with what it weighs."""
    return {
        "id": format_id(STAKE_PREFIX, stake.stake_id),
        "project": format_id(PREFIX, stake.project_id),
        "points": stake.points.amount,
        "live": stake.live(at).amount,
        "weight": stake.weight(at),
        "placed_at": _text(stake.placed_at),
        "ends_at": _text(stake.ends_at),
    }


def priorities_json(found: list[Priority], stakes: list[Stake], at: datetime) -> dict[str, Any]:
    """The ranking, and the rows and the formula that it can be worked out from."""
    return {
        "at": _text(at),
        "formula": {
            "half_life_days": HALF_LIFE_DAYS,
            "weight": "sum over stakes of floor(live * (10^6 - f(n)) / 10^6)",
            "f": "greatest whole r with r^7 * 2^n <= 10^42; n = whole days since placed_at",
            "live": "points of parts whose expires_at is null or later than at",
        },
        "data": [
            {
                "project": format_id(PREFIX, each.project_id),
                "weight": each.weight,
                "points": each.points.amount,
                "stakes": each.stakes,
            }
            for each in found
        ],
        "stakes": [
            {
                "id": format_id(STAKE_PREFIX, each.stake_id),
                "project": format_id(PREFIX, each.project_id),
                "placed_at": _text(each.placed_at),
                "parts": [
                    {"points": part.points.amount, "expires_at": _text(part.expires_at)}
                    for part in each.parts
                ],
            }
            for each in stakes
        ],
    }


def good_json(good: Good) -> dict[str, Json]:
    """A good of the catalogue."""
    return {
        "id": format_id(GOOD_PREFIX, good.good_id),
        **good.terms.to_json(),
        "stock": good.stock,
        "created_at": _text(good.created_at),
    }


def order_json(order: GoodOrder) -> dict[str, Json]:
    """An order, for its buyer and for admins."""
    return {
        "id": format_id(ORDER_PREFIX, order.order_id),
        "good": format_id(GOOD_PREFIX, order.good_id),
        "member": format_id("mem", order.member_id),
        "quantity": order.quantity,
        "price": order.price.amount,
        "points": order.points.amount,
        "state": order.state.value,
        "ordered_at": _text(order.ordered_at),
        "lapses_at": _text(order.lapses_at),
        "ended_by": _id("mem", order.ended_by),
        "ended_at": _text(order.ended_at),
        "refunded_by": _id("mem", order.refunded_by),
        "refunded_at": _text(order.refunded_at),
        "note": order.note,
    }


def _payment_json(payment: Payment) -> dict[str, Json]:
    return {
        "member": format_id("mem", payment.member_id),
        "points": payment.points.amount,
        "entry": _id("ent", payment.entry_id),
    }


def _act_json(act: ProjectAct) -> dict[str, Json]:
    return {
        "act": act.act.value,
        "task": _id(TASK_PREFIX, act.task_id),
        "by": _id("mem", act.member_id),
        "at": _text(act.at),
        "text": act.text,
    }


def _id(prefix: str, value: UUID | None) -> str | None:
    return None if value is None else format_id(prefix, value)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else Instant.of(moment).isoformat()
