from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import pytest
import sqlalchemy as sa

from api.cli.ledger import CHECKS
from api.http.routes.imports import progress_json
from ledger.events.erasure import erase_member
from ledger.grants import store as grants_store
from ledger.grants.budgets import service as budgets
from ledger.grants.budgets.model import ApproveBudget, ProposeBudget
from ledger.grants.errors import BudgetExceeded, UnknownBudget
from ledger.grants.imports import paying, paying_store, service, store
from ledger.grants.imports.errors import (
    BadImport,
    ImportClosed,
    ImportContentDiffers,
    ImportNeedsAnotherPerson,
    ImportNotPayableYet,
    ImportNotPreviewed,
    ImportThresholdReached,
    OwnImport,
    UnknownImport,
)
from ledger.grants.imports.model import (
    IMPORT_TOPIC,
    ApproveImport,
    CloseImport,
    Effect,
    Import,
    ImportState,
    Progress,
    ProposeImport,
    TakeBackImport,
)
from ledger.grants.model import Budget, GrantPolicy
from ledger.kernel import outbox
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Database, Work, execute
from ledger.kernel.units import Points
from ledger.lots.model import CaptureHold, HoldPurpose, PlaceHold
from ledger.lots.service import capture_hold, place_hold
from ledger.members import service as members
from ledger.members.model import (
    LINKED_TOPIC,
    IdentityKey,
    LinkIdentity,
    NotAnAdmin,
    WordCountsNoLonger,
)
from ledger.merges import service as merges
from ledger.merges.model import ApproveMerge, ProposeMerge
from ledger.verify.service import verify
from tests.support.admins import blocked
from tests.support.budgets import open_budget
from tests.support.lots import ANNA, AT, BORIS, DAY, add_members, summary

ADMIN, SECOND, THIRD = (UUID(int=n) for n in (0xAD1, 0xAD2, 0xAD3))
ISSUER = "https://old.example"
HEADER = "member,provider,issuer,subject,points,activates_on,expires_on,reference,reason\n"


@dataclass
class MovingClock:
    moment: datetime = AT

    def now(self) -> datetime:
        return self.moment


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def database(database: Database, clock: MovingClock) -> Database:
    add_members(database, ANNA, BORIS, ADMIN, SECOND, THIRD)
    return replace(database, clock=clock)


def _make_admins(database: Database, *persons: UUID) -> None:
    with database.engine.begin() as connection:
        for person in persons:
            connection.execute(
                sa.text(
                    "INSERT INTO member_roles (member_id, role, state, proposed_at, approved_at) "
                    "VALUES (:member, 'admin', 'granted', now(), now())"
                ),
                {"member": person},
            )


def _budget(database: Database, points: int = 500, name: str = "Brought along") -> Budget:
    return open_budget(database, points, ADMIN, SECOND, name)


@pytest.fixture
def budget(database: Database) -> Budget:
    _make_admins(database, ADMIN, SECOND, THIRD)
    return _budget(database)


def _of(member: UUID, points: int, *, dates: str = ",", words: str = ",") -> str:
    return f"{format_id('mem', member)},,,,{points},{dates},{words}\n"


def _at_old(subject: str, points: int, *, dates: str = ",", words: str = ",") -> str:
    return f",old,{ISSUER},{subject},{points},{dates},{words}\n"


def _asked(budget: Budget, *lines: str, **changes: object) -> ProposeImport:
    command = ProposeImport(
        ADMIN, budget.budget_id, "Balances of the old system", (HEADER + "".join(lines)).encode()
    )
    return replace(command, **changes)  # type: ignore[arg-type] # fields by name


def _look(database: Database, command: ProposeImport) -> Effect:
    with database.read() as work:
        return service.preview(work, command)


def _propose(database: Database, command: ProposeImport) -> Import:
    confirm = _look(database, command).confirm
    return execute(database, service.propose, replace(command, confirm=confirm))


def _approve(database: Database, what: Import, person: UUID = SECOND) -> Import:
    command = ApproveImport(what.import_id, person, what.content_digest)
    return execute(database, service.approve, command)


def _bring(database: Database, budget: Budget, *lines: str) -> Import:
    what = _approve(database, _propose(database, _asked(budget, *lines)))
    paying.carry_out(database, what.import_id)
    return _now(database, what)


def _now(database: Database, what: Import) -> Import:
    with database.read() as work:
        return service.find(work, what.import_id)


def _progress(database: Database, what: Import) -> Progress:
    with database.read() as work:
        return paying_store.progress(work, service.find(work, what.import_id))


def _take_back(database: Database, what: Import, person: UUID) -> Import:
    command = TakeBackImport(what.import_id, person, what.content_digest)
    return execute(database, service.take_back, command)


def _link(database: Database, subject: str, member: UUID) -> None:
    def link(work: Work, key: IdentityKey) -> None:
        (reference,) = members.references_of(work, [key]).values()
        members.link_identity(work, LinkIdentity(member, reference, "test"))

    execute(database, link, IdentityKey("old", ISSUER, subject))
    outbox.drain(
        database,
        LINKED_TOPIC,
        partial(_credit, database),
        on_failure=_never,
    )


def _credit(database: Database, key: str) -> None:
    execute(database, paying.credit_waiting, UUID(key))


def _never(key: str, error: Exception) -> None:
    raise AssertionError(key) from error


def _available(database: Database, member: UUID, at: datetime = AT) -> int:
    return summary(database, member, at).available.amount


def _left(database: Database) -> int:
    with database.read() as work:
        return grants_store.read_budgets(work)[0].left.amount


def _sound(database: Database) -> None:
    checks = [check for check in CHECKS if check.name != "redemptions"]  # Holds stand alone here.
    assert verify(database, checks).findings == ()


def _faults(refused: pytest.ExceptionInfo[BadImport]) -> list[tuple[int, str]]:
    return [(fault.line, fault.kind) for fault in refused.value.faults]


def test_a_file_is_looked_at_proposed_approved_and_paid(database: Database, budget: Budget) -> None:
    _link(database, "1", BORIS)
    lines = (
        _of(ANNA, 100, dates=",2026-12-31", words="a-1,Winter course"),
        _at_old("1", 50, dates="2026-03-10,"),
        _at_old("2", 30),
    )
    effect = _look(database, _asked(budget, *lines))
    assert (effect.points.amount, effect.line_count, effect.members_known) == (180, 3, 2)
    assert (effect.identities_unknown, effect.points_waiting.amount) == (1, 30)
    assert effect.by_expiry == {"2026-12": Points(100), None: Points(80)}
    assert (effect.budget_left.amount, effect.persons_needed) == (320, 2)
    assert _count(database, "imports") == 0

    what = _bring(database, budget, *lines)
    assert what.state is ImportState.PAID
    assert _available(database, ANNA) == 100
    assert (summary(database, BORIS, AT).pending.amount, _available(database, BORIS)) == (50, 0)
    assert _available(database, BORIS, AT + 9 * DAY) == 50
    found = _progress(database, what)
    assert (found.credited, found.waiting, found.points_waiting.amount) == (2, 1, 30)
    assert _left(database) == 320
    _sound(database)


def test_a_line_that_waits_is_credited_once_when_its_identity_is_linked(
    database: Database, budget: Budget, clock: MovingClock
) -> None:
    what = _bring(database, budget, _at_old("2", 30), _at_old("3", 20, dates=",2026-03-20"))
    assert (_available(database, ANNA), _progress(database, what).waiting) == (0, 2)
    _link(database, "2", ANNA)
    assert _available(database, ANNA) == 30
    execute(database, paying.credit_linked, ANNA)
    paying.credit_all_linked(database)
    assert _available(database, ANNA) == 30
    clock.moment = AT + 30 * DAY
    _link(database, "3", BORIS)
    assert _available(database, BORIS, clock.moment) == 0
    assert (_progress(database, what).lapsed, _progress(database, what).waiting) == (1, 0)
    _sound(database)


def test_points_that_expire_this_moment_are_not_credited(
    database: Database, budget: Budget, clock: MovingClock
) -> None:
    what = _bring(database, budget, _at_old("3", 20, dates=",2026-03-20"))
    clock.moment = datetime(2026, 3, 20, tzinfo=UTC)
    _link(database, "3", BORIS)
    assert _progress(database, what).lapsed == 1


def test_who_is_blocked_waits_and_is_credited_when_active_again(
    database: Database, budget: Budget
) -> None:
    what = _propose(database, _asked(budget, _of(ANNA, 40)))
    _status(database, ANNA, "blocked")
    _approve(database, what)
    paying.carry_out(database, what.import_id)
    assert _progress(database, what).waiting == 1
    _status(database, ANNA, "active")
    paying.credit_all_linked(database)
    assert _available(database, ANNA) == 40
    _sound(database)


def test_the_same_line_is_not_brought_along_twice(database: Database, budget: Budget) -> None:
    what = _bring(database, budget, _at_old("2", 30), _of(ANNA, 5, words="a-1,"))
    with pytest.raises(BadImport) as refused:
        _look(database, _asked(budget, _at_old("2", 30), _of(ANNA, 7, words="a-1,")))
    assert _faults(refused) == [(2, "before"), (3, "before")]
    _link(database, "2", BORIS)
    with pytest.raises(BadImport) as refused:
        _look(database, _asked(budget, _of(BORIS, 30)))
    assert _faults(refused) == [(2, "before")]
    _look(database, _asked(budget, _of(BORIS, 30, words="b-2,")))
    _take_back(database, what, ADMIN)
    _take_back(database, what, THIRD)
    paying.carry_out(database, what.import_id)
    _bring(database, budget, _of(ANNA, 7, words="a-1,"))
    assert _available(database, ANNA) == 7


def test_a_person_under_two_names_is_told(database: Database, budget: Budget) -> None:
    _link(database, "1", BORIS)
    with pytest.raises(BadImport) as refused:
        _look(database, _asked(budget, _at_old("1", 50), _of(BORIS, 50)))
    assert _faults(refused) == [(3, "twice")]


def test_nobody_brings_their_own_balance_along(database: Database, budget: Budget) -> None:
    with pytest.raises(BadImport) as refused:
        _look(database, _asked(budget, _of(ADMIN, 50)))
    assert _faults(refused) == [(2, "oneself")]
    _status(database, BORIS, "blocked")
    with pytest.raises(BadImport) as refused:
        _look(database, _asked(budget, _of(BORIS, 5)))
    assert _faults(refused) == [(2, "not_active")]
    with pytest.raises(BadImport) as refused:
        _look(database, _asked(budget, _of(ANNA, 5), reason=" "))
    assert _faults(refused) == [(0, "reason")]
    what = _propose(database, _asked(budget, _of(SECOND, 50), _at_old("9", 5)))
    with pytest.raises(OwnImport):
        _approve(database, what, SECOND)
    _link(database, "9", THIRD)
    with pytest.raises(OwnImport):
        _approve(database, what, THIRD)
    with pytest.raises(NotAnAdmin):
        _approve(database, what, ANNA)
    with pytest.raises(NotAnAdmin):
        _look(database, _asked(budget, _of(ANNA, 5), created_by=BORIS))


def test_what_is_approved_is_exactly_what_was_looked_at(database: Database, budget: Budget) -> None:
    command = _asked(budget, _of(ANNA, 50))
    confirm = _look(database, command).confirm
    other = _asked(budget, _of(ANNA, 51), confirm=confirm)
    for changed in (other, replace(command, confirm=None), replace(other, reason="Another")):
        with pytest.raises(ImportNotPreviewed):
            execute(database, service.propose, changed)
    what = execute(database, service.propose, replace(command, confirm=confirm))
    with pytest.raises(ImportContentDiffers):
        execute(database, service.approve, ApproveImport(what.import_id, SECOND, b"\0" * 32))
    with pytest.raises(ImportNeedsAnotherPerson):
        _approve(database, what, ADMIN)
    with blocked(database, ADMIN), pytest.raises(WordCountsNoLonger):
        _approve(database, what)
    assert _approve(database, what).state is ImportState.APPROVED
    with pytest.raises(ImportClosed):
        _approve(database, what, THIRD)
    with pytest.raises(UnknownImport):
        execute(database, service.close, CloseImport(UUID(int=1), ADMIN))


def test_it_is_withdrawn_by_its_creator_and_rejected_by_others(
    database: Database, budget: Budget
) -> None:
    for person, state in ((ADMIN, ImportState.WITHDRAWN), (SECOND, ImportState.REJECTED)):
        what = _propose(database, _asked(budget, _of(ANNA, 50)))
        closed = execute(database, service.close, CloseImport(what.import_id, person))
        assert closed.state is state
        assert _now(database, what) == closed
    assert _left(database) == 500
    _sound(database)


def test_a_budget_that_is_too_small_stops_it_whole(database: Database, budget: Budget) -> None:
    with pytest.raises(BudgetExceeded) as refused:
        _look(database, _asked(budget, _of(ANNA, 300), _of(BORIS, 201)))
    assert refused.value.operands["left"] == 500
    first = _propose(database, _asked(budget, _of(ANNA, 300)))
    second = _propose(database, _asked(budget, _of(BORIS, 201)))
    _approve(database, first)
    with pytest.raises(BudgetExceeded):
        _approve(database, second)
    paying.carry_out(database, second.import_id)
    assert _available(database, BORIS) == 0
    with pytest.raises(UnknownBudget):
        _look(database, _asked(replace(budget, budget_id=UUID(int=3)), _at_old("1", 1)))


def test_above_the_threshold_a_third_person_stands_for_it(
    database: Database, budget: Budget
) -> None:
    policy = GrantPolicy(third_person_above=Points(100))
    what = _propose(database, _asked(budget, _of(ANNA, 60), policy=policy))
    assert what.persons_needed == 2
    more = _propose(database, _asked(budget, _of(BORIS, 60), policy=policy))
    assert more.persons_needed == 3
    for person, state in ((SECOND, ImportState.PROPOSED), (THIRD, ImportState.APPROVED)):
        command = ApproveImport(more.import_id, person, more.content_digest, policy)
        assert execute(database, service.approve, command).state is state


def test_two_admins_wait_out_a_notice_in_place_of_the_third(
    database: Database, clock: MovingClock
) -> None:
    _make_admins(database, ADMIN, SECOND)
    budget = _budget(database)
    policy = GrantPolicy(third_person_above=Points(100))
    what = _propose(database, _asked(budget, _of(ANNA, 200), policy=policy))
    assert (what.persons_needed, what.payable_from) == (2, AT + timedelta(hours=72))
    with database.read() as work:
        (notice,) = store.open_notices(work, 10)
    assert (notice.points.amount, notice.payable_from) == (200, what.payable_from)
    command = ApproveImport(what.import_id, SECOND, what.content_digest, policy)
    assert execute(database, service.approve, command).state is ImportState.PROPOSED
    with pytest.raises(ImportNotPayableYet):
        execute(database, service.approve, command)
    clock.moment = AT + timedelta(hours=72)
    assert execute(database, service.approve, command).state is ImportState.APPROVED
    paying.carry_out(database, what.import_id)
    _sound(database)


def test_a_single_admin_waits_and_brings_a_little_along(
    database: Database, clock: MovingClock
) -> None:
    _make_admins(database, ADMIN)
    clock.moment = AT - timedelta(hours=72)
    asked = execute(database, budgets.propose, ProposeBudget("b", Points(500), ADMIN))
    clock.moment = AT
    yes = ApproveBudget(asked.budget_id, ADMIN, asked.content_digest)
    execute(database, budgets.approve, yes)
    with database.read() as work:
        (budget,) = grants_store.read_budgets(work)
    policy = GrantPolicy(third_person_above=Points(100))
    with pytest.raises(ImportThresholdReached):
        _look(database, _asked(budget, _of(ANNA, 101), policy=policy))
    what = _propose(database, _asked(budget, _of(ANNA, 100), policy=policy))
    with pytest.raises(ImportNotPayableYet):
        _approve(database, what, ADMIN)
    clock.moment = AT + timedelta(hours=72)
    assert _approve(database, what, ADMIN).state is ImportState.APPROVED
    paying.carry_out(database, what.import_id)
    assert _available(database, ANNA) == 100
    _sound(database)
    _take_back(database, what, ADMIN)
    with pytest.raises(ImportNotPayableYet):
        _take_back(database, what, ADMIN)
    clock.moment += timedelta(hours=72)
    assert _take_back(database, what, ADMIN).state is ImportState.TAKING_BACK
    paying.carry_out(database, what.import_id)
    _sound(database)


def test_two_persons_take_it_back_and_what_was_spent_is_owed(
    database: Database, budget: Budget
) -> None:
    what = _bring(database, budget, _of(ANNA, 100), _of(BORIS, 50), _at_old("2", 30))
    hold = PlaceHold(
        UUID(int=7), ANNA, Points(70), HoldPurpose.REDEMPTION, AT, AT + timedelta(hours=1)
    )
    execute(database, place_hold, hold)
    execute(database, capture_hold, CaptureHold(UUID(int=7), Points(70), AT))
    assert _take_back(database, what, SECOND).state is ImportState.PAID
    with pytest.raises(ImportNeedsAnotherPerson):
        _take_back(database, what, SECOND)
    with blocked(database, SECOND):
        assert _take_back(database, what, THIRD).state is ImportState.PAID
    assert _take_back(database, what, ADMIN).state is ImportState.TAKING_BACK
    paying.carry_out(database, what.import_id)
    assert _now(database, what).state is ImportState.TAKEN_BACK
    anna, boris = summary(database, ANNA, AT), summary(database, BORIS, AT)
    assert (anna.available.amount, anna.debt.amount) == (0, 70)
    assert (boris.available.amount, boris.debt.amount) == (0, 0)
    assert _progress(database, what).taken_back == 2
    assert _left(database) == 500
    _link(database, "2", BORIS)
    paying.credit_all_linked(database)
    assert _available(database, BORIS) == 0
    with pytest.raises(ImportClosed):
        _take_back(database, what, ADMIN)
    _sound(database)


class Crash(Exception):
    """The process is gone."""


def _crashing(after: int) -> Callable[[Work, UUID], bool]:
    parts = iter(range(after))

    def part(work: Work, import_id: UUID) -> bool:
        outbox.take(work, IMPORT_TOPIC, str(import_id))
        more = paying.do_part(work, import_id, chunk=3)
        if more:
            outbox.put(work, IMPORT_TOPIC, str(import_id))
        if next(parts, None) is None:
            raise Crash
        return more

    return part


def _until_done(database: Database, part: Callable[[Work, UUID], bool], what: Import) -> None:
    while execute(database, part, what.import_id):
        pass


@pytest.mark.parametrize("after", range(4))
def test_a_crash_in_any_part_pays_every_line_once(
    database: Database, budget: Budget, after: int
) -> None:
    people = [UUID(int=0x100 + n) for n in range(10)]
    add_members(database, *people)
    lines = [_of(person, 10 + n) for n, person in enumerate(people)]
    what = _approve(database, _propose(database, _asked(budget, *lines)))
    part = _crashing(after)
    with pytest.raises(Crash):
        _until_done(database, part, what)
    paying.carry_out(database, what.import_id)
    assert [_available(database, person) for person in people] == list(range(10, 20))
    assert _now(database, what).state is ImportState.PAID
    _take_back(database, what, ADMIN)
    _take_back(database, what, SECOND)
    part = _crashing(after)
    with pytest.raises(Crash):
        _until_done(database, part, what)
    paying.carry_out(database, what.import_id)
    assert [_available(database, person) for person in people] == [0] * 10
    assert not any(summary(database, person, AT).debt.amount for person in people)
    _sound(database)


def test_erasure_forgets_what_lines_say_of_a_person(database: Database, budget: Budget) -> None:
    _link(database, "secret-subject", BORIS)
    _bring(
        database,
        budget,
        _at_old("secret-subject", 50, words="contract-77,For Boris"),
        _of(ANNA, 5, words="a-1,With secret-subject"),
        _at_old("4", 1, words="c,d"),
    )
    execute(database, erase_member, BORIS)
    with database.engine.connect() as connection:
        words = connection.execute(sa.text("SELECT reference FROM import_words")).scalars().all()
    assert words == ["c"]
    _sound(database)


def _count(database: Database, table: str) -> int:
    with database.engine.connect() as connection:
        return int(connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one())


def _status(database: Database, member: UUID, status: str) -> None:
    with database.engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE members SET status = :status WHERE member_id = :member"),
            {"status": status, "member": member},
        )


@pytest.mark.parametrize("person", [ADMIN, SECOND], ids=["proposer", "approver"])
def test_a_line_found_to_be_of_who_stands_for_it_is_not_paid(
    database: Database, budget: Budget, person: UUID
) -> None:
    what = _bring(database, budget, _at_old("9", 50), _at_old("10", 7))
    _link(database, "9", person)
    _link(database, "10", THIRD)
    paying.credit_all_linked(database)
    assert (_available(database, person), _available(database, THIRD)) == (0, 7)
    found = _progress(database, what)
    assert (found.credited, found.waiting) == (1, 1)
    assert (found.withheld, found.points_withheld) == (1, Points(50))
    assert progress_json(found)["withheld_because"] == "reaches_who_stands_for_it"
    with database.read() as work:
        assert paying_store.reachable(work, 10) == []
    _sound(database)


def test_a_line_of_who_merges_into_its_approver_is_not_paid(
    database: Database, budget: Budget
) -> None:
    what = _approve(database, _propose(database, _asked(budget, _of(ANNA, 30), _of(BORIS, 4))))
    asked = execute(database, merges.propose_merge, ProposeMerge(SECOND, ANNA, "one", ADMIN))
    yes = ApproveMerge(asked.merge_id, asked.content_digest, THIRD)
    execute(database, merges.approve, yes)
    paying.carry_out(database, what.import_id)
    assert (_available(database, SECOND), _available(database, BORIS)) == (0, 4)
    assert _progress(database, what).points_withheld == Points(30)
    with database.read() as work:
        assert paying_store.reachable(work, 10) == []
    _sound(database)
