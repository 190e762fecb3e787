"""Thanks: an allowance that is nobody's own, scored as facts, moderated, and forgotten."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import httpx
import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from ledger.events.erasure import erase_member
from ledger.events.errors import TypeNotAllowed
from ledger.events.model import ExactJson
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work, execute
from ledger.members import store as members_store
from ledger.members.model import MemberStatus
from ledger.thanks import service, store
from ledger.thanks.model import GiveThanks, ThanksTooLarge
from ledger.thanks.tables import thanks_words
from ledger.thanks.verify import check_thanks
from tests.integration.api_programme.conftest import Person
from tests.world import World

PROGRAMME = """\
programme: club
version: "1"
zone: Europe/Moscow
rules:
  - id: thanked
    on: club.thanks.given
    when: event.source == "urn:vklad:thanks"
    to: data.to
    points: data.counted
    category: thanks
thanks: {allowance: 30, per_gift: 10, per_pair: 15, rings: {days: 30, discount: 50}}
"""
Give = Callable[..., httpx.Response]


@pytest.fixture
def people(world: World, person: Person) -> dict[str, TestClient]:
    world.activate(PROGRAMME)
    return {name: person(world.link(name)) for name in ("ann", "bob", "cid")}


@pytest.fixture
def give(world: World, people: dict[str, TestClient]) -> Give:
    numbers = count()

    def given(giver: str, receiver: str, points: int, **more: str) -> httpx.Response:
        body = {"to": mem(world, receiver), "points": points, "reason": "for the review", **more}
        headers = {"Idempotency-Key": f"k{next(numbers)}"}
        return people[giver].post("/v1/thanks", json=body, headers=headers)

    return given


def mem(world: World, name: str) -> str:
    return format_id("mem", world.linked[name])


def told(answer: httpx.Response) -> tuple[int, object]:
    assert answer.status_code == 201, answer.text
    return answer.json()["counted"], answer.json()["ring"]


def verified(world: World) -> list[object]:
    with world.database.read() as work:
        return list(check_thanks(work))


def test_thanks_are_scored_as_facts_and_cost_the_giver_nothing(
    world: World, people: dict[str, TestClient], give: Give
) -> None:
    answer = give("ann", "bob", 7, link="https://club.example/t/7")
    assert told(answer) == (7, None)
    world.score()
    assert (world.points("bob"), world.points("ann")) == (7, 0)
    (award,) = world.awards("bob")
    assert award.receipt["fields"] == {"data.counted": "7"}  # type: ignore[index, call-overload]
    left = people["ann"].get("/v1/thanks/allowance", params={"to": mem(world, "bob")}).json()
    assert (left["allowance"], left["given"], left["left"]) == (30, 7, 23)
    assert left["most_now"] == 8
    (seen,) = people["bob"].get("/v1/thanks").json()["data"]
    assert (seen["reason"], seen["link"]) == ("for the review", "https://club.example/t/7")
    assert (seen["number"], seen["left"]) == (1, 23)
    assert people["cid"].get("/v1/thanks").json()["data"] == []
    assert verified(world) == []


def test_no_words_are_in_the_fact(world: World, give: Give) -> None:
    give("ann", "bob", 7)
    with world.database.read() as work:
        stated = work.connection.execute(
            sa.text("SELECT data FROM events WHERE type = 'club.thanks.given'")
        ).scalar_one()
    assert stated.keys() == {"to", "points", "counted", "month", "number", "allowance", "left"}
    assert stated["to"].startswith("idn_")


@pytest.mark.parametrize(
    ("before", "receiver", "points", "left"),
    [
        ([], "bob", 11, 10),
        ([("bob", 10)], "bob", 6, 5),
        ([("bob", 10), ("bob", 5), ("cid", 10)], "cid", 6, 5),
        ([("bob", 10), ("bob", 5), ("cid", 10), ("cid", 5)], "cid", 1, 0),
    ],
)
def test_what_is_too_much_is_refused(
    give: Give, before: list[tuple[str, int]], receiver: str, points: int, left: int
) -> None:
    for to, amount in before:
        told(give("ann", to, amount))
    answer = give("ann", receiver, points)
    assert (answer.status_code, answer.json()["code"]) == (422, "thanks_too_large")
    assert answer.json()["left"] == left


def test_what_comes_back_counts_half(world: World, give: Give) -> None:
    assert told(give("ann", "bob", 10)) == (10, None)
    assert told(give("bob", "ann", 7)) == (3, "pair")
    assert told(give("cid", "ann", 10)) == (10, None)
    world.score()
    assert (world.points("ann"), world.points("bob")) == (13, 10)


def test_a_ring_of_three_is_one_too(world: World, give: Give) -> None:
    assert told(give("ann", "bob", 10)) == (10, None)
    assert told(give("bob", "cid", 10)) == (10, None)
    assert told(give("cid", "ann", 10)) == (5, "three")
    assert verified(world) == []


def test_a_moderator_takes_back_what_is_no_thanks(
    world: World, give: Give, people: dict[str, TestClient], admin: TestClient
) -> None:
    answer = give("ann", "bob", 10)
    path = f"/v1/thanks/{answer.json()['id']}/void"
    refused = people["ann"].post(path, headers={"Idempotency-Key": "n"})
    assert (refused.status_code, refused.json()["code"]) == (403, "role_required")
    assert admin.post(path).json()["code"] == "idempotency_key_missing"
    world.score()
    assert world.points("bob") == 10
    done = [admin.post(path, headers={"Idempotency-Key": "v"}).json() for _ in range(2)]
    assert (done[0]["taken_back"], done[0]) == (True, done[1])
    world.score()
    assert world.points("bob") == 0
    assert world.available("bob").amount == 0
    again = admin.post(path, headers={"Idempotency-Key": "w"})
    assert (again.status_code, again.json()["code"]) == (409, "thanks_taken_back")
    # What it used up stays used, and it makes no ring any more.
    assert people["ann"].get("/v1/thanks/allowance").json()["left"] == 20
    assert told(give("bob", "ann", 10)) == (10, None)
    (first, _) = reversed(admin.get("/v1/thanks/everybody").json()["data"])
    assert first["taken_back"] is True
    unknown = f"/v1/thanks/{format_id('thx', world.first_admin)}/void"
    nothing = admin.post(unknown, headers={"Idempotency-Key": "x"})
    assert (nothing.status_code, nothing.json()["code"]) == (404, "unknown_thanks")
    assert verified(world) == []


def test_nobody_moderates_their_own(
    world: World, admin: TestClient, second_admin: TestClient, people: dict[str, TestClient]
) -> None:
    body = {"to": mem(world, "bob"), "points": 5, "reason": "x"}
    gift = admin.post("/v1/thanks", json=body, headers={"Idempotency-Key": "a"}).json()
    path = f"/v1/thanks/{gift['id']}/void"
    refused = admin.post(path, headers={"Idempotency-Key": "b"})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_a_moderator")
    assert second_admin.post(path, headers={"Idempotency-Key": "c"}).status_code == 200
    assert people["bob"].get("/v1/thanks/everybody").json()["code"] == "role_required"


def test_thanks_to_oneself_to_nobody_and_to_somebody_blocked(world: World, give: Give) -> None:
    own = give("ann", "ann", 5)
    assert (own.status_code, own.json()["code"]) == (422, "thanks_to_oneself")
    unreadable = give("ann", "bob", 5, link="ftp://x")
    assert (unreadable.status_code, unreadable.json()["code"]) == (422, "thanks_unreadable")

    def block(work: Work, _: None) -> None:
        members_store.set_status(work, world.linked["cid"], MemberStatus.BLOCKED)

    execute(world.database, block, None)
    blocked = give("ann", "cid", 5)
    assert (blocked.status_code, blocked.json()["code"]) == (409, "member_not_active")
    world.linked["nobody"] = world.source.source_id
    assert give("ann", "nobody", 5).json()["code"] == "unknown_member"


def test_without_thanks_in_the_rules(world: World, person: Person) -> None:
    ann = person(world.link("ann"))
    answer = ann.get("/v1/thanks/allowance")
    assert (answer.status_code, answer.json()["code"]) == (409, "thanks_not_offered")
    world.activate(PROGRAMME.split("thanks: {", maxsplit=1)[0])
    assert ann.get("/v1/thanks/allowance").json()["code"] == "thanks_not_offered"
    assert "no thanks" in ann.get("/thanks").text


def test_gifts_at_once_do_not_exceed_the_allowance(
    world: World, people: dict[str, TestClient]
) -> None:
    assert people
    giver = world.linked["ann"]

    def one(number: int) -> bool:
        receiver = world.linked["bob" if number % 2 else "cid"]
        try:
            execute(world.database, service.give, GiveThanks(giver, receiver, 5, "x", None))
        except ThanksTooLarge:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(one, range(10)))
    assert sum(outcomes) == 6
    with world.database.read() as work:
        gifts = store.page(work, giver, None, 100)
    assert sorted(gift.decision.number for gift in gifts) == [1, 2, 3, 4, 5, 6]
    assert sorted(gift.decision.left for gift in gifts) == [0, 5, 10, 15, 20, 25]
    assert verified(world) == []


def test_another_source_cannot_state_thanks_that_count(world: World, give: Give) -> None:
    give("ann", "bob", 5)
    stated: dict[str, ExactJson] = {"to": "lms:bob", "counted": 1000}
    with pytest.raises(TypeNotAllowed):
        world.state("t", "club.thanks.given", "lms:ann", "2026-03-02T09:00:00Z", stated)
    world.score()
    assert world.points("bob") == 5


def test_words_are_forgotten_with_the_member_and_the_points_stay(
    world: World, give: Give, people: dict[str, TestClient]
) -> None:
    give("ann", "bob", 5)
    give("cid", "bob", 5)
    world.score()

    def forget(work: Work, _: None) -> None:
        erase_member(work, world.linked["ann"])
        store.forget(work, world.linked["ann"])

    execute(world.database, forget, None)
    with world.database.read() as work:
        assert len(work.connection.execute(sa.select(thanks_words)).all()) == 1
    world.score()
    assert world.points("bob") == 10
    seen = people["bob"].get("/v1/thanks").json()["data"]
    assert [one["reason"] for one in seen] == ["for the review", None]
    assert verified(world) == []


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["Your allowance for", "Left to give 30", "Give thanks", "at most 10"]),
        ("ru", ["Ваш запас на", "Можно подарить 30", "Поблагодарить"]),
    ],
)
def test_the_page(people: dict[str, TestClient], language: str, said: list[str]) -> None:
    page = people["ann"].get("/thanks", headers={"accept-language": language})
    assert page.status_code == 200
    words = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text)).split()).lower()
    for each in said:
        assert each.lower() in words


def test_giving_and_moderating_on_the_page(
    world: World, people: dict[str, TestClient], admin: TestClient
) -> None:
    form = {"to": mem(world, "bob"), "points": "4", "reason": "for patience", "link": ""}
    done = people["ann"].post("/thanks", data=form, follow_redirects=False)
    assert (done.status_code, done.headers["location"]) == (303, "/thanks")
    assert "for patience" in people["bob"].get("/thanks").text
    wrong = people["ann"].post("/thanks", data={**form, "points": "11"})
    assert wrong.status_code == 422
    assert "at most 10" in wrong.text
    assert people["ann"].post("/thanks", data={**form, "points": "many"}).status_code == 422
    action = re.search(r'action="(/thanks/thx_\w+/void)"', admin.get("/thanks").text)
    assert action is not None
    assert "void" not in people["bob"].get("/thanks").text
    assert admin.post(action[1], follow_redirects=False).status_code == 303
    world.score()
    assert world.points("bob") == 0
