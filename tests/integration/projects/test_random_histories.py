"""Random histories of projects, goods and stakes against a model of plain sums."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from governance.goods import service as goods
from governance.goods.model import Good, GoodOrder
from governance.projects.model import Project, Task
from ledger.journal.model import AccountKind
from ledger.kernel.errors import VkladError
from ledger.lots.model import Hold
from tests.conftest import seeds_of_this_run
from tests.integration.projects.conftest import Guild

NAMES = ("boris", "daria", "gleb")
STEPS = 60


@dataclass
class Model:
    """Who has what, by plain sums; what a command should do, or that it is refused."""

    guild: Guild
    chance: Random
    free: dict[str, int] = field(default_factory=lambda: dict.fromkeys(NAMES, 200))
    treasury: int = 2_000
    stock: int = 5
    budgets: dict[Any, tuple[Project, int]] = field(default_factory=dict)
    tasks: list[tuple[Task, str, int]] = field(default_factory=list)
    orders: list[tuple[GoodOrder, str, bool]] = field(default_factory=list)
    stakes: list[tuple[Hold, str]] = field(default_factory=list)

    def refused_or(self, act: Callable[[], Any], *, allowed: bool) -> Any:
        """The answer, if the model allows the act; else it has to be refused."""
        if allowed:
            return act()
        with pytest.raises(VkladError):
            act()
        return None

    def step(self, good: Good) -> None:
        who = self.chance.choice(NAMES)
        acts = (self.fund, self.work, self.accept, self.close, self.stake, self.let_go)
        act = self.chance.choice((*acts, self.finish_order))
        if self.chance.random() < 0.25:
            self.order(good, who)
        else:
            act(who)

    def fund(self, _: str) -> None:
        budget = self.chance.randint(1, 900)
        project = self.guild.approve(self.guild.propose(budget=budget), self.guild.admins[0])
        allowed = budget <= self.treasury
        given = self.refused_or(
            lambda: self.guild.approve(project, self.guild.admins[1]), allowed=allowed
        )
        if given:
            self.treasury -= budget
            self.budgets[project.project_id] = (project, budget)
        else:
            self.guild.withdraw(project)

    def work(self, who: str) -> None:
        if not self.budgets:
            return
        project, left = self.chance.choice(list(self.budgets.values()))
        reward = self.chance.randint(1, 300)
        promised = sum(
            t.reward.amount for t, _, _ in self.tasks if t.project_id == project.project_id
        )
        task = self.refused_or(
            lambda: self.guild.task(project, reward), allowed=reward <= left - promised
        )
        if task:
            weights = {each: self.chance.randint(1, 5) for each in NAMES}
            task = self.guild.deliver(self.guild.assign(task, "anna", **weights), who)
            self.tasks.append((task, who, sum(weights.values())))

    def accept(self, _: str) -> None:
        if not self.tasks:
            return
        task, _, whole = self.tasks.pop(self.chance.randrange(len(self.tasks)))
        self.guild.accept(task, self.guild["vera"])
        project, left = self.budgets[task.project_id]
        self.budgets[task.project_id] = (project, left - task.reward.amount)
        weights = {self.guild.name(share.member_id): share.weight for share in task.shares}
        exact = {name: task.reward.amount * weight for name, weight in weights.items()}
        paid = {name: each // whole for name, each in exact.items()}
        order = sorted(paid, key=lambda name: (-(exact[name] % whole), NAMES.index(name)))
        for name in order[: task.reward.amount - sum(paid.values())]:
            paid[name] += 1
        for name, points in paid.items():
            self.free[name] += points

    def close(self, _: str) -> None:
        if not self.budgets or self.chance.random() < 0.5:
            return
        project, left = self.chance.choice(list(self.budgets.values()))
        waits = any(task.project_id == project.project_id for task, _, _ in self.tasks)
        if self.refused_or(lambda: self.guild.close(project), allowed=not waits):
            self.treasury += left
            del self.budgets[project.project_id]

    def order(self, good: Good, who: str) -> None:
        quantity = self.chance.randint(1, 3)
        allowed = quantity <= self.stock and quantity * 40 <= self.free[who]
        order = self.refused_or(lambda: self.guild.order(good, who, quantity), allowed=allowed)
        if order:
            self.stock -= quantity
            self.free[who] -= quantity * 40
            self.orders.append((order, who, False))

    def finish_order(self, _: str) -> None:
        if not self.orders:
            return
        order, who, is_done = self.orders.pop(self.chance.randrange(len(self.orders)))
        if not is_done and self.chance.random() < 0.6:
            self.guild.end(goods.fulfil, order)
            self.orders.append((order, who, True))
            return
        self.guild.end(goods.refund if is_done else goods.cancel, order)
        self.stock += order.quantity
        self.free[who] += order.points.amount

    def stake(self, who: str) -> None:
        if not self.budgets:
            return
        project, _ = self.chance.choice(list(self.budgets.values()))
        points = self.chance.randint(1, 150)
        mine = sum(name == who for _, name in self.stakes)
        allowed = points <= self.free[who] and mine < 20
        hold = self.refused_or(lambda: self.guild.stake(who, project, points), allowed=allowed)
        if hold:
            self.free[who] -= points
            self.stakes.append((hold, who))

    def let_go(self, _: str) -> None:
        if self.stakes:
            hold, who = self.stakes.pop(self.chance.randrange(len(self.stakes)))
            self.guild.let_go(who, hold)
            self.free[who] += hold.amount.amount

    def compare(self, good: Good) -> None:
        assert {name: self.guild.available(name) for name in NAMES} == self.free
        assert self.guild.balance(AccountKind.TREASURY) == self.treasury
        assert self.guild.stock(good) == self.stock
        for project, left in self.budgets.values():
            assert self.guild.balance(project.account) == left


@pytest.mark.parametrize("seed", seeds_of_this_run(40, 2, 1))
def test_random_histories_keep_every_point(guild: Guild, seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - a reproducible history, no secret
    for name in NAMES:
        guild.give(name, 200, days=None)
    model = Model(guild, chance, treasury=10_000)
    good = guild.good(price=40, stock=5)
    for step in range(STEPS):
        guild.clock.forward(minutes=1)
        model.step(good)
        if step % 10 == 9:
            model.compare(good)
    model.compare(good)
    assert guild.findings() == ()
