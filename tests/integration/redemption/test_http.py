"""The doors of redeeming: statuses, bodies, keys, and who may do what."""

from __future__ import annotations

import itertools
from typing import Any
from uuid import UUID

import pytest
from httpx import Response

from api.auth.sessions import OpenSession, open_session
from api.http.app import create_app
from api.http.principal import CSRF_HEADER, SESSION_COOKIE
from api.i18n.catalogue import refuse_missing
from ledger.kernel.canonical import Json
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import execute
from tests.integration.redemption.conftest import OTHER, School
from tests.support.credentials import issue_key
from tests.support.http import ORIGIN, TestParts, client_of
from tests.world import SOURCE_URI


class Doors:
    """One application, and a client for each who knocks."""

    def __init__(self, school: School) -> None:
        self.school = school
        self._app = create_app(TestParts(school.database), on_missing=refuse_missing)
        self._numbers = itertools.count()
        self.lms = self.machine(SOURCE_URI)
        self.member = self.person(school.member)
        self.anybody = client_of(self._app)

    def machine(self, source: str, *scopes: str) -> Any:
        wanted = scopes or ("redemptions:write",)
        admins = (self.school.world.first_admin, self.school.world.second_admin)
        key = issue_key(self.school.database, admins, source, *wanted)
        return client_of(self._app, Authorization=f"Bearer {key.text}")

    def person(self, member_id: UUID) -> Any:
        opened = execute(self.school.database, open_session, OpenSession(member_id))
        client = client_of(self._app, **{CSRF_HEADER: opened.session.csrf or "", "Origin": ORIGIN})
        client.cookies.set(SESSION_COOKIE, opened.cookie)
        return client

    def post(self, who: Any, path: str, body: Json = None, key: str | None = None) -> Response:
        """A keyed POST; a new key each time unless one is given."""
        headers = {"Idempotency-Key": key or f"key-{next(self._numbers)}"}
        found: Response = who.post(path, json=body, headers=headers)
        return found

    def quote(self, order: str, points: int) -> dict[str, Any]:
        answer = self.member.post("/v1/quotes", json={"order": order, "points": points})
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def hold(self, points: int, **order: Json) -> str:
        """A held redemption's id."""
        token = self.school.order(**order)
        body = {"order": token, "quote": self.quote(token, points)["token"]}
        answer = self.post(self.member, "/v1/redemptions", body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])


@pytest.fixture
def doors(school: School) -> Doors:
    return Doors(school)


def _is(answer: Response, status: int, code: str) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), body
    assert answer.headers["content-type"] == "application/problem+json"
    return body


def test_the_whole_way(doors: Doors) -> None:
    doors.school.grant(1000)
    token = doors.school.order(
        lines=[
            {"id": "b", "product": "book", "price_minor": 1000},
            {
                "id": "a",
                "product": "course:go",
                "price_minor": 5000,
                "discounts": [{"code": "annual", "amount_minor": 1000}],
            },
        ]
    )
    quote = doors.quote(token, 999)
    assert quote["points"] == 999
    assert quote["payable_minor"] == 5000 - 999
    assert [line["points_discount_minor"] for line in quote["lines"]] == [799, 200]
    assert (quote["points_max"], quote["points_available"]) == (5000, 1000)
    assert quote["limited_by"] == "eligible_lines"

    held = doors.post(
        doors.member, "/v1/redemptions", {"order": token, "quote": quote["token"]}
    ).json()
    assert held["state"] == "held"
    path = f"/v1/redemptions/{held['id']}"
    captured = doors.post(doors.lms, f"{path}/capture", {}).json()
    assert captured["state"] == "captured"
    assert captured["capture"]["paid_minor"] == 4001
    refunded = doors.post(doors.lms, f"{path}/refunds", {"refund_id": "r1", "amount_minor": 2000})
    assert refunded.status_code == 201
    assert refunded.json()["points"] == 999 * 2000 // 4001
    seen = doors.member.get(path).json()
    assert seen == refunded.json()["redemption"]
    assert seen["state"] == "partially_refunded"
    assert doors.member.get(f"{path}/refunds").json()["data"][0]["refund_id"] == "r1"
    listed = doors.lms.get("/v1/redemptions", params={"order": "A-17"}).json()
    assert listed == {"data": [seen], "next_cursor": None}


def test_a_released_hold(doors: Doors) -> None:
    doors.school.grant(100)
    path = f"/v1/redemptions/{doors.hold(100)}"
    for _ in range(2):
        released = doors.post(doors.lms, f"{path}/release")
        assert (released.status_code, released.json()["state"]) == (200, "released")
    _is(doors.post(doors.lms, f"{path}/capture", {}), 409, "redemption_released")


def test_orders_that_are_refused(doors: Doors) -> None:
    school = doors.school
    school.grant(100)

    def ask(token: str) -> Response:
        found: Response = doors.member.post("/v1/quotes", json={"order": token})
        return found

    _is(ask(school.order(secret="another secret of the same length")), 422, "order_forged")
    _is(ask("no token"), 422, "order_forged")
    malformed = _is(ask(school.order(currency="usd")), 422, "order_malformed")
    assert malformed["field"] == "currency"
    _is(ask(school.order(sub="lms:7")), 403, "order_for_another_member")
    _is(ask(school.order(currency="RUB")), 422, "redeeming_not_offered")
    doors.hold(10)
    used = _is(ask(school.order()), 409, "order_already_used")
    assert used["state"] == "held"
    token = school.order(order="late")
    school.clock.forward(hours=1)
    _is(ask(token), 410, "order_expired")


def test_quotes_that_are_refused(doors: Doors) -> None:
    school = doors.school
    school.grant(50)
    token = school.order()

    def hold(quote: str) -> Response:
        return doors.post(doors.member, "/v1/redemptions", {"order": token, "quote": quote})

    _is(hold("forged"), 422, "quote_forged")
    short = _is(hold(doors.quote(token, 51)["token"]), 422, "insufficient_points")
    assert short["shortfall"] == 1
    _is(hold(doors.quote(token, 0)["token"]), 422, "nothing_to_redeem")
    old = doors.quote(token, 50)["token"]
    school.set_terms(max_share="0.5")
    changed = _is(hold(old), 409, "quote_outdated")
    assert changed["quote"]["discount_minor"] == 25
    assert hold(changed["quote"]["token"]).status_code == 201
    token = school.order(order="late")
    late = doors.quote(token, 1)["token"]
    school.clock.forward(minutes=10)
    _is(hold(late), 410, "quote_expired")


def test_captures_and_refunds_that_are_refused(doors: Doors) -> None:
    doors.school.grant(100)
    path = f"/v1/redemptions/{doors.hold(40)}"

    def capture(**body: Json) -> Response:
        return doors.post(doors.lms, f"{path}/capture", body)

    def refund(amount: int, name: str = "r") -> Response:
        body = {"refund_id": name, "amount_minor": amount}
        return doors.post(doors.lms, f"{path}/refunds", body)

    _is(refund(1), 409, "redemption_not_captured")
    assert _is(capture(discount_minor=41), 422, "capture_above_hold")["held_minor"] == 40
    _is(capture(paid_minor=4961), 422, "paid_above_order")
    assert capture().status_code == 200
    _is(capture(), 409, "redemption_already_captured")
    _is(doors.post(doors.lms, f"{path}/release"), 409, "redemption_already_captured")
    assert _is(refund(4961), 422, "refund_above_paid")["refundable_minor"] == 4960
    _is(refund(0), 422, "refund_above_paid")
    assert refund(10).status_code == 201
    assert refund(10).json()["redemption"]["capture"]["refunded_minor"] == 10
    _is(refund(11), 409, "refund_id_reused")
    late = f"/v1/redemptions/{doors.hold(40, order='late')}"
    doors.school.clock.forward(minutes=30)
    _is(doors.post(doors.lms, f"{late}/capture", {}), 410, "redemption_expired")


def test_a_key_replays_its_answer_and_no_other(doors: Doors) -> None:
    doors.school.grant(100)
    token = doors.school.order()
    body = {"order": token, "quote": doors.quote(token, 100)["token"]}
    first = doors.post(doors.member, "/v1/redemptions", body, key="same")
    again = doors.post(doors.member, "/v1/redemptions", body, key="same")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["Idempotency-Replayed"] == "true"
    other = body | {"quote": "x"}
    _is(doors.post(doors.member, "/v1/redemptions", other, key="same"), 422, _REUSED)
    path = f"/v1/redemptions/{first.json()['id']}"
    bodies = [doors.post(doors.lms, f"{path}/capture", {}, key="c").content for _ in range(3)]
    assert len(set(bodies)) == 1
    refused = [doors.post(doors.lms, f"{path}/capture", {}, key="d") for _ in range(2)]
    assert [each.status_code for each in refused] == [409, 409]
    assert refused[1].headers["Idempotency-Replayed"] == "true"


_REUSED = "idempotency_key_reused"


def test_every_post_that_moves_points_needs_a_key(doors: Doors) -> None:
    doors.school.grant(100)
    path = f"/v1/redemptions/{doors.hold(1)}"
    for who, where, body in (
        (doors.member, "/v1/redemptions", {"order": "o", "quote": "q"}),
        (doors.lms, f"{path}/capture", {}),
        (doors.lms, f"{path}/release", None),
        (doors.lms, f"{path}/refunds", {"refund_id": "r", "amount_minor": 1}),
    ):
        _is(who.post(where, json=body), 400, "idempotency_key_missing")


def test_who_may_do_what(doors: Doors) -> None:
    doors.school.grant(100)
    red = doors.hold(1)
    path = f"/v1/redemptions/{red}"
    _is(doors.anybody.post("/v1/quotes", json={"order": "x"}), 401, "credentials_missing")
    _is(doors.anybody.get(path), 401, "credentials_missing")
    for verb, body in (
        ("capture", {}),
        ("release", None),
        ("refunds", {"refund_id": "r", "amount_minor": 1}),
    ):
        _is(doors.post(doors.member, f"{path}/{verb}", body), 403, "role_required")
        reader = doors.machine(SOURCE_URI, "redemptions:read")
        _is(doors.post(reader, f"{path}/{verb}", body), 403, "scope_required")
        _is(doors.post(doors.machine(OTHER), f"{path}/{verb}", body), 404, "redemption_not_found")
    assert doors.machine(SOURCE_URI, "redemptions:read").get(path).status_code == 200
    stranger = doors.person(doors.school.world.link("7"))
    _is(stranger.get(path), 404, "redemption_not_found")
    assert stranger.get("/v1/redemptions").json()["data"] == []
    admin = doors.person(doors.school.world.first_admin)
    assert admin.get(path).status_code == 200
    mine = {"member": format_id("mem", doors.school.member)}
    assert [each["id"] for each in admin.get("/v1/redemptions", params=mine).json()["data"]] == [
        red
    ]
    _is(doors.member.get("/v1/redemptions/red_x"), 404, "bad_id")


def test_the_lms_holds_on_behalf_of_the_buyer(doors: Doors) -> None:
    doors.school.grant(100)
    token = doors.school.order()
    quote = doors.lms.post("/v1/quotes", json={"order": token, "points": 5}).json()
    held = doors.post(doors.lms, "/v1/redemptions", {"order": token, "quote": quote["token"]})
    assert held.json()["member"] == format_id("mem", doors.school.member)


def test_a_list_goes_on_where_the_page_before_ended(doors: Doors) -> None:
    doors.school.grant(100)
    made = [doors.hold(1, order=str(number)) for number in range(5)]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(3):
        page = doors.member.get("/v1/redemptions", params={"limit": 2} | cursor).json()
        seen += [each["id"] for each in page["data"]]
        cursor = {"cursor": page["next_cursor"]}
    assert seen == made[::-1]
    assert page["next_cursor"] is None


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"order": 5},
        {"order": "x", "points": -1},
        {"order": "x", "points": "5"},
        {"order": "x", "price_minor": 1},
        {"order": "x" * 70_000},
    ],
)
def test_a_member_states_an_order_and_points_and_nothing_else(doors: Doors, body: Json) -> None:
    _is(doors.member.post("/v1/quotes", json=body), 422, "request_invalid")


def test_admins_turn_switches_and_everybody_sees_them(doors: Doors) -> None:
    doors.school.grant(100)
    path = f"/v1/redemptions/{doors.hold(1)}"
    admin = doors.person(doors.school.world.first_admin)
    off = {"on": False, "reason": "Counting"}
    _is(doors.member.post("/v1/switches/redeeming/changes", json=off), 403, "role_required")
    assert admin.post("/v1/switches/redeeming/changes", json=off).status_code == 201
    _is(admin.post("/v1/switches/lights/changes", json=off), 422, "request_invalid")
    blank = off | {"reason": " "}
    _is(admin.post("/v1/switches/earning/changes", json=blank), 422, "switch_setting_refused")
    shown = doors.member.get("/v1/switches").json()["switches"]["redeeming"]
    assert (shown["on"], shown["reason"]) == (False, "Counting")
    refused = doors.member.post("/v1/quotes", json={"order": doors.school.order(order="2")})
    assert _is(refused, 403, "redeeming_switched_off")["reason"] == "Counting"
    assert doors.post(doors.lms, f"{path}/capture", {}).status_code == 200
    ceiling = {"currency": "USD", "month_minor": 100, "reason": "Budget"}
    assert admin.post("/v1/switches/ceilings", json=ceiling).status_code == 201
    assert doors.lms.get("/v1/switches").json()["monthly_ceilings_minor"] == {"USD": 100}


def test_problems_speak_the_reader_s_language(doors: Doors) -> None:
    answer = doors.member.post("/v1/quotes", json={"order": "x"}, headers={"Accept-Language": "ru"})
    assert answer.json()["title"] == "Заказ не принят"


LINES: Json = [
    {"id": "a", "product": "course:go", "price_minor": 4000},
    {"id": "b", "product": "book", "price_minor": 1000},
]


def test_lines_are_captured_and_refunded_one_by_one(doors: Doors) -> None:
    doors.school.grant(500)
    path = f"/v1/redemptions/{doors.hold(500, lines=LINES)}"
    captured = doors.post(doors.lms, f"{path}/capture", {"lines": [{"id": "a"}]}).json()
    assert captured["capture"]["discount_minor"] == captured["capture"]["points"] == 400
    assert captured["capture"]["paid_minor"] == 3600
    assert doors.school.summary().available.amount == 100

    def refund(name: str, *lines: Json) -> Response:
        body = {"refund_id": name, "lines": list(lines)}
        return doors.post(doors.lms, f"{path}/refunds", body)

    first = refund("r1", {"id": "a", "amount_minor": 1000})
    assert (first.status_code, first.json()["points"]) == (201, 111)
    assert first.json()["lines"] == [{"id": "a", "amount_minor": 1000}]
    assert refund("r1", {"id": "a", "amount_minor": 1000}).json() == first.json()
    in_sum = {"refund_id": "r2", "amount_minor": 1}
    refused = _is(doors.post(doors.lms, f"{path}/refunds", in_sum), 409, "refunded_otherwise")
    assert refused["refunded_by"] == "lines"
    _is(refund("r3", {"id": "b", "amount_minor": 1}), 422, "refund_above_paid")
    _is(refund("r3", {"id": "c", "amount_minor": 1}), 422, "line_unknown")
    last = refund("r3", {"id": "a", "amount_minor": 2600}).json()
    assert last["redemption"]["state"] == "refunded"
    assert doors.school.summary().available.amount == 500


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("capture", {"lines": [{"id": "1"}], "paid_minor": 1}),
        ("capture", {"lines": []}),
        ("capture", {"lines": [{"id": "1"}, {"id": "1"}]}),
        ("refunds", {"refund_id": "r"}),
        ("refunds", {"refund_id": "r", "amount_minor": 1, "lines": []}),
        ("refunds", {"refund_id": "r", "lines": [{"id": "1", "amount_minor": 1}] * 2}),
    ],
)
def test_lines_are_stated_one_way(doors: Doors, verb: str, body: Json) -> None:
    doors.school.grant(100)
    path = f"/v1/redemptions/{doors.hold(1)}"
    _is(doors.post(doors.lms, f"{path}/{verb}", body), 422, "request_invalid")


def test_a_rate_of_a_new_day_outdates_a_quote(doors: Doors) -> None:
    doors.school.grant(100)
    doors.school.set_terms(
        rates=[
            {"from": "2026-01-01", "rates": {"USD": 1}},
            {"from": "2026-03-03", "rates": {"USD": 2}},
        ]
    )
    doors.school.clock.forward(hours=14, minutes=55)
    token = doors.school.order()
    asked = {"order": token, "points": 100}
    quote = doors.lms.post("/v1/quotes", json=asked).json()
    assert (quote["rate"], quote["rates_since"]) == ("1", "2026-01-01")
    doors.school.clock.forward(minutes=5)
    body = {"order": token, "quote": quote["token"]}
    fresh = _is(doors.post(doors.lms, "/v1/redemptions", body), 409, "quote_outdated")["quote"]
    assert (fresh["rate"], fresh["rates_since"]) == ("2", "2026-03-03")
    assert fresh["discount_minor"] == 200
    held = doors.post(doors.lms, "/v1/redemptions", {"order": token, "quote": fresh["token"]})
    assert held.json()["rate"] == "2"
