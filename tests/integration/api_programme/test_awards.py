"""Awards over HTTP: each member sees their own; overseers and machines with the scope see all."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import httpx
import pytest
from starlette.testclient import TestClient

from ledger.kernel.ids import format_id
from tests.integration.api_programme.conftest import Machine, Person
from tests.world import World

DAILY = (Path(__file__).parents[3] / "examples" / "programmes" / "daily.yaml").read_text()


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.fixture
def earned(world: World, anna: TestClient) -> TestClient:
    """Anna, with three awards; Boris has one."""
    world.activate(DAILY)
    world.link("boris")
    for day in (2, 3, 4):
        world.state(f"a{day}", "template.commit.merged", "lms:anna", f"2026-03-0{day}T09:00:00Z")
    world.state("b", "text.submitted", "lms:boris", "2026-03-02T09:00:00Z")
    world.score()
    return anna


def test_a_member_sees_each_own_award_with_its_receipt(world: World, earned: TestClient) -> None:
    listed = earned.get("/v1/awards").json()["data"]
    stored = {format_id("awd", award.award_id): award for award in world.awards("anna")}
    assert [award["id"] for award in listed] == sorted(stored, reverse=True)
    for award in listed:
        kept = stored[award["id"]]
        assert (award["rule"], award["points"], award["excess"]) == ("template-merged", 12, 0)
        assert (award["revision"], award["period"]) == (1, None)
        assert award["receipt"] == kept.receipt
        assert kept.entry_id is not None
        assert award["entry"] == format_id("ent", kept.entry_id)
        assert earned.get(f"/v1/awards/{award['id']}").json() == award


def test_awards_come_in_pages(earned: TestClient) -> None:
    seen = []
    query = {"limit": "2"}
    while True:
        page = earned.get("/v1/awards", params=query).json()
        seen += [award["id"] for award in page["data"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert seen == [award["id"] for award in earned.get("/v1/awards").json()["data"]]
    assert len(seen) == 3


def test_an_award_of_another_member_is_not_there(world: World, earned: TestClient) -> None:
    (award,) = world.awards("boris")
    answer = earned.get(f"/v1/awards/{format_id('awd', award.award_id)}")
    assert code(answer) == (404, "unknown_award")
    nothing = earned.get(f"/v1/awards/{format_id('awd', UUID(int=1))}")
    assert code(nothing) == (404, "unknown_award")
    assert award.award_id not in {each["id"] for each in earned.get("/v1/awards").json()["data"]}
    theirs = f"/v1/members/{format_id('mem', world.linked['boris'])}/awards"
    assert code(earned.get(theirs)) == (403, "role_required")


def test_an_id_of_something_else_is_404(earned: TestClient) -> None:
    for text in ("x", format_id("mem", UUID(int=1)), "awd_" + "z" * 26):
        assert earned.get(f"/v1/awards/{text}").status_code == 404


def test_nobody_has_no_awards(earned: TestClient, anybody: TestClient) -> None:
    del earned
    assert anybody.get("/v1/awards").status_code == 401
    assert anybody.get(f"/v1/awards/{format_id('awd', UUID(int=1))}").status_code == 401


def test_admins_and_machines_with_the_scope_see_a_members_awards(
    world: World, earned: TestClient, admin: TestClient, machine: Machine
) -> None:
    own = earned.get("/v1/awards").json()
    path = f"/v1/members/{format_id('mem', world.linked['anna'])}/awards"
    assert admin.get(path).json() == own
    assert machine("balances:read").get(path).json() == own
    assert code(machine("journal:read").get(path)) == (403, "scope_required")
    assert code(machine("balances:read").get("/v1/awards")) == (403, "member_required")


def test_a_retracted_act_leaves_an_award_of_nothing(
    world: World, earned: TestClient, person: Person
) -> None:
    del earned
    world.state("r", "activity.retracted", None, "2026-03-05T09:00:00Z", {"id": "b"})
    world.score()
    (award,) = person(world.linked["boris"]).get("/v1/awards").json()["data"]
    assert (award["points"], award["revision"]) == (0, 2)
    assert award["receipt"]["because"] == "no_longer_earned"
