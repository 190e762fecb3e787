"""Single-use codes: issued by a member, used by a shop, once, whoever tries."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from httpx import Response

from ledger.kernel.canonical import Json
from ledger.kernel.transaction import execute
from ledger.kernel.units import Points
from ledger.lots.errors import InsufficientPoints
from ledger.members.model import MemberNotActive
from ledger.members.tables import members
from ledger.redemption import code_use, codes, errors, service
from ledger.redemption.checkout import HoldRedemption
from ledger.redemption.code_use import UseCode
from ledger.redemption.codes import CancelCode, CodeIssued, IssueCode, IssueOrderCode
from ledger.redemption.jobs import expire_redemptions
from ledger.redemption.model import Redemption, RedemptionState
from ledger.redemption.offers import Caller
from ledger.redemption.service import CaptureRedemption, RefundRedemption, ReleaseRedemption
from ledger.redemption.verify import REDEMPTION_CHECKS
from ledger.switches.model import SetCeiling
from ledger.switches.service import set_ceiling
from ledger.verify.service import JOURNAL_CHECKS, verify
from tests.integration.redemption.conftest import OTHER, School
from tests.integration.redemption.test_http import Doors, _is
from tests.support.merging import merge
from tests.world import SOURCE_URI

CHECKS = (*JOURNAL_CHECKS, *REDEMPTION_CHECKS)


@pytest.fixture(autouse=True)
def with_codes(school: School) -> None:
    school.set_terms(code_days=14)
    school.grant(1000)


def _issue(school: School, minor: int = 400, **more: object) -> CodeIssued:
    stated = {
        "member_id": school.member,
        "source": "lms",
        "currency": "USD",
        "discount_minor": minor,
    }
    return execute(school.database, codes.issue, IssueCode(**(stated | more)))  # type: ignore[arg-type]


def _order(*lines: tuple[str, str, int], number: str = "B-1", **more: Json) -> dict[str, Json]:
    return {
        "order": number,
        "currency": "USD",
        "lines": [
            {"id": line_id, "product": product, "price_minor": price}
            for line_id, product, price in lines or [("1", "course:go", 5000)]
        ],
        **more,
    }


def _use(school: School, text: str, order: Json = None, source: str = SOURCE_URI) -> Redemption:
    command = UseCode(Caller(source=source), text, order)  # type: ignore[arg-type]
    return execute(school.database, code_use.use, command)


def _verified(school: School) -> None:
    assert verify(school.database, CHECKS).findings == ()


def test_a_code_is_used_once_and_the_rest_returns(school: School) -> None:
    issued = _issue(school)
    assert (school.summary().available, school.summary().held) == (Points(600), Points(400))
    _verified(school)
    used = _use(school, issued.text.lower(), _order(("1", "course:go", 300)))
    # The order costs less than the code is worth.
    assert (used.captured_minor, used.captured_points, used.paid_minor) == (300, Points(300), 0)
    assert (used.order_number, used.net_minor) == ("B-1", 300)
    assert (school.summary().available, school.summary().held) == (Points(700), Points(0))
    with pytest.raises(errors.CodeUsed) as refused:
        _use(school, issued.text, _order(number="B-2"))
    assert refused.value.operands["order"] == "B-1"
    _verified(school)


def test_what_a_code_bought_is_refunded_like_anything(school: School) -> None:
    used = _use(school, _issue(school).text, _order())
    command = RefundRedemption(school.lms, used.redemption_id, "r1", used.paid_minor)
    assert execute(school.database, service.refund, command).refund.points == Points(400)
    assert school.summary().available == Points(1000)
    _verified(school)


def test_the_terms_of_the_day_it_was_issued_apply_to_the_order(school: School) -> None:
    school.set_terms(max_share=10, refused_with=["student"], products=["course:*"])
    issued = _issue(school)
    school.set_terms(max_share=100, rates={"USD": 7})
    order = _order(("1", "course:go", 2000), ("2", "book", 5000))
    used = _use(school, issued.text, order)
    assert (used.captured_minor, used.captured_points) == (200, Points(200))
    assert [line.captured_minor for line in used.lines] == [200, 0]
    _verified(school)


RATES: Json = [
    {"product": "mentor:*", "rates": {"USD": "1/2"}},
    {"product": "book:*", "rates": {"USD": 2}},
    "*",
]


@pytest.mark.parametrize(
    ("products", "held"),
    [
        (("mentor:*",), 800),
        (("mentor:ann",), 800),
        (("book:*",), 200),
        (("course:*",), 400),
        (("course:*", "book:*"), 400),
        (("*",), 800),
    ],
)
def test_a_code_takes_as_many_points_as_a_quote_does(
    school: School, products: tuple[str, ...], held: int
) -> None:
    """400 cents cost 800 points of a mentor, 400 of a course and 200 of a book."""
    school.set_terms(products=RATES)
    for product, cost in (("mentor:ann", 800), ("course:go", 400), ("book:go", 200)):
        line: Json = {"id": "1", "product": product, "price_minor": 5000}
        token = school.order(order=f"quoted-{product}", lines=[line])
        quoted = school.quote(token, cost).offer.priced
        assert (quoted.discount_minor, quoted.points) == (400, Points(cost))
        issued = _issue(school, products=products)
        assert issued.redemption.points == Points(held)
        assert school.summary().available == Points(1000 - held)
        order = _order(("1", product, 5000), number=f"coded-{product}-{held}")
        if any(each in {"*", product} or product.startswith(each[:-1]) for each in products):
            used = _use(school, issued.text, order)
            assert (used.captured_minor, used.captured_points) == (400, Points(cost))
            command = RefundRedemption(school.lms, used.redemption_id, "r1", 4600)
            assert execute(school.database, service.refund, command).refund.points == Points(cost)
        else:
            with pytest.raises(errors.CodeBuysNothing):
                _use(school, issued.text, order)
            cancel = CancelCode(school.member, issued.code.code_id)
            execute(school.database, codes.cancel, cancel)
        assert school.summary().available == Points(1000)
        school.clock.forward(seconds=1)
    _verified(school)


def test_a_code_takes_each_line_at_its_own_rate(school: School) -> None:
    school.set_terms(products=RATES)
    issued = _issue(school)
    school.set_terms(products=["*"], rates={"USD": 5})
    lines = [("a", "mentor:ann", 100), ("b", "course:go", 200), ("c", "book:go", 50)]
    used = _use(school, issued.text, _order(*lines))
    # The rates of the day of issue: 100 cost 200 points, 200 cost 200, 50 cost 25.
    assert [(line.captured_minor, line.points) for line in used.lines] == [
        (100, Points(200)),
        (200, Points(200)),
        (50, Points(25)),
    ]
    assert school.summary().available == Points(1000 - 425)
    _verified(school)


def test_rounding_at_each_rate_takes_nothing_off_a_code(school: School) -> None:
    school.set_terms(
        rates={"USD": 5}, products=[{"product": "mentor:*", "rates": {"USD": 7}}, "course:*"]
    )
    issued = _issue(school, 1000)
    assert issued.redemption.points.amount == 201
    lines = ("a", "mentor:ann", 8), ("b", "course:go", 5000)
    used = _use(school, issued.text, _order(*lines))
    assert (used.captured_minor, used.captured_points.amount) == (1000, 201)


@pytest.mark.parametrize("later", ["1/2", "2"])
def test_a_products_rate_that_begins_after_the_issue_is_not_the_codes(
    school: School, later: str
) -> None:
    begins = (school.clock.time.date() + timedelta(days=2)).isoformat()
    rows: Json = [{"from": begins, "rates": {"USD": later}}]
    school.set_terms(products=[{"product": "course:*", "rates": rows}])
    issued = _issue(school, 400)
    school.clock.forward(days=3)
    used = _use(school, issued.text, _order(("1", "course:go", 5000)))
    assert (used.captured_minor, used.captured_points.amount) == (400, 400)


def test_common_rates_of_a_code_are_those_of_the_day_it_was_issued(school: School) -> None:
    dated: Json = [
        {"from": "2026-01-01", "rates": {"USD": 1}},
        {"from": "2026-03-04", "rates": {"USD": 4}},
    ]
    school.set_terms(rates=dated)
    issued = _issue(school)
    school.clock.forward(days=3)
    used = _use(school, issued.text, _order())
    assert (used.captured_minor, used.captured_points) == (400, Points(400))
    _verified(school)


def test_a_code_may_be_for_some_products_only(school: School) -> None:
    issued = _issue(school, products=("book",))
    with pytest.raises(errors.CodeBuysNothing) as refused:
        _use(school, issued.text, _order())
    assert refused.value.operands["limited_by"] == "eligible_lines"
    assert _use(school, issued.text, _order(("1", "book", 5000))).captured_minor == 400


def test_a_code_on_a_signed_order_carries_its_quote(school: School) -> None:
    token = school.order()
    hold = HoldRedemption(school.buyer, token, school.quote(token, 500).token)
    command = IssueOrderCode(hold, timedelta(days=2))

    def issue(work: object, wanted: IssueOrderCode) -> CodeIssued:
        return codes.issue_on_order(work, wanted, school.redeeming)  # type: ignore[arg-type]

    issued = execute(school.database, issue, command)
    assert issued.code.expires_at == school.clock.time + timedelta(days=2)
    with pytest.raises(errors.CodeForAnotherOrder):
        _use(school, issued.text, _order(number="A-17", discounts=[]))
    capture = CaptureRedemption(school.lms, issued.redemption.redemption_id)
    with pytest.raises(errors.CodeNeeded):
        execute(school.database, service.capture, capture)
    used = _use(school, issued.text)
    assert (used.captured_minor, used.order_number) == (500, "A-17")
    _verified(school)


def test_an_open_code_needs_an_order_of_its_currency_that_nothing_lives_on(school: School) -> None:
    issued = _issue(school)
    with pytest.raises(errors.CodeForAnotherOrder):
        _use(school, issued.text)
    with pytest.raises(errors.CodeForAnotherOrder):
        _use(school, issued.text, _order() | {"currency": "EUR"})
    with pytest.raises(errors.OrderMalformed):
        _use(school, issued.text, {"order": "B-1"})
    school.held(100, order="B-1")
    with pytest.raises(errors.OrderAlreadyUsed):
        _use(school, issued.text, _order())
    school.clock.forward(minutes=30)
    assert _use(school, issued.text, _order()).state is RedemptionState.CAPTURED


def test_a_code_of_another_shop_is_unknown(school: School) -> None:
    issued = _issue(school)
    for text, source in ((issued.text, OTHER), ("0000-0000-0000-0000", SOURCE_URI), ("?", OTHER)):
        with pytest.raises(errors.CodeUnknown):
            _use(school, text, _order(), source)


def test_an_unused_code_ends_like_any_hold(school: School) -> None:
    issued = _issue(school, life=timedelta(hours=1))
    school.clock.forward(hours=1)
    with pytest.raises(errors.CodeExpired):
        _use(school, issued.text, _order())
    assert expire_redemptions(school.database) == 1
    with pytest.raises(errors.CodeExpired):
        _use(school, issued.text, _order())
    assert school.summary().available == Points(1000)
    _verified(school)


def test_a_member_takes_an_unused_code_back(school: School) -> None:
    issued = _issue(school)
    mine = CancelCode(school.member, issued.code.code_id)
    other = CancelCode(school.world.first_admin, issued.code.code_id)
    with pytest.raises(errors.CodeUnknown):
        execute(school.database, codes.cancel, other)
    for _ in range(2):
        taken = execute(school.database, codes.cancel, mine)
        assert taken.state is RedemptionState.RELEASED
    with pytest.raises(errors.CodeExpired):
        _use(school, issued.text, _order())
    used = _issue(school)
    _use(school, used.text, _order())
    with pytest.raises(errors.CodeUsed):
        execute(school.database, codes.cancel, CancelCode(school.member, used.code.code_id))
    _verified(school)


def test_a_shop_may_give_a_code_back_too(school: School) -> None:
    issued = _issue(school)
    command = ReleaseRedemption(school.lms, issued.redemption.redemption_id)
    execute(school.database, service.release, command)
    with pytest.raises(errors.CodeExpired):
        _use(school, issued.text, _order())


def test_bounds_without_an_order_hold_when_a_code_is_issued(school: School) -> None:
    def refused(limit: str, minor: int = 400, **more: object) -> None:
        with pytest.raises(errors.CodeAboveLimit) as caught:
            _issue(school, minor, **more)
        assert caught.value.operands["limited_by"] == limit

    refused("code_days", life=timedelta(days=15))
    school.set_terms(max_points=399)
    refused("max_points")
    school.set_terms(max_points=400, min_points=400)
    refused("min_points", 399)
    school.set_terms(member_limit={"points": 500, "per": "day"})
    _issue(school)
    refused("member_limit")
    school.clock.forward(days=1)
    execute(school.database, set_ceiling, SetCeiling("USD", 700, "Budget", "test"))
    refused("school_ceiling")


def test_who_may_have_no_code(school: School) -> None:
    with pytest.raises(InsufficientPoints):
        _issue(school, 1001)
    with pytest.raises(errors.RedeemingNotOffered):
        _issue(school, currency="EUR")
    with pytest.raises(errors.CodesNotOffered):
        _issue(school, source="nobody")
    blocked = school.world.link("7")
    with school.database.engine.begin() as connection:
        connection.execute(
            members.update().where(members.c.member_id == blocked).values(status="blocked")
        )
    for nobody in (blocked, UUID(int=1)):
        with pytest.raises(MemberNotActive):
            _issue(school, member_id=nobody)
    school.terms.pop("code_days")
    school.set_terms()
    with pytest.raises(errors.CodesNotOffered):
        _issue(school)


def test_a_code_of_somebody_blocked_meanwhile_buys_nothing(school: School) -> None:
    issued = _issue(school)

    def turn(status: str) -> None:
        with school.database.engine.begin() as connection:
            mine = members.c.member_id == school.member
            connection.execute(members.update().where(mine).values(status=status))

    turn("blocked")
    order = _order()
    with pytest.raises(MemberNotActive):
        _use(school, issued.text, order)
    turn("active")
    assert _use(school, issued.text, order).state is RedemptionState.CAPTURED
    _verified(school)


def test_only_a_digest_is_kept(school: School) -> None:
    issued = _issue(school)
    plain = issued.text.replace("-", "")
    with school.database.read() as work:
        for table in ("redemption_codes", "redemptions", "orders", "transfers"):
            for row in work.connection.execute(sa.text(f"SELECT {table}::text FROM {table}")):
                assert plain not in row[0].replace("-", "")


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE redemption_codes SET expires_at = expires_at + interval '1 hour'", "another time"),
        ("DELETE FROM redemption_code_uses", "is unused and its redemption is captured"),
        ("UPDATE redemption_code_uses SET order_number = 'B-9'", "another order"),
        ("UPDATE redemption_code_uses SET used_at = used_at + interval '1 second'", "another time"),
    ],
)
def test_a_changed_code_is_named(
    school: School, tamper: Callable[[str, dict[str, Any]], None], statement: str, problem: str
) -> None:
    _use(school, _issue(school).text, _order())
    tamper(statement, {})
    report = verify(school.database, [check for check in CHECKS if check.name == "codes"])
    assert problem in report.findings[0].problem


def test_the_doors_of_codes(school: School) -> None:
    doors = Doors(school)
    asked = {"source": "lms", "currency": "USD", "discount_minor": 400, "hours": 48}
    first = doors.post(doors.member, "/v1/codes", asked, key="same")
    assert (first.status_code, first.headers["Cache-Control"]) == (201, "no-store")
    code = first.json()["code"]
    assert len(code) == 19
    again = doors.post(doors.member, "/v1/codes", asked, key="same")
    assert again.json() == first.json() | {"code": None}
    with school.database.read() as work:
        kept = work.connection.execute(sa.text("SELECT answer::text FROM idempotency_keys"))
        assert all(code not in row[0] for row in kept)
    listed = doors.member.get("/v1/codes").json()["data"]
    assert [each["id"] for each in listed] == [first.json()["id"]]

    def use(who: object) -> Response:
        return doors.post(who, "/v1/codes/use", {"code": code, "order": _order()})

    _is(use(doors.member), 403, "role_required")
    _is(use(doors.machine(OTHER)), 404, "code_unknown")
    assert use(doors.lms).json()["state"] == "captured"
    _is(use(doors.lms), 409, "code_used")
    second = doors.post(doors.member, "/v1/codes", asked).json()
    path = f"/v1/codes/{second['id']}/cancel"
    assert doors.post(doors.member, path).json()["state"] == "released"
    token = school.order()
    body = {"order": token, "quote": doors.quote(token, 10)["token"]}
    third = doors.post(doors.member, "/v1/codes", body).json()
    assert third["products"] is None
    assert doors.post(doors.lms, "/v1/codes/use", {"code": third["code"]}).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"order": "o"},
        {"source": "lms", "currency": "USD"},
        {"source": "lms", "currency": "USD", "discount_minor": 0},
        {"source": "lms", "currency": "USD", "discount_minor": 1, "order": "o", "quote": "q"},
        {"order": "o", "quote": "q", "products": ["book"]},
    ],
)
def test_a_code_is_asked_for_one_way(school: School, body: Json) -> None:
    doors = Doors(school)
    _is(doors.post(doors.member, "/v1/codes", body), 422, "request_invalid")


def test_a_member_makes_a_code_on_a_page_and_sees_it_once(school: School) -> None:
    doors = Doors(school)
    form = {"source": "lms", "currency": "USD", "points": "250"}
    assert "lms" in doors.member.get("/codes").text
    made = doors.member.post("/codes", data=form)
    assert made.status_code == 200
    code = re.search(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){3}", made.text)
    assert code is not None
    listed = doors.member.get("/codes").text
    assert code[0] not in listed
    cancel = re.search(r"/codes/cod_[0-9a-z]+/cancel", listed)
    assert cancel is not None
    assert school.summary().held == Points(250)
    assert doors.member.post(cancel[0]).status_code == 303
    assert school.summary().available == Points(1000)
    nothing = doors.member.post("/codes", data=form | {"currency": "EUR"})
    assert nothing.status_code == 422
    school.terms.pop("code_days")
    school.set_terms()
    assert "/codes" in doors.member.get("/checkout").text
    assert "<form" not in doors.member.get("/codes").text.split("<main")[1]


def test_a_code_outlives_a_merge_of_its_member(school: School) -> None:
    issued = _issue(school)
    survivor = school.world.link("twin")
    merge(school.world, survivor, school.member)
    used = _use(school, issued.text, _order(("1", "course:go", 5000)))
    assert used.state is RedemptionState.CAPTURED
    assert school.summary(survivor).available == Points(600)
