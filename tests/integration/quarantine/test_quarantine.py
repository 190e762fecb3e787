"""Likes back and forth: their awards wait, persons decide, members appeal once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from api.cli.ledger import CHECKS
from api.erasing import FORGETTING
from ledger.events.tables import events
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work, execute
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.lots.errors import InsufficientPoints
from ledger.lots.model import HoldPurpose, MoveToEscrow, PlaceHold
from ledger.members import store as members_store
from ledger.members.model import Role, WordCountsNoLonger
from ledger.programme.model_detectors import DetectorTerms
from ledger.quarantine import service, store, withheld_store
from ledger.quarantine.model import (
    AppealedBefore,
    AppealStillOpen,
    CaseDecided,
    CaseNeedsAnotherPerson,
    Decide,
    NotACaseReviewer,
    ReviewWordsUnreadable,
    State,
    UnknownCase,
)
from ledger.quarantine.tables import review_cases
from ledger.quarantine.verify import QUARANTINE_CHECKS, check_cases, check_withheld
from ledger.scoring.verify import SCORING_CHECKS
from tests.support.admins import blocked
from tests.support.merging import merge
from tests.world import World

PROGRAMME = """\
programme: club
version: "1"
zone: Europe/Moscow
rules:
  - {id: liked, on: club.like.given, to: data.owner, points: 2}
  - {id: post, on: club.post.created, to: actor, points: 5}
"""
RINGS = "  - {id: review, on: peer.review.completed, to: data.owner, points: 1}\n"
WEEKLY = PROGRAMME.replace("rules:", "period: week\nrules:")
LIKES = [
    (
        f"{giver}{n}",
        "club.like.given",
        f"lms:{giver}",
        f"2026-03-01T1{n}:00:00Z",
        {"post": f"{giver}{n}", "owner": f"lms:{owner}"},
    )
    for giver, owner in (("ann", "bob"), ("bob", "ann"))
    for n in range(6)
]
Step = Callable[..., object]


@pytest.fixture
def pair(world: World) -> tuple[UUID, UUID]:
    """Ann and Bob, who like only each other; Ann also wrote something."""
    world.activate(PROGRAMME)
    ann, bob = world.link("ann"), world.link("bob")
    world.state_all(LIKES)
    world.state("p1", "club.post.created", "lms:ann", "2026-03-01T09:00:00Z", {"post": "p"})
    world.score()
    return ann, bob


def scan(world: World) -> int:
    return execute(world.database, service.scan, service.Scan(DetectorTerms(window_days=3650)))


def only_case(world: World) -> UUID:
    assert scan(world) == 1
    with world.database.read() as work:
        (case,) = store.page(work, live=True, before=None, limit=9)
    return case.case_id


def hold(member_id: UUID, points: int, number: int) -> PlaceHold:
    at = datetime(2026, 4, 1, tzinfo=UTC)
    return PlaceHold(
        UUID(int=number),
        member_id,
        Points(points),
        HoldPurpose.REDEMPTION,
        at,
        at + timedelta(hours=1),
    )


def under_review(world: World, member_id: UUID) -> int:
    with world.database.read() as work:
        return service.points_under_review(work, member_id).amount


def verified(world: World) -> None:
    with world.database.read() as work:
        for check in (*SCORING_CHECKS, *QUARANTINE_CHECKS):
            assert list(check.run(work)) == []


def usable(world: World, member_id: UUID, number: int) -> int:
    with pytest.raises(InsufficientPoints) as refused:
        execute(world.database, lots.place_hold, hold(member_id, 1000, number))
    available = refused.value.operands["available"]
    assert isinstance(available, int)
    return available


def let_appeal_time_pass(world: World) -> None:
    execute(
        world.database,
        lambda work, _: work.connection.execute(
            review_cases.update().values(proposed_at=sa.text("proposed_at - interval '8 days'"))
        ),
        None,
    )


def test_what_looks_wrong_waits_and_the_rest_does_not(
    world: World, pair: tuple[UUID, UUID]
) -> None:
    ann, _ = pair
    case_id = only_case(world)
    assert scan(world) == 0
    assert (under_review(world, ann), world.available("ann")) == (12, Points(17))
    with pytest.raises(InsufficientPoints) as refused:
        execute(world.database, lots.place_hold, hold(ann, 6, 1))
    assert refused.value.operands["available"] == 5
    claim = MoveToEscrow(UUID(int=9), ann, Points(6), datetime(2026, 4, 1, tzinfo=UTC))
    with pytest.raises(InsufficientPoints):
        execute(world.database, lots.move_to_escrow, claim)
    assert execute(world.database, lots.place_hold, hold(ann, 5, 2)).amount == Points(5)
    decide = Decide(case_id, world.first_admin, "friends who study together")
    assert execute(world.database, service.release, decide).state is State.RELEASED
    assert under_review(world, ann) == 0
    assert execute(world.database, lots.place_hold, hold(ann, 12, 3)).amount == Points(12)
    assert scan(world) == 0, "what a person let go is not seen again"
    with pytest.raises(CaseDecided):
        execute(world.database, service.release, decide)
    verified(world)


def test_the_programme_in_force_says_what_is_too_much(world: World) -> None:
    world.activate(PROGRAMME + "detectors: {window_days: 1, velocity: {events: 3, minutes: 5}}\n")
    world.link("ann")
    posts = [
        (f"p{n}", "club.post.created", "lms:ann", f"2026-03-01T09:00:0{n}Z", {"post": f"p{n}"})
        for n in range(4)
    ]
    world.state_all(posts[:3])
    assert execute(world.database, service.scan, service.Scan()) == 0
    world.state_all(posts[3:])
    assert execute(world.database, service.scan, service.Scan()) == 1
    with world.database.read() as work:
        kept = work.connection.execute(sa.select(review_cases.c.parameters)).scalar_one()
    terms = DetectorTerms(window_days=1, velocity_events=3, velocity_minutes=5)
    assert kept == json.loads(json.dumps(asdict(terms)))


def test_a_community_names_what_goes_around(world: World) -> None:
    around = "detectors: {ring: {times: 1, types: [club.help.given]}}\n"
    world.activate(PROGRAMME + around)
    world.link("ann")
    world.link("bob")
    answers = [
        (f"a{number}", "club.help.given", f"lms:{one}", "2026-03-01T09:00:00Z", data)
        for number, one, data in (
            (1, "ann", {"post": "p1", "owner": "lms:bob"}),
            (2, "bob", {"post": "p2", "owner": "lms:ann"}),
        )
    ]
    world.state_all(answers)
    assert execute(world.database, service.scan, service.Scan()) == 1
    with world.database.read() as work:
        assert work.connection.execute(sa.select(review_cases.c.kind)).scalar_one() == "ring"


def scanned_now(world: World) -> None:
    execute(world.database, lambda work, _: store.set_scanned(work, work.now), None)
    time.sleep(0.002)  # Ids are in the order of milliseconds.


def test_what_is_new_is_looked_at_beside_what_is_old(world: World) -> None:
    people = ["ann", "bob", "cid", "dan"]
    for name in people:
        world.link(name)
    around = [*zip(people, [*people[1:], people[0]], strict=True)]
    facts = [
        (
            f"{kind}{giver}{n}",
            kind,
            f"lms:{giver}",
            "2026-03-01T09:00:00Z",
            {"owner": f"lms:{to}", "device": "phone"} if n else {"owner": f"lms:{to}"},
        )
        for kind in ("peer.review.completed", "lms.activity.completed")
        for n in range(2)
        for giver, to in around
    ]
    world.activate(PROGRAMME + RINGS)
    world.state_all([each for each in facts if each[2] != "lms:dan"])
    assert scan(world) == 0
    scanned_now(world)
    assert scan(world) == 0, "nothing is new"
    world.state_all([each for each in facts if each[2] == "lms:dan"])
    assert scan(world) == 2
    with world.database.read() as work:
        found = store.page(work, live=True, before=None, limit=9)
        devices = set(work.connection.execute(sa.select(events.c.data["device"].astext)).scalars())
    assert {str(device)[:6] for device in devices} == {"None", "keyed_"}, "as a hash alone"
    assert {(case.kind, case.events) for case in found} == {("ring", 8), ("shared_device", 8)}


def test_the_whole_window_shows_what_no_new_fact_does(world: World) -> None:
    world.activate(PROGRAMME)
    world.state_all(LIKES)
    assert scan(world) == 0, "nobody knows yet who they are"
    scanned_now(world)
    for name in ("ann", "bob"):
        world.link(name)
    assert scan(world) == 0
    whole = service.Scan(DetectorTerms(window_days=3650))
    assert execute(world.database, service.scan_whole, whole) == 1
    assert execute(world.database, service.scan_whole, whole) == 0


def weekly(world: World) -> tuple[UUID, UUID, UUID]:
    """As ``pair``, where points wait for the week's close; its case, before the close."""
    world.activate(WEEKLY)
    ann, bob = world.link("ann"), world.link("bob")
    world.state_all(LIKES)
    world.state("p1", "club.post.created", "lms:ann", "2026-02-25T09:00:00Z", {"post": "p"})
    return ann, bob, only_case(world)


def test_a_periods_award_waits_in_part_and_comes_free(world: World) -> None:
    ann, _, case_id = weekly(world)
    world.close_periods()
    world.score()
    assert (world.points("ann"), world.available("ann")) == (17, Points(17))
    assert under_review(world, ann) == 12
    verified(world)
    with pytest.raises(InsufficientPoints) as refused:
        execute(world.database, lots.place_hold, hold(ann, 6, 1))
    assert refused.value.operands["available"] == 5
    assert execute(world.database, lots.place_hold, hold(ann, 5, 2)).amount == Points(5)
    (award,) = world.awards("ann")
    assert "review" not in str(award.receipt)
    decide = Decide(case_id, world.first_admin, "friends who study together")
    execute(world.database, service.release, decide)
    assert under_review(world, ann) == 0
    assert execute(world.database, lots.place_hold, hold(ann, 12, 3)).amount == Points(12)
    verified(world)


def test_a_periods_award_loses_what_was_voided_and_nothing_is_owed(world: World) -> None:
    ann, bob, case_id = weekly(world)
    world.close_periods()
    world.score()
    execute(world.database, lots.place_hold, hold(ann, 5, 1))
    for member_id in (ann, bob):
        execute(world.database, service.appeal, Decide(case_id, member_id, "we only talk"))
    execute(world.database, service.propose_void, Decide(case_id, world.first_admin, "made up"))
    execute(world.database, service.confirm_void, Decide(case_id, world.second_admin, "yes"))
    with pytest.raises(InsufficientPoints):
        execute(world.database, lots.place_hold, hold(ann, 1, 2))
    world.score()
    assert (world.points("ann"), world.points("bob")) == (5, 0)
    assert (world.available("ann"), world.summary("ann").debt) == (Points(0), Points(0))
    assert under_review(world, ann) == 0
    verified(world)


def test_verify_names_what_waits_wrongly(world: World) -> None:
    ann, _, _ = weekly(world)
    world.close_periods()
    world.score()

    def forget(work: Work, _: None) -> None:
        withheld_store.withhold(work, ann, {})

    execute(world.database, forget, None)
    with world.database.read() as work:
        (finding,) = check_withheld(work)
    assert "has 0 points withheld; 12 should be" in finding.problem


def test_two_persons_void_and_the_projection_honours_it(
    world: World, pair: tuple[UUID, UUID]
) -> None:
    ann, bob = pair
    case_id = only_case(world)
    first, second = world.first_admin, world.second_admin
    with pytest.raises(CaseDecided):
        execute(world.database, service.confirm_void, Decide(case_id, second, "yes"))
    execute(world.database, service.propose_void, Decide(case_id, first, "made up"))
    with pytest.raises(CaseDecided):
        execute(world.database, service.propose_void, Decide(case_id, second, "again"))
    with pytest.raises(CaseNeedsAnotherPerson):
        execute(world.database, service.confirm_void, Decide(case_id, first, "yes"))
    with pytest.raises(AppealStillOpen):
        execute(world.database, service.confirm_void, Decide(case_id, second, "yes"))
    with blocked(world.database, first):
        execute(world.database, service.propose_void, Decide(case_id, second, "made up"))
    with blocked(world.database, second):
        execute(world.database, service.propose_void, Decide(case_id, first, "made up"))
    execute(world.database, service.appeal, Decide(case_id, ann, "we only talk"))
    with pytest.raises(AppealedBefore):
        execute(world.database, service.appeal, Decide(case_id, ann, "please"))
    with pytest.raises(CaseNeedsAnotherPerson):
        execute(world.database, service.release, Decide(case_id, first, "no"))
    with pytest.raises(AppealStillOpen):
        execute(world.database, service.confirm_void, Decide(case_id, second, "yes"))
    let_appeal_time_pass(world)
    with blocked(world.database, first), pytest.raises(WordCountsNoLonger):
        execute(world.database, service.confirm_void, Decide(case_id, second, "yes"))
    voided = execute(world.database, service.confirm_void, Decide(case_id, second, "yes"))
    assert voided.state is State.VOIDED
    world.score()
    assert (world.points("ann"), world.points("bob")) == (5, 0)
    assert world.available("ann") == Points(5)
    assert under_review(world, bob) == 0
    with pytest.raises(CaseDecided):
        execute(world.database, service.appeal, Decide(case_id, bob, "too late"))
    verified(world)


def test_with_every_appeal_in_nobody_waits(world: World, pair: tuple[UUID, UUID]) -> None:
    case_id = only_case(world)
    for member_id in pair:
        execute(world.database, service.appeal, Decide(case_id, member_id, "we only talk"))
    execute(world.database, service.propose_void, Decide(case_id, world.first_admin, "made up"))
    confirm = Decide(case_id, world.second_admin, "yes")
    assert execute(world.database, service.confirm_void, confirm).state is State.VOIDED


def test_who_decides(world: World, pair: tuple[UUID, UUID]) -> None:
    ann, bob = pair
    case_id = only_case(world)
    other = world.link("cid")
    for step in (service.release, service.propose_void, service.confirm_void):
        with pytest.raises(NotACaseReviewer):
            execute(world.database, step, Decide(case_id, other, "why"))

    def make_moderator(work: Work, member_id: UUID) -> None:
        members_store.insert_role(work, member_id, Role.MODERATOR, None)
        members_store.grant_role(work, member_id, Role.MODERATOR, None)

    execute(world.database, make_moderator, ann)
    with pytest.raises(NotACaseReviewer):
        execute(world.database, service.release, Decide(case_id, ann, "my own"))
    for unknown in (
        (service.release, Decide(UUID(int=1), world.first_admin, "why")),
        (service.appeal, Decide(case_id, other, "not mine")),
    ):
        with pytest.raises(UnknownCase):
            execute(world.database, *unknown)
    for words in ("", " ", "x" * 2001, "a\0b"):
        with pytest.raises(ReviewWordsUnreadable):
            execute(world.database, service.appeal, Decide(case_id, bob, words))
    execute(world.database, service.appeal, Decide(case_id, bob, "my words"))
    assert store.forget in FORGETTING
    execute(world.database, lambda work, _: store.forget(work, bob), None)
    with world.database.read() as work:
        (case,) = store.cases_of_member(work, bob, 9)
    assert [(one.act, one.words) for one in case.said] == [("appealed", None)]


def test_the_doors(
    world: World,
    pair: tuple[UUID, UUID],
    admin: TestClient,
    second_admin: TestClient,
    person: Callable[[UUID], TestClient],
) -> None:
    case = format_id("rvw", only_case(world))
    hers, his = person(pair[0]), person(pair[1])
    assert hers.get("/v1/reviews").status_code == 403
    mine = hers.get("/v1/reviews/mine").json()
    assert mine["points_under_review"] == 12
    assert "kind" not in mine["cases"][0]
    assert "reciprocity" not in hers.get("/v1/reviews/mine").text
    (told,) = admin.get("/v1/reviews").json()["data"]
    assert (told["kind"], told["events"], len(told["members"])) == ("reciprocity", 12, 2)
    words, key = {"words": "we study together"}, {"Idempotency-Key": "k"}
    assert hers.post(f"/v1/reviews/{case}/appeal", json=words).json()["appealed"] is True
    assert his.post(f"/v1/reviews/{case}/appeal", json=words).status_code == 200
    assert his.post(f"/v1/reviews/{case}/release", json=words, headers=key).status_code == 403
    assert admin.post(f"/v1/reviews/{case}/void", json=words).json()["state"] == "proposed"
    done = admin.post(f"/v1/reviews/{case}/void/approval", json=words, headers=key)
    assert (done.status_code, done.json()["code"]) == (403, "case_needs_another_person")
    done = second_admin.post(f"/v1/reviews/{case}/void/approval", json=words, headers=key)
    assert done.json()["state"] == "voided"
    assert [one["act"] for one in done.json()["said"]].count("appealed") == 2
    assert admin.get("/v1/reviews").json()["data"] == []
    assert len(admin.get("/v1/reviews?decided=true").json()["data"]) == 1
    (told,) = hers.get("/v1/reviews/mine").json()["cases"]
    assert (told["outcome"], told["kind"]) == ("voided", "reciprocity")


def test_verify_sees_a_voided_fact_that_counts(world: World, pair: tuple[UUID, UUID]) -> None:
    assert pair
    only_case(world)
    assert all(check in CHECKS for check in QUARANTINE_CHECKS)

    def pretend(work: Work, _: None) -> None:
        work.connection.execute(
            review_cases.update().values(
                state="voided",
                proposed_by=world.first_admin,
                proposed_at=sa.func.now(),
                decided_by=world.second_admin,
                decided_at=sa.func.now(),
            )
        )

    execute(world.database, pretend, None)
    with world.database.read() as work:
        assert len(list(check_cases(work))) == 12


def test_the_pages(
    world: World,
    pair: tuple[UUID, UUID],
    admin: TestClient,
    second_admin: TestClient,
    person: Callable[[UUID], TestClient],
) -> None:
    case = format_id("rvw", only_case(world))
    hers, his = person(pair[0]), person(pair[1])

    def post(client: TestClient, path: str) -> int:
        form = {"words": "we study together", "csrf": client.headers["x-csrf-token"]}
        return int(client.post(path, data=form, follow_redirects=False).status_code)

    page = hers.get("/me", headers={"Accept-Language": "en"}).text
    assert "Of all your points 12 cannot be used" in page
    assert "each other’s likes" not in page
    assert f"/reviews/{case}/appeal" in page
    assert "reciprocity" not in page
    assert post(hers, f"/reviews/{case}/appeal") == 303
    assert f"/reviews/{case}/appeal" not in hers.get("/me").text
    assert hers.get("/admin/reviews").status_code == 403
    assert f"/admin/reviews/{case}/void" in admin.get("/admin/reviews").text
    assert post(admin, f"/admin/reviews/{case}/void") == 303
    assert f"/admin/reviews/{case}/confirm" not in admin.get("/admin/reviews").text
    assert f"/admin/reviews/{case}/confirm" in second_admin.get("/admin/reviews").text
    assert post(his, f"/reviews/{case}/appeal") == 303
    assert post(second_admin, f"/admin/reviews/{case}/confirm") == 303
    assert "we study together" in admin.get("/admin/reviews").text
    told = hers.get("/me", headers={"Accept-Language": "en"}).text
    assert "each other’s likes. What was looked at does not count." in told
    world.state("l9", "club.like.given", "lms:ann", "2026-03-02T10:00:00Z", {"owner": "lms:bob"})
    assert scan(world) == 0


def test_the_page_lets_go(
    world: World,
    pair: tuple[UUID, UUID],
    admin: TestClient,
    person: Callable[[UUID], TestClient],
) -> None:
    case = format_id("rvw", only_case(world))
    form = {"words": "they study together", "csrf": admin.headers["x-csrf-token"]}
    path = f"/admin/reviews/{case}/release"
    hers = person(pair[0])
    execute(world.database, lambda work, _: withheld_store.withhold(work, pair[0], {}), None)
    page = hers.get("/me", headers={"Accept-Language": "en"}).text
    assert "Nothing of your balance waits" in page
    assert f"/reviews/{case}/appeal" in page, "whoever is looked at may appeal, points or none"
    assert admin.post(path, data=form, follow_redirects=False).status_code == 303
    assert "everything is in order" in hers.get("/me", headers={"Accept-Language": "en"}).text


def test_two_accounts_of_one_person_are_one(world: World, pair: tuple[UUID, UUID]) -> None:
    ann, bob = pair
    cid = world.link("cid")
    merge(world, cid, ann)
    world.score()
    case_id = only_case(world)
    with world.database.read() as work:
        (case,) = store.cases_of_member(work, cid, 9)
    assert set(case.members) == {cid, bob}
    assert (under_review(world, cid), usable(world, cid, 1)) == (12, 5)
    execute(world.database, service.appeal, Decide(case_id, cid, "we only talk"))
    verified(world)


def test_what_people_gave_themselves_is_between_nobody(
    world: World, pair: tuple[UUID, UUID]
) -> None:
    merge(world, *pair)
    world.score()
    assert scan(world) == 0
