"""Two programmes side by side: points that are lots, and credit that is a projection alone."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import httpx
import pytest
from starlette.testclient import TestClient

from ledger.kernel.ids import format_id
from ledger.kernel.transaction import execute
from ledger.programme import service as programmes
from ledger.programme.faults import ProgrammeInvalid
from ledger.programme.load import load_programme
from ledger.programme.model_unit import ProgrammeOfAnotherUnit
from tests.integration.api_programme.conftest import Person
from tests.support.admins import blocked
from tests.world import World

EXAMPLES = Path(__file__).parents[3] / "examples" / "programmes"
STAFF = (EXAMPLES / "staff.yaml").read_text("utf-8")
POINTS = """\
programme: club
version: "1"
zone: UTC
rules: [{id: checklist, on: staff.checklist.completed, to: actor, points: 5}]
"""


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def put(world: World, text: str) -> str:
    command = programmes.StoreProgramme(text, "test")
    return execute(world.database, programmes.store_programme, command).hash_text


def propose(client: TestClient, programme: str) -> httpx.Response:
    body = {"programme": programme, "effective_at": "2026-01-01T00:00:00Z"}
    return client.post("/v1/units/changes", json=body)


@pytest.fixture
def beside(
    world: World, anna: TestClient, admin: TestClient, second_admin: TestClient
) -> TestClient:
    """Anna, under both programmes."""
    world.activate(POINTS)
    world.link("boris")
    programme = put(world, STAFF)
    change = propose(admin, programme).json()
    approval = f"/v1/units/changes/{change['id']}/approval"
    approved = second_admin.post(approval, json={"programme": programme})
    assert approved.status_code == 200, approved.text
    return anna


def test_facts_count_in_both_and_credit_is_no_points(world: World, beside: TestClient) -> None:
    for number in range(2):
        world.state(
            f"s{number}", "staff.step.completed", "lms:anna", f"2026-03-02T09:0{number}:00Z"
        )
    world.state("d", "staff.checklist.completed", "lms:anna", "2026-03-02T10:00:00Z")
    world.score()
    (credit,) = beside.get("/v1/members/me/units").json()["data"]
    assert (credit["unit"], credit["amount"], credit["level"]) == ("credit", 12, "trainee")
    assert (credit["next"], credit["missing"]) == ("specialist", 38)
    assert [award["amount"] for award in credit["awards"]] == [1, 1, 10]
    assert credit["awards"][0]["receipt"]["programme"]["name"] == "staff"
    assert world.points("anna") == 5
    assert world.available("anna").amount == 5
    world.state("x", "activity.retracted", None, "2026-03-03T09:00:00Z", {"id": "s0"})
    (credit,) = beside.get("/v1/members/me/units").json()["data"]
    assert credit["amount"] == 11


def test_who_may_see_it(
    world: World, beside: TestClient, admin: TestClient, person: Person
) -> None:
    path = f"/v1/members/{format_id('mem', world.linked['anna'])}/units"
    assert admin.get(path).json() == beside.get(path).json()
    boris = person(world.linked["boris"])
    assert code(boris.get(path)) == (403, "role_required")


def test_it_takes_two_persons(
    world: World, admin: TestClient, second_admin: TestClient, anna: TestClient
) -> None:
    programme = put(world, STAFF)
    assert code(propose(anna, programme)) == (403, "role_required")
    assert code(propose(admin, "0x" + "0" * 64)) == (404, "unknown_programme")
    change = propose(admin, programme).json()
    path = f"/v1/units/changes/{change['id']}/approval"
    assert anna.get("/v1/members/me/units").json()["data"] == []
    body = {"programme": programme}
    assert code(admin.post(path, json=body)) == (403, "unit_needs_another_person")
    other = {"programme": "0x" + "0" * 64}
    assert code(second_admin.post(path, json=other)) == (404, "unknown_unit_change")
    with blocked(world.database, world.first_admin):
        assert code(second_admin.post(path, json=body)) == (409, "word_counts_no_longer")
    assert second_admin.post(path, json=body).json()["effective_at"] == "2026-01-01T00:00:00Z"
    assert code(second_admin.post(path, json=body)) == (409, "unit_change_decided")
    (credit,) = anna.get("/v1/members/me/units").json()["data"]
    assert credit["amount"] == 0
    # A later version of the unit takes nothing back: it counts from now on.
    again = put(world, STAFF.replace('version: "1"', 'version: "2"'))
    later = propose(admin, again).json()
    approval = f"/v1/units/changes/{later['id']}/approval"
    approved = second_admin.post(approval, json={"programme": again}).json()
    assert approved["effective_at"] > "2026-02"


def test_a_proposal_is_withdrawn_or_rejected(
    world: World, admin: TestClient, second_admin: TestClient, anna: TestClient
) -> None:
    programme = put(world, STAFF)
    for closing in (admin, second_admin):
        change = propose(admin, programme).json()
        path = f"/v1/units/changes/{change['id']}"
        assert code(anna.post(f"{path}/close")) == (403, "role_required")
        closed = closing.post(f"{path}/close")
        assert (closed.status_code, closed.json()["closed_by"] is None) == (200, False)
        assert code(closing.post(f"{path}/close")) == (409, "unit_change_decided")
        late = second_admin.post(f"{path}/approval", json={"programme": programme})
        assert code(late) == (409, "unit_change_decided")
    unknown = f"/v1/units/changes/{format_id('uch', UUID(int=1))}/close"
    assert code(admin.post(unknown)) == (404, "unknown_unit_change")
    approved = propose(admin, programme).json()
    path = f"/v1/units/changes/{approved['id']}"
    assert second_admin.post(f"{path}/approval", json={"programme": programme}).status_code == 200
    assert code(admin.post(f"{path}/close")) == (409, "unit_change_decided")


def test_each_programme_has_its_own_door(world: World, admin: TestClient) -> None:
    assert code(propose(admin, put(world, POINTS))) == (422, "not_beside")
    with pytest.raises(ProgrammeOfAnotherUnit):
        world.activate(STAFF)


@pytest.mark.parametrize(
    "section",
    ["redemption: {rates: {USD: 1}}", "validity: {months: 12}", "bridge: {}"],
)
def test_a_unit_of_its_own_is_never_money(section: str) -> None:
    with pytest.raises(ProgrammeInvalid) as caught:
        load_programme(f"{STAFF}{section}\n")
    assert "for points" in str(caught.value)
