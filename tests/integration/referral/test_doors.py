"""Guest passes over HTTP and on pages: what members, moderators and nobody else are told."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import count

import httpx
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.auth.sessions import OpenSession, open_session
from api.erasing import FORGETTING
from api.http.app import create_app
from api.http.principal import CSRF_HEADER, SESSION_COOKIE
from api.i18n.catalogue import refuse_missing
from api.referring import fingerprints
from ledger.kernel.transaction import Database, execute
from ledger.referral import store
from ledger.referral.fingerprints import Fingerprints
from tests.integration.referral.conftest import PROGRAMME
from tests.support.http import ORIGIN, TestParts, client_of
from tests.world import World

Person = Callable[[str], TestClient]
NUMBERS = count()


@pytest.fixture
def world(database: Database) -> World:
    world = World.make(database)
    world.activate(PROGRAMME)
    world.linked["admin"] = world.first_admin
    return world


@pytest.fixture
def app(database: Database) -> FastAPI:
    return create_app(TestParts(database), on_missing=refuse_missing)


@pytest.fixture
def person(app: FastAPI, world: World) -> Person:
    def sign_in(name: str) -> TestClient:
        member_id = world.linked.get(name) or world.link(name)
        opened = execute(world.database, open_session, OpenSession(member_id))
        client = client_of(app, **{CSRF_HEADER: opened.session.csrf or "", "Origin": ORIGIN})
        client.cookies.set(SESSION_COOKIE, opened.cookie)
        return client

    return sign_in


def post(client: TestClient, path: str, body: object = None) -> httpx.Response:
    headers = {"Idempotency-Key": f"k{next(NUMBERS)}"}
    answer: httpx.Response = client.post(path, json=body, headers=headers)
    return answer


def test_a_code_is_told_once(person: Person) -> None:
    ann = person("ann")
    once = {"Idempotency-Key": "same"}
    first = ann.post("/v1/referrals", headers=once)
    assert first.status_code == 201, first.text
    assert len(first.json()["code"]) == 19
    assert first.headers["cache-control"] == "no-store"
    again = ann.post("/v1/referrals", headers=once)
    assert (again.json()["id"], again.json()["code"]) == (first.json()["id"], None)
    assert ann.get("/v1/referrals/places").json() == {"open": 1, "limit": 5, "left": 4}
    (listed,) = ann.get("/v1/referrals").json()["data"]
    assert listed["state"] == "issued"
    assert "code" not in listed
    assert person("bob").get("/v1/referrals").json()["data"] == []


def test_what_is_refused_says_so(person: Person) -> None:
    ann, bob, cid = person("ann"), person("bob"), person("cid")
    codes = [post(ann, "/v1/referrals").json()["code"] for _ in range(5)]
    full = post(ann, "/v1/referrals")
    assert (full.status_code, full.json()["code"]) == (409, "no_place_left")
    claimed = post(bob, "/v1/referrals/claim", {"code": codes[0]})
    assert (claimed.status_code, claimed.json()["state"]) == (201, "claimed")
    replayed = post(bob, "/v1/referrals/claim", {"code": codes[0]})
    assert replayed.json() == claimed.json()
    used = post(cid, "/v1/referrals/claim", {"code": codes[0]})
    assert (used.status_code, used.json()["code"]) == (409, "pass_used")
    elsewhere = post(bob, "/v1/referrals/claim", {"code": codes[1]})
    assert elsewhere.json()["code"] == "guest_elsewhere"
    nothing = post(cid, "/v1/referrals/claim", {"code": "x"})
    assert (nothing.status_code, nothing.json()["code"]) == (404, "pass_unknown")


def _three(person: Person) -> str:
    """The third from one network; its id."""
    ann = person("ann")
    claimed = []
    for name in ("bob", "cid", "dan"):
        code = post(ann, "/v1/referrals").json()["code"]
        claimed.append(post(person(name), "/v1/referrals/claim", {"code": code}).json())
    assert [each["in_review"] for each in claimed] == [False, False, True]
    return str(claimed[-1]["id"])


def test_moderators_decide_and_members_are_told_nothing_of_the_rules(
    person: Person, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        Fingerprints, "network", lambda self, _: self._digest("network", "192.0.2.0/24")
    )
    referral = _three(person)
    path = f"/v1/referrals/{referral}/review"
    body = {"accepted": False, "reason": "one device"}
    refused = person("ann").post(path, json=body)
    assert (refused.status_code, refused.json()["code"]) == (403, "role_required")
    admin = person("admin")
    (waiting,) = admin.get("/v1/referrals/review").json()["data"]
    assert waiting["id"] == referral
    assert waiting["guest"].startswith("mem_")
    page = admin.get("/invite/review")
    assert referral in page.text
    assert "checked" in person("dan").get("/invite").text
    empty = admin.post(
        f"/invite/review/{referral}", data={"decision": "accept", "reason": " ", "csrf": ""}
    )
    assert empty.status_code == 422
    decided = admin.post(path, json=body)
    assert (decided.status_code, decided.json()["reason"]) == (200, "review_refused")
    again = admin.post(path, json=body)
    assert (again.status_code, again.json()["code"]) == (409, "nothing_to_review")
    assert "Nothing waits" in admin.get("/invite/review").text
    told = {each["reason"] for each in person("ann").get("/v1/referrals").json()["data"]}
    assert told == {None, "not_accepted"}
    assert "network" not in person("ann").get("/invite").text


def test_the_page_hands_out_and_takes(person: Person, world: World) -> None:
    ann, bob = person("ann"), person("bob")
    assert "Places left" in ann.get("/invite").text
    shown = ann.post("/invite")
    (code,) = set(re.findall(r"(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}", shown.text))
    assert code not in ann.get("/invite").text
    assert "unused until" in ann.get("/invite").text
    wrong = bob.post("/invite/claim", data={"code": "nothing"})
    assert wrong.status_code == 422
    assert "No guest pass has this code" in wrong.text
    assert bob.post("/invite/claim", data={"code": code}).status_code in {200, 303}
    assert "first payment is awaited" in bob.get("/invite").text
    for _ in range(5):
        ann.post("/invite")
    assert ann.post("/invite").status_code == 422
    russian = ann.get("/invite", headers={"Accept-Language": "ru"}).text
    assert "Гостевой пропуск" in russian


def test_without_the_section_the_page_says_so(app: FastAPI, world: World, person: Person) -> None:
    text = PROGRAMME.split("referral:", maxsplit=1)[0].replace('"1"', '"2"')
    world.activate(text, "2026-03-01T11:00:00Z")
    ann = person("ann")
    assert "no guest passes" in ann.get("/invite").text
    assert ann.get("/v1/referrals/places").json()["code"] == "referral_not_offered"


def test_the_key_is_the_installations_own() -> None:
    one, other = fingerprints(b"a" * 32), fingerprints(b"b" * 32)
    assert one.network("192.0.2.1") == one.network("192.0.2.254")
    assert one.network("192.0.2.1") != other.network("192.0.2.1")
    assert one.network("nowhere") is None


def test_a_person_is_forgotten_here_too() -> None:
    assert store.forget in FORGETTING
