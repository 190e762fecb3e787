"""A review and time invested under the example of a community: pending, merged, and standing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from starlette.testclient import TestClient

from tests.world import World

COMMUNITY = (Path(__file__).parents[3] / "examples/programmes/community.yaml").read_text("utf-8")


def ago(**span: float) -> str:
    moment = datetime.now(UTC) - timedelta(**span)  # noqa: TID251 - a test's clock
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def test_a_review_is_standing_at_once_and_spendable_after_thirty_days(
    world: World, anna: TestClient
) -> None:
    world.activate(COMMUNITY)
    world.link("boris")
    review = {"object": "w1", "owner": "lms:boris"}
    world.state("new", "peer.review.completed", "lms:anna", ago(days=1), review)
    old = {**review, "object": "w2"}
    world.state("old", "peer.review.completed", "lms:anna", ago(days=31), old)
    world.score()
    summary = world.summary("anna")
    assert (summary.available.amount, summary.pending.amount) == (20, 20)
    told = anna.get("/v1/members/me/standing").json()
    assert told["standing"]["points"] == 40


def test_one_hour_from_two_sources_is_one_hour(world: World, anna: TestClient) -> None:
    assert anna
    world.activate(COMMUNITY)
    spent = {"started": ago(hours=3), "minutes": 60}
    world.state("a", "lms.time.invested", "lms:anna", ago(hours=1), spent)
    world.state("b", "lms.time.invested", "lms:anna", ago(minutes=50), spent)
    world.score()
    assert world.points("anna") == 6
