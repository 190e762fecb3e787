"""Polls over HTTP: what everybody reads, what only a voter does, and files to take home."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.audit.acts_store import acts
from api.erasing import EraseMember, erase_and_list, tell
from api.http.app import create_app
from api.http.principal import optional_principal
from api.i18n.catalogue import refuse_missing
from governance.polls import service
from governance.polls.model import key_message
from governance.recount import polls as recount
from ledger.kernel.ids import format_id, parse_id
from tests.integration.pages.conftest import MEMBER_HEADER, ROLES_HEADER, fake_principal
from tests.support.http import client_of
from tests.support.polls import Device, Electorate, recounted

BODY = {"title": "Tea?", "options": ["yes", "no"], "method": "single", "weighing": "person"}


@pytest.fixture
def app(electorate: Electorate) -> FastAPI:
    app = create_app(electorate.composition, on_missing=refuse_missing)
    app.dependency_overrides[optional_principal] = fake_principal
    return app


def _as(app: FastAPI, member_id: UUID, key: str = "k") -> TestClient:
    headers = {MEMBER_HEADER: str(member_id), ROLES_HEADER: "member", "idempotency-key": key}
    return client_of(app, **headers)


def _ballot(electorate: Electorate, device: Device, mine: Any, *choice: int) -> dict[str, Any]:
    """A ballot put together from what the API tells the voter."""
    said = {"choice": list(choice), "version": mine["next_version"], "salt": "ab" * 32}
    statement = {**said, "definition": mine["definition"], "poll": mine["poll"]}
    statement["voter"] = mine["voter"]
    message = b"vklad.poll.ballot.v1\n" + recount.canonical(statement)
    signed = {
        "by": "device",
        "public_key": device.key.hex(),
        "signature": device.sign(message).hex(),
    }
    return {**said, "signed": signed}


def test_from_an_announcement_to_files(app: FastAPI, electorate: Electorate) -> None:
    world, anybody = electorate.world, client_of(app)
    closes_at = electorate.clock.now() + timedelta(days=2)
    body = {**BODY, "closes_at": closes_at.isoformat()}
    refused = _as(app, world.linked["ann"]).post("/v1/polls", json=body)
    assert (refused.status_code, refused.json()["code"]) == (403, "poll_not_for_you")
    token = {**body, "weighing": "token"}
    refused = _as(app, world.first_admin).post("/v1/polls", json=token)
    assert (refused.status_code, refused.json()["code"]) == (404, "chain_off")
    made = _as(app, world.first_admin, "made").post("/v1/polls", json=body)
    assert made.status_code == 201, made.text
    again = _as(app, world.first_admin, "made").post("/v1/polls", json=body)
    assert again.json() == made.json()
    poll = made.json()["id"]
    path = f"/v1/polls/{poll}"
    opening = anybody.get(f"{path}/opening").json()
    assert opening["opening"] == made.json()["opening"]

    assert anybody.get(f"{path}/mine").status_code == 401
    stranger = _as(app, world.link("zoe"))
    for answer in (stranger.get(f"{path}/mine"), stranger.get(f"{path}/receipt")):
        assert (answer.status_code, answer.json()["code"]) == (403, "not_eligible")
    ann, device = world.linked["ann"], Device()
    mine = _as(app, ann).get(f"{path}/mine").json()
    proof = device.sign(
        key_message(parse_id("pol", poll), bytes.fromhex(mine["voter"]), device.key)
    )
    key = {"public_key": device.key.hex(), "proof": proof.hex()}
    registered = _as(app, ann, "key").post(f"{path}/keys", json=key)
    assert registered.status_code == 201, registered.text
    cast = _as(app, ann, "cast").post(f"{path}/ballots", json=_ballot(electorate, device, mine, 1))
    assert cast.status_code == 201, cast.text
    assert (cast.json()["kind"], cast.json()["version"]) == ("device", 1)
    assert "choice" not in cast.text
    recount.check_seal(cast.json()["acknowledgement"], cast.json()["seal"], None, "it")
    unsigned = {"choice": [0], "version": 1, "salt": "cd" * 32}
    bob = _as(app, world.linked["bob"], "bob").post(f"{path}/ballots", json=unsigned)
    assert (bob.status_code, bob.json()["kind"]) == (201, "unsigned")
    _secret_until_counted(anybody, path)

    electorate.clock.time = closes_at
    service.count_due(electorate.database)
    export = recount.parse(anybody.get(f"{path}/export").content)
    receipt = recount.parse(_as(app, ann).get(f"{path}/receipt").content)
    assert "Your ballot 1 is in the export and counts." in recounted(
        export, receipt, openings=[opening]
    )
    own = anybody.get("/v1/polls/verifier.py").text
    assert own == Path(recount.__file__).read_text("utf-8")
    late = _as(app, ann, "late").post(f"{path}/ballots", json={**unsigned, "version": 2})
    assert (late.status_code, late.json()["code"]) == (410, "poll_over")
    revoked = _as(app, ann, "off").post(f"{path}/keys/{registered.json()['id']}/revoke")
    assert revoked.json() == {"revoked": True}
    with electorate.database.read() as work:
        told = {
            act.act: act.rest
            for act in acts(
                work, closes_at.min.replace(tzinfo=closes_at.tzinfo), closes_at + timedelta(days=1)
            )
        }
    assert told["poll.announced"]["eligibility_root"] == opening["opening"]["eligibility_root"]
    assert told["poll.counted"]["tally_root"] == export["closing"]["tally_root"]


def _secret_until_counted(anybody: TestClient, path: str) -> None:
    shown = anybody.get(path).json()
    assert (shown["ballots"], shown["closing"], shown["state"]) == (2, None, "open")
    register = anybody.get(f"{path}/register").json()["data"]
    assert [each["number"] for each in register] == [1, 2]
    assert set(register[0]) == {"number", "commitment", "register_head"}
    assert register[1]["register_head"] == shown["register_head"]
    assert anybody.get(f"{path}/register", params={"after": 1}).json()["data"] == register[1:]
    refused = anybody.get(f"{path}/export")
    assert (refused.status_code, refused.json()["code"]) == (409, "poll_not_counted")
    page = anybody.get("/v1/polls", params={"limit": 1}).json()
    assert [each["id"] for each in page["data"]] == [shown["id"]]


UNREADABLE: list[dict[str, Any]] = [
    {"choice": "0"},
    {"choice": [0.5]},
    {"choice": [-1]},
    {"choice": [True]},
    {"choice": [10**7]},
    {"choice": [0] * 31},
    {"salt": "AB" * 32},
    {"salt": "ab"},
    {"version": 0},
    {"version": 10**9},
    {"signed": {"by": "word"}},
    {"signed": {"by": "device", "public_key": "04", "signature": "00"}},
    {"signed": {"by": "wallet", "signature": "0xabc"}},
    {"more": 1},
]


def test_ballots_that_cannot_be_read(app: FastAPI, electorate: Electorate) -> None:
    poll = format_id("pol", electorate.announce().poll_id)
    ann = electorate.world.linked["ann"]
    for number, change in enumerate(UNREADABLE):
        body = {"choice": [0], "version": 1, "salt": "ab" * 32, **change}
        answer = _as(app, ann, f"k{number}").post(f"/v1/polls/{poll}/ballots", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "request_invalid"), change


def test_what_there_is_not(app: FastAPI, electorate: Electorate) -> None:
    anybody, ann = client_of(app), _as(app, electorate.world.linked["ann"])
    nowhere = "/v1/polls/pol_00000000000000000000000000"
    for path in (nowhere, f"{nowhere}/export", f"{nowhere}/opening", f"{nowhere}/register"):
        answer = anybody.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_poll")
    unsigned = {"choice": [0], "version": 1, "salt": "cd" * 32}
    assert ann.post(f"{nowhere}/ballots", json=unsigned).status_code == 404
    assert ann.post(f"{nowhere}/withdraw").status_code == 404
    assert anybody.get("/v1/polls/nonsense").status_code in {400, 404, 422}
    poll = format_id("pol", electorate.announce().poll_id)
    message = ann.post(f"/v1/polls/{poll}/ballot-messages", json=unsigned)
    assert (message.status_code, message.json()["code"]) == (409, "wallet_needed")


def test_who_is_forgotten_by_device(electorate: Electorate, app: FastAPI) -> None:
    """The signature of a key of one poll names nobody: it stays, and proves as before."""
    poll = electorate.announce()
    electorate.vote(poll, ann=[0], bob=[1])
    ann = electorate.world.linked["ann"]
    receipt = electorate.receipt(poll, "ann")
    with electorate.database.read() as work:
        told = tell(work, ann)
    erase_and_list(
        electorate.database,
        electorate.composition.state,
        EraseMember(ann, told.confirm, "member"),
    )
    electorate.close(poll)
    export = electorate.export(poll)
    said = recounted(export, receipt)
    assert said[-1] == "Your ballot 1 is in the export and counts."
    assert not any("forgotten" in line for line in said)
    with electorate.database.read() as work:
        query = "SELECT (SELECT count(*) FROM poll_names), (SELECT count(*) FROM poll_keys)"
        assert tuple(work.connection.exec_driver_sql(query).one()) == (6, 1)
