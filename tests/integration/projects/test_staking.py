"""Stakes: points on a project, whose weight grows, and which can be let go of at any time."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from governance.goods import service as goods
from governance.projects import errors, service
from governance.projects.service import EndProject
from governance.staking import jobs, model, store
from governance.staking import service as staking
from governance.staking.service import LetGo
from ledger.inactivity import service as inactivity
from ledger.kernel.units import Points
from ledger.lots import jobs as lots_jobs
from ledger.lots import service as lots
from ledger.lots.errors import InsufficientPoints
from ledger.lots.history import history
from ledger.lots.model import Cause, ClawBack, HoldState
from ledger.members import service as members
from ledger.members.model import BlockMember
from tests.integration.projects.conftest import Guild


def test_a_stake_holds_points_and_gives_them_back_at_any_time(guild: Guild) -> None:
    guild.give("boris", 100)
    project = guild.propose()
    hold = guild.stake("boris", project, 70)
    held = guild.summary("boris")
    assert (held.available, held.held) == (Points(30), Points(70))
    with pytest.raises(InsufficientPoints):
        guild.order(guild.good(price=31), "boris")
    with pytest.raises(InsufficientPoints):
        guild.stake("boris", project, 31)
    assert guild.findings() == ()
    for _ in range(2):
        assert guild.let_go("boris", hold).state is HoldState.RELEASED
    assert guild.available("boris") == 100
    assert guild.weights() == {}
    with guild.database.read() as work:
        kinds = [(each.kind, each.cause) for each in history(work, guild["boris"])]
    assert [kind for kind, _ in kinds] == ["release", "hold", "award"]
    assert isinstance(kinds[0][1], dict)
    assert kinds[0][1]["why"] == {"project": str(project.project_id)}
    assert guild.findings() == ()


def test_weight_grows_with_time_and_ranks_projects(guild: Guild) -> None:
    guild.give("boris", 1_000)
    guild.give("daria", 1_000)
    old, new = guild.propose(), guild.propose()
    guild.stake("boris", old, 100)
    assert guild.weights() == {old.project_id: 0}
    guild.clock.forward(days=7)
    guild.stake("daria", new, 150)
    assert guild.weights() == {old.project_id: 50, new.project_id: 0}
    guild.clock.forward(days=7)
    assert guild.weights() == {old.project_id: 75, new.project_id: 75}
    guild.clock.forward(days=7)
    assert list(guild.weights()) == [new.project_id, old.project_id]


def _recomputed(published: str, at: datetime) -> dict[str, int]:
    """What a stranger makes of the published rows, without our code."""
    weights: dict[str, int] = {}
    for row in json.loads(published):
        days = max(0, (at - datetime.fromisoformat(row["placed_at"])).days)
        missing = max(r for r in range(10**6 + 1) if r**7 * 2**days <= 10**42) if days < 8 else 0
        live = sum(
            part["points"]
            for part in row["parts"]
            if part["expires_at"] is None or datetime.fromisoformat(part["expires_at"]) > at
        )
        weight = live * (10**6 - missing) // 10**6
        weights[row["project"]] = weights.get(row["project"], 0) + weight
    return weights


def test_anybody_can_work_the_ranking_out_again(guild: Guild) -> None:
    projects = [guild.propose() for _ in range(2)]
    for number, name in enumerate(("boris", "daria", "gleb")):
        guild.give(name, 90 + number, days=5)
        guild.give(name, 40, days=None)
        guild.stake(name, projects[number % 2], 100 + number)
        guild.clock.forward(days=1, hours=7)
    guild.clock.forward(hours=30)
    with guild.database.read() as work:
        published = json.dumps([each.to_json() for each in store.open_stakes(work)])
        at = work.now
    ours = {str(project): weight for project, weight in guild.weights().items()}
    assert _recomputed(published, at) == ours
    assert str(guild["boris"]) not in published


def test_points_weigh_until_their_lot_expires_and_then_go_on_to_expired(guild: Guild) -> None:
    guild.give("boris", 60, days=10)
    guild.give("boris", 60, days=100)
    project = guild.propose()
    hold = guild.stake("boris", project, 100)
    guild.clock.forward(days=10)
    with guild.database.read() as work:
        (stake,) = store.open_stakes(work)
    assert (stake.points, stake.live(guild.clock.time)) == (Points(100), Points(40))
    ended = guild.let_go("boris", hold)
    assert ended.gone_on_to_expired == Points(60)
    assert guild.available("boris") == 60
    assert guild.findings() == ()


def test_a_stake_ends_after_a_year(guild: Guild) -> None:
    guild.give("boris", 60, days=None)
    hold = guild.stake("boris", guild.propose(), 60)
    guild.clock.forward(days=365)
    assert guild.weights() == {}
    lots_jobs.expire_holds(guild.database)
    assert guild.let_go("boris", hold).state is HoldState.EXPIRED
    assert guild.available("boris") == 60
    assert guild.findings() == ()


def test_stakes_that_cannot_be_are_refused(guild: Guild) -> None:
    guild.give("boris", 100)
    project = guild.propose()
    with pytest.raises(model.BadStake):
        guild.stake("boris", project, 0)
    hold = guild.stake("boris", project, 1)
    for _ in range(model.STAKES_MAX - 1):
        guild.stake("boris", project, 1)
    with pytest.raises(model.TooManyStakes):
        guild.stake("boris", project, 1)
    with pytest.raises(model.UnknownStake):
        guild.let_go("daria", hold)
    good = guild.good(price=1)
    order = guild.order(good, "boris")
    with pytest.raises(model.UnknownStake):
        guild.do(staking.release, staking.ReleaseStake(order.hold_id, guild["boris"]))
    guild.end(goods.cancel, order)
    guild.do(service.withdraw, EndProject(project.project_id, guild["anna"], "No."))
    guild.give("daria", 10)
    with pytest.raises(model.NotStakeable):
        guild.stake("daria", project, 1)
    missing = EndProject(UUID(int=1), guild["anna"], "No.")
    with pytest.raises(errors.UnknownProject):
        guild.do(service.withdraw, missing)


def test_a_project_that_ends_lets_its_stakes_go(guild: Guild) -> None:
    guild.give("boris", 100)
    project, other = guild.funded(), guild.propose()
    guild.stake("boris", project, 40)
    guild.stake("boris", other, 50)
    guild.close(project)
    assert project.project_id not in guild.weights()
    assert jobs.let_go_of_stakes(guild.database) == 1
    assert jobs.let_go_of_stakes(guild.database) == 0
    assert (guild.available("boris"), list(guild.weights())) == (50, [other.project_id])
    with guild.database.read() as work:
        (newest, *_) = history(work, guild["boris"])
    assert isinstance(newest.cause, dict)
    assert newest.cause["why"] == {
        "project": str(project.project_id),
        "because": "project_ended",
    }
    assert guild.findings() == ()


def test_who_is_blocked_or_owes_puts_nothing_first(guild: Guild) -> None:
    project = guild.propose()
    for name in ("boris", "daria", "gleb"):
        guild.give(name, 100)
        guild.stake(name, project, 100)
    guild.do(members.block_member, BlockMember(guild["boris"], guild.admins[0]))
    at = guild.clock.time
    clawed = ClawBack(guild["daria"], Points(30), Cause("test", "x"), ("x",), at, at)
    guild.do(lots.claw_back, clawed)
    assert guild.summary("daria").debt == Points(30)
    assert jobs.let_go_of_stakes(guild.database) == 2
    assert (guild.summary("daria").debt, guild.available("daria")) == (Points(0), 70)
    guild.clock.forward(days=7)
    assert guild.weights() == {project.project_id: 50}
    assert guild.findings() == ()


def _warned(guild: Guild) -> None:
    """Until the day on which the absent are warned of the next check, a quarter's first day."""
    guild.clock.forward(days=100)
    while not inactivity.run(guild.database)[1]:
        guild.clock.forward(days=1)


def test_a_stake_is_no_shelter_from_decay(guild: Guild) -> None:
    """Who holds everything is warned as others are; then it is let go of, and decays."""
    guild.give("boris", 100)
    hold = guild.stake("boris", guild.propose(), 100)
    _warned(guild)
    assert not guild.do(staking.let_go, LetGo(UUID(int=5)))
    with guild.database.read() as work:
        assert inactivity.warned_absence(work, guild["boris"]) is not None
    assert jobs.let_go_of_stakes(guild.database) == 1
    assert guild.available("boris") == 100
    guild.clock.forward(days=40)
    inactivity.run(guild.database)
    assert guild.available("boris") < 100
    assert guild.let_go("boris", hold).state is HoldState.RELEASED
    assert guild.findings() == ()


def test_who_acts_again_after_a_warning_keeps_the_stake(guild: Guild) -> None:
    guild.give("boris", 100)
    guild.stake("boris", guild.propose(), 100)
    _warned(guild)
    moment = f"{guild.clock.time:%Y-%m-%dT%H:%M:%SZ}"
    guild.clock.forward(hours=1)
    guild.world.state("back", "lms.section.read", "lms:boris", moment)
    assert jobs.let_go_of_stakes(guild.database) == 0
    assert guild.summary("boris").held == Points(100)


def test_whatever_is_changed_afterwards_is_found(guild: Guild) -> None:
    guild.give("boris", 100)
    first, second = guild.propose(), guild.propose()
    guild.stake("boris", first, 10)
    guild.end(goods.cancel, guild.order(guild.good(price=1), "boris"))
    assert guild.findings() == ()
    for statement, problem in (
        ("UPDATE stakes SET project_id = :second", "is on another project"),
        ("DELETE FROM stakes", "is a stake on no project"),
        (
            "INSERT INTO stakes SELECT hold_id, :second FROM holds WHERE purpose = 'goods'",
            "is no hold for a project",
        ),
    ):
        assert problem in guild.found_after(statement, second=second.project_id), statement


def test_a_year_of_days_is_counted_in_whole_days(guild: Guild) -> None:
    guild.give("boris", 100)
    guild.stake("boris", guild.propose(), 100)
    guild.clock.time += timedelta(days=7) - timedelta(microseconds=1)
    assert list(guild.weights().values()) == [44]
    guild.clock.time += timedelta(microseconds=1)
    assert list(guild.weights().values()) == [50]
