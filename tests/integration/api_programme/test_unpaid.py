"""Over HTTP an award says what of it was not paid."""

from __future__ import annotations

from starlette.testclient import TestClient

from tests.world import World

CLUB = """\
programme: club
version: "1"
zone: UTC
rules: [{id: big, on: project.completed, to: actor, points: 70}]
budgets: [{id: all, of: programme, points: 100, per: year}]
"""


def test_an_award_says_what_was_not_paid(world: World, anna: TestClient) -> None:
    world.activate(CLUB)
    for number in range(2):
        world.state(
            str(number), "project.completed", "lms:anna", f"2026-03-0{number + 1}T09:00:00Z"
        )
    world.score()
    unpaid = [award["unpaid"] for award in anna.get("/v1/awards").json()["data"]]
    assert unpaid == [{"waiting": 0, "never": 40}, {"waiting": 0, "never": 0}]
    second = anna.get("/v1/awards").json()["data"][0]["id"]
    assert anna.get(f"/v1/awards/{second}").json()["unpaid"] == {"waiting": 0, "never": 40}
