"""Visitors are asked before anything is remembered; who signs in takes it along."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from api.pages.visiting import VISITOR_COOKIE
from ledger.funnel.tables import funnel_touches
from ledger.kernel.transaction import Database
from tests.support.clock import SetClock
from tests.support.http import client_of
from tests.support.sign_in import Browser

LINK = "/?utm_source=Telegram&utm_medium=social&utm_campaign=spring"
WORDS = {"source": "telegram", "medium": "social", "campaign": "spring"}
YES = {"agrees": "true", **WORDS}


def touches(database: Database) -> list[tuple[str, str, str, bool]]:
    """Source, campaign, whose it is, whether it is the first."""
    mine = funnel_touches.c
    whose = sa.case(
        (mine.member_id.is_not(None), "member"),
        (mine.visitor_digest.is_not(None), "visitor"),
        else_="nobody",
    )
    query = sa.select(mine.source, mine.campaign, whose, mine.is_first).order_by(mine.touch_id)
    with database.read() as work:
        return [tuple(row) for row in work.connection.execute(query)]


@pytest.mark.parametrize(
    ("language", "asks", "agreed"),
    [
        ("en", "May we remember which link brought you here?", "We remember which link"),
        ("ru", "Можно запомнить, какая ссылка вас привела?", "Мы помним, какая ссылка"),
    ],
)
def test_asked_first_and_remembered_then(
    app: FastAPI, database: Database, language: str, asks: str, agreed: str
) -> None:
    visitor = client_of(app, **{"accept-language": language})
    page = visitor.get(LINK)
    assert asks in page.text
    for name, word in WORDS.items():
        assert f'name="{name}" value="{word}"' in page.text
    assert VISITOR_COOKIE not in visitor.cookies
    assert touches(database) == [], "a look leaves nothing"
    answer = visitor.post("/visit", data=YES, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    kept = answer.headers["set-cookie"]
    assert "HttpOnly" in kept
    assert "SameSite=lax" in kept
    assert touches(database) == [("telegram", "spring", "visitor", True)]
    assert agreed in visitor.get("/").text
    visitor.get("/?utm_source=digest")
    visitor.get("/")
    assert touches(database)[1:] == [("digest", "", "visitor", False)]


def test_no_is_remembered_and_nothing_else(app: FastAPI, database: Database) -> None:
    visitor = client_of(app)
    visitor.post("/visit", data={**YES, "agrees": "false"})
    assert visitor.cookies[VISITOR_COOKIE] == "no"
    assert "which link brought you here" not in visitor.get(LINK).text
    assert touches(database) == []


def test_taking_it_back_forgets(app: FastAPI, database: Database) -> None:
    visitor = client_of(app)
    visitor.post("/visit", data=YES)
    visitor.get("/?utm_source=digest")
    assert len(touches(database)) == 2
    visitor.post("/visit", data={"agrees": "false"})
    assert touches(database) == []
    assert visitor.cookies[VISITOR_COOKIE] == "no"


@pytest.mark.parametrize("signal", ["sec-gpc", "dnt"])
def test_a_browser_that_says_no_is_not_asked(app: FastAPI, database: Database, signal: str) -> None:
    visitor = client_of(app, **{signal: "1"})
    assert "which link brought you here" not in visitor.get(LINK).text
    visitor.post("/visit", data=YES)
    assert touches(database) == []


def test_no_other_site_agrees_for_a_visitor(app: FastAPI, database: Database) -> None:
    visitor = client_of(app, **{"sec-fetch-site": "cross-site"})
    visitor.post("/visit", data=YES)
    assert touches(database) == []
    assert VISITOR_COOKIE not in visitor.cookies


def test_a_cookie_that_we_did_not_give_is_nobodys(app: FastAPI, database: Database) -> None:
    visitor = client_of(app)
    visitor.cookies.set(VISITOR_COOKIE, "made up")
    assert "May we remember" in visitor.get(LINK).text
    assert touches(database) == []


def test_the_cookie_is_not_what_lies_here(app: FastAPI, database: Database) -> None:
    visitor = client_of(app)
    visitor.post("/visit", data=YES)
    with database.read() as work:
        (digest,) = work.connection.execute(sa.select(funnel_touches.c.visitor_digest)).scalars()
    assert visitor.cookies[VISITOR_COOKIE].encode() not in digest


def test_signing_in_makes_it_the_members_and_ends_the_cookie(
    browser: Callable[[], Browser], database: Database
) -> None:
    student = browser()
    student.client.post("/visit", data=YES)
    student.client.get("/?utm_source=digest")
    assert signed_in(student)
    assert touches(database) == [
        ("telegram", "spring", "member", True),
        ("digest", "", "member", False),
    ]
    assert VISITOR_COOKIE not in student.client.cookies


def test_a_member_who_comes_back_was_not_brought_here(
    browser: Callable[[], Browser], database: Database, clock: SetClock
) -> None:
    assert signed_in(browser())
    clock.forward(timedelta(hours=1))
    again = browser()
    again.client.post("/visit", data=YES)
    assert len(touches(database)) == 1
    assert signed_in(again)
    assert touches(database) == []


def signed_in(student: Browser) -> bool:
    answer: httpx.Response = student.sign_in("student")
    return answer.status_code == 303
