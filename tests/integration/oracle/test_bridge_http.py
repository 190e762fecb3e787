"""The bridge over HTTP, on a real chain."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount
from fastapi import FastAPI, Request

from api.auth.model import Principal, PrincipalKind
from api.composition import Composition
from api.http.app import create_app
from api.http.principal import principal_of
from api.i18n.catalogue import load_catalogue
from api.settings import ChainSwitch, Settings
from api.supervisor.state import StateFolder
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import execute
from ledger.members import store as members_store
from ledger.members.model import Role
from oracle.bridge import resets
from oracle.deployment.service import record_path, write_record
from tests.support.bridge import World
from tests.support.http import ORIGIN, SECRET, client_of

MEMBER_HEADER = "x-test-member"
ROLES_HEADER = "x-test-roles"


def fake_principal(request: Request) -> Principal:
    """Whoever the test says asks."""
    member_id = UUID(request.headers[MEMBER_HEADER])
    roles = frozenset(filter(None, request.headers.get(ROLES_HEADER, "member").split(",")))
    return Principal(PrincipalKind.PERSON, str(member_id), member_id=member_id, roles=roles)


@dataclass
class Http:
    """A client that says who asks."""

    app: FastAPI
    world: World

    def get(self, path: str, member: UUID, roles: str = "member") -> tuple[int, dict]:  # type: ignore[type-arg]
        answer = client_of(self.app).get(path, headers=_who(member, roles))
        return answer.status_code, answer.json()

    def post(
        self, path: str, member: UUID, body: object, roles: str = "member", key: str = "k1"
    ) -> tuple[int, dict]:  # type: ignore[type-arg]
        headers = {**_who(member, roles), "idempotency-key": key}
        answer = client_of(self.app).post(path, json=body, headers=headers)
        return answer.status_code, answer.json()


def _who(member: UUID, roles: str) -> dict[str, str]:
    return {MEMBER_HEADER: str(member), ROLES_HEADER: roles}


def composed(world: World, folder: Path, chain: ChainSwitch, url: str) -> Composition:
    state = StateFolder(folder)
    state.prepare()
    write_record(record_path(folder / "deployments", world.chain), world.contracts.deployment)
    settings = Settings(
        public_url=ORIGIN, state_folder=folder, chain=chain, chain_rpc_url=url, demo=False
    )
    return Composition(settings, state, world.database, load_catalogue(), SECRET)


def http_of(composition: Composition, world: World) -> Http:
    app = create_app(composition)
    app.dependency_overrides[principal_of] = fake_principal
    return Http(app, world)


@pytest.fixture
def http(world: World, tmp_path: Path) -> Http:
    url = world.contracts.node.url
    return http_of(composed(world, tmp_path / "state", ChainSwitch.ON, url), world)


@pytest.fixture
def ann(world: World) -> tuple[UUID, LocalAccount]:
    member = world.member(200)
    return member, world.link(member)


def minted(http: Http, member: UUID, points: int) -> None:
    status, request = http.post("/v1/bridge/requests", member, {"points": points})
    assert status == 201
    path = f"/v1/bridge/requests/{request['id']}"
    http.world.until(lambda: http.get(path, member)[1]["stage"] == "minted")


def test_the_whole_way_there_and_back_without_gas(
    http: Http, ann: tuple[UUID, LocalAccount]
) -> None:
    member, wallet = ann
    status, asked = http.post("/v1/bridge/requests", member, {"points": 120})
    assert (status, asked["stage"], asked["token_units"]) == (201, "waiting", "120" + "0" * 18)
    assert http.post("/v1/bridge/requests", member, {"points": 120}) == (201, asked)
    path = f"/v1/bridge/requests/{asked['id']}"
    http.world.until(lambda: http.get(path, member)[1]["stage"] == "minted")
    _, listed = http.get("/v1/bridge/requests", member)
    assert [each["id"] for each in listed["data"]] == [asked["id"]]

    status, reference = http.post("/v1/bridge/redemptions", member, {"points": 50}, key="k2")
    assert status == 201
    assert reference["holder"] == wallet.address
    signed = wallet.sign_message(encode_typed_data(full_message=reference["typed_data"]))
    status, relayed = http.post(
        f"/v1/bridge/redemptions/{reference['reference']}/signatures",
        member,
        {"signature": f"0x{signed.signature.hex().removeprefix('0x')}"},
        key="k3",
    )
    assert (status, relayed["stage"]) == (202, "sending")
    stages = []
    path = f"/v1/bridge/redemptions/{reference['reference']}"
    for _ in range(40):
        stages.append(http.get(path, member)[1]["stage"])
        if stages[-1] == "credited":
            break
        http.world.turn()
    assert list(dict.fromkeys(stages)) == ["sending", "burnt", "credited"]
    _, done = http.get("/v1/bridge/redemptions", member)
    assert [(each["points"], each["stage"]) for each in done["data"]] == [(50, "credited")]
    assert http.world.available(member) == 130
    _, status_now = http.get("/v1/bridge/status", member)
    assert (status_now["open"], status_now["balanced"]) == (True, True)
    assert status_now["ledger"]["escrow_points"] == 70
    assert status_now["chain"]["token_supply_units"] == "70" + "0" * 18


def test_the_call_that_is_shown_can_be_sent_by_the_holder(
    http: Http, ann: tuple[UUID, LocalAccount]
) -> None:
    member, wallet = ann
    minted(http, member, 60)
    _, reference = http.post("/v1/bridge/redemptions", member, {"points": 60}, key="k2")
    call = reference["call"]
    http.world.send_as(wallet, call["to"], bytes.fromhex(call["data"][2:]))
    http.world.until(lambda: http.world.available(member) == 200)


def test_requests_are_taken_while_the_chain_is_down(
    world: World, tmp_path: Path, ann: tuple[UUID, LocalAccount]
) -> None:
    dead = "http://127.0.0.1:9"
    http = http_of(composed(world, tmp_path / "state", ChainSwitch.ON, dead), world)
    status, asked = http.post("/v1/bridge/requests", ann[0], {"points": 50})
    assert (status, asked["stage"]) == (201, "waiting")
    status, now = http.get("/v1/bridge/status", ann[0])
    assert (status, now["chain"], now["ledger"]["to_chain_points"]) == (200, None, 50)
    assert http.post("/v1/bridge/redemptions", ann[0], {"points": 50}, key="k2")[0] == 503


def test_without_a_chain_there_is_no_bridge(
    world: World, tmp_path: Path, ann: tuple[UUID, LocalAccount]
) -> None:
    url = world.contracts.node.url
    http = http_of(composed(world, tmp_path / "state", ChainSwitch.OFF, url), world)
    status, problem = http.post("/v1/bridge/requests", ann[0], {"points": 50})
    assert (status, problem["code"]) == (404, "chain_off")


def test_refusals(http: Http, ann: tuple[UUID, LocalAccount]) -> None:
    member, _ = ann
    poor = http.world.member(0)
    for body, expected in (
        ({"points": 0}, 422),
        ({"points": 1}, 422),
        ({"points": 201}, 422),
        ({"points": "5"}, 422),
    ):
        assert (
            http.post("/v1/bridge/requests", member, body, key=f"k-{body['points']}")[0] == expected
        )
    assert http.post("/v1/bridge/requests", poor, {"points": 50})[1]["code"] == "no_wallet"
    assert http.post("/v1/bridge/redemptions", poor, {"points": 50})[1]["code"] == "no_wallet"
    assert http.get("/v1/bridge/requests/brg_nonsense", member)[0] == 404
    path = f"/v1/bridge/redemptions/0x{'ab' * 32}/signatures"
    assert http.post(path, member, {"signature": "0xab"})[1]["code"] == (
        "unknown_redemption_reference"
    )
    assert http.post(path.replace("ab", "zz"), member, {"signature": "0xab"}, key="k2")[0] == 404


def test_only_admins_stop_and_resume(http: Http, ann: tuple[UUID, LocalAccount]) -> None:
    member, _ = ann
    boss = http.world.member(0)
    assert http.post("/v1/bridge/stops", member, {"reason": "no"})[0] == 403
    assert http.post("/v1/bridge/stops", boss, {"reason": "audit"}, "admin")[0] == 201
    status, problem = http.post("/v1/bridge/requests", member, {"points": 50})
    assert (status, problem["code"], problem["reason"]) == (503, "bridge_stopped", "switched_off")
    assert http.get("/v1/bridge/status", member)[1]["switched_on"] is False
    assert http.post("/v1/bridge/resumptions", boss, {"reason": "done"}, "admin")[0] == 201
    assert http.post("/v1/bridge/requests", member, {"points": 50})[0] == 201


def test_parked_burns_are_seen_by_admins(http: Http, ann: tuple[UUID, LocalAccount]) -> None:
    member, wallet = ann
    minted(http, member, 60)
    _, reference = http.post("/v1/bridge/redemptions", member, {"points": 60}, key="k2")
    data = reference["call"]["data"]
    lost = data[: -len(reference["reference"]) + 2] + "07" * 32
    http.world.send_as(wallet, reference["call"]["to"], bytes.fromhex(lost[2:]))
    http.world.until(lambda: http.get("/v1/bridge/parked", member, "auditor")[1]["data"] != [])
    (seen,) = http.get("/v1/bridge/parked", member, "auditor")[1]["data"]
    assert (seen["points"], seen["parked_reason"]) == (60, "unknown_reference")
    assert http.get("/v1/bridge/parked", member)[0] == 403


def test_two_admins_confirm_a_reset(http: Http, ann: tuple[UUID, LocalAccount]) -> None:
    world = http.world
    admins = [world.member(0), world.member(0)]
    for boss in admins:
        execute(
            world.database,
            lambda work, who: (
                members_store.insert_role(work, who, Role.ADMIN, None),
                members_store.grant_role(work, who, Role.ADMIN, None),
            ),
            boss,
        )
    assert http.get("/v1/bridge/resets/current", admins[0], "admin")[0] == 404
    http.post("/v1/bridge/requests", ann[0], {"points": 50})
    reset = execute(world.database, resets.prepare, None)
    _, shown = http.get("/v1/bridge/resets/current", admins[0], "admin")
    assert (shown["requests"], shown["points"], shown["confirmations"]) == (1, 50, 0)
    path = f"/v1/bridge/resets/{format_id('rst', reset.reset_id)}/confirmations"
    body = {"content_digest": shown["content_digest"]}
    assert http.post(path, ann[0], body)[0] == 403
    counts = [http.post(path, boss, body, "admin")[1]["confirmations"] for boss in admins]
    assert counts == [1, 2]
    execute(world.database, resets.apply, None)
    assert world.available(ann[0]) == 200
