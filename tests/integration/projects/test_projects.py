"""A project from its proposal to its last point: who may do what, and where the points are."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from governance.projects import errors, funding, lookup, service, store, tasks, tasks_store
from governance.projects.funding import FundProject
from governance.projects.model import (
    PROPOSALS_MAX,
    Act,
    Project,
    ProjectState,
    Share,
    Task,
    TaskState,
    account_of,
)
from governance.projects.service import EndProject
from governance.projects.tasks import AssignTask, EndTask
from ledger.journal import service as journal
from ledger.journal.model import AccountKey, AccountKind, EntryDraft, EntryKind, Posting
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.lots.history import history
from ledger.members import service as members
from ledger.members.model import BlockMember, MemberNotActive, NotAnAdmin, Role
from ledger.switches.model import Switch
from tests.integration.projects.conftest import Guild
from tests.support.admins import blocked

TREASURY = AccountKey(AccountKind.TREASURY)


def _send_back(guild: Guild, task: Task, by: str = "vera") -> Task:
    return guild.do(tasks.send_back, EndTask(task.task_id, guild[by], "Three are missing."))


def _withdraw(guild: Guild, task: Task, by: str = "anna") -> Task:
    return guild.do(tasks.withdraw, EndTask(task.task_id, guild[by], "No longer needed."))


def test_a_project_from_its_proposal_to_its_last_point(guild: Guild) -> None:
    project = guild.propose()
    assert project.state is ProjectState.PROPOSED
    assert guild.balance(AccountKind.TREASURY) == 10_000
    assert guild.approve(project, guild.admins[0]).state is ProjectState.PROPOSED
    project = guild.approve(project, guild.admins[1])
    assert project.state is ProjectState.FUNDED
    assert (guild.balance(AccountKind.TREASURY), guild.balance(project.account)) == (9_000, 1_000)
    task = guild.done(project, 100, boris=2, daria=1)
    assert task.state is TaskState.ACCEPTED
    assert (guild.available("boris"), guild.available("daria")) == (67, 33)
    assert guild.balance(project.account) == 900
    closed = guild.close(project)
    assert closed.state is ProjectState.CLOSED
    assert (guild.balance(AccountKind.TREASURY), guild.balance(project.account)) == (9_900, 0)
    assert guild.findings() == ()
    with guild.database.read() as work:
        acts = [each.act for each in store.acts_of(work, project.project_id, 20)][::-1]
    assert acts == [
        Act.PROPOSED,
        *(Act.APPROVED, Act.APPROVED, Act.FUNDED),
        *(Act.TASK_ADDED, Act.TASK_ASSIGNED, Act.TASK_DELIVERED, Act.TASK_ACCEPTED),
        Act.CLOSED,
    ]


def test_what_was_paid_says_why_and_lives_as_the_programme_says(guild: Guild) -> None:
    project = guild.funded()
    task = guild.done(project, 100, boris=1)
    with guild.database.read() as work:
        (entry,) = history(work, guild["boris"])
    assert entry.kind is EntryKind.PROJECT_PAYMENT
    assert isinstance(entry.cause, dict)
    assert task.delivery_digest is not None
    assert entry.cause["why"] == {
        "project": str(project.project_id),
        "task": str(task.task_id),
        "delivery": task.delivery_digest.hex(),
        "accepted_by": str(guild["vera"]),
        "reward": 100,
        "weights": [1],
        "share": 1,
    }
    (lot,) = guild.summary("boris").lots
    assert lot.lot.expires_at == guild.clock.time.replace(year=guild.clock.time.year + 1)


def test_the_author_gives_no_budget_and_nobody_counts_twice(guild: Guild) -> None:
    guild.people["admin"] = guild.admins[0]
    own = guild.propose("admin")
    with pytest.raises(errors.ProjectNeedsAnotherPerson):
        guild.approve(own, guild.admins[0])
    project = guild.propose()
    with pytest.raises(NotAnAdmin):
        guild.approve(project, guild["boris"])
    guild.approve(project, guild.admins[0])
    with pytest.raises(errors.ProjectNeedsAnotherPerson):
        guild.approve(project, guild.admins[0])
    with pytest.raises(errors.ProjectContentDiffers):
        guild.approve(replace(project, content_digest=bytes(32)), guild.admins[1])
    assert guild.balance(AccountKind.TREASURY) == 10_000


def test_of_those_who_stood_only_admins_count(guild: Guild) -> None:
    project = guild.propose()
    guild.approve(project, guild.admins[0])
    third = guild.promote("third", Role.ADMIN)
    with blocked(guild.database, guild.admins[0]):
        assert guild.approve(project, guild.admins[1]).state is ProjectState.PROPOSED
        assert guild.approve(project, third).state is ProjectState.FUNDED


def test_a_pool_gives_no_more_than_it_has(guild: Guild) -> None:
    project = guild.propose(budget=10_001)
    guild.approve(project, guild.admins[0])
    with pytest.raises(errors.PoolCannotFund) as refused:
        guild.approve(project, guild.admins[1])
    assert refused.value.operands == {"pool": "treasury", "balance": 10_000, "required": 10_001}
    with guild.database.read() as work:
        assert len(lookup.find(work, project.project_id).approvals) == 1
    guild.fill(1)
    assert guild.approve(project, guild.admins[1]).state is ProjectState.FUNDED


@pytest.mark.parametrize("pool", ["rewards", "startup", "team", "liquidity"])
def test_every_pool_can_give_a_budget(guild: Guild, pool: str) -> None:
    guild.fill(50, AccountKind(pool))
    project = guild.funded(budget=50, pool=AccountKind(pool))
    guild.done(project, 20, boris=1)
    guild.close(project)
    assert guild.balance(AccountKind(pool)) == 30
    assert guild.findings() == ()


def test_large_budgets_need_a_third_person_even_in_pieces(guild: Guild) -> None:
    guild.fill(1_000_000)
    first = guild.funded(budget=60_000)
    assert first.state is ProjectState.FUNDED
    second = guild.funded("boris", budget=60_000)
    assert (second.state, second.persons_needed) == (ProjectState.PROPOSED, 2)
    third = guild.promote("third", Role.ADMIN)
    assert guild.approve(second, third).state is ProjectState.FUNDED
    assert guild.propose("daria", budget=100_001).persons_needed == 3
    guild.clock.forward(hours=25)
    later = guild.funded("gleb", budget=60_000)
    assert later.state is ProjectState.FUNDED


def test_a_single_admin_waits_in_public(guild: Guild) -> None:
    guild.demote(guild.admins[1])
    with pytest.raises(errors.ProjectThresholdReached):
        guild.propose(budget=100_001)
    project = guild.approve(guild.propose(), guild.admins[0])
    assert project.fundable_from == guild.clock.time + timedelta(hours=72)
    with pytest.raises(errors.ProjectNotFundableYet):
        guild.approve(project, guild.admins[0])
    guild.clock.forward(hours=72)
    assert guild.approve(project, guild.admins[0]).state is ProjectState.FUNDED
    assert guild.findings() == ()


def test_a_vote_gives_a_budget_by_its_own_door_once(guild: Guild) -> None:
    project = guild.propose()
    cause = {"kind": "vote", "proposal": "123", "transaction": "0xab"}
    command = FundProject(project.project_id, project.content_digest, cause)
    funded = guild.do(funding.fund, command)
    assert guild.do(funding.fund, command).funded_at == funded.funded_at
    assert guild.balance(project.account) == 1_000
    with pytest.raises(errors.ProjectStateDiffers):
        guild.do(funding.fund, replace(command, cause={"kind": "vote", "proposal": "124"}))
    other = guild.propose()
    with pytest.raises(errors.ProjectContentDiffers):
        guild.do(funding.fund, FundProject(other.project_id, project.content_digest, cause))
    assert guild.findings() == ()


def test_proposals_are_withdrawn_and_refused(guild: Guild) -> None:
    project = guild.propose()
    end = EndProject(project.project_id, guild["boris"], "Not now.")
    with pytest.raises(errors.NotTheProjectsLead):
        guild.do(service.withdraw, end)
    with pytest.raises(NotAnAdmin):
        guild.do(service.refuse, end)
    with pytest.raises(errors.NotTheProjectsLead):
        guild.do(service.withdraw, replace(end, by=guild.admins[0]))
    assert guild.do(service.withdraw, replace(end, by=guild["anna"])).state == "withdrawn"
    other = guild.propose()
    refused = EndProject(other.project_id, guild.admins[0], "Done elsewhere.")
    assert guild.do(service.refuse, refused).state == "refused"
    for ended in (project, other):
        with pytest.raises(errors.ProjectStateDiffers):
            guild.approve(ended, guild.admins[0])
        with pytest.raises(errors.ProjectStateDiffers):
            guild.task(ended)
    assert guild.findings() == ()


def test_one_person_has_a_few_undecided_projects(guild: Guild) -> None:
    for _ in range(PROPOSALS_MAX):
        guild.propose()
    with pytest.raises(errors.TooManyProposals):
        guild.propose()
    guild.propose("boris")


def test_texts_and_amounts_that_cannot_be_are_refused(guild: Guild) -> None:
    unlike: tuple[dict[str, Any], ...] = (
        {"title": " "},
        {"title": "x" * 161},
        {"plan": ""},
        {"plan": "x" * 8_001},
        {"budget": 0},
        {"budget": 10_000_001},
        {"pool": AccountKind.ESCROW},
    )
    for changes in unlike:
        with pytest.raises(errors.BadProject):
            guild.propose(**changes)
    project = guild.funded()
    others: tuple[dict[str, Any], ...] = (
        {"reward": 0},
        {"title": ""},
        {"text": ""},
        {"due_at": guild.clock.time},
    )
    for changes in others:
        with pytest.raises(errors.BadProject):
            guild.task(project, **changes)
    task = guild.task(project)
    for shares in ((), (Share(guild["boris"], 0),), (Share(guild["boris"], 1),) * 2):
        with pytest.raises(errors.BadProject):
            guild.do(tasks.assign, AssignTask(task.task_id, guild["anna"], shares))
    with pytest.raises(errors.UnknownProject):
        guild.task(replace(project, project_id=task.task_id))
    with pytest.raises(errors.UnknownTask):
        guild.assign(replace(task, task_id=project.project_id), boris=1)


def test_rewards_stay_within_the_budget(guild: Guild) -> None:
    project = guild.funded(budget=100)
    first = guild.task(project, 60)
    with pytest.raises(errors.BudgetTooSmall) as refused:
        guild.task(project, 41)
    assert refused.value.operands == {"left": 40, "required": 41}
    guild.task(project, 40)
    _withdraw(guild, first)
    guild.done(project, 60, boris=1)
    with pytest.raises(errors.BudgetTooSmall):
        guild.task(project, 1)
    assert guild.findings() == ()


def test_only_others_accept_and_only_moderators(guild: Guild) -> None:
    project = guild.funded()
    task = guild.deliver(guild.assign(guild.task(project), boris=1, vera=1), "boris")
    guild.promote("anna", Role.MODERATOR)
    guild.promote("boris", Role.MODERATOR)
    for by in ("anna", "boris", "vera"):
        with pytest.raises(errors.ProjectNeedsAnotherPerson):
            guild.accept(task, guild[by])
        with pytest.raises(errors.ProjectNeedsAnotherPerson):
            _send_back(guild, task, by)
    with pytest.raises(errors.NotAnAcceptor):
        guild.accept(task, guild["daria"])
    with pytest.raises(errors.ProjectContentDiffers):
        guild.accept(replace(task, delivery_digest=bytes(32)), guild.admins[0])
    guild.accept(task, guild.admins[0])
    with pytest.raises(errors.TaskStateDiffers):
        guild.accept(task, guild.admins[0])
    assert guild.findings() == ()


def test_who_stood_for_the_budget_is_not_paid_out_of_it(guild: Guild) -> None:
    project = guild.funded()
    guild.people["admin"] = guild.admins[0]
    with pytest.raises(errors.ProjectNeedsAnotherPerson):
        guild.assign(guild.task(project), admin=1)


def test_a_delivery_is_sent_back_and_made_anew(guild: Guild) -> None:
    project = guild.funded()
    task = guild.assign(guild.task(project), boris=1)
    with pytest.raises(errors.NotAssigned):
        guild.deliver(task, "daria")
    first = guild.deliver(task, "boris")
    back = _send_back(guild, first)
    assert (back.state, back.delivery_digest) == (TaskState.ASSIGNED, None)
    second = guild.deliver(back, "boris")
    with pytest.raises(errors.ProjectContentDiffers):
        guild.accept(first, guild["vera"])
    guild.accept(second, guild["vera"])
    assert guild.available("boris") == 100


def test_a_task_is_given_to_others_until_it_is_delivered(guild: Guild) -> None:
    project = guild.funded()
    task = guild.assign(guild.task(project), boris=1)
    task = guild.assign(task, daria=1, gleb=3)
    with pytest.raises(errors.NotAssigned):
        guild.deliver(task, "boris")
    with pytest.raises(errors.NotTheProjectsLead):
        guild.assign(task, by="boris", boris=1)
    task = guild.deliver(task, "gleb")
    with pytest.raises(errors.TaskStateDiffers):
        guild.assign(task, boris=1)
    with pytest.raises(errors.TaskStateDiffers):
        _withdraw(guild, task)
    guild.accept(task, guild["vera"])
    assert [guild.available(name) for name in ("boris", "daria", "gleb")] == [0, 25, 75]


def test_late_work_is_called_late_and_paid(guild: Guild) -> None:
    project = guild.funded()
    task = guild.task(project, due_at=guild.clock.time + timedelta(days=3))
    task = guild.assign(task, boris=1)
    guild.clock.forward(days=4)
    task = guild.deliver(task, "boris")
    assert task.is_late
    guild.clock.forward(days=400)
    guild.accept(task, guild["vera"])
    assert guild.available("boris") == 100
    assert guild.findings() == ()


def test_closing_waits_for_decisions_and_withdraws_the_rest(guild: Guild) -> None:
    project = guild.funded()
    guild.task(project, 100)
    guild.assign(guild.task(project, 100), daria=1)
    delivered = guild.deliver(guild.assign(guild.task(project, 100), boris=1), "boris")
    with pytest.raises(errors.TasksUndecided):
        guild.close(project)
    with pytest.raises(errors.NotTheProjectsLead):
        guild.close(project, by="boris")
    guild.accept(delivered, guild["vera"])
    guild.close(project)
    with guild.database.read() as work:
        states = [each.state for each in tasks_store.tasks_of(work, [project.project_id])]
    assert states == ["withdrawn", "withdrawn", "accepted"]
    assert guild.balance(AccountKind.TREASURY) == 9_900
    with pytest.raises(errors.ProjectStateDiffers):
        guild.accept(delivered, guild["vera"])
    assert guild.findings() == ()


def test_a_budget_that_was_paid_out_leaves_nothing_to_return(guild: Guild) -> None:
    project = guild.funded(budget=100)
    guild.done(project, 100, boris=1)
    assert guild.close(project).return_entry_id is None
    assert guild.findings() == ()


def test_while_earning_is_off_nothing_is_paid(guild: Guild) -> None:
    project = guild.funded()
    task = guild.deliver(guild.assign(guild.task(project), boris=1), "boris")
    guild.switch(Switch.EARNING, on=False)
    with pytest.raises(errors.EarningSwitchedOff):
        guild.accept(task, guild["vera"])
    guild.switch(Switch.EARNING, on=True)
    guild.accept(task, guild["vera"])
    assert guild.available("boris") == 100


def test_who_was_blocked_meanwhile_is_not_paid_until_others_do_the_work(guild: Guild) -> None:
    project = guild.funded()
    task = guild.deliver(guild.assign(guild.task(project), boris=1, daria=1), "daria")
    guild.do(members.block_member, BlockMember(guild["boris"], guild.admins[0]))
    with pytest.raises(MemberNotActive):
        guild.accept(task, guild["vera"])
    with pytest.raises(MemberNotActive):
        guild.deliver(_send_back(guild, task), "boris")
    with pytest.raises(MemberNotActive):
        guild.assign(task, boris=1)
    task = guild.deliver(guild.assign(task, daria=1), "daria")
    guild.accept(task, guild["vera"])
    assert guild.available("daria") == 100
    assert guild.findings() == ()


def test_an_admin_leads_in_the_place_of_an_author_who_left(guild: Guild) -> None:
    project = guild.funded()
    guild.do(members.block_member, BlockMember(guild["anna"], guild.admins[0]))
    with pytest.raises(MemberNotActive):
        guild.task(project)
    guild.people["admin"] = guild.admins[0]
    task = guild.task(project, by="admin")
    task = guild.deliver(guild.assign(task, by="admin", boris=1), "boris")
    with pytest.raises(errors.ProjectNeedsAnotherPerson):
        guild.accept(task, guild.admins[0])
    guild.accept(task, guild.admins[1])
    guild.close(project, by="admin")
    assert guild.findings() == ()


def test_nobody_funds_a_project_whose_author_left(guild: Guild) -> None:
    project = guild.propose()
    guild.approve(project, guild.admins[0])
    guild.do(members.block_member, BlockMember(guild["anna"], guild.admins[0]))
    with pytest.raises(MemberNotActive):
        guild.approve(project, guild.admins[1])


def _one_task(guild: Guild) -> tuple[Project, Task]:
    project = guild.funded()
    return project, guild.done(project, 100, boris=2, daria=1)


CHANGES = (
    ("UPDATE projects SET budget = 999", "its digest is of other content"),
    ("UPDATE project_words SET body = 'Else.' WHERE words_id = :project", "another plan"),
    ("UPDATE project_words SET body = 'Else.' WHERE words_id = :task", "another text"),
    ("UPDATE project_approvals SET content_digest = sha256('')", "another content's digest"),
    ("UPDATE project_approvals SET person_id = :anna WHERE person_id = :admin", "its author"),
    ("DELETE FROM project_approvals WHERE person_id = :admin", "by others than stand"),
    ("UPDATE projects SET funded_at = funded_at + interval '1 s'", "funded otherwise"),
    ("UPDATE project_tasks SET reward = 101", "otherwise than its shares"),
    ("UPDATE project_tasks SET decided_by = :boris", "who gains by it"),
    ("UPDATE project_tasks SET decided_by = :admin", "entry of share 1"),
    ("UPDATE project_shares SET weight = 1", "otherwise than its shares"),
    ("UPDATE project_payments SET member_id = :gleb WHERE number = 2", "entry of share 2"),
    ("UPDATE project_payments SET member_id = :admin WHERE number = 2", "stood for the budget"),
    ("UPDATE project_payments SET points = 68 WHERE number = 1", "paid 101, and has 900"),
    (
        (
            "UPDATE project_tasks SET state = 'assigned', delivered_by = NULL, "
            "delivered_at = NULL, delivery_digest = NULL, decided_by = NULL, decided_at = NULL"
        ),
        "not accepted, and was paid",
    ),
    (
        "UPDATE projects SET state = 'closed', closed_by = author_id, closed_at = now()",
        "is closed, with 900 points",
    ),
    (
        (
            "UPDATE projects SET state = 'proposed', funded_by = NULL, "
            "funding_entry_id = NULL, funded_at = NULL"
        ),
        "has no budget, and points",
    ),
)


def test_whatever_is_changed_afterwards_is_found(guild: Guild) -> None:
    project, task = _one_task(guild)
    values = {
        "project": project.project_id,
        "task": task.task_id,
        "admin": guild.admins[0],
        **{name: guild[name] for name in ("anna", "boris", "gleb")},
    }
    assert guild.findings() == ()
    for statement, problem in CHANGES:
        assert problem in guild.found_after(statement, **values), statement


def test_what_belongs_to_no_project_is_found(guild: Guild) -> None:
    project, _ = _one_task(guild)
    guild.close(project)
    lost = guild.found_after("UPDATE projects SET return_entry_id = NULL")
    assert "900 points did not go back" in lost
    other = guild.found_after("UPDATE projects SET return_entry_id = funding_entry_id")
    assert "gave back otherwise" in other
    tables = ("payments", "shares", "acts", "approvals", "tasks")
    emptied = [f"DELETE FROM project_{table}" for table in tables]
    gone = guild.found_after(*emptied, "DELETE FROM projects")
    assert "is of a project that no row states" in gone


def test_an_entry_that_no_project_names_is_found(guild: Guild) -> None:
    project = guild.funded()

    def there_and_back(work: Work, _: None) -> None:
        for kind, debit, credit in (
            (EntryKind.PROJECT_FUNDING, TREASURY, project.account),
            (EntryKind.PROJECT_RETURN, project.account, TREASURY),
        ):
            posting = Posting(debit, credit, Points(1))
            entry_id = work.ids.new(work.now)
            journal.post(work, [EntryDraft(entry_id, kind, (posting,), work.now, "{}")])

    guild.do(there_and_back, None)
    assert "is of a project, and none names it" in str(guild.findings())


def test_the_account_of_a_project_is_its_own(guild: Guild) -> None:
    first, second = guild.funded(), guild.funded("boris", budget=500)
    guild.done(second, 200, by="boris", daria=1)
    assert guild.balance(account_of(first.project_id)) == 1_000
    assert guild.balance(account_of(second.project_id)) == 300
    with guild.database.engine.begin() as connection, pytest.raises(sa.exc.IntegrityError):
        connection.execute(sa.text("UPDATE accounts SET balance = -1 WHERE kind = 'project'"))
