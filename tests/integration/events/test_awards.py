"""From others' real deliveries to awards: however they come, the same net."""

from __future__ import annotations

import gzip
import io
import json
import random
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from api.cli.ledger import CHECKS
from api.http.app import create_app
from api.i18n.catalogue import refuse_missing
from api.importing import Importer, ImportLines, numbered_lines
from ledger.events import store as events
from ledger.kernel.ids import derived_id
from ledger.kernel.transaction import Database, execute
from ledger.members import service as members
from ledger.members.model import CreateMember, IdentityKey, LinkIdentity
from ledger.scoring import store as awards
from ledger.verify.service import verify
from tests.peer.discourse.captures import CAPTURES, SECRET, Capture
from tests.peer.material import material
from tests.support.forum import FORUM, register_forum
from tests.support.http import SECRET as INSTALLATION
from tests.support.http import TestParts, client_of
from tests.world import World

ROOT = Path(__file__).resolve().parents[3]
STATEMENTS = material("ralph-fun-mooc/statements.jsonl.gz")
PROGRAMME = """
programme: {name}
version: "1"
title: {{en: Test, ru: Проба}}
zone: UTC
rounding: half_up
period: at_once
rules:
{rules}
"""
VIDEO_RULE = """
  - id: video
    title: {en: Complete a video, ru: Досмотреть видео}
    on: lms.video.completed
    to: actor
    points: 10
    once_per: [data.object]
"""
FORUM_RULES = """
  - id: post
    title: {en: Post, ru: Написать}
    on: club.post.created
    to: actor
    points: 200
    once_per: [data.post]
  - id: comment
    title: {en: Comment, ru: Ответить}
    on: club.comment.created
    to: actor
    points: 50
  - id: like
    title: {en: Like, ru: Поставить отметку}
    on: club.like.given
    to: actor
    points: 10
    limit: {per: day, count: 5}
  - id: liked
    title: {en: Be liked, ru: Получить отметку}
    on: club.like.given
    to: data.owner
    points: 20
  - id: solution
    title: {en: Solve, ru: Решить}
    on: club.solution.accepted
    to: actor
    points: 30
"""


def scored(world: World, member_id: UUID) -> set[tuple[str, str, int]]:
    """(rule, event's id at its source, points) of a member's awards worth something."""
    with world.database.read() as work:
        ids = {
            fact.event_id: fact.source_event_id for fact in events.facts_of_member(work, member_id)
        }
        found = awards.awards_of(work, member_id)
    return {
        (key.rule_id, ids[key.event_id], award.points)
        for key, award in found.items()
        if key.event_id is not None and award.points
    }


class Forum:
    """A forum whose deliveries come in over HTTP, and two of its users."""

    def __init__(self, database: Database) -> None:
        self.world = World.make(database)
        self.world.activate(PROGRAMME.format(name="forum", rules=FORUM_RULES))
        register_forum(self.world, SECRET, INSTALLATION)
        self.app = create_app(TestParts(database), on_missing=refuse_missing)
        self._client = client_of(self.app)
        self.members = {number: self._member(number) for number in (1, 4, 80)}

    def _member(self, number: int) -> UUID:
        database = self.world.database
        key = IdentityKey("discourse", FORUM, str(number))
        reference = execute(database, members.references_of, [key])[key]
        member_id = execute(database, members.create_member, CreateMember()).member_id
        execute(database, members.link_identity, LinkIdentity(member_id, reference, "test"))
        return member_id

    def send(self, body: bytes, headers: dict[str, str]) -> int:
        answer = self._client.post("/v1/webhooks/club", content=body, headers=headers)
        return int(answer.status_code)

    def tell(self, captures: Iterable[Capture]) -> None:
        for capture in captures:
            assert self.send(capture.body, capture.sent()) == 202, capture.name

    def net(self) -> dict[int, set[tuple[str, str, int]]]:
        self.world.score()
        return {number: scored(self.world, member) for number, member in self.members.items()}


@pytest.fixture
def forum(database: Database) -> Iterator[Forum]:
    made = Forum(database)
    yield made
    if hasattr(made.app.state, "intake"):
        made.app.state.intake.close()


EXPECTED = {
    1: {
        ("post", "post:12", 200),
        ("post", "topic:8", 200),
        ("post", "post:10:stated:1381", 200),
        ("solution", "solution:24:stated:2494", 30),
        ("liked", "like:425:80", 20),
    },
    4: set(),
    80: {("like", "like:425:80", 10)},
}
ALL = [CAPTURES[name] for name in sorted(CAPTURES)]
ORDERS = {
    "by_name": ALL,
    "backwards": ALL[::-1],
    "as_told": sorted(ALL, key=lambda one: int(one.headers["x-discourse-event-id"])),
}


@pytest.mark.parametrize("order", ORDERS)
def test_every_capture_replayed_twice_in_any_order_earns_the_same(forum: Forum, order: str) -> None:
    forum.tell(ORDERS[order])
    assert forum.net() == EXPECTED
    forum.tell(ORDERS[order])
    assert forum.net() == EXPECTED, "told again"
    forum.tell(ORDERS[order][::-1])
    assert forum.net() == EXPECTED, "told again the other way round"


def test_automatic_retries_under_new_numbers_earn_nothing_more(forum: Forum) -> None:
    forum.tell(ORDERS["as_told"])
    for name in (
        "post_created",
        "topic_created",
        "post_liked",
        "accepted_solution",
        "post_recovered",
    ):
        capture = CAPTURES[name]
        forum.tell([replace(capture, headers={**capture.headers, "x-discourse-event-id": "9999"})])
    assert forum.net() == EXPECTED


@pytest.mark.parametrize("first", ["topic_created", "post_created"])
def test_a_topic_and_its_first_post_earn_once(forum: Forum, first: str) -> None:
    topic = CAPTURES["topic_created"].changed(id=10, created_at="2026-01-02T13:58:49.553Z")
    both = [CAPTURES["post_created"], topic]
    forum.tell(both if first == "post_created" else both[::-1])
    assert forum.net()[1] == {("post", "topic:10", 200)}


def test_private_messages_earn_nothing(forum: Forum) -> None:
    private = "private_message"
    forum.tell(
        [
            CAPTURES["topic_created"].changed(archetype=private),
            CAPTURES["post_created"].changed(topic_archetype=private),
            CAPTURES["post_liked"].changed(topic_archetype=private),
        ]
    )
    assert forum.net() == {1: set(), 4: set(), 80: set()}


def test_what_is_deleted_pays_back_and_what_is_restored_earns_again(forum: Forum) -> None:
    post = CAPTURES["post_created"].changed(id=31, post_number=2)

    def told(name: str, number: int, **fields: object) -> Capture:
        capture = post.changed(name, **fields)
        return replace(capture, headers={**capture.headers, "x-discourse-event-id": str(number)})

    forum.tell([post])
    assert forum.net()[1] == {("comment", "post:31", 50)}
    gone = told("post_destroyed", 50, deleted_at="2026-01-03T00:00:00Z")
    forum.tell([gone])
    assert forum.net()[1] == set()
    forum.tell([post])
    assert forum.net()[1] == set(), "the same id stays retracted"
    forum.tell([told("post_recovered", 51)])
    assert forum.net()[1] == {("comment", "post:31:stated:51", 50)}
    retried = told("post_destroyed", 52, deleted_at="2026-01-03T00:00:00Z")
    forum.tell([retried, told("post_recovered", 53)])
    assert forum.net()[1] == {("comment", "post:31:stated:51", 50)}, "retries are no new steps"
    forum.tell([told("post_destroyed", 54, deleted_at="2026-01-04T00:00:00Z")])
    assert forum.net()[1] == set()


def paid_videos(world: World) -> set[tuple[UUID, object]]:
    """(learner, video) of awards worth something, each once; after the ledger proved itself."""
    report = verify(world.database, CHECKS)
    assert report.findings == ()
    assert report.transfers > 0
    paid: list[tuple[UUID, object]] = []
    with world.database.read() as work:
        for member_id, facts in events.facts_by_member(work):
            videos = {fact.event_id: fact.data.get("object") for fact in facts}
            found = awards.awards_of(work, member_id).items()
            paid += [
                (member_id, videos[key.event_id])
                for key, award in found
                if award.points and key.event_id is not None
            ]
            assert all(award.points in {0, 10} for _, award in found)
    assert len(paid) == len(set(paid))
    return set(paid)


def award_count(world: World) -> int:
    return len(paid_videos(world))


def imported(database: Database, lines: Sequence[bytes]) -> None:
    importer = Importer(
        database, ImportLines(create_members=True), lambda bad: pytest.fail(str(bad))
    )
    importer.run(numbered_lines(io.BytesIO(b"\n".join(lines))))


def test_fun_mooc_is_109_awards_however_it_comes(
    test_database: Any, database: Database, tmp_path: Path
) -> None:
    world = World.make(database)
    world.activate(PROGRAMME.format(name="videos", rules=VIDEO_RULE))
    environment = {
        "PATH": "/usr/bin:/bin",
        "VKLAD_DATABASE_URL": test_database.app_url,
        "VKLAD_CHAIN": "off",
        "VKLAD_STATE_FOLDER": str(tmp_path),
    }
    command = [sys.executable, "-m", "api.cli.main", "import", str(STATEMENTS), "--create-members"]
    both = [
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    told = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum(int(text.split(" new,")[0].rsplit("\n", 1)[-1]) for text in told) == 4_099
    world.score()
    assert award_count(world) == 109
    with gzip.open(STATEMENTS) as text:
        lines = text.read().splitlines()
    random.Random(3).shuffle(lines)  # noqa: S311 - an order, no secret
    imported(database, lines)
    world.score()
    assert award_count(world) == 109


def test_fun_mooc_regenerated_is_109_awards_and_one_less_108(database: Database) -> None:
    world = World.make(database)
    world.activate(PROGRAMME.format(name="videos", rules=VIDEO_RULE))
    with gzip.open(STATEMENTS) as text:
        lines = [line for line in text.read().splitlines() if b"/verbs/completed" in line]
    acts: dict[tuple[str, str], list[bytes]] = {}
    for number, line in enumerate(lines):
        statement = json.loads(line)
        account = statement["actor"]["account"]
        account["name"] = f"renamed {account['name']}"
        statement["id"] = str(derived_id(database.clock.now(), "anew", str(number)))
        key = (account["name"], statement["object"]["id"])
        acts.setdefault(key, []).append(json.dumps(statement).encode())
    removed = next(iter(acts))
    rest = [line for key in acts if key != removed for line in acts[key]]
    for part in range(8):
        imported(database, rest[part::8])
    world.score()
    assert award_count(world) == 108
    imported(database, acts[removed])
    world.score()
    assert award_count(world) == 109
