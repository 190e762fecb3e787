"""A community with money in a pool, people to do things, and a clock that goes when told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

import pytest
import sqlalchemy as sa

from api.cli.ledger import REFUSALS
from governance.goods import service as goods
from governance.goods.model import Good, GoodOrder, Terms
from governance.goods.service import AddGood, EndOrder, Order
from governance.goods.verify import GOODS_CHECKS
from governance.projects import funding, service, tasks
from governance.projects.funding import ApproveProject
from governance.projects.model import Project, Share, Task
from governance.projects.service import EndProject, ProposeProject
from governance.projects.tasks import AcceptTask, AddTask, AssignTask, DeliverTask
from governance.projects.verify import PROJECT_CHECKS
from governance.staking import service as staking
from governance.staking.service import PlaceStake, ReleaseStake
from governance.staking.verify import STAKING_CHECKS
from ledger.journal import service as journal
from ledger.journal.model import AccountKey, AccountKind, EntryDraft, EntryKind, Posting
from ledger.kernel.transaction import Database, Work, connect, execute
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.lots.model import ISSUANCE, Cause, GrantLot, Hold, Summary
from ledger.members import store as members_store
from ledger.members.model import Role
from ledger.switches.model import SetSwitch, Switch
from ledger.switches.service import set_switch
from ledger.verify.model import Finding
from ledger.verify.service import JOURNAL_CHECKS, check_refusals, run_checks, verify
from tests.integration.conftest import TestDatabase
from tests.integration.redemption.conftest import SetClock
from tests.world import World

OWN_CHECKS = (*PROJECT_CHECKS, *GOODS_CHECKS, *STAKING_CHECKS)
CHECKS = (check_refusals(REFUSALS), *JOURNAL_CHECKS, *OWN_CHECKS)
PROGRAMME = """
programme: projects
version: "1"
zone: UTC
validity: {months: 12}
rules:
  - {id: read, on: lms.section.read, to: actor, points: 10}
inactivity: {check: quarter, to: revoked, steps: [{days: 90, share: 50}]}
redemption: {rates: {USD: 1}, refund_grace_days: 10}
"""
TAMPERED = (
    *("projects", "project_approvals", "project_tasks", "project_shares", "project_payments"),
    *("project_acts", "good_changes", "good_orders", "stakes", "holds", "hold_parts"),
)
_Command = TypeVar("_Command")
_Result = TypeVar("_Result")


@dataclass
class Guild:
    """Two admins, a moderator, and members by name."""

    world: World
    clock: SetClock
    owner_url: str
    url: str
    people: dict[str, UUID] = field(default_factory=dict)

    @property
    def database(self) -> Database:
        return self.world.database

    @property
    def admins(self) -> tuple[UUID, UUID]:
        return self.world.first_admin, self.world.second_admin

    def __getitem__(self, name: str) -> UUID:
        """The member of this name, new the first time."""
        if name not in self.people:
            self.people[name] = self.world.link(name)
        return self.people[name]

    def do(self, use_case: Callable[[Work, _Command], _Result], command: _Command) -> _Result:
        return execute(self.database, use_case, command)

    def promote(self, name: str, role: Role) -> UUID:
        def give(work: Work, member_id: UUID) -> None:
            members_store.insert_role(work, member_id, role, None)
            members_store.grant_role(work, member_id, role, None)

        self.do(give, self[name])
        return self[name]

    def demote(self, member_id: UUID) -> None:
        """Take an admin's role away, even if too few remain."""

        def take(work: Work, whose: UUID) -> None:
            members_store.delete_role(work, whose, Role.ADMIN)

        self.do(take, member_id)

    def fill(self, points: int, pool: AccountKind = AccountKind.TREASURY) -> None:
        """Points into a pool."""

        def post(work: Work, _: None) -> None:
            posting = Posting(ISSUANCE, AccountKey(pool), Points(points))
            entry_id = work.ids.new(work.now)
            journal.post(
                work, [EntryDraft(entry_id, EntryKind.EMISSION, (posting,), work.now, "{}")]
            )

        self.do(post, None)

    def give(self, name: str, points: int, *, days: int | None = 365) -> None:
        """A lot of a member's that lives for so many days."""
        at = self.clock.time
        expires_at = None if days is None else at + timedelta(days=days)
        key = (name, str(points), str(days), at.isoformat())
        cause = Cause("test", "-".join(key))
        command = GrantLot(
            self[name], Points(points), EntryKind.AWARD, key, at, at, expires_at, cause
        )
        self.do(lots.grant_lot, command)

    def summary(self, name: str) -> Summary:
        with self.database.read() as work:
            return lots.summary(work, self[name], work.now)

    def available(self, name: str) -> int:
        return self.summary(name).available.amount

    def balance(self, key: AccountKey | AccountKind) -> int:
        wanted = key if isinstance(key, AccountKey) else AccountKey(key)
        with self.database.read() as work:
            return journal.balances(work, [wanted])[wanted].amount

    def switch(self, which: Switch, *, on: bool) -> None:
        self.do(set_switch, SetSwitch(which, on, "Counting", "test"))

    def findings(self) -> tuple[Finding, ...]:
        return verify(self.database, CHECKS).findings

    def found_after(self, *statements: str, **values: Any) -> str:
        """What would be found if the owner of the tables had changed rows, refusals off."""
        owner = connect(self.owner_url)
        try:
            with owner.engine.connect() as connection:
                for table in TAMPERED:
                    connection.execute(sa.text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
                for statement in statements:
                    named = {
                        name: value for name, value in values.items() if f":{name}" in statement
                    }
                    connection.execute(sa.text(statement), named)
                report = run_checks(Work(connection, self.clock.time, owner.ids), OWN_CHECKS)
                connection.rollback()
        finally:
            owner.engine.dispose()
        return " ".join(map(str, report.findings))

    # Projects

    def propose(self, author: str = "anna", budget: int = 1000, **changes: Any) -> Project:
        given: dict[str, Any] = {
            "title": "A library of exercises",
            "plan": "Collect, check, publish.",
            "pool": AccountKind.TREASURY,
        }
        command = ProposeProject(author_id=self[author], budget=Points(budget), **given | changes)
        return self.do(service.propose, command)

    def approve(self, project: Project, by: UUID) -> Project:
        command = ApproveProject(project.project_id, by, project.content_digest)
        return self.do(funding.approve, command)

    def funded(self, author: str = "anna", budget: int = 1000, **changes: Any) -> Project:
        project = self.propose(author, budget, **changes)
        for admin in self.admins:
            project = self.approve(project, admin)
        return project

    def task(self, project: Project, reward: int = 100, by: str = "anna", **changes: Any) -> Task:
        given = {"title": "Ten exercises", "text": "On fractions."} | changes
        command = AddTask(project.project_id, self[by], reward=Points(reward), **given)
        return self.do(tasks.add, command)

    def assign(self, task: Task, by: str = "anna", **weights: int) -> Task:
        shares = tuple(Share(self[name], weight) for name, weight in weights.items())
        return self.do(tasks.assign, AssignTask(task.task_id, self[by], shares))

    def deliver(self, task: Task, by: str) -> Task:
        return self.do(tasks.deliver, DeliverTask(task.task_id, self[by], "Done: see the folder."))

    def accept(self, task: Task, by: UUID) -> Task:
        assert task.delivery_digest is not None
        return self.do(tasks.accept, AcceptTask(task.task_id, by, task.delivery_digest))

    def done(self, project: Project, reward: int = 100, by: str = "anna", **weights: int) -> Task:
        """A task that was added, assigned, delivered and accepted."""
        task = self.assign(self.task(project, reward, by), by, **weights)
        task = self.deliver(task, next(iter(weights)))
        return self.accept(task, self["vera"])

    def close(self, project: Project, by: str = "anna") -> Project:
        return self.do(service.close, EndProject(project.project_id, self[by], "All done."))

    def withdraw(self, project: Project, by: str = "anna") -> Project:
        return self.do(service.withdraw, EndProject(project.project_id, self[by], "No."))

    def name(self, member_id: UUID) -> str:
        """The name of a member."""
        return next(name for name, each in self.people.items() if each == member_id)

    # Goods and stakes

    def good(self, price: int = 50, stock: int = 3, **changes: Any) -> Good:
        command = AddGood(terms(price, **changes), stock, self.admins[0])
        return self.do(goods.add, command)

    def stock(self, good: Good) -> int:
        with self.database.read() as work:
            return goods.find(work, good.good_id).stock

    def order(self, good: Good, name: str, quantity: int = 1, note: str | None = None) -> GoodOrder:
        command = Order(good.good_id, self[name], quantity, good.terms.price, note)
        return self.do(goods.order, command)

    def end(self, use_case: Callable[[Work, EndOrder], GoodOrder], order: GoodOrder) -> GoodOrder:
        """Fulfil, cancel or refund as an admin."""
        return self.do(use_case, EndOrder(order.order_id, self.admins[0]))

    def stake(self, name: str, project: Project, points: int) -> Hold:
        command = PlaceStake(self[name], project.project_id, Points(points))
        return self.do(staking.place, command)

    def let_go(self, name: str, hold: Hold) -> Hold:
        return self.do(staking.release, ReleaseStake(hold.hold_id, self[name]))

    def weights(self) -> dict[UUID, int]:
        with self.database.read() as work:
            return {each.project_id: each.weight for each in staking.priorities(work)}


def terms(price: int = 50, **changes: Any) -> Terms:
    """What a catalogue says of a cup."""
    given: dict[str, Any] = {
        "name_en": "A cup",
        "name_ru": "Кружка",
        "text_en": "With the school's name.",
        "text_ru": "С именем школы.",
        "per_member": None,
        "is_offered": True,
    }
    return Terms(price=Points(price), **given | changes)


@pytest.fixture
def guild(database: Database, test_database: TestDatabase, migrator_url: str) -> Guild:
    clock = SetClock()

    guild = Guild(
        World.make(replace(database, clock=clock)), clock, migrator_url, test_database.app_url
    )
    guild.world.activate(PROGRAMME)
    guild.fill(10_000)
    guild.promote("vera", Role.MODERATOR)
    return guild
