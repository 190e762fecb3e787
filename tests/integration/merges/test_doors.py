"""Merging over HTTP, by page and by command: two admins, and the effect first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fastapi import FastAPI

from api.audit.acts_store import ACTS
from api.erasing import EraseMember, erase, tell
from api.merging import MergeNotYet, approve
from api.settings import ChainSwitch
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Database, Work, execute
from ledger.members import service as members
from ledger.members.model import MemberStatus
from ledger.merges import service
from ledger.merges.model import ApproveMerge, ProposeMerge
from tests.integration.pages.conftest import Reader, app_of
from tests.support.http import client_of
from tests.support.merging import WHY, findings, merge
from tests.world import World

TEXT = """
programme: course
version: "1"
zone: UTC
rules:
  - {id: read, on: lms.section.read, to: actor, points: 5, once_per: data.section}
"""


@pytest.fixture
def school(world: World) -> World:
    world.link("1")
    world.link("2")
    world.activate(TEXT)
    for who in ("1", "2"):
        world.state(
            f"r{who}", "lms.section.read", f"lms:{who}", "2026-03-02T09:00:00Z", {"section": "a"}
        )
    world.score()
    return world


@pytest.fixture
def app(database: Database, tmp_path: Path) -> FastAPI:
    return app_of(database, tmp_path, ChainSwitch.OFF, None)


@pytest.fixture
def anna(app: FastAPI, school: World) -> Reader:
    return Reader(app, school.first_admin, "member,admin")


@pytest.fixture
def boris(app: FastAPI, school: World) -> Reader:
    return Reader(app, school.second_admin, "member,admin")


def _ids(school: World) -> tuple[str, str]:
    return format_id("mem", school.linked["1"]), format_id("mem", school.linked["2"])


def test_over_http(app: FastAPI, school: World, anna: Reader, boris: Reader) -> None:
    one, two = _ids(school)
    proposer, approver = (client_of(app, **each._who("en")) for each in (anna, boris))
    looked = proposer.get("/v1/member-merges/effect", params={"survivor": one, "absorbed": two})
    effect = looked.json()
    assert (effect["awarded_after"], effect["differing"]) == (5, 1)
    assert [effect[side]["awarded"] for side in ("survivor", "absorbed")] == [5, 5]
    body = {"survivor": one, "absorbed": two, "reason": WHY}
    assert proposer.post("/v1/member-merges", json=body).status_code == 400
    key = {"idempotency-key": "merge-1"}
    proposed = proposer.post("/v1/member-merges", json=body, headers=key)
    assert proposed.status_code == 201
    again = proposer.post("/v1/member-merges", json=body, headers=key)
    assert again.json() == proposed.json()
    path = f"/v1/member-merges/{proposed.json()['id']}"
    yes = {"content": proposed.json()["content"]}
    own = proposer.post(f"{path}/approve", json=yes, headers={"idempotency-key": "own"})
    assert (own.status_code, own.json()["code"]) == (403, "merge_needs_another_person")
    assert approver.get(f"{path}/effect").json() == effect
    done = approver.post(f"{path}/approve", json=yes, headers={"idempotency-key": "yes"})
    assert (done.status_code, done.json()["state"]) == (200, "approved")
    replayed = approver.post(f"{path}/approve", json=yes, headers={"idempotency-key": "yes"})
    assert replayed.json() == done.json()
    assert proposer.get(f"/v1/members/{one}/balances").json()["available"] == 5
    undo = proposer.post(f"{path}/split", json={"reason": "no"}, headers={"idempotency-key": "s"})
    assert undo.json()["undoes"] == proposed.json()["id"]
    back = f"/v1/member-merges/{undo.json()['id']}"
    assert approver.get(f"{back}/effect").json()["awarded_after"] == 10
    closed = approver.post(f"{back}/close", headers={"idempotency-key": "c"})
    assert closed.json()["state"] == "rejected"
    assert [each["state"] for each in proposer.get("/v1/member-merges").json()["data"]] == [
        "rejected",
        "approved",
    ]
    assert proposer.get(path).json()["decided_by"] == format_id("mem", boris.member_id)
    assert findings(school) == ()


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_page_shows_the_effect_first(
    school: World, anna: Reader, boris: Reader, language: str
) -> None:
    one, two = _ids(school)
    page = f"/admin/merges?survivor={one}&absorbed={two}"
    assert ("Counted as one person: 5" if language == "en" else "одним человеком: 5") in (
        anna.words(page, language)
    )
    anna.done("/admin/merges", survivor=one, absorbed=two, reason=WHY)
    boris.words("/admin/merges", language)
    assert boris.press("/admin/merges", "/approve").status_code == 303
    assert school.points("1") == 5
    with school.database.read() as work:
        (found,) = service.store.page(work, before=None, limit=5)
    anna.done(f"/admin/merges/{format_id('mrg', found.merge_id)}/split", reason="two after all")
    assert anna.press("/admin/merges", "/close").status_code == 303
    anna.words("/admin/merges", language)
    anna.words("/admin/members", language)


def test_nobody_stays_signed_in_as_the_merged(school: World) -> None:
    asked = ProposeMerge(school.linked["1"], school.linked["2"], WHY, school.first_admin)
    proposed = execute(school.database, service.propose_merge, asked)
    yes = ApproveMerge(proposed.merge_id, proposed.content_digest, school.second_admin)
    execute(school.database, approve, yes)
    with school.database.read() as work:
        gone = members.require_member(work, school.linked["2"])
    assert gone.status is MemberStatus.MERGED


def test_what_is_on_its_way_to_the_chain_comes_first(
    school: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ProposeMerge(school.linked["1"], school.linked["2"], WHY, school.first_admin)
    proposed = execute(school.database, service.propose_merge, asked)
    yes = ApproveMerge(proposed.merge_id, proposed.content_digest, school.second_admin)
    monkeypatch.setattr("api.merging.bridge.in_flight", lambda *_: 1)
    with pytest.raises(MergeNotYet):
        execute(school.database, approve, yes)
    with school.database.read() as work:
        found = members.require_member(work, school.linked["2"])
    assert found.status is MemberStatus.ACTIVE


def test_an_erasure_forgets_both(school: World) -> None:
    merge(school, school.linked["1"], school.linked["2"])
    with school.database.read() as work:
        told = tell(work, school.linked["2"])
    assert told.member_id == school.linked["1"]
    execute(school.database, erase, EraseMember(told.member_id, told.confirm, "operator"))

    def left(work: Work, _: None) -> None:
        for who in ("1", "2"):
            found = members.require_member(work, school.linked[who])
            assert found.status is MemberStatus.ERASED
        (found,) = service.store.page(work, before=None, limit=5)
        assert found.reason is None

    execute(school.database, left, None)
    assert findings(school) == ()


def test_auditors_see_merges_and_splits(school: World) -> None:
    done = merge(school, school.linked["1"], school.linked["2"])
    with school.database.read() as work:
        acts = [
            (name, row[1], json.loads(json.dumps(row[3])))
            for name in ("member_merge.proposed", "member_merge.decided")
            for row in work.connection.exec_driver_sql(ACTS[name])
        ]
    assert [(name, by) for name, by, _ in acts] == [
        ("member_merge.proposed", str(school.first_admin)),
        ("member_merge.decided", str(school.second_admin)),
    ]
    assert acts[1][2]["content"] == done.content_digest.hex()
    assert parse_id("mrg", format_id("mrg", done.merge_id)) == done.merge_id
