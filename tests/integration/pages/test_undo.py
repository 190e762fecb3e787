"""The page that undoes a mistake: what it would do, who may ask for it, and where the rest is."""

from __future__ import annotations

from uuid import UUID

import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Database
from ledger.members.model import Role
from tests.integration.pages.conftest import Reader, person
from tests.world import World

PROGRAMME = """\
programme: club
version: "1"
zone: Europe/Moscow
rules:
  - {id: post, on: club.post.created, to: actor, points: 5}
"""


@pytest.fixture
def world(database: Database) -> World:
    """A school without a chain."""
    return World.make(database)


@pytest.fixture
def act(world: World) -> str:
    """A post that earned five points."""
    world.activate(PROGRAMME)
    world.link("ann")
    world.state("p1", "club.post.created", "lms:ann", "2026-03-01T10:00:00Z", {"post": "p1"})
    world.score()
    with world.database.read() as work:
        return format_id("evt", _event_id(work.connection))


def _event_id(connection: sa.Connection) -> UUID:
    return connection.execute(sa.text("SELECT event_id FROM events")).scalar_one()


def test_a_fact_is_looked_at_and_proposed(anna: Reader, olga: Reader, act: str) -> None:
    said = anna.words(f"/admin/undo?id={act}")
    assert "Reckoned just now" in said
    assert "5 → 0" in said
    russian = olga.words(f"/admin/undo?id={act}", "ru")
    assert "Посчитано на деле" in russian
    assert "5 → 0" in russian
    anna.done(f"/admin/undo/{act}", words="Sent twice")
    assert "a mistake" in olga.words("/admin/reviews")
    assert "Persons look at this fact already" in anna.get(f"/admin/undo?id={act}").text
    assert anna.get(f"/admin/undo?id={act}").status_code == 422


def test_where_the_rest_is_undone(anna: Reader, world: World) -> None:
    said = anna.words("/admin/undo")
    for what in ("A grant", "Balances brought along", "Rules that were put in force"):
        assert what in said
    assert "Введённые в действие правила" in anna.words("/admin/undo", "ru")
    for what, path in (("grt_1", "grants"), ("imp_1", "imports"), ("mrg_1", "merges")):
        answer = anna.get(f"/admin/undo?id={what}")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/admin/{path}")


@pytest.mark.parametrize("what", ["evt_", "nonsense", "mem_00000000000000000000000000"])
def test_what_is_no_id_is_said(anna: Reader, what: str) -> None:
    answer = anna.get(f"/admin/undo?id={what}")
    assert answer.status_code == 422
    assert "Its id" in answer.text


def test_an_act_leads_there_for_admins_only(anna: Reader, world: World, act: str) -> None:
    ann = world.linked["ann"]
    page = anna.get(f"/admin/members/{format_id('mem', ann)}/acts/{act}").text
    assert f"/admin/undo?id={act}" in page
    hers = Reader(anna.app, ann, "member")
    assert "/admin/undo" not in hers.get(f"/me/acts/{act}").text


def test_auditors_look_and_members_do_not(
    app: FastAPI, database: Database, olga: Reader, maria: Reader, act: str
) -> None:
    assert "may propose this" in olga.words(f"/admin/undo?id={act}")
    assert olga.post(f"/admin/undo/{act}", words="No").status_code == 403
    assert maria.get(f"/admin/undo?id={act}").status_code == 403
    moderator = person(app, database, "Mod", Role.MODERATOR)
    moderator.done(f"/admin/undo/{act}", words="Wrong member")
