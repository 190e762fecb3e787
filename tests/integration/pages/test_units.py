"""Units beside points: put in force on a page by two, seen by members with receipts."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI

from ledger.kernel.transaction import Database, execute
from ledger.programme import service as programmes
from tests.integration.pages.conftest import Reader, words_of
from tests.world import World

STAFF = (Path(__file__).parents[3] / "examples" / "programmes" / "staff.yaml").read_text("utf-8")
WEEKLY = STAFF.replace("zone:", "period: week\nzone:").replace("\ncaps:", "\n#caps:")


@pytest.fixture
def world(database: Database) -> World:
    """Two admins; Maria did two steps and finished a checklist."""
    world = World.make(database)
    world.link("maria")
    for number in (1, 2):
        stated = {"checklist": "c", "step": f"s{number}"}
        at = f"2026-03-02T0{number}:00:00Z"
        world.state(f"s{number}", "staff.step.completed", "lms:maria", at, stated)
    at = "2026-03-02T10:00:00Z"
    world.state("done", "staff.checklist.completed", "lms:maria", at, {"checklist": "c"})
    return world


@pytest.fixture
def maria(app: FastAPI, world: World) -> Reader:
    return Reader(app, world.linked["maria"], "member")


def put_in_force(app: FastAPI, world: World, text: str) -> None:
    execute(world.database, programmes.store_programme, programmes.StoreProgramme(text, "test"))
    first = Reader(app, world.first_admin, "member,admin")
    second = Reader(app, world.second_admin, "member,admin")
    offered = first.get("/admin/units").text
    wanted = offered.partition('<option value="')[2][:64]
    first.done("/admin/units/changes", programme_hash=wanted, effective_at="2026-01-01")
    assert "Programmes in units of their own to approve" in second.words("/admin")
    assert second.press("/admin/units", "/close").status_code == 303
    assert "/approve" not in second.get("/admin/units").text
    first.done("/admin/units/changes", programme_hash=wanted, effective_at="2026-01-01")
    assert "another administrator has to approve" in first.words("/admin/units")
    assert "/approve" not in first.get("/admin/units").text
    assert second.press("/admin/units", "/approve").status_code == 303


def test_two_put_it_in_force_and_members_see_it(app: FastAPI, world: World, maria: Reader) -> None:
    assert "Nothing counts beside points here." in maria.words("/units")
    admin = Reader(app, world.first_admin, "member,admin")
    assert "No stored version states another unit" in admin.words("/admin/units")
    assert "Beside points" not in maria.words("/me")
    put_in_force(app, world, STAFF)
    assert "It awards a unit of its own." in admin.words("/admin/programme")
    assert 'action="/admin/programme/activations"' not in admin.get("/admin/programme").text
    assert "Staff credit 12 Trainee" in maria.words("/me")
    said = maria.words("/units")
    assert "credit 12 Trainee" in said
    assert "38 more to Specialist" in said
    assert "Finish a checklist 2 March 2026, 10:00 +10" in said
    assert said.index("Finish a checklist") < said.index("Do a step")
    russian = maria.words("/units", "ru")
    assert "Ещё 38 до уровня «Специалист»" in russian
    assert "Закрыть чек-лист" in russian


def test_admins_see_what_members_have_and_auditors_no_form(
    app: FastAPI, world: World, maria: Reader
) -> None:
    put_in_force(app, world, STAFF)
    admin = Reader(app, world.first_admin, "member,admin")
    auditor = Reader(app, world.second_admin, "member,auditor")
    for reader in (admin, auditor):
        assert "12 Trainee" in reader.words("/admin/units")
    assert 'action="/admin/units' not in auditor.get("/admin/units").text
    assert "Действуют" in admin.words("/admin/units", "ru")
    assert maria.get("/admin/units").status_code == 403
    wrong = admin.post("/admin/units/changes", programme_hash="0" * 64)
    assert (wrong.status_code, "No such" in words_of(wrong)) == (404, True)


def test_a_period_is_called_by_its_name(app: FastAPI, world: World, maria: Reader) -> None:
    put_in_force(app, world, WEEKLY)
    assert "Week 2026 / 10" in maria.words("/units")
