"""What a member takes home: whole, linked, in both languages, and nobody else's."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from fastapi import FastAPI

from api.http.limits import ARCHIVE_RATE
from api.settings import ChainSwitch
from governance.goods import service as goods
from governance.memorandum.register import Act
from ledger.consents import service as consents
from ledger.consents.model import AcceptTerms, PublishTerms, Purpose, RecordConsent
from ledger.funnel import service as touches
from ledger.funnel.model import Channel
from ledger.funnel.touches import LinkTouches, RecordTouch
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Database, Work, execute
from ledger.members import service as members
from ledger.members import store as members_store
from ledger.members.model import UnlinkIdentity
from ledger.redemption import service as redemption
from ledger.redemption.service import CaptureRedemption, RefundRedemption
from ledger.thanks import service as thanks
from ledger.thanks.model import GiveThanks
from tests.integration.pages.conftest import Reader, app_of, person
from tests.integration.projects.conftest import Guild
from tests.integration.redemption.conftest import School
from tests.support.archive import ADDRESS, Archive, take, traces
from tests.support.clock import SetClock
from tests.support.http import client_of
from tests.support.memorandum import Assembly
from tests.support.merging import merge
from tests.support.polls import Electorate, recounted
from tests.world import World, lms

LANGUAGES = ("en", "ru")
CLUB = """\
programme: club
version: "1"
zone: Europe/Moscow
multipliers:
  streak:
    by: day_streak
    condition: day.opened
    types: [text.submitted]
    table: {1: 1, 2: 2}
    title: {en: Days in a row, ru: Дни подряд}
rules:
  - id: text
    title: {en: "Submit a [[text]]", ru: "Сдать [[текст]]"}
    on: text.submitted
    to: actor
    points: 10
    multipliers: [streak]
  - {id: help, title: {en: Help, ru: Помочь}, on: club.help.given, to: data.mentor, points: 7}
  - id: thanks
    title: {en: Thanks, ru: Спасибо}
    on: club.thanks.given
    when: event.source == "urn:vklad:thanks"
    to: data.to
    points: data.counted
caps: [{id: texts, of: {rules: [text]}, per: week, points: 25}]
thanks: {allowance: 30, per_gift: 10, per_pair: 15, rings: {days: 30, discount: 50}}
"""


def app_at(database: Database, folder: Path) -> FastAPI:
    return app_of(database, folder, ChainSwitch.OFF, None)


def name(database: Database, member_id: UUID, display_name: str) -> None:
    def give(work: Work, _: None) -> None:
        members_store.set_display_name(work, member_id, display_name)

    execute(database, give, None)


def nothing_of(archive: Archive, database: Database, others: Collection[UUID]) -> None:
    assert others
    found = {trace for trace in traces(database, others) if trace in archive.text}
    assert not found


@pytest.fixture
def club(database: Database) -> World:
    """Ann writes texts, mentors Bob and thanks him; he thanks her, and has a text of his own."""
    clock = SetClock(datetime(2026, 3, 4, 18, tzinfo=UTC))
    world = World.make(replace(database, clock=clock))
    world.activate(CLUB)
    for each in ("ann", "bob"):
        world.link(f"{each}-of-the-school")
    ann, bob = world.linked["ann-of-the-school"], world.linked["bob-of-the-school"]
    name(world.database, ann, "Ann [[Anders]]")
    name(world.database, bob, "Bob Brown")
    for day in (2, 3):
        for who in ("ann", "bob"):
            subject = f"lms:{who}-of-the-school"
            world.state(f"{who}-o{day}", "day.opened", subject, f"2026-03-{day:02}T08:00:00Z")
            world.state(f"{who}-t{day}", "text.submitted", subject, f"2026-03-{day:02}T09:00:00Z")
    world.state(
        "h1",
        "club.help.given",
        "lms:bob-of-the-school",
        "2026-03-03T10:00:00Z",
        {"mentor": "lms:ann-of-the-school", "owner": "lms:bob-of-the-school"},
    )
    execute(world.database, thanks.give, GiveThanks(ann, bob, 5, "For the [[map]]", None))
    execute(world.database, thanks.give, GiveThanks(bob, ann, 4, "For the lesson", None))
    world.score()
    published = execute(
        world.database, consents.publish, PublishTerms("Условия", "Terms", None, world.first_admin)
    )
    execute(world.database, consents.accept, AcceptTerms(ann, published.digest))
    profile = RecordConsent(ann, Purpose.PUBLIC_PROFILE, True, ann)
    execute(world.database, consents.record, profile)
    return world


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["# Balance on 4 March 2026", "Thanks given, 5 points", "10 × 2 (2 active days"]),
        (
            "ru",
            ["# Баланс на 4 марта 2026", "Отдана благодарность, 5 баллов", "10 × 2 (2 активных"],
        ),
    ],
)
def test_points_thanks_and_consents(
    club: World, tmp_path: Path, language: str, said: list[str]
) -> None:
    ann, bob = club.linked["ann-of-the-school"], club.linked["bob-of-the-school"]
    archive = take(app_at(club.database, tmp_path / "state"), ann, language)
    for words in said:
        assert words in archive.text
    awards = archive.kind("awards")
    by_rule = {
        rule: sum(a["points"] for a in awards if a["rule"] == rule) for rule in ("text", "help")
    }
    assert by_rule == {"text": 25, "help": 7}
    assert all(award["event"][0] in archive.front for award in awards)
    assert sum(each["points"] for each in awards) == archive.lists["balance"]["available"]
    events = {each["source_event_id"]: each for each in archive.kind("events")}
    assert events["h1"]["as"] == ["mentor"]
    assert "owner" not in events["h1"]["data"]
    assert {each["side"] for each in archive.kind("thanks")} == {"given", "got"}
    assert {(each["about"], each["gives"]) for each in archive.kind("consents")} == {
        ("terms", True),
        ("public_profile", True),
    }
    assert archive.lists["profile"]["identities"][0]["subject"] == "ann-of-the-school"
    assert archive.lists["profile"]["display_name"] == "Ann [[Anders]]"
    nothing_of(archive, club.database, [bob, club.first_admin, club.second_admin])
    assert "bob-t2" not in archive.text


def test_both_languages_have_the_same_facts(club: World, tmp_path: Path) -> None:
    app, ann = app_at(club.database, tmp_path / "state"), club.linked["ann-of-the-school"]
    english, russian = (take(app, ann, language) for language in LANGUAGES)
    assert english.lists == russian.lists
    words = re.sub(r"^---\n.*?\n---\n", "", russian.notes["README"], flags=re.DOTALL)
    assert not re.findall(r"[A-Za-z]{2,}", re.sub(r"\[\[[\w-]+\||README", "", words))


def test_what_brought_the_member_here(club: World, tmp_path: Path) -> None:
    ann, bob = club.linked["ann-of-the-school"], club.linked["bob-of-the-school"]
    for visitor, member, source in ((b"a" * 32, ann, "telegram"), (b"b" * 32, bob, "digest")):
        touch = RecordTouch(visitor, Channel(source, "social", "spring"))
        execute(club.database, touches.record_first, touch)
        execute(club.database, touches.link_touches, LinkTouches(visitor, member))
    archive = take(app_at(club.database, tmp_path / "state"), ann, "en")
    (told,) = archive.kind("touches")
    assert (told["utm_source"], told["utm_campaign"]) == ("telegram", "spring")
    assert "digest" not in str(archive.lists["touches"])


def test_an_archive_of_nothing(club: World, tmp_path: Path) -> None:
    app = app_at(club.database, tmp_path / "state")
    new = person(app, club.database, "Nina").member_id
    for language in LANGUAGES:
        archive = take(app, new, language)
        assert archive.notes.keys() == {"README", "balance", "profile"}
        assert all(found == [] for found in archive.lists.values() if isinstance(found, list))
        nothing_of(archive, club.database, club.linked.values())


def test_what_came_by_an_account_that_was_unlinked(club: World, tmp_path: Path) -> None:
    """Its awards are worth nothing and stay; its events are no longer the member's to see."""
    ann, key = club.linked["ann-of-the-school"], lms("ann-of-the-school")
    reference = execute(club.database, members.references_of, [key])[key]
    execute(club.database, members.unlink_identity, UnlinkIdentity(ann, reference, "test"))
    club.score()
    archive = take(app_at(club.database, tmp_path / "state"), ann)
    assert {each["source"] for each in archive.kind("events")} == {"urn:vklad:thanks"}
    assert {each["points"] for each in archive.kind("awards") if "event" not in each} == {0}


def test_two_members_who_are_one_person(club: World, tmp_path: Path) -> None:
    ann, bob = club.linked["ann-of-the-school"], club.linked["bob-of-the-school"]
    merge(club, ann, bob)
    club.score()
    archive = take(app_at(club.database, tmp_path / "state"), ann)
    assert len(archive.kind("events")) > 8
    nothing_of(archive, club.database, [club.first_admin, club.second_admin])


def test_it_is_for_the_member_alone(club: World, tmp_path: Path) -> None:
    app = app_at(club.database, tmp_path / "state")
    stranger = client_of(app, accept="text/html")
    for path in ("/archive", "/archive/vklad-archive.zip"):
        assert stranger.get(path).headers["location"].startswith("/sign-in")
    reader = Reader(app, club.linked["ann-of-the-school"], "member")
    assert "/archive/vklad-archive.zip" in reader.get("/archive").text
    assert "Awards with receipts" in reader.words("/archive")
    assert "Начисления с обоснованием" in reader.words("/archive", "ru")
    for page in ("/me", "/history"):
        assert 'href="/archive"' in reader.get(page).text


def test_nobody_takes_it_all_day(club: World, tmp_path: Path) -> None:
    app = app_at(club.database, tmp_path / "state")
    new = person(app, club.database, "Nina")
    answers = [new.get(ADDRESS, "ru") for _ in range(ARCHIVE_RATE.quota + 1)]
    assert [each.status_code for each in answers] == [200] * ARCHIVE_RATE.quota + [429]
    assert int(answers[-1].headers["retry-after"]) > 0
    assert Reader(app, club.first_admin, "member").get(ADDRESS).status_code == 200


def test_nothing_is_left_on_disk(
    club: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tmp_path / "made"
    made.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(made))
    take(app_at(club.database, tmp_path / "state"), club.linked["ann-of-the-school"])
    assert list(made.iterdir()) == []


def test_many_pages_are_read_whole(
    club: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, ann = app_at(club.database, tmp_path / "state"), club.linked["ann-of-the-school"]
    whole = take(app, ann)
    for module in ("points", "spending", "community"):
        monkeypatch.setattr(f"api.archive.{module}.PAGE", 2)
    monkeypatch.setattr("api.archive.mine.PAGE", 2)
    assert take(app, ann).lists == whole.lists


def test_discounts(school: School, tmp_path: Path) -> None:
    school.grant(100)
    held = school.held(40)
    capture = CaptureRedemption(school.lms, held.redemption_id)
    execute(school.database, redemption.capture, capture)
    refund = RefundRedemption(school.lms, held.redemption_id, "r1", 1000)
    execute(school.database, redemption.refund, refund)
    school.of_another_buyer("2077").grant(500)
    for language in LANGUAGES:
        archive = take(app_at(school.database, tmp_path / "state"), school.member, language)
        (found,) = archive.kind("redemptions")
        assert (found["order_number"], found["captured_points"]) == ("A-17", 40)
        assert sum(each["points"] for each in found["refunds"]) == found["returned_points"] > 0
        nothing_of(archive, school.database, [school.world.linked["2077"]])


def test_projects_goods_and_stakes(guild: Guild, tmp_path: Path) -> None:
    for who in ("anna", "boris"):
        guild.give(who, 300)
    project = guild.funded("anna")
    guild.done(project, reward=90, anna=2, boris=1)
    guild.stake("anna", project, 50)
    guild.end(goods.fulfil, guild.order(guild.good(), "anna", 2, "For the [[office]]"))
    hidden = guild.funded("boris", title="A project of Boris alone")
    names = {"anna": "Anna Archer", "boris": "Boris Bell", "vera": "Vera Vance"}
    for who, full in names.items():
        name(guild.database, guild[who], full)
    for language in LANGUAGES:
        archive = take(app_at(guild.database, tmp_path / "state"), guild["anna"], language)
        (own,) = archive.kind("projects")
        assert (own["id"], own["proposed_by_me"]) == (format_id("prj", project.project_id), True)
        (task,) = archive.kind("tasks")
        assert (task["my_weight"], task["paid"]) == (2, 60)
        (order,) = archive.kind("orders")
        assert (order["quantity"], order["note"]) == (2, "For the [[office]]")
        assert archive.kind("stakes")[0]["points"] == 50
        assert format_id("prj", hidden.project_id) not in archive.text
        others = [guild["boris"], guild["vera"], *guild.admins]
        nothing_of(archive, guild.database, others)


def test_poll_receipts_stand_up_to_the_recount(electorate: Electorate, tmp_path: Path) -> None:
    poll = electorate.announce()
    electorate.vote(poll, ann=[0], bob=[1])
    electorate.close(poll)
    app = app_at(electorate.database, electorate.composition.settings.state_folder)
    linked = electorate.world.linked
    for language in LANGUAGES:
        archive = take(app, linked["ann"], language)
        (found,) = archive.kind("polls")
        receipt = archive.receipts[found["id"]]
        assert receipt == electorate.receipt(poll, "ann")
        assert recounted(electorate.export(poll), receipt)
        nothing_of(archive, electorate.database, [linked["bob"], linked["cid"]])


def test_memorandum_signatures_and_comments(assembly: Assembly) -> None:
    version = assembly.adopted("We learn together.")
    assembly.enter("ann", version)
    assembly.enter("bob", version)
    assembly.enter("ann", version, Act.WITHDRAW)
    assembly.comment("ann", version, "Mine")
    assembly.comment("bob", version, "Only for the page")
    app = app_at(assembly.database, assembly.composition.settings.state_folder)
    linked = assembly.world.linked
    for language in LANGUAGES:
        archive = take(app, linked["ann"], language)
        assert [each["act"] for each in archive.kind("memorandum")] == ["sign", "withdraw"]
        (receipt,) = archive.receipts.values()
        assert receipt == assembly.receipt("ann")
        assert [each["said"] for each in archive.kind("comments")] == ["Mine"]
        assert "Only for the page" not in archive.text
        nothing_of(archive, assembly.database, [linked["bob"], linked["cid"]])
