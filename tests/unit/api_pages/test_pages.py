"""Pages: both languages, no word or style of another origin, errors shown to people as pages."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

from api.auth.model import Principal, PrincipalKind
from api.pages.navigation import MENU, Area, menu_for, whereabouts
from api.pages.rendering import STATIC, environment, names_for, static_url, view_for
from ledger.kernel.units import Money, Points, TokenUnits
from tests.support.http import client_of

HTML = {"accept": "text/html"}
MEMBER = Principal(
    PrincipalKind.PERSON, "mem_x", roles=frozenset({"member", "admin"}), csrf='"><script>'
)

GALLERY = """
{% extends "layout.html" %}{% import "ui.html" as ui with context %}
{% block title %}-{% endblock %}
{% block main %}
{{ ui.icon("home") }}{{ ui.icon("check", "!") }}{{ ui.csrf() }}
{{ ui.button("-", href="/x", icon_name="arrow") }}{{ ui.button("-", kind="danger", disabled=true) }}
{{ ui.stat("-", 1, "-") }}{{ ui.badge("-", "good", "check") }}{{ ui.badge("-") }}
{{ ui.alert(hostile, "bad", "-") }}{{ ui.empty("-") }}
{{ ui.progress(1, 0, "-") }}{{ ui.progress(3, 4, "-") }}
{{ ui.stack([], "-") }}
{{ ui.stack([{"label": "-", "value": 0, "shown": "0", "tone": "good"}], "-") }}
{{ ui.stack([{"label": hostile, "value": 1, "shown": "1", "tone": "good"},
             {"label": "-", "value": 3, "shown": "3", "tone": "warn"}], "-") }}
{{ ui.columns([], "-") }}
{{ ui.columns([{"label": hostile, "value": 0, "shown": "0"},
               {"label": "-", "value": 7, "shown": "7"}], "-") }}
{{ ui.steps([{"label": "-", "state": "done", "hint": "-"}, {"label": "-", "state": "now"},
             {"label": "-", "state": "failed"}, {"label": "-", "state": "next"}]) }}
{{ ui.facts([("-", hostile)]) }}
{{ ui.field("a", "-", value=hostile, hint="-") }}{{ ui.field("b", "-", error="-") }}
{{ ui.textarea("c", "-", value=hostile) }}
{{ ui.select("d", "-", [("x", hostile), ("y", "-")], "y") }}
{% call ui.card("-", "-") %}-{% endcall %}{% call ui.card() %}-{% endcall %}
{% call ui.table(["-", {"text": "-", "kind": "amount"}], "-") %}<tr><td>-</td></tr>{% endcall %}
{% call ui.why("-") %}-{% endcall %}
{{ ui.pager("a+b") }}{{ ui.pager(none) }}
{{ points(amount) }}{{ points(5) }}{{ number(5) }}{{ money(price) }}{{ token(units) }}
{{ share(1, 3) }}{{ day(when) }}{{ day(today) }}{{ moment(when) }}
{% endblock %}
"""


@pytest.fixture
def gallery(app: FastAPI) -> FastAPI:
    """The same application with a page that uses every building block, for a signed-in member."""

    @app.get("/gallery")
    def page(request: Request) -> HTMLResponse:
        view = view_for(request, MEMBER)
        values = {
            "view": view,
            "notice": "session.signed_out",
            "hostile": '<img src=x onerror="alert(1)">',
            "amount": Points(1584),
            "price": Money(5, "RUB"),
            "units": TokenUnits(5),
            "when": datetime(2026, 3, 2, 9, tzinfo=UTC),
            "today": date(2026, 3, 2),
        }
        template = environment().from_string(GALLERY)
        return HTMLResponse(template.render(names_for(view.catalogue, view.language) | values))

    app.state.paths |= {item.path for area in MENU for item in area.items}
    return app


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("path", ["/", "/sign-in", "/gallery", "/nothing", "/problems/bad_id"])
def test_no_page_needs_what_the_policy_refuses(gallery: FastAPI, path: str, language: str) -> None:
    page = client_of(gallery).get(path, headers=HTML | {"accept-language": language})
    assert f'<html lang="{language}"' in page.text
    assert not re.search(r"\sstyle=|<style|\son\w+=\"|javascript:", page.text)
    assert all("src=" in script for script in re.findall(r"<script[^>]*>", page.text))
    for address in re.findall(r'(?:src|href|action)="([^"]+)"', page.text):
        assert address.startswith(("/", "?", "#")), address
        assert not address.startswith("//"), address


@pytest.mark.parametrize("language", ["en", "ru"])
def test_what_people_wrote_is_never_markup(gallery: FastAPI, language: str) -> None:
    page = client_of(gallery).get("/gallery", headers={"accept-language": language}).text
    assert "<img" not in page
    assert "&lt;img src=x" in page
    assert 'value="&#34;&gt;&lt;script&gt;"' in page


_NOT_WORDS = re.compile(r"<svg.*?</svg>|<head.*?</head>|<code>.*?</code>|<[^>]+>", re.DOTALL)


def test_a_russian_page_has_no_latin_words(gallery: FastAPI) -> None:
    for path in ("/", "/sign-in", "/nothing"):
        page = client_of(gallery).get(path, headers=HTML | {"accept-language": "ru"}).text
        text = re.sub(
            r"<svg.*?</svg>|<head.*?</head>|<code>.*?</code>|<[^>]+>", " ", page, flags=re.DOTALL
        )
        assert set(re.findall(r"[A-Za-z]{2,}", text)) <= {"Eng"}, path


def test_the_language_and_theme_can_be_chosen_without_scripts(app: FastAPI) -> None:
    client = client_of(app, **{"accept-language": "en"})
    answer = client.post("/preferences", data={"language": "ru", "return_to": "/sign-in"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    client.post("/preferences", data={"theme": "dark"})
    page = client.get("/sign-in").text
    assert '<html lang="ru" data-theme="dark">' in page
    client.post("/preferences", data={"theme": "purple", "language": "xx"})
    assert '<html lang="ru" data-theme="dark">' in client.get("/sign-in").text


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil"])
def test_choosing_leads_nowhere_else(app: FastAPI, target: str) -> None:
    answer = client_of(app).post("/preferences", data={"theme": "dark", "return_to": target})
    assert answer.headers["location"] == "/"


def test_a_hostile_theme_cookie_is_ignored(app: FastAPI) -> None:
    client = client_of(app)
    client.cookies.set("vklad_theme", '"><script>')
    client.cookies.set("vklad_notice", "no.such.key")
    assert 'data-theme="auto"' in client.get("/sign-in").text


def test_an_error_is_a_page_to_a_person_and_a_document_to_a_program(app: FastAPI) -> None:
    client = client_of(app)
    page = client.get("/nothing", headers=HTML | {"accept-language": "ru"})
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "Не найдено" in page.text
    assert page.headers["x-request-id"] in page.text
    for path in ("/nothing", "/v1/nothing"):
        document = client.get(path, headers={"accept": "*/*"} if path == "/nothing" else HTML)
        assert document.headers["content-type"] == "application/problem+json"


def test_a_database_that_is_down_is_a_page_with_503(app: FastAPI) -> None:
    client = client_of(app)
    client.cookies.set("vklad_session", "x")
    page = client.get("/", headers=HTML)
    assert page.status_code == 503
    assert int(page.headers["retry-after"]) > 0
    assert "does not answer" in page.text


@pytest.mark.parametrize("name", sorted(path.name for path in STATIC.iterdir()))
def test_static_files_are_kept_for_ever_under_their_digest(app: FastAPI, name: str) -> None:
    kept = client_of(app).get(static_url(name))
    assert kept.status_code == 200
    assert "immutable" in kept.headers["cache-control"]
    assert client_of(app).get(f"/static/{name}").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("name", ["nothing.css", "..%2f__init__.py", "%2e%2e/base.py", ""])
def test_nothing_else_is_served_as_a_file(app: FastAPI, name: str) -> None:
    assert client_of(app).get(f"/static/{name}").status_code == 404


def test_every_colour_is_named_for_light_and_dark() -> None:
    css = (STATIC / "app.css").read_text()
    tokens = dict(re.findall(r"(--[\w-]+): ([^;]+);", css.split("}")[0]))
    colours = {name for name, value in tokens.items() if value.startswith("#")}
    assert colours == set()
    assert set(re.findall(r"var\((--[\w-]+)\)", css)) <= tokens.keys()


# The menu


def _keys(menu: tuple[Area, ...]) -> list[str]:
    return [item.key for area in menu for item in area.items]


def test_the_menu_shows_what_is_served_and_allowed() -> None:
    paths = frozenset({"/me", "/votes", "/admin"})
    member = Principal(PrincipalKind.PERSON, "mem_x", roles=frozenset({"member"}))
    seen = menu_for(member, paths, chain_is_on=True)
    assert [area.key for area in seen] == ["mine", "decide"]
    assert _keys(seen) == ["overview", "votes"]
    assert _keys(menu_for(member, paths, chain_is_on=False)) == ["overview"]
    assert _keys(menu_for(MEMBER, paths, chain_is_on=True))[-1] == "admin"
    moderator = Principal(PrincipalKind.PERSON, "mem_x", roles=frozenset({"member", "moderator"}))
    reviewed = frozenset({"/me", "/admin", "/admin/reviews"})
    assert _keys(menu_for(moderator, reviewed, chain_is_on=True)) == ["overview", "reviews"]
    machine = Principal(PrincipalKind.MACHINE, "key_x", scopes=frozenset({"members:read"}))
    assert menu_for(machine, paths, chain_is_on=True) == ()
    assert menu_for(None, paths, chain_is_on=True) == ()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/votes", "votes"),
        ("/votes/prp_1", "votes"),
        ("/votes-old", None),
        ("/notices", "calendar"),
        ("/admin/grants", "admin"),
        ("/admin/reviews", "reviews"),
        ("/", None),
    ],
)
def test_the_menu_knows_where_one_is(path: str, expected: str | None) -> None:
    here = whereabouts(MENU, path)
    assert (here and here[1].key) == expected


def test_without_an_issuer_signing_in_is_told_to_be_switched_off(app: FastAPI) -> None:
    answer = client_of(app).get("/sign-in/start")
    assert (answer.status_code, answer.json()["code"]) == (503, "sign_in_not_configured")
