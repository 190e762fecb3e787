"""What was earned and not paid stands on the history page, with why, in both languages."""

from __future__ import annotations

from fastapi import FastAPI

from ledger.kernel.transaction import Database
from tests.integration.pages.conftest import Reader
from tests.world import World

CLUB = """\
programme: club
version: "1"
zone: Europe/Moscow
rules:
  - {id: big, title: {en: A project, ru: Проект}, on: project.completed, to: actor, points: 70}
budgets: [{id: all, of: programme, points: 100, per: year}]
"""
POOL = """\
programme: pool
version: "1"
zone: Europe/Moscow
rules: [{id: big, title: {en: A project, ru: Проект}, on: project.completed, to: actor, points: 70}]
emission: {start: "2090-01-01", yearly: 36500, pools: {rewards: 100}}
"""


def two_projects(database: Database, programme: str) -> World:
    world = World.make(database)
    world.activate(programme)
    world.link("anna")
    for number in range(2):
        world.state(
            str(number), "project.completed", "lms:anna", f"2026-03-0{number + 1}T09:00:00Z"
        )
    world.score()
    return world


def test_a_budget_says_that_it_is_used_up(app: FastAPI, database: Database) -> None:
    world = two_projects(database, CLUB)
    anna = Reader(app, world.linked["anna"], "member")
    said = anna.words("/history")
    assert "Earned, and not paid" in said
    assert "A project" in said
    assert "The budget for this was used up. It will not be paid. 40" in said
    russian = anna.words("/history", "ru")
    assert "Отведённый на это бюджет исчерпан. Выплаты не будет. 40" in russian
    assert "Проект" in russian


def test_an_empty_pool_says_that_it_will_be_paid(app: FastAPI, database: Database) -> None:
    world = two_projects(database, POOL)
    anna = Reader(app, world.linked["anna"], "member")
    assert "Paid as soon as new points come" in anna.words("/history")
    assert "Выплатим, как только в нём появятся баллы" in anna.words("/history", "ru")


def test_nothing_is_said_where_all_was_paid(app: FastAPI, database: Database) -> None:
    world = two_projects(database, POOL.partition("emission")[0])
    assert "not paid" not in Reader(app, world.linked["anna"], "member").words("/history")
