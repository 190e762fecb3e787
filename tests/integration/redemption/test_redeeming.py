"""The use cases on real PostgreSQL: what is stored, what is refused, where points go."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from ledger.events.model import Authority
from ledger.events.sources import service as sources
from ledger.kernel.transaction import Database, Work, execute
from ledger.kernel.units import Points
from ledger.lots import jobs as lots_jobs
from ledger.lots.errors import InsufficientPoints
from ledger.members.model import MemberNotActive
from ledger.members.tables import members
from ledger.redemption import errors, service
from ledger.redemption.jobs import expire_redemptions
from ledger.redemption.model import RedemptionState
from ledger.redemption.offers import ORDER_SIGNED, Caller
from ledger.redemption.service import (
    CaptureRedemption,
    ListRedemptions,
    RefundRedemption,
    ReleaseRedemption,
)
from ledger.redemption.tables import orders, redemptions, refunds
from ledger.switches import service as switches
from ledger.switches.model import SetCeiling, SetSwitch, Switch, SwitchSettingRefused
from tests.integration.redemption.conftest import (
    OTHER,
    SECRETS,
    START,
    School,
    SetClock,
    add_secret,
    register,
)
from tests.world import ISSUER, SOURCE_URI, World


def _capture(school: School, redemption_id: UUID, **amounts: int) -> service.Redemption:
    command = CaptureRedemption(school.lms, redemption_id, **amounts)
    return execute(school.database, service.capture, command)


def _release(school: School, redemption_id: UUID) -> service.Redemption:
    return execute(school.database, service.release, ReleaseRedemption(school.lms, redemption_id))


def _refund(school: School, redemption_id: UUID, name: str, amount: int) -> service.RefundMade:
    command = RefundRedemption(school.lms, redemption_id, name, amount)
    return execute(school.database, service.refund, command)


def test_from_order_to_full_refund(school: School) -> None:
    school.grant(1200)
    token = school.order()
    given = school.quote(token, 1000)
    assert given.available == Points(1200)
    assert school.summary().held == Points(0)

    held = school.hold(token, given.token)
    assert (held.state, held.points, held.discount_minor) == (
        RedemptionState.HELD,
        Points(1000),
        1000,
    )
    assert (school.summary().available, school.summary().held) == (Points(200), Points(1000))

    captured = _capture(school, held.redemption_id)
    assert (captured.captured_points, captured.paid_minor) == (Points(1000), 4000)
    assert (school.summary().available, school.summary().held) == (Points(200), Points(0))

    first = _refund(school, held.redemption_id, "r1", 1333)
    assert first.refund.points == Points(333)
    assert first.redemption.state is RedemptionState.PARTIALLY_REFUNDED
    rest = _refund(school, held.redemption_id, "r2", 2667)
    assert rest.refund.points == Points(667)
    assert rest.redemption.state is RedemptionState.REFUNDED
    assert school.summary().available == Points(1200)
    with school.database.read() as work:
        stored = service.find(work, school.buyer, held.redemption_id)
        assert stored == rest.redemption
        made = service.refunds_of(work, school.lms, held.redemption_id)
        assert [each.source_refund_id for each in made] == ["r1", "r2"]


def test_points_default_to_what_is_available(school: School) -> None:
    school.grant(70)
    given = school.quote(school.order())
    assert given.offer.quote.points == Points(70)
    assert given.offer.priced.points_max == Points(5000)


def test_an_order_keeps_no_identity(school: School) -> None:
    school.grant(10)
    school.held(10)
    with school.database.engine.connect() as connection:
        row = connection.execute(sa.select(orders)).one()
        quoted = connection.execute(sa.select(redemptions.c.quote)).scalar_one()
    assert "1042" not in repr(row)
    assert "1042" not in repr(quoted)
    assert row.content["lines"][0]["price_minor"] == 5000


def test_too_few_points_names_the_shortfall(school: School) -> None:
    school.grant(99)
    token = school.order()
    with pytest.raises(InsufficientPoints) as refused:
        school.hold(token, school.quote(token, 100).token)
    assert refused.value.operands["shortfall"] == 1
    with school.database.engine.connect() as connection:
        assert connection.execute(sa.select(redemptions)).all() == []


def test_forged_orders_are_refused(school: School) -> None:
    genuine = school.order()
    header, payload, signature = genuine.split(".")
    for token in (
        school.order(secret="forged"),
        school.order(source="nobody"),
        f"{header}.{school.order(order='A-18').split('.')[1]}.{signature}",
        f"{header}.{payload}.",
        school.quote(genuine, 1).token,
    ):
        with pytest.raises(errors.OrderForged):
            school.quote(token, 1)


def test_a_signed_order_may_still_be_malformed(school: School) -> None:
    for changes in ({"lines": []}, {"sub": "1042"}, {"sub": "telegram:1042"}):
        with pytest.raises(errors.OrderMalformed):
            school.quote(school.order(source="other", **changes))


def test_only_an_active_source_entitled_to_orders_signs_them(school: School) -> None:
    register(school, "other", OTHER, Authority(("lms.*",), {"lms": ISSUER}))
    with pytest.raises(errors.OrderForged, match="may not sign orders"):
        school.quote(school.order(source="other"))
    execute(school.database, sources.suspend_source, "lms")
    with pytest.raises(errors.OrderForged, match="may not sign orders"):
        school.quote(school.order())


def test_an_order_signed_with_the_secret_before_is_still_genuine(school: School) -> None:
    token = school.order()
    add_secret(school, "lms", "a rotated secret of the learning system")
    assert school.quote(token).offer.quote.order_number == "A-17"
    school.clock.forward(days=2)
    stale = school.order()
    with pytest.raises(errors.OrderForged):
        school.quote(stale)
    fresh = school.order(secret="a rotated secret of the learning system")
    assert school.quote(fresh).offer.quote.order_number == "A-17"


def test_without_a_programme_nothing_is_redeemed(database: Database) -> None:
    world = World.make(replace(database, clock=SetClock()))
    school = School(world.database, SetClock(), world, world.link("1042"))
    add_secret(school, "lms", SECRETS["lms"])
    with pytest.raises(errors.RedeemingNotOffered):
        school.quote(school.order())


def test_an_expired_order_is_gone(school: School) -> None:
    token = school.order()
    school.clock.forward(hours=1)
    with pytest.raises(errors.OrderExpired):
        school.quote(token)


def test_an_order_carries_one_redemption(school: School) -> None:
    school.grant(100)
    token = school.order()
    given = school.quote(token, 10)
    held = school.hold(token, given.token)
    with pytest.raises(errors.OrderAlreadyUsed) as refused:
        school.hold(token, given.token)
    assert refused.value.operands["state"] == "held"
    with pytest.raises(errors.OrderAlreadyUsed):
        school.quote(school.order(lines=[{"id": "2", "product": "b", "price_minor": 1}]))
    _release(school, held.redemption_id)
    again = school.hold(token, given.token)
    _capture(school, again.redemption_id)
    _refund(school, again.redemption_id, "r", 4990)
    with pytest.raises(errors.OrderAlreadyUsed) as refused:
        school.quote(token)
    assert refused.value.operands["state"] == "refunded"


def test_two_sources_may_use_one_order_number(school: School) -> None:
    school.grant(100)
    school.held(10)
    token = school.order(source="other")
    assert school.hold(token, school.quote(token, 10).token).order_source == OTHER


def test_an_order_is_its_buyer_s_and_its_source_s(school: School) -> None:
    school.grant(100)
    token = school.order()
    stranger = Caller(member_id=school.world.link("7"))
    for caller in (stranger, Caller(source=OTHER)):
        with pytest.raises(errors.OrderForAnotherMember):
            school.quote(token, 1, caller)
    with pytest.raises(errors.OrderForAnotherMember):
        school.quote(school.order(sub="lms:unknown"), 1, school.lms)
    quoted = school.quote(token, 1, school.lms)
    with pytest.raises(errors.OrderForAnotherMember):
        school.hold(token, quoted.token, Caller())
    assert school.hold(token, quoted.token, school.lms).member_id == school.member


def test_a_blocked_member_does_not_redeem(school: School) -> None:
    with school.database.engine.begin() as connection:
        connection.execute(
            members.update().where(members.c.member_id == school.member).values(status="blocked")
        )
    with pytest.raises(MemberNotActive):
        school.quote(school.order(), 1)


def test_a_forged_or_expired_quote_holds_nothing(school: School) -> None:
    school.grant(100)
    token = school.order()
    given = school.quote(token, 10)
    with pytest.raises(errors.QuoteForged):
        school.hold(token, given.token[:-2] + "AA")
    with pytest.raises(errors.QuoteForged):
        school.hold(token, token)
    school.clock.forward(minutes=10)
    with pytest.raises(errors.QuoteExpired):
        school.hold(token, given.token)


def test_a_changed_programme_answers_with_a_new_quote(school: School) -> None:
    school.grant(100)
    token = school.order()
    given = school.quote(token, 10)
    school.set_terms(rates={"USD": "5/2"})
    with pytest.raises(errors.QuoteOutdated) as refused:
        school.hold(token, given.token)
    fresh = refused.value.operands["quote"]
    assert isinstance(fresh, dict)
    assert (fresh["points"], fresh["discount_minor"], fresh["rate"]) == (10, 25, "5/2")
    assert school.hold(token, str(fresh["token"])).discount_minor == 25


def test_a_changed_programme_of_the_same_price_is_a_change_too(school: School) -> None:
    school.grant(100)
    token = school.order()
    given = school.quote(token, 10)
    school.set_terms(max_share=99)
    with pytest.raises(errors.QuoteOutdated):
        school.hold(token, given.token)


def test_a_changed_order_answers_with_a_new_quote(school: School) -> None:
    school.grant(5000)
    given = school.quote(school.order(), 5000)
    dearer = school.order(lines=[{"id": "1", "product": "course:go", "price_minor": 4000}])
    with pytest.raises(errors.QuoteOutdated) as refused:
        school.hold(dearer, given.token)
    assert refused.value.operands["quote"]["discount_minor"] == 4000  # type: ignore[call-overload,index]


def test_the_same_order_signed_again_is_no_change(school: School) -> None:
    school.grant(10)
    given = school.quote(school.order(), 10)
    school.clock.forward(minutes=5)
    assert school.hold(school.order(), given.token).points == Points(10)


def test_a_quote_of_nothing_holds_nothing(school: School) -> None:
    token = school.order()
    with pytest.raises(errors.NothingToRedeem):
        school.hold(token, school.quote(token, 0).token)


def test_a_currency_or_programme_without_a_rate_is_refused(school: School) -> None:
    with pytest.raises(errors.RedeemingNotOffered):
        school.quote(school.order(currency="RUB"))
    school.put_in_force("")
    with pytest.raises(errors.RedeemingNotOffered):
        school.quote(school.order())


def test_the_switch_stops_quotes_and_holds_but_not_what_is_held(school: School) -> None:
    school.grant(100)
    held = school.held(10)
    token = school.order(order="A-18")
    given = school.quote(token, 10)
    off = SetSwitch(Switch.REDEEMING, is_on=False, reason="A check", changed_by="test")
    execute(school.database, switches.set_switch, off)
    with pytest.raises(errors.RedeemingSwitchedOff) as refused:
        school.hold(token, given.token)
    assert refused.value.operands == {"reason": "A check"}
    _capture(school, held.redemption_id)
    _refund(school, held.redemption_id, "r", 1)
    on = SetSwitch(Switch.REDEEMING, is_on=True, reason="Done", changed_by="test")
    execute(school.database, switches.set_switch, on)
    assert school.hold(token, given.token).points == Points(10)
    with school.database.read() as work:
        assert [each.is_on for each in switches.positions(work)] == [True, True, True]


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501, "a\nb"])
def test_a_switch_wants_a_reason(school: School, reason: str) -> None:
    command = SetSwitch(Switch.EARNING, is_on=False, reason=reason, changed_by="test")
    with pytest.raises(SwitchSettingRefused):
        execute(school.database, switches.set_switch, command)


@pytest.mark.parametrize(("currency", "month"), [("usd", 1), ("USD", -1), ("USD", 10**15 + 1)])
def test_a_ceiling_must_be_one(school: School, currency: str, month: int) -> None:
    with pytest.raises(SwitchSettingRefused):
        execute(school.database, switches.set_ceiling, SetCeiling(currency, month, "why", "test"))


def test_the_monthly_ceiling_counts_holds_captures_and_refunds(school: School) -> None:
    school.grant(10_000)
    execute(school.database, switches.set_ceiling, SetCeiling("USD", 1000, "budget", "test"))
    held = school.held(400, order="1")
    assert school.quote(school.order(order="2"), 5000).offer.quote.discount_minor == 600
    second = school.held(600, order="2")
    third = school.quote(school.order(order="3"), 5000).offer
    assert (third.quote.discount_minor, third.priced.limited_by) == (0, "school_ceiling")
    _release(school, held.redemption_id)
    assert school.quote(school.order(order="3"), 5000).offer.quote.discount_minor == 400
    _capture(school, second.redemption_id)
    _refund(school, second.redemption_id, "half", 2200)
    assert school.quote(school.order(order="3"), 5000).offer.quote.discount_minor == 700
    school.clock.forward(days=30)
    assert school.quote(school.order(order="3"), 5000).offer.quote.discount_minor == 1000
    execute(school.database, switches.set_ceiling, SetCeiling("USD", None, "lifted", "test"))
    assert school.quote(school.order(order="3"), 5000).offer.quote.discount_minor == 5000


def test_a_limit_reached_meanwhile_outdates_a_quote(school: School) -> None:
    school.grant(10_000)
    school.set_terms(member_limit={"points": 1000, "per": "week"})
    one, other = school.order(order="1"), school.order(order="2")
    quotes = [school.quote(each, 800).token for each in (one, other)]
    school.hold(one, quotes[0])
    with pytest.raises(errors.QuoteOutdated) as refused:
        school.hold(other, quotes[1])
    assert refused.value.operands["quote"]["points"] == 200  # type: ignore[call-overload,index]
    school.clock.forward(days=7)
    assert school.quote(school.order(order="2"), 800).offer.quote.points == Points(800)


def test_a_part_is_captured_and_the_rest_returns(school: School) -> None:
    school.grant(300, expires_at=START + timedelta(days=60))
    later = school.grant(700)
    held = school.held(1000)
    captured = _capture(school, held.redemption_id, discount_minor=400, paid_minor=2000)
    assert (captured.captured_points, captured.refundable_minor) == (Points(400), 2000)
    lots = {each.lot.lot_id: each.available for each in school.summary().lots if each.available}
    assert lots == {later: Points(600)}


def test_capture_once_and_never_late(school: School) -> None:
    school.grant(100)
    held = school.held(10)
    _capture(school, held.redemption_id)
    with pytest.raises(errors.RedemptionAlreadyCaptured):
        _capture(school, held.redemption_id)
    with pytest.raises(errors.RedemptionAlreadyCaptured):
        _release(school, held.redemption_id)
    late = school.held(10, order="late")
    school.clock.forward(minutes=30)
    with pytest.raises(errors.RedemptionExpired):
        _capture(school, late.redemption_id)


def test_amounts_that_cannot_be_are_refused(school: School) -> None:
    school.grant(100)
    held = school.held(10)
    with pytest.raises(errors.CaptureAboveHold):
        _capture(school, held.redemption_id, discount_minor=11)
    with pytest.raises(errors.PaidAboveOrder):
        _capture(school, held.redemption_id, paid_minor=4991)
    with pytest.raises(errors.RedemptionNotCaptured):
        _refund(school, held.redemption_id, "r", 1)
    _capture(school, held.redemption_id)
    with pytest.raises(errors.RefundAbovePaid):
        _refund(school, held.redemption_id, "r", 4991)


def test_release_is_idempotent_and_forbids_a_capture(school: School) -> None:
    school.grant(100)
    held = school.held(100)
    released = _release(school, held.redemption_id)
    assert released.state is RedemptionState.RELEASED
    assert _release(school, held.redemption_id) == released
    assert school.summary().available == Points(100)
    with pytest.raises(errors.RedemptionReleased):
        _capture(school, held.redemption_id)


def test_a_refund_id_names_one_refund(school: School) -> None:
    school.grant(1000)
    held = school.held(1000)
    _capture(school, held.redemption_id)
    first = _refund(school, held.redemption_id, "r1", 1000)
    again = _refund(school, held.redemption_id, "r1", 1000)
    assert again == first
    assert school.summary().available == Points(250)
    with pytest.raises(errors.RefundIdReused):
        _refund(school, held.redemption_id, "r1", 999)


def test_a_refund_too_small_for_a_point_is_still_kept(school: School) -> None:
    school.grant(10)
    held = school.held(10)
    _capture(school, held.redemption_id)
    made = _refund(school, held.redemption_id, "tiny", 1)
    assert (made.refund.points, made.refund.entry_id) == (Points(0), None)
    whole = _refund(school, held.redemption_id, "rest", 4989)
    assert whole.refund.points == Points(10)


def test_points_come_back_with_their_expiry_or_the_grace(school: School) -> None:
    near = START + timedelta(days=31)
    far = START + timedelta(days=400)
    school.grant(100, expires_at=near)
    school.grant(100, expires_at=far)
    held = school.held(200)
    _capture(school, held.redemption_id)
    school.clock.forward(days=10)
    _refund(school, held.redemption_id, "all", 4800)
    lots = [each for each in school.summary().lots if each.available]
    assert {each.lot.expires_at: each.available for each in lots} == {
        far: Points(100),
        START + timedelta(days=40): Points(100),
    }


def test_what_returns_to_an_expired_lot_expires_and_is_said(school: School) -> None:
    school.grant(60, expires_at=START + timedelta(minutes=5))
    school.grant(40)
    held = school.held(100)
    school.clock.forward(minutes=10)
    released = _release(school, held.redemption_id)
    assert released.expired_points == Points(60)
    assert school.summary().available == Points(40)


def test_the_job_expires_what_is_due_and_only_that(school: School) -> None:
    school.grant(100)
    old = school.held(10, order="old")
    school.clock.forward(minutes=20)
    young = school.held(10, order="young")
    school.clock.forward(minutes=10)
    assert not execute(school.database, service.expire, young.redemption_id)
    assert not execute(school.database, service.expire, UUID(int=5))
    assert expire_redemptions(school.database) == 1
    assert expire_redemptions(school.database) == 0
    with school.database.read() as work:
        assert service.find(work, school.buyer, old.redemption_id).state is RedemptionState.EXPIRED
    assert (school.summary().available, school.summary().held) == (Points(90), Points(10))
    assert _release(school, old.redemption_id).state is RedemptionState.EXPIRED


def test_the_lots_own_job_may_come_first(school: School) -> None:
    school.grant(60, expires_at=START + timedelta(minutes=5))
    held = school.held(60)
    school.clock.forward(minutes=30)
    assert lots_jobs.expire_holds(school.database) == 1
    assert expire_redemptions(school.database) == 1
    with school.database.read() as work:
        found = service.find(work, school.buyer, held.redemption_id)
    assert (found.state, found.expired_points) == (RedemptionState.EXPIRED, Points(60))


def test_an_unnoticed_expiry_does_not_keep_the_order(school: School) -> None:
    school.grant(10)
    old = school.held(10)
    school.clock.forward(minutes=30)
    fresh = school.held(10)
    assert fresh.state is RedemptionState.HELD
    with school.database.read() as work:
        assert service.find(work, school.buyer, old.redemption_id).state is RedemptionState.EXPIRED


def test_who_sees_and_settles_what(school: School) -> None:
    school.grant(100)
    held = school.held(10)
    other = Caller(source=OTHER)
    stranger = Caller(member_id=school.world.link("7"))
    with school.database.read() as work:
        for caller in (school.buyer, school.lms, Caller()):
            assert service.find(work, caller, held.redemption_id) == held
            assert service.list_redemptions(work, ListRedemptions(caller)) == [held]
        for caller in (other, stranger):
            with pytest.raises(errors.RedemptionNotFound):
                service.find(work, caller, held.redemption_id)
            assert service.list_redemptions(work, ListRedemptions(caller)) == []
        for filters in (
            ListRedemptions(Caller(), member_id=UUID(int=9)),
            ListRedemptions(Caller(), order_number="B"),
            ListRedemptions(Caller(), after=held.redemption_id),
        ):
            assert service.list_redemptions(work, filters) == []
        named = ListRedemptions(Caller(), member_id=school.member, order_number="A-17")
        assert service.list_redemptions(work, named) == [held]
    for caller in (other, stranger, school.buyer):
        with pytest.raises(errors.RedemptionNotFound):
            execute(school.database, service.capture, CaptureRedemption(caller, held.redemption_id))
        with pytest.raises(errors.RedemptionNotFound):
            execute(school.database, service.release, ReleaseRedemption(caller, held.redemption_id))


def test_the_database_refuses_what_the_machine_does(school: School) -> None:
    school.grant(100)
    held = school.held(10)
    _capture(school, held.redemption_id)
    _refund(school, held.redemption_id, "r", 1)

    def spoil(**values: object) -> None:
        def change(work: Work, _: None) -> None:
            work.connection.execute(redemptions.update().values(values))

        with pytest.raises(sa.exc.IntegrityError):
            execute(school.database, change, None)

    spoil(returned_points=11)
    spoil(refunded_minor=4991)
    spoil(state="held")
    spoil(state="released")
    spoil(captured_points=0)
    for table in (orders, refunds):
        with pytest.raises(sa.exc.DBAPIError, match="append-only"):
            execute(school.database, lambda work, t: work.connection.execute(t.delete()), table)


def test_the_tightest_of_several_limits_binds(school: School) -> None:
    school.grant(1000)
    school.set_terms(member_limit=[{"points": 100, "per": "day"}, {"points": 150, "per": "month"}])
    school.held(100, order="first")
    assert school.quote(school.order(order="second")).offer.quote.points == Points(0)
    school.clock.forward(days=1)
    priced = school.quote(school.order(order="second")).offer.priced
    assert (priced.points, priced.limited_by) == (Points(50), "member_limit")


def test_rates_that_begin_later_are_not_offered_yet(school: School) -> None:
    school.set_terms(rates=[{"from": "2026-03-03", "rates": {"USD": 1}}])
    with pytest.raises(errors.RedeemingNotOffered):
        school.quote(school.order())
    school.clock.forward(days=1)
    assert school.quote(school.order(), 0).offer.quote.rates_since == date(2026, 3, 3)


CASH_BACK = """
redemption: {rates: {USD: 1}}
reductions:
  - rules: cash-back
    on: shop.order.refunded
    key: data.order
    whole: data.amount_minor
    part: data.amount_minor
    once_per: data.refund
"""


def _paid_and_redeemed(school: School) -> UUID:
    """Order A-17: 400 points took 400 of 5000, and the 4600 paid earn 460."""
    school.put_in_force(
        CASH_BACK,
        "  - {id: cash-back, on: shop.order.paid, to: actor, "
        "points: floor(data.amount_minor / 10)}",
    )
    school.grant(400)
    held = school.held(400)
    execute(school.database, service.capture, CaptureRedemption(school.lms, held.redemption_id))
    time = school.clock.time.isoformat()
    data = {"order": "A-17", "amount_minor": 4600}
    school.world.state("paid-1", "shop.order.paid", "lms:1042", time, data)
    school.world.score()
    assert school.summary().available == Points(460)
    return held.redemption_id


def test_a_refund_takes_back_what_the_order_earned(school: School) -> None:
    redemption_id = _paid_and_redeemed(school)
    for name, amount in (("r1", 1000), ("r1", 1000), ("r2", 3600)):
        school.clock.forward(seconds=1)
        refund = RefundRedemption(school.lms, redemption_id, name, amount)
        execute(school.database, service.refund, refund)
    # The shop tells of one of them as well, by the same id: it counts once.
    data = {"order": "A-17", "refund": "r1", "amount_minor": 1000}
    time = school.clock.time.isoformat()
    school.world.state("own", "shop.order.refunded", "lms:1042", time, data)
    school.world.score()
    assert school.summary().available == Points(400)
    assert school.summary().debt == Points(0)


def test_a_part_refunded_takes_its_part_of_what_was_earned(school: School) -> None:
    redemption_id = _paid_and_redeemed(school)
    school.clock.forward(seconds=1)
    command = RefundRedemption(school.lms, redemption_id, "r1", 1000)
    execute(school.database, service.refund, command)
    school.world.score()
    # 400 × 1000 / 4600 = 86.9 come back, 460 × 1000 / 4600 = 100 go.
    assert school.summary().available == Points(460 + 86 - 100)


def test_a_refund_is_no_fact_of_a_source_that_may_not_state_it(school: School) -> None:
    register(school, "lms", SOURCE_URI, Authority((ORDER_SIGNED, "shop.order.paid"), {"*": ISSUER}))
    school.grant(400)
    held = school.held(400)
    execute(school.database, service.capture, CaptureRedemption(school.lms, held.redemption_id))
    command = RefundRedemption(school.lms, held.redemption_id, "r1", 1000)
    assert execute(school.database, service.refund, command).refund.points == Points(86)
    with school.database.read() as work:
        assert work.connection.execute(sa.text("SELECT count(*) FROM events")).scalar() == 0


@pytest.mark.parametrize(("provider", "name"), [("lms", "r\n1"), ("club", "r1")])
def test_a_refund_that_no_event_can_tell_brings_points_back_all_the_same(
    school: School, provider: str, name: str
) -> None:
    register(school, "lms", SOURCE_URI, Authority(("*",), {"lms": ISSUER}))
    school.grant(400)
    held = school.held(400)
    execute(school.database, service.capture, CaptureRedemption(school.lms, held.redemption_id))
    register(school, "lms", SOURCE_URI, Authority(("*",), {provider: ISSUER}))
    command = RefundRedemption(school.lms, held.redemption_id, name, 4600)
    assert execute(school.database, service.refund, command).refund.points == Points(400)
    with school.database.read() as work:
        assert work.connection.execute(sa.text("SELECT count(*) FROM events")).scalar() == 0
