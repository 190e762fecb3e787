"""Projects and goods as people see them, in both languages, from proposal to payment."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi import FastAPI

from api.settings import ChainSwitch
from ledger.kernel.ids import format_id
from ledger.members.model import Role
from tests.integration.pages.conftest import Reader, app_of, words_of
from tests.integration.projects.conftest import Guild
from tests.support.http import client_of

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def app(guild: Guild, tmp_path: Path) -> FastAPI:
    return app_of(guild.database, tmp_path / "state", ChainSwitch.OFF, None)


def _reader(app: FastAPI, guild: Guild, name: str, *roles: str) -> Reader:
    return Reader(app, guild[name], ",".join(("member", *roles)))


def test_a_project_on_its_pages_from_proposal_to_payment(app: FastAPI, guild: Guild) -> None:
    guild.people["first"], guild.people["second"] = guild.admins
    anna, boris = (_reader(app, guild, name) for name in ("anna", "boris"))
    vera = _reader(app, guild, "vera", "moderator")
    admins = [_reader(app, guild, name, "admin") for name in ("first", "second")]
    assert "Nobody has proposed anything yet" in anna.words("/projects")
    refused = anna.post("/projects/new", title="", plan="Dig.", budget="x", pool="treasury")
    assert refused.status_code == 422
    assert "The field budget cannot be read" in words_of(refused)
    form = {"title": f"A garden {HOSTILE}", "plan": "Dig.\nPlant.", "pool": "treasury"}
    created = anna.post("/projects/new", **form, budget="300")
    place = created.headers["location"]
    for admin in admins:
        assert admin.press(place, "/approve").status_code == 303
    assert "under way" in boris.words(place)
    assert "идёт" in boris.words(place, "ru")
    assert HOSTILE not in anna.get(place).text
    anna.done(f"{place}/tasks", title="Beds", text="Three of them.", reward="90", due="2026-04-01")
    found = re.search(r'action="(/tasks/[^"]+)/assign"', anna.get(place).text)
    assert found
    task = found[1]
    member = format_id("mem", boris.member_id)
    assert 'action="/tasks/' not in boris.get(place).text
    anna.done(f"{task}/assign", member=member, weight="1")
    boris.done(f"{task}/deliver", text="Look behind the house.")
    assert "/accept" not in anna.get(place).text
    assert "Look behind the house." in vera.words(place)
    assert vera.press(place, "/accept").status_code == 303
    assert guild.available("boris") == 90
    page = anna.words(place)
    assert "accepted and paid" in page
    assert "Paid 90 points" in page
    assert "Free 210 points" in page
    history = boris.words("/history")
    assert "Paid by a project" in history
    assert "Of a reward of 90, 1 of 1 parts" in history
    anna.done(f"{place}/close", reason="It grows.")
    assert "It grows." in anna.words(place)
    assert "Ended" in anna.words("/projects")


def test_points_put_a_project_first_and_come_back(app: FastAPI, guild: Guild) -> None:
    guild.give("boris", 100)
    project = guild.propose()
    other = guild.propose("daria", title="Another")
    boris = _reader(app, guild, "boris")
    place = f"/projects/{format_id('prj', project.project_id)}"
    elsewhere = f"/projects/{format_id('prj', other.project_id)}"
    boris.done(f"{elsewhere}/stakes", points="60")
    guild.clock.forward(days=7)
    listed = boris.words("/projects")
    assert "Weight 30" in listed
    assert "you back it" in listed
    assert listed.index("Another") < listed.index("A library of exercises")
    assert "You hold 60; they weigh 30." in boris.words(elsewhere)
    assert "Вы удерживаете 60; они весят 30." in boris.words(elsewhere, "ru")
    assert boris.post(f"{place}/stakes", points="41").status_code == 422
    assert boris.press(elsewhere, "/release").status_code == 303
    assert guild.available("boris") == 100
    assert "Put on hold" in boris.words("/history")
    assert "Another" in boris.words("/history")


def test_goods_are_ordered_handed_out_and_refunded_on_pages(app: FastAPI, guild: Guild) -> None:
    guild.people["first"] = guild.admins[0]
    admin = _reader(app, guild, "first", "admin")
    boris = _reader(app, guild, "boris")
    guild.give("boris", 200)
    assert "Nothing is on offer now" in boris.words("/goods")
    cup = {"name_en": "A cup", "name_ru": "Кружка", "text_en": "White.", "text_ru": "Белая."}
    admin.done("/admin/goods", **cup, price="60", per_member="2", stock="3", offered="yes")
    assert admin.post("/admin/goods", **cup, price="x", stock="3").status_code == 422
    shown = boris.words("/goods")
    assert "A cup 3 left White. At most 2 for one person" in shown
    assert "Кружка осталось 3 Белая." in boris.words("/goods", "ru")
    order = boris.hidden("/goods", "/orders")
    boris.done(order.pop("action"), **order, quantity="2", note="Tuesday")
    assert "ordered" in boris.words("/goods")
    assert "Tuesday" in admin.words("/admin/goods")
    assert admin.press("/admin/goods", "/fulfil").status_code == 303
    assert guild.available("boris") == 80
    assert "A cup 2 at 60 points." in boris.words("/history")
    assert admin.press("/admin/goods", "/refund").status_code == 303
    assert guild.available("boris") == 200
    boris.done(
        re.findall(r'action="(/goods/[^"]+/orders)"', boris.get("/goods").text)[0],
        price="60",
        quantity="1",
    )
    assert boris.press("/goods", "/cancel").status_code == 303
    good = re.findall(r'action="(/admin/goods/[^"]+)/stock"', admin.get("/admin/goods").text)[0]
    admin.done(f"{good}/stock", change="-3")
    assert "None left" in boris.words("/goods")
    admin.done(f"{good}/terms", **cup, price="70")
    assert "Nothing is on offer now" in boris.words("/goods")
    assert "выдачи" not in admin.words("/admin/goods")
    auditor = Reader(app, guild.promote("olga", Role.AUDITOR), "member,auditor")
    assert "/stock" not in auditor.get("/admin/goods").text
    assert guild.findings() == ()


def test_strangers_read_projects_and_do_nothing(app: FastAPI, guild: Guild) -> None:
    project = guild.funded()
    guild.task(project)
    stranger = client_of(app)
    assert stranger.get("/projects").status_code == 200
    page = stranger.get(f"/projects/{format_id('prj', project.project_id)}")
    assert page.status_code == 200
    assert "<form method" not in page.text.split("<main")[1].split("</main")[0]
    assert stranger.get("/goods").status_code in {303, 401}
