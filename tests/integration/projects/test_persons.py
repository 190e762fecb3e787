"""Projects and stakes of who turns out to be one person with another, and of who is forgotten."""

from __future__ import annotations

from uuid import UUID

import pytest
import sqlalchemy as sa

from api.erasing import EraseMember, erase, tell
from api.merging import approve
from governance.projects import errors, lookup, store, tasks
from governance.projects.tasks import EndTask
from governance.staking import jobs
from governance.staking import service as staking
from governance.staking.service import ReleaseStake
from ledger.members.model import MemberNotActive, Role
from ledger.merges import service as merges
from ledger.merges.model import ApproveMerge, Merge, MergeWouldPayOneself, ProposeMerge
from tests.integration.projects.conftest import Guild


def _merge(guild: Guild, survivor: UUID, absorbed: UUID) -> Merge:
    asked = ProposeMerge(survivor, absorbed, "One person.", guild.admins[0])
    merge = guild.do(merges.propose_merge, asked)
    yes = ApproveMerge(merge.merge_id, merge.content_digest, guild.admins[1])
    return guild.do(approve, yes)


def test_who_was_merged_is_paid_under_the_name_that_stands(guild: Guild) -> None:
    project = guild.funded()
    task = guild.deliver(guild.assign(guild.task(project), boris=1, daria=1), "daria")
    _merge(guild, guild["boris"], guild["daria"])
    guild.accept(task, guild["vera"])
    assert guild.available("boris") == 100
    assert guild.findings() == ()


def test_who_leads_goes_on_leading_under_another_name(guild: Guild) -> None:
    project = guild.funded()
    _merge(guild, guild["boris"], guild["anna"])
    guild.assign(guild.task(project, by="boris"), by="boris", daria=1)
    with pytest.raises(MemberNotActive):
        guild.task(project)


def test_nobody_decides_on_what_they_do_under_another_name(guild: Guild) -> None:
    project = guild.funded()
    task = guild.deliver(guild.assign(guild.task(project), boris=1), "boris")
    _merge(guild, guild["vera"], guild["boris"])
    with pytest.raises(errors.ProjectNeedsAnotherPerson):
        guild.accept(task, guild["vera"])
    guild.accept(task, guild.admins[0])
    assert guild.available("vera") == 100
    assert guild.findings() == ()


def test_an_approver_is_not_paid_by_becoming_one_with_who_is(guild: Guild) -> None:
    third = guild.promote("third", Role.ADMIN)
    project = guild.propose()
    for by in (guild.admins[0], third):
        project = guild.approve(project, by)
    task = guild.deliver(guild.assign(guild.task(project), boris=1), "boris")
    merge = guild.do(
        merges.propose_merge, ProposeMerge(third, guild["boris"], "One.", guild.admins[0])
    )
    guild.do(approve, ApproveMerge(merge.merge_id, merge.content_digest, guild.admins[1]))
    with pytest.raises(errors.ProjectNeedsAnotherPerson):
        guild.accept(task, guild.admins[1])
    task = guild.do(tasks.send_back, EndTask(task.task_id, guild.admins[1], "Others have to."))
    task = guild.deliver(guild.assign(task, daria=1), "daria")
    guild.accept(task, guild.admins[1])
    assert guild.findings() == ()


def test_who_accepted_the_others_work_stays_apart(guild: Guild) -> None:
    guild.done(guild.funded(), 100, boris=1)
    with pytest.raises(MergeWouldPayOneself) as refused:
        _merge(guild, guild["vera"], guild["boris"])
    assert str(refused.value.operands["paid_by"]).startswith("tsk_")
    assert guild.findings() == ()
    _merge(guild, guild["daria"], guild["boris"])
    assert guild.available("daria") == 100
    with pytest.raises(MergeWouldPayOneself):
        _merge(guild, guild["vera"], guild["daria"])


def test_stakes_of_two_are_one_persons(guild: Guild) -> None:
    guild.give("daria", 100)
    project = guild.propose()
    hold = guild.stake("daria", project, 60)
    _merge(guild, guild["boris"], guild["daria"])
    assert (guild.available("boris"), guild.summary("boris").held.amount) == (40, 60)
    assert jobs.let_go_of_stakes(guild.database) == 0
    guild.do(staking.release, ReleaseStake(hold.hold_id, guild["boris"]))
    assert guild.available("boris") == 100
    assert guild.findings() == ()


def _forget(guild: Guild, name: str) -> None:
    with guild.database.read() as work:
        told = tell(work, guild[name])
    guild.do(erase, EraseMember(guild[name], told.confirm, "member"))


def test_who_is_forgotten_leaves_points_and_no_words(guild: Guild) -> None:
    project = guild.funded(plan="Anna's plan.", title="Anna's")
    task = guild.assign(guild.task(project, text="Anna's task."), boris=1)
    task = guild.deliver(task, "boris")
    guild.give("anna", 50)
    guild.stake("anna", project, 50)
    _forget(guild, "anna")
    with guild.database.read() as work:
        assert lookup.find(work, project.project_id).words is None
        assert tasks.find(work, task.task_id).words is None
        kept = work.connection.execute(sa.text("SELECT body FROM project_words")).scalars().all()
        texts = {act.text for act in store.acts_of(work, project.project_id, 50)}
    assert kept == ["Done: see the folder."]
    assert texts == {None, "Done: see the folder."}
    assert jobs.let_go_of_stakes(guild.database) == 1
    guild.accept(task, guild["vera"])
    _forget(guild, "boris")
    with guild.database.read() as work:
        left = work.connection.execute(sa.text("SELECT count(*) FROM project_words")).scalar_one()
    assert left == 0
    guild.people["admin"] = guild.admins[0]
    guild.close(project, by="admin")
    assert guild.findings() == ()


def test_who_was_forgotten_is_not_paid(guild: Guild) -> None:
    project = guild.funded()
    task = guild.deliver(guild.assign(guild.task(project), boris=1, daria=1), "daria")
    _forget(guild, "boris")
    with pytest.raises(MemberNotActive):
        guild.accept(task, guild["vera"])
    task = guild.do(tasks.send_back, EndTask(task.task_id, guild["vera"], "Of one alone."))
    guild.accept(guild.deliver(guild.assign(task, daria=1), "daria"), guild["vera"])
    assert guild.available("daria") == 100
    assert guild.findings() == ()
