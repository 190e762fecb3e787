"""Many at once, across two API processes on one database: each hold and capture happens once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Final

import httpx
import pytest

from api.supervisor.postgres import APPLICATION, MIGRATOR, PostgresServer
from ledger.kernel.clock import SystemClock
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import connect, execute
from ledger.kernel.units import Points
from ledger.purchases.offers import OFFER_TOKEN_TYPE
from ledger.redemption import codes, tokens
from ledger.redemption.codes import IssueCode
from ledger.redemption.model import Redemption
from ledger.switches.model import SetCeiling
from ledger.switches.service import set_ceiling
from tests.integration.conftest import TestDatabase
from tests.integration.redemption.conftest import SECRETS, School, SetClock, make_school
from tests.support.credentials import issue_key
from tests.support.served import serving
from tests.world import SOURCE_URI

AT_ONCE: Final = 50
SECRET: Final = "of both processes: 0123456789abcdef"


@pytest.fixture(scope="module")
def shared(postgres_server: PostgresServer, template_database: str) -> Iterator[TestDatabase]:
    """One database for all tests here; each takes a member of its own."""
    name = "two_processes"
    postgres_server.create_database(name, template_database)
    yield TestDatabase(
        name, postgres_server.url(APPLICATION, name), postgres_server.url(MIGRATOR, name)
    )
    postgres_server.drop_database(name)


@pytest.fixture(scope="module")
def community(shared: TestDatabase) -> Iterator[School]:
    database = connect(shared.app_url)
    yield make_school(database, SetClock(SystemClock().now()), SECRET.encode())
    database.engine.dispose()


@pytest.fixture
def live_school(community: School, request: pytest.FixtureRequest) -> School:
    return community.of_another_buyer(request.node.name)


@pytest.fixture(scope="module")
def addresses(
    shared: TestDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[str]]:
    """Two API processes as `vklad serve` starts them; stopped again at the end."""
    folder = tmp_path_factory.mktemp("states")
    with serving(2, shared.app_url, SECRET, folder) as served:
        yield served


class Crowd:
    """``AT_ONCE`` clients, half at each process, that all go at one moment."""

    def __init__(self, addresses: list[str], token: str) -> None:
        self._addresses = addresses
        self._headers = {"Authorization": f"Bearer {token}"}

    def post(
        self, path: str, body: Callable[[int], object], key: Callable[[int], str]
    ) -> list[httpx.Response]:
        """What each was answered."""
        barrier = Barrier(AT_ONCE)

        def go(number: int) -> httpx.Response:
            address = self._addresses[number % len(self._addresses)]
            headers = self._headers | {"Idempotency-Key": key(number)}
            with httpx.Client(base_url=address, headers=headers, timeout=60) as client:
                client.get("/healthz")
                barrier.wait(timeout=60)
                return client.post(path, json=body(number))

        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(go, range(AT_ONCE)))


@pytest.fixture
def crowd(live_school: School, addresses: list[str]) -> Crowd:
    admins = (live_school.world.first_admin, live_school.world.second_admin)
    key = issue_key(live_school.database, admins, SOURCE_URI, "redemptions:write")
    return Crowd(addresses, key.text)


def _path(redemption: Redemption) -> str:
    return f"/v1/redemptions/{format_id('red', redemption.redemption_id)}"


def _statuses(answers: list[httpx.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def _codes(answers: list[httpx.Response], status: int) -> set[str]:
    return {answer.json()["code"] for answer in answers if answer.status_code == status}


def test_of_fifty_holds_of_the_same_points_one_succeeds(live_school: School, crowd: Crowd) -> None:
    live_school.grant(100)
    orders = [live_school.order(order=f"points-{number}") for number in range(AT_ONCE)]
    quotes = [live_school.quote(order, 100).token for order in orders]

    answers = crowd.post(
        "/v1/redemptions",
        lambda number: {"order": orders[number], "quote": quotes[number]},
        lambda number: f"hold-{number}",
    )

    assert _statuses(answers) == {201: 1, 422: AT_ONCE - 1}
    assert _codes(answers, 422) == {"insufficient_points"}
    assert {each.json()["shortfall"] for each in answers if each.status_code == 422} == {100}
    assert (live_school.summary().available, live_school.summary().held) == (
        Points(0),
        Points(100),
    )


def test_of_fifty_holds_on_one_order_one_succeeds(live_school: School, crowd: Crowd) -> None:
    live_school.grant(5000)
    order = live_school.order(order="one")
    quote = live_school.quote(order, 10).token
    body = {"order": order, "quote": quote}

    answers = crowd.post("/v1/redemptions", lambda _: body, lambda number: f"order-{number}")

    assert _statuses(answers) == {201: 1, 409: AT_ONCE - 1}
    assert _codes(answers, 409) == {"order_already_used"}
    assert live_school.summary().held == Points(10)


def test_fifty_repetitions_of_one_hold_are_one(live_school: School, crowd: Crowd) -> None:
    live_school.grant(5000)
    order = live_school.order(order="repeated")
    body = {"order": order, "quote": live_school.quote(order, 10).token}

    answers = crowd.post("/v1/redemptions", lambda _: body, lambda _: "the-same-key")

    assert set(_statuses(answers)) <= {201, 409}
    assert _codes(answers, 409) <= {"request_in_progress"}
    assert len({each.content for each in answers if each.status_code == 201}) == 1
    again = crowd.post("/v1/redemptions", lambda _: body, lambda _: "the-same-key")
    assert _statuses(again)[201] >= 1
    assert live_school.summary().held == Points(10)


def test_of_fifty_captures_of_one_hold_one_succeeds(live_school: School, crowd: Crowd) -> None:
    live_school.grant(100)
    held = live_school.held(100)
    path = f"/v1/redemptions/{format_id('red', held.redemption_id)}/capture"

    answers = crowd.post(path, lambda _: {}, lambda number: f"capture-{number}")

    assert _statuses(answers) == {200: 1, 409: AT_ONCE - 1}
    assert _codes(answers, 409) == {"redemption_already_captured"}
    assert (live_school.summary().available, live_school.summary().held) == (Points(0), Points(0))


def test_refunds_at_once_never_exceed_what_was_paid(live_school: School, crowd: Crowd) -> None:
    live_school.grant(100)
    held = live_school.held(100, order="refunded")
    path = f"/v1/redemptions/{format_id('red', held.redemption_id)}"
    (captured,) = crowd.post(f"{path}/capture", lambda _: {}, lambda _: "one-capture")[:1]
    assert captured.status_code in {200, 409}

    answers = crowd.post(
        f"{path}/refunds",
        lambda number: {"refund_id": f"r{number}", "amount_minor": 490},
        lambda number: f"refund-{number}",
    )

    assert _statuses(answers) == {201: 10, 422: AT_ONCE - 10}
    assert _codes(answers, 422) == {"refund_above_paid"}
    assert live_school.summary().available == Points(100)


def test_the_school_s_ceiling_is_reached_and_not_passed(live_school: School, crowd: Crowd) -> None:
    live_school.set_terms(rates={"USD": 1, "CHF": 1})
    command = SetCeiling("CHF", 100, "Budget", "test")
    execute(live_school.database, set_ceiling, command)
    live_school.grant(5000)
    orders = [live_school.order(order=f"c-{number}", currency="CHF") for number in range(AT_ONCE)]
    quotes = [live_school.quote(order, 10).token for order in orders]

    answers = crowd.post(
        "/v1/redemptions",
        lambda number: {"order": orders[number], "quote": quotes[number]},
        lambda number: f"ceiling-{number}",
    )

    assert _statuses(answers) == {201: 10, 409: AT_ONCE - 10}
    assert _codes(answers, 409) == {"quote_outdated"}
    assert live_school.summary().held == Points(100)


def test_of_fifty_uses_of_one_code_one_succeeds(live_school: School, crowd: Crowd) -> None:
    live_school.set_terms(rates={"USD": 1, "CHF": 1}, code_days=14)
    live_school.grant(100)
    command = IssueCode(live_school.member, "lms", "USD", 100)
    code = execute(live_school.database, codes.issue, command).text

    answers = crowd.post(
        "/v1/codes/use",
        lambda number: {
            "code": code,
            "order": {
                "order": f"code-{number}",
                "currency": "USD",
                "lines": [{"id": "1", "product": "course:go", "price_minor": 5000}],
            },
        },
        lambda number: f"code-{number}",
    )

    assert _statuses(answers) == {200: 1, 409: AT_ONCE - 1}
    assert _codes(answers, 409) == {"code_used"}
    assert (live_school.summary().available, live_school.summary().held) == (Points(0), Points(0))


def test_of_fifty_purchases_with_the_same_points_one_succeeds(
    live_school: School, crowd: Crowd
) -> None:
    live_school.world.link("a-seller")
    live_school.put_in_force(
        f"redemption: {json.dumps(live_school.terms)}\n"
        "splits: {rules: {course: {shares: ["
        "{to: author, per_cent: 70}, {to: school, per_cent: 30, pool: treasury}]}}}"
    )
    live_school.grant(100)
    now = int(live_school.clock.time.timestamp())
    offers = [
        tokens.sign(
            {
                "sub": f"lms:{live_school.subject}",
                "sale": f"sale-{number}",
                "iat": now,
                "exp": now + 3600,
                "rule": "course",
                "points": 100,
                "recipients": {"author": "lms:a-seller"},
            },
            token_type=OFFER_TOKEN_TYPE,
            key_id="lms",
            secret=SECRETS["lms"].encode(),
        )
        for number in range(AT_ONCE)
    ]

    answers = crowd.post(
        "/v1/purchases",
        lambda number: {"offer": offers[number]},
        lambda number: f"purchase-{number}",
    )

    assert _statuses(answers) == {201: 1, 422: AT_ONCE - 1}
    assert _codes(answers, 422) == {"insufficient_points"}
    assert live_school.summary().available == Points(0)
    (made,) = [each.json() for each in answers if each.status_code == 201]
    path = f"/v1/purchases/{made['id']}/return"
    returned = crowd.post(path, lambda _: None, lambda number: f"return-{number}")
    assert _statuses(returned) == {200: AT_ONCE}
    assert live_school.summary().available == Points(100)
