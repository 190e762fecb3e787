"""Pages that may show points: proposed by one admin, approved by another, ended by either."""

from __future__ import annotations

import httpx
import pytest

from ledger.events.origins import store
from ledger.events.sources import service as sources
from ledger.events.sources.model import DecideSource, ProposeSource, SourceSpec
from ledger.kernel.transaction import Database, execute
from tests.integration.pages.conftest import MEMBER_HEADER, ROLES_HEADER, Reader, words_of
from tests.support.http import client_of

PAGE = "https://school.example"
PATH = "/admin/sources/embedding"


@pytest.fixture
def source(anna: Reader, boris: Reader, database: Database) -> str:
    spec = SourceSpec("lms", "https://lms.example/events", "standard_webhooks")
    change = execute(database, sources.propose_source, ProposeSource(spec, anna.member_id))
    yes = DecideSource(change.change_id, change.content_digest, boris.member_id)
    execute(database, sources.approve_source, yes)
    return spec.name


def client(reader: Reader) -> httpx.Client:
    """Whoever it is, at the API."""
    who = {MEMBER_HEADER: str(reader.member_id), ROLES_HEADER: reader.roles}
    return client_of(reader.app, **who)


def registered(database: Database) -> bool:
    with database.read() as work:
        return store.is_registered(work, PAGE)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "No page shows points yet. New origin Register a source first."),
        ("ru", "Пока баллы не показывает ни одна страница. Новый адрес Сначала зарегистрируйте"),
    ],
)
def test_the_page_of_an_empty_school(anna: Reader, language: str, said: str) -> None:
    assert said.replace("New origin", "A new origin") in anna.words(PATH, language)


def test_only_who_administers_sees_it(olga: Reader, maria: Reader, source: str) -> None:
    assert 'method="post" action="/admin' not in olga.get(PATH).text
    assert olga.post(PATH, source=source, origin=PAGE).status_code == 403
    assert maria.get(PATH).status_code == 403


@pytest.mark.parametrize("language", ["en", "ru"])
def test_two_persons_and_one_to_end(
    anna: Reader, boris: Reader, source: str, database: Database, language: str
) -> None:
    words = {
        "en": ("Another administrator approves it.", "shows points", "Approved by Boris", "ended"),
        "ru": ("Подтверждает другой", "показывает баллы", "Подтверждает Boris", "прекращено"),
    }[language]
    anna.done(PATH, source=source, origin=PAGE)
    assert PAGE in boris.words("/admin/sources", language)
    assert not registered(database)
    own = boris.hidden(PATH, "/approve")
    assert f"{own['action']}" not in anna.get(PATH, language).text
    assert anna.post(own["action"], digest=own["digest"]).status_code == 403
    assert boris.post(own["action"], digest="0" * 64).status_code == 409
    assert not registered(database)
    assert boris.press(PATH, "/approve").status_code == 303
    assert registered(database)
    shown = anna.words(PATH, language)
    assert words[1] in shown
    assert words[2] in shown
    assert anna.press(PATH, "/end").status_code == 303
    assert not registered(database)
    assert words[3] in boris.words(PATH, language)


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "A page that shows points is served by https."), ("ru", "Адрес пишется как в строке")],
)
def test_what_is_no_origin_is_said_at_the_form(
    anna: Reader, source: str, language: str, said: str
) -> None:
    answer = anna.post(PATH, language, source=source, origin="http://school.example")
    assert answer.status_code == 422
    assert said in words_of(answer)
    assert 'value="http://school.example"' in answer.text


def test_what_was_taken_back_can_be_proposed_again(anna: Reader, source: str) -> None:
    anna.done(PATH, source=source, origin=PAGE)
    twice = anna.post(PATH, source=source, origin=PAGE)
    assert twice.status_code == 422
    assert "lms has https://school.example already" in words_of(twice)
    assert anna.press(PATH, "/reject").status_code == 303
    anna.done(PATH, source=source, origin=PAGE)


def test_the_same_over_http(
    anna: Reader, boris: Reader, olga: Reader, source: str, database: Database
) -> None:
    made = client(anna).post("/v1/embed/origins", json={"source": source, "origin": PAGE})
    assert (made.status_code, made.json()["content"]["origin"]) == (201, PAGE)
    twice = client(boris).post("/v1/embed/origins", json={"source": source, "origin": PAGE})
    assert (twice.status_code, twice.json()["code"]) == (409, "embed_origin_proposed_before")
    path = f"/v1/sources/credentials/{made.json()['id']}/approve"
    body = {"digest": made.json()["digest"]}
    assert client(anna).post(path, json=body).json()["code"] == "credential_needs_another_person"
    assert client(boris).post(path, json=body).status_code == 200
    listed = client(olga).get("/v1/embed/origins").json()["data"]
    assert [(one["origin"], one["state"], one["ended_at"]) for one in listed] == [
        (PAGE, "approved", None)
    ]
    gone = f"/v1/embed/origins/{listed[0]['id']}"
    assert client(olga).delete(gone).status_code == 403
    assert registered(database)
    assert client(boris).delete(gone).status_code == 204
    assert client(boris).delete(gone).json()["code"] == "unknown_embed_origin"
    assert not registered(database)
