from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.auth.keys import CreateKey, create_key
from api.auth.sessions import OpenSession, open_session
from api.http.app import create_app
from api.http.principal import CSRF_HEADER, SESSION_COOKIE
from api.i18n.catalogue import refuse_missing
from ledger.grants.taking_back import service as taking_back
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Database, Work, execute
from ledger.members import store as members
from ledger.members.model import Role
from tests.support.clock import SetClock
from tests.support.http import TestParts, client_of
from tests.support.lots import ANNA, BORIS, add_members
from tests.world import World

ADMIN, SECOND = UUID(int=0xAD1), UUID(int=0xAD2)


@dataclass
class Person:
    """A member signed in by a browser."""

    client: TestClient
    calls: int = 0

    def get(self, path: str) -> httpx.Response:
        return self.client.get(path)

    def post(self, path: str, body: object = None, key: str | None = None) -> httpx.Response:
        self.calls += 1
        headers = {"Idempotency-Key": key or f"{id(self)}-{self.calls}"}
        return self.client.post(path, json=body or {}, headers=headers)


def _make_admin(work: Work, member_id: UUID) -> None:
    members.insert_role(work, member_id, Role.ADMIN, None)
    members.grant_role(work, member_id, Role.ADMIN, None)


@pytest.fixture
def timed(database: Database) -> Database:
    add_members(database, ANNA, BORIS, ADMIN, SECOND)
    for admin in (ADMIN, SECOND):
        execute(database, _make_admin, admin)
    return replace(database, clock=SetClock())


@pytest.fixture
def app(timed: Database) -> FastAPI:
    return create_app(TestParts(timed), on_missing=refuse_missing)


def _sign_in(app: FastAPI, database: Database, member_id: UUID) -> Person:
    opened = execute(database, open_session, OpenSession(member_id))
    client = client_of(app, **{CSRF_HEADER: opened.session.csrf})
    client.cookies.set(SESSION_COOKIE, opened.cookie)
    return Person(client)


@pytest.fixture
def admin(app: FastAPI, timed: Database) -> Person:
    return _sign_in(app, timed, ADMIN)


@pytest.fixture
def second(app: FastAPI, timed: Database) -> Person:
    return _sign_in(app, timed, SECOND)


@pytest.fixture
def anna(app: FastAPI, timed: Database) -> Person:
    return _sign_in(app, timed, ANNA)


@pytest.fixture
def budget(admin: Person, second: Person) -> str:
    answer = admin.post("/v1/budgets", {"name": "Mentors", "points": 500})
    assert (answer.status_code, answer.json()["state"]) == (201, "proposed")
    asked = answer.json()
    path = f"/v1/budgets/{asked['id']}"
    assert admin.get("/v1/budgets").json()["data"] == []
    own = admin.post(f"{path}/approve", {"content": asked["content"]})
    assert (own.status_code, own.json()["code"]) == (403, "budget_needs_another_person")
    other = second.post(f"{path}/approve", {"content": asked["content"]})
    assert (other.status_code, other.json()["state"]) == (200, "approved")
    return str(asked["id"])


CSV = f"member,points\n{format_id('mem', ANNA)},100\n{format_id('mem', BORIS)},50\n"


def test_budgets_are_listed_closed_and_announced(
    app: FastAPI, admin: Person, second: Person, anna: Person, budget: str
) -> None:
    more = admin.post("/v1/budgets", {"name": "Prizes", "points": 5}).json()
    closed = second.post(f"/v1/budgets/{more['id']}/close").json()
    assert (closed["state"], closed["decided_at"] is None) == ("rejected", False)
    page = second.get("/v1/budgets/proposals?limit=1").json()
    assert page["data"] == [closed]
    rest = second.get(f"/v1/budgets/proposals?cursor={page['next_cursor']}").json()
    assert [(each["id"], each["state"]) for each in rest["data"]] == [(budget, "approved")]
    assert admin.get(f"/v1/budgets/{more['id']}").json() == closed
    assert anna.get("/v1/budgets/proposals").status_code == 403
    assert anna.post("/v1/budgets", {"name": "x", "points": 1}).status_code == 403
    assert client_of(app).get("/v1/budgets/notices").json() == {"data": [], "next_cursor": None}


def test_a_list_is_previewed_proposed_approved_and_seen_by_its_members(
    admin: Person, second: Person, anna: Person, budget: str
) -> None:
    body = {"budget": budget, "reason": "Led a group", "csv": CSV}
    unseen = admin.post("/v1/grants", body)
    assert (unseen.status_code, unseen.json()["code"]) == (409, "preview_needed")
    shown = admin.post("/v1/grants/preview", body).json()
    assert (shown["points"], shown["lines"], shown["budget_left"]) == (150, 2, 350)
    created = admin.post("/v1/grants", body | {"confirm": shown["confirm"]}, key="once")
    again = admin.post("/v1/grants", body | {"confirm": shown["confirm"]}, key="once")
    grant = created.json()
    assert (created.status_code, again.json()) == (201, grant)
    path = f"/v1/grants/{grant['id']}"
    own = admin.post(f"{path}/approve", {"content": grant["content"]})
    assert (own.status_code, own.json()["code"]) == (403, "another_person_needed")
    other = second.post(f"{path}/approve", {"content": "00" * 32})
    assert (other.status_code, other.json()["code"]) == (409, "grant_content_differs")
    paid = second.post(f"{path}/approve", {"content": grant["content"]})
    assert (paid.status_code, paid.json()["state"]) == (200, "paid")
    assert second.get(path).json() == paid.json()
    listed = second.get("/v1/grants?state=paid&limit=1").json()
    assert ([g["id"] for g in listed["data"]], listed["next_cursor"]) == ([grant["id"]], None)
    assert admin.get("/v1/budgets").json()["data"][0]["left"] == 350

    balances = anna.get("/v1/balances").json()
    assert (balances["available"], balances["pending"], balances["debt"]) == (100, 0, 0)
    (lot,) = anna.get("/v1/lots").json()["data"]
    assert (lot["granted"], lot["available"], lot["cause"]["kind"]) == (100, 100, "grant")
    (entry,) = anna.get("/v1/entries").json()["data"]
    assert (entry["kind"], entry["available"], entry["lots"]) == ("grant", 100, [lot["id"]])
    assert entry["cause"]["why"]["content"] == grant["content"]


PROGRAMME = """\
programme: club
version: "1"
zone: UTC
vesting:
  projects: {days: 60, days_max: 90}
  referral: {days: 90, condition: {active: {who: data.guest, within_days: 30}}}
rules:
  - {id: small, on: small.done, to: actor, points: 7}
"""


def test_points_of_a_kind_are_pending_once_paid(
    timed: Database, admin: Person, second: Person, anna: Person, budget: str
) -> None:
    World(timed, ADMIN, SECOND, source=None).activate(PROGRAMME)  # type: ignore[arg-type] # unused
    line = {"member": format_id("mem", ANNA), "points": 10}
    body = {"budget": budget, "reason": "Work", "lines": [line]}
    guest = {"kind": "referral", "about": format_id("mem", BORIS)}
    shown = admin.post("/v1/grants/preview", body | {"vesting": guest}).json()["vesting"]
    asks = {"active": {"who": guest["about"], "within_days": 30}}
    assert shown["waits_for"] == {"condition": asks, "to": "revoked"}
    kind = {"kind": "projects", "days": 75}
    grant = admin.post("/v1/grants", body | {"vesting": kind}).json()
    assert grant["vesting"] == kind | {"zone": "UTC", "months": 0, "waits_for": None}
    second.post(f"/v1/grants/{grant['id']}/approve", {"content": grant["content"]})
    balances = anna.get("/v1/balances").json()
    assert (balances["available"], balances["pending"]) == (0, 10)


@pytest.mark.parametrize(
    ("vesting", "code"),
    [
        ({"kind": "project"}, "unknown_vesting"),
        ({"kind": "projects", "days": 91}, "vesting_days_out_of_bounds"),
        ({"kind": "referral"}, "vesting_about_whom"),
    ],
)
def test_a_kind_that_cannot_be_is_refused_by_name(
    timed: Database, admin: Person, budget: str, vesting: dict[str, object], code: str
) -> None:
    World(timed, ADMIN, SECOND, source=None).activate(PROGRAMME)  # type: ignore[arg-type] # unused
    line = {"member": format_id("mem", ANNA), "points": 10}
    body = {"budget": budget, "reason": "Work", "lines": [line], "vesting": vesting}
    for path in ("/v1/grants/preview", "/v1/grants"):
        refused = admin.post(path, body)
        assert (refused.status_code, refused.json()["code"]) == (422, code)


def test_lists_of_lots_and_entries_have_pages(
    admin: Person, second: Person, anna: Person, budget: str
) -> None:
    line = {"member": format_id("mem", ANNA), "points": 10}
    for _ in range(3):
        grant = admin.post(
            "/v1/grants", {"budget": budget, "reason": "Again", "lines": [line]}
        ).json()
        second.post(f"/v1/grants/{grant['id']}/approve", {"content": grant["content"]})
    for path in ("/v1/lots", "/v1/entries", f"/v1/members/{format_id('mem', ANNA)}/lots"):
        person = admin if "members" in path else anna
        first = person.get(f"{path}?limit=2").json()
        rest = person.get(f"{path}?limit=2&cursor={first['next_cursor']}").json()
        assert [len(page["data"]) for page in (first, rest)] == [2, 1]
        assert rest["next_cursor"] is None
        ids = {item["id"] for page in (first, rest) for item in page["data"]}
        assert len(ids) == 3


def test_a_proposal_is_withdrawn_or_rejected(admin: Person, second: Person, budget: str) -> None:
    line = {"member": format_id("mem", ANNA), "points": 10}
    for person, state in ((admin, "withdrawn"), (second, "rejected")):
        body = {"budget": budget, "reason": "Hm", "lines": [line]}
        grant = admin.post("/v1/grants", body).json()
        closed = person.post(f"/v1/grants/{grant['id']}/close")
        assert (closed.status_code, closed.json()["state"]) == (200, state)
        again = person.post(f"/v1/grants/{grant['id']}/close")
        assert (again.status_code, again.json()["code"]) == (409, "grant_closed")


def test_what_was_paid_is_taken_back(
    timed: Database, admin: Person, second: Person, anna: Person, budget: str
) -> None:
    line = {"member": format_id("mem", ANNA), "points": 10}
    grant = admin.post("/v1/grants", {"budget": budget, "reason": "Hm", "lines": [line]}).json()
    path = f"/v1/grants/{grant['id']}"
    early = admin.post(f"{path}/take-back", {"reason": "No"})
    assert (early.status_code, early.json()["code"]) == (409, "grant_not_paid")
    second.post(f"{path}/approve", {"content": grant["content"]})
    assert anna.post(f"{path}/take-back", {"reason": "No"}).status_code == 403
    assert admin.post(f"{path}/take-back", {"reason": "No"}).json()["state"] == "waits"
    assert second.post(f"{path}/take-back/close").json()["state"] == "rejected"
    none = second.post(f"{path}/take-back/close")
    assert (none.status_code, none.json()["code"]) == (404, "unknown_take_back")
    asked = admin.post(f"{path}/take-back", {"reason": "A mistake"}).json()
    again = admin.post(f"{path}/take-back", {"reason": "A mistake"})
    assert (again.status_code, again.json()["code"]) == (409, "take_back_waits")
    done = second.post(f"{path}/take-back/approve", {"content": asked["content"]})
    assert (done.status_code, done.json()["state"]) == (200, "approved")
    assert [each["state"] for each in admin.get(f"{path}/take-back").json()["data"]] == [
        "rejected",
        "approved",
    ]
    taking_back.carry_out(timed, parse_id("grt", grant["id"]))
    assert admin.get(path).json()["state"] == "taken_back"
    assert anna.get("/v1/balances").json()["available"] == 0
    taken = anna.get("/v1/entries").json()["data"][0]
    assert (taken["kind"], taken["available"]) == ("clawback", -10)


def test_who_may_not(app: FastAPI, timed: Database, anna: Person, budget: str) -> None:
    body = {"budget": budget, "reason": "Me", "csv": CSV}
    for path in ("/v1/grants", "/v1/grants/preview"):
        assert anna.post(path, body).status_code == 403
    assert anna.post("/v1/budgets", {"name": "x", "points": 1}).status_code == 403
    for path in ("/v1/grants", "/v1/budgets", f"/v1/members/{format_id('mem', BORIS)}/balances"):
        assert anna.get(path).status_code == 403
    key = execute(
        timed, create_key, CreateKey("robot", frozenset({"grants:read", "balances:read"}), None)
    )
    robot = client_of(app, Authorization=f"Bearer {key.text}")
    assert robot.get("/v1/grants").status_code == 200
    assert robot.get(f"/v1/members/{format_id('mem', ANNA)}/balances").json()["available"] == 0
    for path in ("/v1/grants", f"/v1/grants/{format_id('grt', UUID(int=1))}/approve"):
        refused = robot.post(path, json=body, headers={"Idempotency-Key": "k"})
        assert refused.status_code in {403, 422}
    assert robot.get("/v1/balances").status_code == 403


def test_anybody_may_read_the_notices(app: FastAPI) -> None:
    assert client_of(app).get("/v1/grants/notices").json() == {"data": [], "next_cursor": None}


def test_a_notice_names_nobody(app: FastAPI, timed: Database, admin: Person, budget: str) -> None:
    def _alone(work: Work, member_id: UUID) -> None:
        members.delete_role(work, member_id, Role.ADMIN)

    execute(timed, _alone, SECOND)
    line = {"member": format_id("mem", ANNA), "points": 10}
    grant = admin.post("/v1/grants", {"budget": budget, "reason": "Hm", "lines": [line]}).json()
    early = admin.post(f"/v1/grants/{grant['id']}/approve", {"content": grant["content"]})
    assert (early.status_code, early.json()["code"]) == (409, "grant_not_payable_yet")
    asked = admin.post("/v1/budgets", {"name": "Olga's", "points": 5}).json()
    alone = admin.post(f"/v1/budgets/{asked['id']}/approve", {"content": asked["content"]})
    assert (alone.status_code, alone.json()["code"]) == (409, "budget_not_open_yet")
    assert client_of(app).get("/v1/budgets/notices").json()["data"] == [
        {
            "id": asked["id"],
            "points": 5,
            "proposed_at": asked["proposed_at"],
            "open_from": asked["open_from"],
        }
    ]
    (notice,) = client_of(app).get("/v1/grants/notices").json()["data"]
    assert notice == {
        "id": grant["id"],
        "points": 10,
        "lines": 1,
        "created_at": grant["created_at"],
        "payable_from": grant["payable_from"],
    }


@pytest.mark.parametrize(
    "change",
    [
        {"lines": [{"member": "mem_x", "points": 1}]},
        {"csv": None},
        {"csv": "member,points\nx,1\n"},
        {"csv": "member,points\n"},
        {"reason": ""},
        {"expires_at": "2026-03-02T09:00:00"},
        {"expires_at": "2026-03-02T09:00:00Z"},
        {"surprise": 1},
    ],
)
def test_what_cannot_be_read_is_422(admin: Person, budget: str, change: dict[str, object]) -> None:
    body: dict[str, object] = {"budget": budget, "reason": "Hm", "csv": CSV} | change
    assert admin.post("/v1/grants", body).status_code == 422


def test_the_same_is_told_in_russian(admin: Person, budget: str) -> None:
    body = {"budget": budget, "reason": "Hm", "csv": CSV}
    answer = admin.client.post(
        "/v1/grants", json=body, headers={"Idempotency-Key": "ru", "Accept-Language": "ru"}
    )
    assert answer.json()["title"] == "Сначала посмотрите"
