"""What the programme in force says of the bridge counts, not the school's defaults."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ledger.journal.model import AccountKey, AccountKind, EntryDraft, EntryKind, Posting
from ledger.journal.service import post
from ledger.kernel.ids import derived_id
from ledger.kernel.transaction import Database, Work, execute
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.lots import store as lots_store
from ledger.lots.errors import DebtOpen, InsufficientPoints
from ledger.lots.model import Cause, ClawBack, CreditRedeemed, GrantLot, MoveToEscrow
from oracle.bridge.model import BridgePolicy
from oracle.bridge.terms import limits_now, others_life
from tests.support.life import at_time
from tests.unit.programme.test_documented import whole
from tests.unit.programme.test_documented_life import says
from tests.world import World

NOW = "2026-11-20T09:00:00+00:00"
AT = datetime.fromisoformat(NOW)
CLUB = """\
programme: club
version: "1"
zone: Europe/Moscow
rules: [{id: day, on: day.opened, to: actor, points: 1000}]
"""
TERMS = """\
bridge:
  returned_validity: {months: 6}
  returned_points_per_year: 100
  refund_window_days: 30
  points_min: 5
  points_max: 500
"""
POLICY = BridgePolicy()


@pytest.fixture
def world(database: Database) -> World:
    return at_time(World.make(database), NOW)


def burn(world: World, subject: str, points: int, number: int) -> None:
    """Somebody else's tokens come back; what stood behind them is in escrow."""

    def credit(work: Work, _: None) -> None:
        member_id = world.linked[subject]
        entry = EntryDraft(
            derived_id(AT, "escrowed", str(number)),
            EntryKind.GRANT,
            (
                Posting(
                    AccountKey(AccountKind.ISSUANCE), AccountKey(AccountKind.ESCROW), Points(points)
                ),
            ),
            AT,
            "{}",
        )
        post(work, [entry])
        life = others_life(work, member_id, POLICY)
        command = CreditRedeemed(
            member_id=member_id,
            key=("1", "bridge", str(number)),
            key_at=AT,
            amount=Points(points),
            at=work.now,
            minted_claims=frozenset(),
            others_expire_at=life.expires_at,
            others_room=life.rooms,
        )
        lots.credit_redeemed(work, command)

    execute(world.database, credit, None)


def lives(world: World, subject: str) -> list[tuple[int, str, str]]:
    with world.database.read() as work:
        found = lots_store.lots_of_member(work, world.linked[subject])
    return sorted(
        (lot.granted.amount, lot.activates_at.isoformat()[:13], str(lot.expires_at)[:13])
        for lot in found
    )


def limits(world: World) -> BridgePolicy:
    with world.database.read() as work:
        return limits_now(work, POLICY)


def test_without_a_word_of_it_the_policy_counts(world: World) -> None:
    assert limits(world) == POLICY
    world.activate(CLUB)
    assert limits(world) == POLICY
    with world.database.read() as work:
        life = others_life(work, world.first_admin, POLICY)
    assert (life.rooms, life.expires_at) == ((), AT + POLICY.returned_validity)


def test_what_the_programme_states_counts(world: World) -> None:
    world.activate(CLUB + TERMS)
    found = limits(world)
    assert found.refund_window == timedelta(days=30)
    assert (found.points_min, found.points_max) == (Points(5), Points(500))
    assert found.redeem_lifetime == POLICY.redeem_lifetime


def test_others_points_live_as_stated_and_wait_for_the_years_they_fit_in(world: World) -> None:
    world.activate(CLUB + TERMS)
    world.link("anna")
    burn(world, "anna", 30, 1)
    burn(world, "anna", 195, 2)
    assert lives(world, "anna") == [
        (25, "2027-12-31T21", "2028-06-30 21"),
        (30, "2026-11-20T09", "2027-05-20 09"),
        (70, "2026-11-20T09", "2027-05-20 09"),
        (100, "2026-12-31T21", "2027-06-30 21"),
    ]
    summary = world.summary("anna")
    assert (summary.available.amount, summary.pending.amount) == (100, 125)
    burn(world, "anna", 80, 3)
    assert (75, "2027-12-31T21", "2028-06-30 21") in lives(world, "anna")
    assert (5, "2028-12-31T21", "2029-06-30 21") in lives(world, "anna")


def test_only_vested_points_past_the_window_leave_and_debt_blocks(world: World) -> None:
    world.activate(CLUB + TERMS)
    anna = world.link("anna")

    def give(work: Work, command: tuple[str, int, datetime]) -> None:
        key, points, activates_at = command
        granted_at = datetime(2026, 9, 1, tzinfo=UTC)
        lots.grant_lot(
            work,
            GrantLot(
                member_id=anna,
                amount=Points(points),
                kind=EntryKind.GRANT,
                key=(key,),
                effective_at=granted_at,
                activates_at=activates_at,
                expires_at=None,
                cause=Cause("test", key),
            ),
        )

    execute(world.database, give, ("old", 40, AT - timedelta(days=30)))
    execute(world.database, give, ("young", 30, AT - timedelta(days=29)))
    execute(world.database, give, ("pending", 20, AT + timedelta(days=1)))

    def leave(work: Work, points: int) -> None:
        command = MoveToEscrow(
            claim_id=work.new_id(),
            member_id=anna,
            amount=Points(points),
            at=work.now,
            active_before=work.now - limits_now(work, POLICY).refund_window,
        )
        lots.move_to_escrow(work, command)

    with pytest.raises(InsufficientPoints) as refused:
        execute(world.database, leave, 41)
    assert refused.value.shortfall == 1
    execute(world.database, leave, 40)

    def owe(work: Work, _: None) -> None:
        lots.claw_back(work, ClawBack(anna, Points(200), Cause("test", "x"), ("x",), AT, AT))

    execute(world.database, owe, None)
    with pytest.raises(DebtOpen):
        execute(world.database, leave, 1)


def test_others_points_come_as_the_page_of_programmes_says(world: World) -> None:
    world.activate(whole("bridge"))
    found = limits(world)
    assert (found.refund_window, found.points_min, found.points_max) == (
        timedelta(days=14),
        Points(10),
        Points(100_000),
    )
    world.link("anna")
    burn(world, "anna", 12_000, 1)
    assert lives(world, "anna") == [
        (2_000, "2027-01-01T00", "2027-07-01 00"),
        (10_000, "2026-11-20T09", "2027-05-20 09"),
    ]
    says("10,000 that last until 20 May 2027", "2,000 from 1 January, until 1 July")
