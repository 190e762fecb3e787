"""A member as those see them who answer questions."""

from __future__ import annotations

from uuid import UUID

import pytest
from fastapi import FastAPI

from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Database, Work, execute
from ledger.members import search_store
from ledger.members import store as members_store
from ledger.wallets.service import LinkWallet, link_wallet, unlink_wallet
from tests.integration.pages.conftest import Reader
from tests.support.merging import merge
from tests.world import World

PROGRAMME = """\
programme: club
version: "1"
zone: Europe/Moscow
rules:
  - {id: post, on: club.post.created, to: actor, points: 5, limit: {per: day, count: 1}}
"""
WALLET = "0x52908400098527886E0F7030069857D2E4169EE7"


@pytest.fixture
def school(database: Database) -> World:
    world = World.make(database)
    world.activate(PROGRAMME)
    for subject in ("100%_Anna", "boris"):
        member = world.link(subject)
        execute(database, named, (member, subject))
    return world


def named(work: Work, whom: tuple[UUID, str]) -> None:
    members_store.set_display_name(work, *whom)


@pytest.fixture
def admin(app: FastAPI, school: World) -> Reader:
    return Reader(app, school.first_admin, "member,admin")


def found(world: World, text: str) -> set[str]:
    with world.database.read() as work:
        ids = search_store.members_found(work, text)
    names = {member: subject for subject, member in world.linked.items()}
    return {names[each] for each in ids}


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("anna", {"100%_Anna"}),
        ("%", {"100%_Anna"}),
        ("_", {"100%_Anna"}),
        ("\\", set()),
        ("lms:boris", {"boris"}),
        ("boris", {"boris"}),
        ("club:boris", set()),
        (WALLET.lower(), {"boris"}),
        ("nobody", set()),
    ],
)
def test_whom_a_text_finds(school: World, text: str, who: set[str]) -> None:
    link = LinkWallet(school.linked["boris"], WALLET, bytes(32))
    execute(school.database, link_wallet, link)
    execute(school.database, unlink_wallet, school.linked["boris"])
    assert found(school, text) == who


def test_the_timeline_goes_on_page_by_page(school: World, admin: Reader) -> None:
    for day in range(1, 6):
        at = f"2026-03-0{day}T10:00:00Z"
        school.state(f"p{day}", "club.post.created", "lms:boris", at, {})
        school.score()
    school.state("again", "club.post.created", "lms:boris", "2026-03-05T11:00:00Z", {})
    school.score()
    mem = format_id("mem", school.linked["boris"])
    path, seen, pages = f"/admin/members/{mem}?limit=3", [], 0
    while path:
        text = admin.get(path).text
        feed = text[text.index('<ul class="feed">') :]
        seen += feed.split("<li>")[1:]
        _, more, rest = feed.partition('href="?cursor=')
        path = f"/admin/members/{mem}?limit=3&cursor={rest.partition(chr(34))[0]}" if more else ""
        pages += 1
    assert (len(seen), pages) == (11, 4)
    assert len(set(seen)) == 11
    said = admin.words(f"/admin/members/{mem}")
    assert "available 25" in said
    assert "lms:boris" in said


def test_an_act_says_why_not(school: World, admin: Reader) -> None:
    for number in (1, 2):
        at = f"2026-03-01T1{number}:00:00Z"
        school.state(f"p{number}", "club.post.created", "lms:boris", at, {})
    school.score()
    mem = format_id("mem", school.linked["boris"])
    page = admin.get(f"/admin/members/{mem}").text
    parts = page.split(f'href="/admin/members/{mem}/acts/')[1:]
    acts = [part.partition(chr(34))[0] for part in parts]
    words = [admin.words(f"/admin/members/{mem}/acts/{event}") for event in acts]
    assert sum("it was used up before" in each for each in words) == 1
    other = format_id("mem", school.linked["100%_Anna"])
    assert admin.get(f"/admin/members/{other}/acts/{acts[0]}").status_code == 404


def test_who_sees_it_and_a_merged_member(app: FastAPI, school: World, admin: Reader) -> None:
    mem = format_id("mem", school.linked["boris"])
    merge(school, school.linked["100%_Anna"], school.linked["boris"])
    assert "was merged into another" in admin.words(f"/admin/members/{mem}")
    assert "объединили с другим" in admin.words(f"/admin/members/{mem}", "ru")
    member = Reader(app, school.linked["100%_Anna"], "member")
    assert member.get(f"/admin/members/{mem}").status_code == 403
    assert admin.get(f"/admin/members/{format_id('mem', UUID(int=7))}").status_code == 404
    assert "Nobody is found." in admin.words("/admin/members?q=zzz")
    assert mem in admin.words(f"/admin/members?q={mem}")
