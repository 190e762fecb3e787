"""The absent: warned first, then once a quarter, whatever becomes known later."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from uuid import UUID

import pytest

from ledger.grants import service as grants
from ledger.grants.imports import model as imports
from ledger.grants.imports import paying
from ledger.grants.imports import service as importing
from ledger.grants.model import ApproveGrant, CreateGrant, GrantLine
from ledger.grants.taking_back import service as taking_back
from ledger.grants.taking_back.model import ApproveTakeBack, AskTakeBack
from ledger.inactivity import service
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work, execute
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.lots.model import CaptureHold, HoldPurpose, PlaceHold
from ledger.programme.load import load_programme
from tests.support.budgets import open_budget
from tests.support.life import at_time, balance, damaged, findings, parts
from tests.support.syncs import declare
from tests.world import World

ACT = "2025-12-20T10:00:00Z"
CLUB = """\
programme: club
version: "1"
zone: Europe/Moscow
rules: [{id: day, on: day.opened, to: actor, points: 1000}]
inactivity:
  check: quarter
  steps: [{days: 90, share: 5}, {days: 180, share: 10}, {days: 366, share: 15}]
emission: {start: "2025-12-01", yearly: 3650000, pools: {rewards: 100}}
"""


@pytest.fixture
def club(world: World) -> World:
    """Anna acted on 20 December 2025, and again on the 21st; Bob in March."""
    early = at_time(world, "2025-12-25T09:00:00+00:00")
    early.activate(CLUB)
    early.link("anna")
    early.link("bob")
    early.state("1", "day.opened", "lms:anna", ACT)
    early.state("2", "day.opened", "lms:anna", "2025-12-21T10:00:00Z")
    early.state("3", "day.opened", "lms:bob", "2026-03-10T10:00:00Z")
    early.score()
    return early


def run(world: World, moment: str) -> tuple[int, int]:
    return service.run(at_time(world, moment).database)


def waiting(world: World) -> date | None:
    with world.database.read() as work:
        return service.waiting_check(work)


def test_nobody_decays_unwarned_and_the_warned_do_every_quarter(club: World) -> None:
    assert run(club, "2026-03-10T23:59:59+00:00") == (0, 0)
    assert run(club, "2026-03-11T00:00:00+00:00") == (0, 1)
    assert run(club, "2026-03-18T05:00:00+00:00") == (0, 0)
    pool = balance(club.database, "rewards")
    assert run(club, "2026-04-01T00:00:00+00:00") == (1, 0)
    assert parts(at_time(club, "2026-04-01T00:00:00+00:00"), "anna") == (0, 1900)
    assert balance(club.database, "rewards") == pool + 100
    assert run(club, "2026-04-01T01:00:00+00:00") == (0, 0)
    assert parts(club, "bob") == (0, 1000)
    assert run(club, "2026-07-01T03:00:00+00:00")[0] == 1
    assert parts(at_time(club, "2026-07-02T00:00:00+00:00"), "anna") == (0, 1710)
    assert findings(club.database) == []


@pytest.mark.parametrize("runs_again", ["2026-03-12", "2026-03-14", "2026-03-18"])
def test_a_job_that_was_down_for_a_week_moves_nothing(club: World, runs_again: str) -> None:
    """The first day of warnings is missed; until the last that is in time they are given."""
    assert run(club, "2026-03-10T05:00:00+00:00") == (0, 0)
    assert run(club, f"{runs_again}T05:00:00+00:00") == (0, 1)
    # Down again: the check is done for its own day, whenever that is.
    assert run(club, "2026-04-09T05:00:00+00:00")[0] == 1
    assert parts(at_time(club, "2026-04-09T05:00:00+00:00"), "anna") == (0, 1900)
    assert findings(club.database) == []


def test_who_comes_late_into_the_week_is_warned_in_it(club: World) -> None:
    """Cid's absence is known only when Anna has been warned; both are in time."""
    assert run(club, "2026-03-11T05:00:00+00:00") == (0, 1)
    club.link("cid")
    club.state("c", "day.opened", "lms:cid", ACT)
    club.score()
    assert run(club, "2026-03-16T05:00:00+00:00") == (0, 1)
    assert run(club, "2026-04-01T05:00:00+00:00")[0] == 2
    assert findings(club.database) == []


def test_who_is_warned_late_is_spared_once(club: World) -> None:
    assert run(club, "2026-03-25T00:00:00+00:00") == (0, 1)
    assert run(club, "2026-04-01T00:00:00+00:00")[0] == 0
    assert run(club, "2026-07-01T00:00:00+00:00")[0] == 1
    assert parts(at_time(club, "2026-07-01T00:00:00+00:00"), "anna") == (0, 1800)
    assert findings(club.database) == []


def test_an_act_after_the_warning_saves_and_a_new_absence_is_warned_anew(club: World) -> None:
    run(club, "2026-03-18T00:00:00+00:00")
    club.state("back", "reminder.delivered", "lms:anna", "2026-03-31T23:59:59Z")
    assert run(club, "2026-04-01T00:00:00+00:00") == (0, 0)
    assert run(club, "2026-06-17T00:00:00+00:00")[1] == 2, "bob as well"


def test_what_is_stated_of_a_member_is_no_act(club: World) -> None:
    run(club, "2026-03-18T00:00:00+00:00")
    club.state("l", "member.level.changed", "lms:anna", "2026-03-20T00:00:00Z", {"level": 2})
    assert run(club, "2026-04-01T00:00:00+00:00")[0] == 1


def test_an_act_that_becomes_known_later_changes_nothing(club: World) -> None:
    run(club, "2026-03-18T00:00:00+00:00")
    run(club, "2026-04-01T00:00:00+00:00")
    club.state("late", "reminder.delivered", "lms:anna", "2026-03-20T00:00:00Z")
    assert run(club, "2026-04-02T00:00:00+00:00")[0] == 0
    assert parts(at_time(club, "2026-04-02T00:00:00+00:00"), "anna") == (0, 1900)
    assert findings(club.database) == []


def test_a_check_waits_until_sources_have_told_everything_before_it(club: World) -> None:
    """Anna acted in time; what is known of it comes after the check's own day."""
    declare(club, "2026-03-01T00:00:00+00:00")
    assert run(club, "2026-03-18T00:00:00+00:00") == (0, 1)
    late = at_time(club, "2026-04-03T00:00:00+00:00")
    declare(late, "2026-03-31T23:59:59+00:00")
    declare(late, "2026-04-02T00:00:00+00:00", "failed")
    assert service.run(late.database)[0] == 0
    assert (parts(late, "anna"), waiting(late)) == ((0, 2000), date(2026, 4, 1))
    late.state("back", "reminder.delivered", "lms:anna", "2026-03-20T00:00:00Z")
    declare(late, "2026-04-01T00:00:00+00:00")
    assert (service.run(late.database)[0], waiting(late)) == (0, None)
    assert parts(late, "anna") == (0, 2000)
    assert findings(club.database) == []


def test_a_check_that_waited_is_done_for_its_own_day(club: World) -> None:
    declare(club, "2026-03-01T00:00:00+00:00")
    assert run(club, "2026-03-18T00:00:00+00:00") == (0, 1)
    assert run(club, "2026-04-05T00:00:00+00:00")[0] == 0
    late = at_time(club, "2026-04-06T00:00:00+00:00")
    late.state("back", "reminder.delivered", "lms:anna", "2026-04-04T00:00:00Z")
    declare(late, "2026-04-05T00:00:00+00:00")
    assert service.run(late.database)[0] == 1
    assert parts(late, "anna") == (0, 1900)
    assert findings(club.database) == []


def test_a_correction_counts_what_decayed(club: World) -> None:
    run(club, "2026-03-18T00:00:00+00:00")
    run(club, "2026-04-01T00:00:00+00:00")
    club.state("r", "activity.retracted", None, "2026-04-02T00:00:00Z", {"id": "1"})
    club.state("r2", "activity.retracted", None, "2026-04-02T00:00:00Z", {"id": "2"})
    later = at_time(club, "2026-04-02T00:00:00+00:00")
    later.score()
    assert (parts(later, "anna"), later.summary("anna").debt.amount) == ((0, 0), 0)
    assert findings(club.database) == []


def test_a_run_cut_short_is_finished_and_takes_nothing_twice(
    club: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    club.link("cid")
    club.state("c", "day.opened", "lms:cid", ACT)
    club.score()
    assert run(club, "2026-03-18T00:00:00+00:00") == (0, 2)
    real, calls = service.decay_member, []

    def fails_at_the_second(work: Work, command: service.DecayMember) -> int:
        calls.append(command.member_id)
        if len(calls) == 2:
            raise RuntimeError("the machine is gone")
        return real(work, command)

    monkeypatch.setattr(service, "decay_member", fails_at_the_second)
    with pytest.raises(RuntimeError):
        run(club, "2026-04-01T00:00:00+00:00")
    monkeypatch.setattr(service, "decay_member", real)
    assert run(club, "2026-04-01T06:00:00+00:00")[0] == 1
    later = at_time(club, "2026-04-02T00:00:00+00:00")
    assert (parts(later, "anna"), parts(later, "cid")) == ((0, 1900), (0, 950))
    assert findings(club.database) == []


def test_doing_one_member_again_is_doing_it_once(club: World) -> None:
    run(club, "2026-03-18T00:00:00+00:00")
    later = at_time(club, "2026-04-01T00:00:00+00:00")
    inactivity = load_programme(CLUB).inactivity
    assert inactivity is not None
    due = service.DecayMember(club.linked["anna"], date(2026, 4, 1), inactivity)
    assert [execute(later.database, service.decay_member, due) for _ in range(3)] == [100, 0, 0]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE inactivity_decays SET points = points + 1", "its entry moved"),
        ("UPDATE inactivity_decays SET since = since - interval '1 day'", "entry states"),
        ("DELETE FROM inactivity_warnings", "not warned before"),
        ("DELETE FROM inactivity_decays", "no check names it"),
    ],
)
def test_verify_names_what_was_changed(
    club: World, migrator_url: str, statement: str, said: str
) -> None:
    run(club, "2026-03-18T00:00:00+00:00")
    run(club, "2026-04-01T00:00:00+00:00")
    assert any(said in finding for finding in damaged(club.database, migrator_url, statement))


def test_what_decayed_of_a_grant_is_not_taken_a_second_time(world: World) -> None:
    early = at_time(world, "2025-12-25T09:00:00+00:00")
    early.activate(CLUB)
    anna = early.link("anna")
    early.state("1", "day.opened", "lms:anna", ACT)
    one, two = world.first_admin, world.second_admin
    budget = open_budget(early.database, 5000, one, two)
    lines = (GrantLine(anna, Points(1000)),)
    asked = CreateGrant(budget_id=budget.budget_id, created_by=one, reason="x", lines=lines)
    grant = execute(early.database, grants.create, asked)
    approve = ApproveGrant(grant.grant_id, two, grant.content_digest)
    execute(early.database, grants.approve, approve)
    for day in ("2026-03-12", "2026-04-01"):
        service.run(at_time(world, f"{day}T05:00:00+00:00").database)
    late = at_time(world, "2026-04-02T05:00:00+00:00")
    assert parts(late, "anna") == (0, 950)
    back = execute(late.database, taking_back.ask, AskTakeBack(grant.grant_id, one, "wrong"))
    yes = ApproveTakeBack(grant.grant_id, two, back.content_digest)
    execute(late.database, taking_back.approve, yes)
    taking_back.carry_out(late.database, grant.grant_id)
    assert (parts(late, "anna"), late.summary("anna").debt) == ((0, 0), Points(0))
    assert findings(late.database) == []


@pytest.mark.parametrize("amounts", [(400, 300, 300), (970, 10, 20), (30, 970)])
@pytest.mark.parametrize(("chunk", "spent"), [(1, 0), (50, 0), (1, 500), (50, 500)])
def test_what_decayed_of_an_import_is_not_taken_a_second_time(
    world: World, amounts: tuple[int, ...], chunk: int, spent: int
) -> None:
    early = at_time(world, "2025-12-25T09:00:00+00:00")
    early.activate(CLUB)
    anna = early.link("anna")
    early.state("1", "day.opened", "lms:anna", ACT)
    one, two = world.first_admin, world.second_admin
    budget = open_budget(early.database, 5000, one, two)
    lines = "".join(
        f"{format_id('mem', anna)},{points},{number}\n" for number, points in enumerate(amounts)
    )
    content = ("member,points,reference\n" + lines).encode()
    asked = imports.ProposeImport(one, budget.budget_id, "Balances", content)
    with early.database.read() as work:
        asked = replace(asked, confirm=importing.preview(work, asked).confirm)
    what = execute(early.database, importing.propose, asked)
    yes = imports.ApproveImport(what.import_id, two, what.content_digest)
    execute(early.database, importing.approve, yes)
    paying.carry_out(early.database, what.import_id)
    for day in ("2026-03-12", "2026-04-01"):
        service.run(at_time(world, f"{day}T05:00:00+00:00").database)
    late = at_time(world, "2026-04-02T05:00:00+00:00")
    assert parts(late, "anna") == (0, 950)
    if spent:
        _spend(late, anna, spent)
    for person in (one, two):
        back = imports.TakeBackImport(what.import_id, person, what.content_digest)
        execute(late.database, importing.take_back, back)
    while execute(late.database, partial(paying.do_part, chunk=chunk), what.import_id):
        assert findings(late.database) == []
    assert (parts(late, "anna"), late.summary("anna").debt) == ((0, 0), Points(spent))
    assert findings(late.database) == []


def _spend(world: World, member: UUID, points: int) -> None:
    now = world.database.clock.now()
    hold = PlaceHold(
        UUID(int=1), member, Points(points), HoldPurpose.REDEMPTION, now, now + timedelta(hours=1)
    )
    execute(world.database, lots.place_hold, hold)
    execute(world.database, lots.capture_hold, CaptureHold(hold.hold_id, hold.amount, now))
