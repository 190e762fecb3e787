"""The page of refused requests, in both languages, and who may not see it."""

from __future__ import annotations

import pytest
from fastapi import FastAPI

from ledger.events.refusals.model import Refusal
from ledger.events.refusals.service import note
from ledger.kernel.transaction import Database, execute
from ledger.members.model import Role
from tests.integration.pages.conftest import Reader, person
from tests.world import SOURCE_URI, World

PAGE = "/admin/sources/requests"


@pytest.fixture
def admin(app: FastAPI, database: Database) -> Reader:
    world = World.make(database)
    door = "/v1/webhooks/{source}"
    skew = {"skew_s": -412, "limit_s": 300}
    for refusal in (
        Refusal(SOURCE_URI, door, 401, "bad_signature", "timestamp_skew", skew, 9_876, "b2e1"),
        Refusal(SOURCE_URI, door, 401, "bad_signature", "body_differs", {}, 1_234, "a1f0"),
        Refusal(
            SOURCE_URI,
            door,
            401,
            "bad_signature",
            "header_malformed",
            {"header": "webhook-timestamp", "looks_like": "milliseconds"},
        ),
        Refusal(SOURCE_URI, "/v1/events", 422, "event_invalid", None, {"field": "data.score"}),
        Refusal(None, "/v1/events", 401, "credentials_refused", "key_unknown"),
    ):
        execute(database, note, refusal)
    return Reader(app, world.first_admin, "member,admin")


def test_an_admin_reads_what_was_refused_and_what_to_do(admin: Reader) -> None:
    words = admin.words(PAGE)
    for said in (
        "The time stated is too far from ours",
        "-412",
        "Set the sender's clock",
        "looks like milliseconds; seconds are wanted",
        "a1f0…",
        "1,234",
        "data.score",
        "There is no key of this id",
        "names no source",
        "Kept for 14 days",
    ):
        assert said in words
    assert "b2e1" not in words, "a body's digest is shown where it helps"
    of_source = admin.words(f"{PAGE}?source=lms")
    assert "data.score" in of_source
    assert "There is no key of this id" not in of_source
    russian = admin.words(PAGE, "ru")
    for said in ("Указанное время слишком далеко от нашего", "14 дней", "похоже на миллисекунды"):
        assert said in russian
    assert PAGE in admin.get("/admin/sources").text


def test_nothing_refused_is_said_to_be_nothing(app: FastAPI, database: Database) -> None:
    world = World.make(database)
    reader = Reader(app, world.first_admin, "member,admin")
    assert "Nothing was refused lately." in reader.words(PAGE)
    assert "В последнее время ничего не отклонено." in reader.words(PAGE, "ru")


@pytest.mark.parametrize("role", [None, Role.AUDITOR, Role.MODERATOR])
def test_nobody_else_sees_it(app: FastAPI, database: Database, role: Role | None) -> None:
    World.make(database)
    assert person(app, database, "Somebody", role).get(PAGE).status_code == 403
