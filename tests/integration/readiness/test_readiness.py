"""Scoring waits for sources that say when they are complete, and admins are told why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.audit import acts_store
from api.settings import ChainSwitch
from ledger.events.sources import service as sources
from ledger.events.sources.model import DecideSource, ProposeSource, SourceSpec
from ledger.kernel.transaction import Database, Work, execute
from ledger.members.model import Role
from ledger.readiness import service
from ledger.readiness.model import DeclareSync
from ledger.scoring.verify import check_projection
from tests.integration.pages.conftest import Reader, app_of
from tests.integration.pages.conftest import person as page_person
from tests.support.credentials import issue_key
from tests.support.http import client_of
from tests.support.syncs import declare as declare_sync
from tests.world import SOURCE_URI, World

PROGRAMME = """\
programme: club
version: "1"
zone: UTC
rules: [{id: read, on: lms.section.read, to: actor, points: 5}]
"""
SYNC = "/v1/sources/lms/sync"


def source_client(world: World, app: FastAPI, uri: str, scope: str = "events:write") -> TestClient:
    admins = (world.first_admin, world.second_admin)
    key = issue_key(world.database, admins, uri, scope)
    return client_of(app, authorization=f"Bearer {key.text}")


@pytest.fixture
def lms(world: World, app: FastAPI, anna: TestClient) -> TestClient:
    """The source itself; Anna is linked."""
    assert anna
    world.activate(PROGRAMME)
    return source_client(world, app, SOURCE_URI)


def at(minutes: int) -> str:
    """So many minutes from now."""
    moment = datetime.now(UTC) + timedelta(minutes=minutes)  # noqa: TID251 - a test's clock
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def read(world: World, event_id: str, time: str) -> None:
    world.state(event_id, "lms.section.read", "lms:anna", time)
    world.score()


def declare(client: TestClient, until: str, **more: Any) -> httpx.Response:
    return client.put(SYNC, json={"status": "ok", "complete_until": until, **more})


def verified(world: World) -> list[object]:
    with world.database.read() as work:
        return list(check_projection(work))


def test_a_source_that_declares_nothing_is_ready(
    world: World, lms: TestClient, admin: TestClient
) -> None:
    read(world, "1", at(-10))
    assert world.points("anna") == 5
    told = admin.get(SYNC).json()
    assert (told["ready"], told["released_until"], told["last"]) == (True, None, None)
    assert lms.get(SYNC).status_code == 403


def test_facts_after_the_watermark_wait_and_are_scored_when_it_moves(
    world: World, lms: TestClient
) -> None:
    read(world, "1", at(-10))
    told = declare(lms, at(-20)).json()
    assert told["ready"] is True
    assert world.points("anna") == 5  # what was there before stays
    read(world, "2", at(1))
    read(world, "3", at(-5))  # late, and before the watermark
    assert world.points("anna") == 10
    assert verified(world) == []
    assert declare(lms, at(2), count=3).json()["last"]["released"] is True
    world.score()
    assert world.points("anna") == 15
    assert verified(world) == []


@pytest.mark.parametrize(
    ("declared", "obstacle"),
    [
        ({"status": "failed"}, "failed"),
        ({"count": 3}, "count"),
        ({"count": 1}, "count"),
        ({"count": 0}, "count"),
    ],
)
def test_an_incomplete_source_releases_nothing(
    world: World, lms: TestClient, admin: TestClient, declared: dict[str, Any], obstacle: str
) -> None:
    declare(lms, at(-20))
    read(world, "1", at(1))
    read(world, "2", at(1))
    told = declare(lms, at(2), **declared).json()
    assert (told["ready"], told["obstacle"]) == (False, obstacle)
    world.score()
    assert world.points("anna") == 0
    assert verified(world) == []
    assert admin.get(SYNC).json()["obstacle"] == obstacle
    assert declare(lms, at(2), count=2).json()["ready"] is True
    world.score()
    assert world.points("anna") == 10


def test_what_is_retracted_waits_for_nothing(world: World, lms: TestClient) -> None:
    read(world, "1", at(-10))
    declare(lms, at(-5), status="failed")
    world.state("x", "activity.retracted", None, at(1), {"id": "1"})
    world.score()
    assert world.points("anna") == 0


def test_a_watermark_never_goes_back(world: World, lms: TestClient) -> None:
    declare(lms, at(-20))
    read(world, "1", at(1))
    declare(lms, at(2))
    declare(lms, at(-500))
    world.score()
    assert world.points("anna") == 5


def test_who_may_declare(
    world: World, lms: TestClient, admin: TestClient, anna: TestClient, app: FastAPI
) -> None:
    assert declare(admin, at(-1)).status_code == 200
    assert declare(anna, at(-1)).json()["code"] == "role_required"
    spec = SourceSpec("other", "https://other.example", "standard-webhooks")
    change = execute(world.database, sources.propose_source, ProposeSource(spec, world.first_admin))
    decision = DecideSource(change.change_id, change.content_digest, world.second_admin)
    execute(world.database, sources.approve_source, decision)
    other = source_client(world, app, "https://other.example")
    assert declare(other, at(-1)).json()["code"] == "not_this_source"
    assert lms.put("/v1/sources/none/sync", json={}).status_code in {400, 404, 422}


def test_a_key_that_states_nothing_declares_nothing(
    world: World, lms: TestClient, app: FastAPI
) -> None:
    reader = source_client(world, app, SOURCE_URI, "balances:read")
    answer = declare(reader, at(-1), status="failed")
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_required")
    read(world, "1", at(-10))
    assert world.points("anna") == 5
    assert declare(lms, at(-1)).status_code == 200


def test_who_declared_for_a_source_is_in_the_audit_export(
    world: World, lms: TestClient, admin: TestClient
) -> None:
    assert declare(lms, at(-20)).status_code == 200
    assert declare(admin, at(-10), status="failed").status_code == 200
    every = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
    with world.database.read() as work:
        (told,) = (one for one in acts_store.acts(work, *every) if one.act == "sync.declared")
    assert (told.by, told.on) == (str(world.first_admin), SOURCE_URI)
    assert told.rest == {"number": 2, "status": "failed", "released": False}


@pytest.mark.parametrize(("until", "count"), [(10, 1), (-1, -1)])
def test_what_cannot_be_a_sync(lms: TestClient, until: int, count: int) -> None:
    answer = declare(lms, at(until), count=count)
    assert answer.status_code in {400, 422}
    assert answer.json()["code"] in {"sync_invalid", "request_invalid"}


@pytest.mark.parametrize(
    ("language", "said", "why"),
    [
        ("en", "Scoring waits for a source", "It says 100 events, we have 0"),
        ("ru", "Начисление ждёт источник", "Источник называет 100 событий, у нас 0"),
    ],
)
def test_admins_are_told_why(
    database: Database, tmp_path: Path, language: str, said: str, why: str
) -> None:
    World.make(database)
    browser = reader(app_of(database, tmp_path / "state", ChainSwitch.OFF, None), database)
    assert said not in browser.words("/admin", language)
    command = DeclareSync("lms", "ok", datetime.fromisoformat(at(-1)), 100)
    execute(database, service.declare_sync, command)
    words = browser.words("/admin", language)
    assert said in words
    assert why in words


def reader(app: FastAPI, database: Database) -> Reader:
    return page_person(app, database, "Anna", Role.ADMIN)


VESTS = """\
programme: club
version: "1"
zone: UTC
rules:
  - id: met
    on: lms.met
    to: actor
    points: 5
    vesting: {days: 1, condition: {active: {who: beneficiary, within_days: 1}}}
"""


@pytest.mark.parametrize(
    ("language", "told", "asked"),
    [
        ("en", "1 award has matured", "Some of your pending points have reached their day"),
        ("ru", "1 начисление созрело", "Для части ожидающих баллов срок наступил"),
    ],
)
def test_what_waits_for_a_source_is_told(
    world: World, tmp_path: Path, language: str, told: str, asked: str
) -> None:
    app = app_of(world.database, tmp_path / "state", ChainSwitch.OFF, None)
    admin = Reader(app, world.link("anna"), "member,admin")
    world.activate(VESTS)
    world.state("1", "lms.met", "lms:anna", at(-3000))
    world.score()
    declare_sync(world, at(-2900))
    assert told in admin.words("/admin", language)
    assert asked in admin.words("/me", language)
    declare_sync(world, at(-1))
    assert told not in admin.words("/admin", language)
    assert asked not in admin.words("/me", language)


def test_an_old_sync_is_told_of(database: Database, world: World) -> None:
    moment = datetime.now(UTC)  # noqa: TID251 - a test's clock

    def long_ago(work: Work, _: None) -> None:
        before = Work(work.connection, moment - timedelta(hours=49), work.ids)
        service.declare_sync(before, DeclareSync("lms", "ok", before.now, None))

    execute(database, long_ago, None)
    assert world.source.uri == SOURCE_URI
    with database.read() as work:
        found = service.all_readiness(work)[SOURCE_URI]
    assert found.obstacle == "old"
