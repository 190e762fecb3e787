"""The way from visit to vote as a page, a table and JSON; hooks by two persons."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping

import httpx
import pytest
import sqlalchemy as sa

from api import funnel
from api.outgoing import service, store
from api.outgoing.model import Heard, HookState, Message
from api.outgoing.sending import Sender
from api.webhooks.secret_box import FernetBox
from ledger.funnel.model import STAGES
from ledger.kernel.transaction import Database, execute
from tests.integration.pages.conftest import MEMBER_HEADER, ROLES_HEADER, Reader, words_of
from tests.support.http import SECRET, client_of
from tests.support.journeys import School, by_hand, make, visits_by_hand

PATH = "/admin/funnel"
HOOKS = "/admin/funnel/hooks"
URL = "https://crm.example/in"


@pytest.fixture
def school(database: Database) -> School:
    """Sixty made-up members, counted."""
    made = make(database, 11, 60)
    execute(database, funnel.refresh, None)
    return made


def client(reader: Reader) -> httpx.Client:
    who = {MEMBER_HEADER: str(reader.member_id), ROLES_HEADER: reader.roles}
    return client_of(reader.app, **who)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            [
                "From visit to vote",
                "First visit",
                "Of the stage before",
                "By month",
                "What brought",
            ],
        ),
        ("ru", ["От визита до голоса", "Первый визит", "От предыдущего шага", "По месяцам", "Что"]),
    ],
)
def test_the_page_in_both_languages(
    anna: Reader, school: School, language: str, words: list[str]
) -> None:
    shown = anna.words(PATH, language)
    for each in words:
        assert each in shown
    page = anna.get(PATH, language).text
    assert page.count("<progress ") == len(STAGES)
    assert len(page.encode()) < 150_000


def test_the_chart_says_what_the_table_says(anna: Reader, school: School) -> None:
    page = anna.get(PATH).text
    everybody = [*by_hand(school).values(), *visits_by_hand(school)]
    chart = re.findall(r'<progress value="\d+" max="\d+" aria-label="([^"]+): (\d+)">', page)
    bars = [tuple(map(int, each)) for each in re.findall(r'value="(\d+)" max="(\d+)"', page)]
    assert bars == [(int(count), max(int(each) for _, each in chart)) for _, count in chart]
    names = ["First visit", "Sign-up", "First act", "First points", "First spending", "Purchase"]
    names += ["Points in the wallet", "Vote"]
    assert chart == [
        (name, str(sum(stage in each.reached for each in everybody)))
        for name, stage in zip(names, STAGES, strict=True)
    ]
    table = re.findall(r'<th scope="row">([^<]+)</th>\s*<td class="amount">(\d+)</td>', page)
    assert table[: len(STAGES)] == chart


def test_the_page_follows_what_changes(anna: Reader, school: School, database: Database) -> None:
    """Figures that are kept in memory are not kept beyond what they rest on."""

    def shown() -> str:
        return client(anna).get("/v1/funnel").text

    before = shown()
    assert shown() == before
    told = {before}
    for statement in (
        "UPDATE funnel_stages SET reached_at = now() WHERE stage = 'sign_up'",
        "DELETE FROM funnel_stages WHERE stage = 'vote'",
        "UPDATE funnel_touches SET source = 'elsewhere' WHERE is_first",
        "DELETE FROM funnel_touches WHERE member_id IS NULL",
    ):
        with database.engine.begin() as connection:
            connection.execute(sa.text(statement))
        told.add(shown())
    assert len(told) == 5


@pytest.mark.parametrize("language", ["en", "ru"])
def test_which_touch_counts_can_be_chosen(anna: Reader, school: School, language: str) -> None:
    first, last = (
        anna.words(f"{PATH}?touch={which}", language) for which in ("first_touch", "last_touch")
    )
    assert "telegram" in first
    assert first != last
    assert anna.get(f"{PATH}?touch=none").status_code == 422


@pytest.mark.parametrize(
    ("language", "said"), [("en", "There is nobody to count yet."), ("ru", "Считать пока некого.")]
)
def test_an_empty_school(anna: Reader, language: str, said: str) -> None:
    assert said in anna.words(PATH, language)


def test_who_may_see_it(anna: Reader, olga: Reader, maria: Reader, school: School) -> None:
    for path in (PATH, HOOKS, "/v1/funnel", "/v1/funnel.csv", "/v1/funnel/events"):
        assert client(anna).get(path).status_code == 200, path
        assert client(olga).get(path).status_code == 200, path
        assert client(maria).get(path).status_code == 403, path
        assert client_of(anna.app).get(path).status_code == 401, path
    assert 'method="post" action="/admin' not in olga.get(HOOKS).text
    assert olga.post(HOOKS, url=URL).status_code == 403


def test_nobody_is_named_in_figures(anna: Reader, school: School) -> None:
    shown = anna.get(PATH).text + client(anna).get("/v1/funnel").text
    shown += client(anna).get("/v1/funnel.csv").text
    assert "mem_" not in shown


def test_json_and_table_say_the_same(anna: Reader, school: School) -> None:
    told = client(anna).get("/v1/funnel").json()
    table = client(anna).get("/v1/funnel.csv")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(table.text)))
    steps = [
        (each["cohort"] or "", step)
        for each in (told["everybody"], *told["cohorts"])
        for step in each["steps"]
    ]
    assert len(rows) > len(steps)

    def shown(row: Mapping[str, str]) -> tuple[object, ...]:
        names = ("cohort", "stage", "reached", "conversion", "of_sign_ups", "seconds_median")
        return tuple(row[name] for name in names)

    def text(value: object) -> str:
        return "" if value is None else str(value)

    assert [shown(row) for row in rows[: len(steps)]] == [
        (
            cohort,
            step["stage"],
            str(step["reached"]),
            text(step["conversion"] and step["conversion"]["decimal"]),
            text(step["of_sign_ups"] and step["of_sign_ups"]["decimal"]),
            text(step["seconds_median"]),
        )
        for cohort, step in steps
    ]
    channels = [row for row in rows if row["kind"] == "channel"]
    assert len(channels) == len(STAGES) * sum(map(len, told["channels"].values()))
    assert told["definitions"].keys() >= {stage.value for stage in STAGES}


def test_the_feed_is_paged_to_its_end(anna: Reader, school: School) -> None:
    seen: list[str] = []
    cursor = ""
    while True:
        after = f"&cursor={cursor}" if cursor else ""
        page = client(anna).get(f"/v1/funnel/events?limit=100{after}").json()
        seen += [each["id"] for each in page["data"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    wanted = sum(len(each.reached) for each in by_hand(school).values())
    assert (len(seen), len(set(seen))) == (wanted, wanted)
    assert seen == sorted(seen)
    with_touch = [each for each in page["data"] if each["first_touch"]]
    assert all(each["last_touch"]["source"] for each in with_touch)


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_hook_takes_two_persons(
    anna: Reader, boris: Reader, database: Database, language: str
) -> None:
    none, secret, waits, sending = {
        "en": (
            "No other system is told anything.",
            "it is not shown again",
            "waits for another administrator",
            "Approved by Boris",
        ),
        "ru": (
            "Другим системам ничего не сообщается.",
            "больше он не покажется",
            "ждёт другого администратора",
            "Подтверждает Boris",
        ),
    }[language]
    assert none in anna.words(HOOKS, language)
    proposed = anna.post(HOOKS, language, url=URL)
    assert proposed.status_code == 200
    assert secret in words_of(proposed)
    (shown,) = re.findall(r"whsec_[A-Za-z0-9+/=]+", proposed.text)
    assert shown not in anna.get(HOOKS).text
    assert waits in boris.words(HOOKS, language)
    own = boris.hidden(HOOKS, "/approve")
    assert own["action"] not in anna.get(HOOKS).text
    assert anna.post(own["action"], digest=own["digest"]).status_code == 403
    assert boris.post(own["action"], digest="0" * 64).status_code == 409
    assert boris.press(HOOKS, "/approve").status_code == 303
    assert sending in anna.words(HOOKS, language)
    with database.read() as work:
        assert [each.state for each in store.hooks(work)] == [HookState.LIVE]
    assert anna.press(HOOKS, "/end").status_code == 303
    assert none in anna.words(HOOKS, language)


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "Messages go to an address of https"), ("ru", "Нужен адрес с защищённым протоколом")],
)
def test_what_is_no_address_is_said_at_the_form(anna: Reader, language: str, said: str) -> None:
    answer = anna.post(HOOKS, language, url="http://crm.example/in")
    assert answer.status_code == 422
    assert said in words_of(answer)
    assert 'value="http://crm.example/in"' in answer.text


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["Sending was paused", "2 messages wait", "given up", "answered 410"]),
        ("ru", ["Отправка остановлена", "Ждут 2 сообщения", "не доставлено", "ответ 410"]),
    ],
)
def test_a_paused_hook_says_so_and_goes_on(
    anna: Reader, boris: Reader, database: Database, language: str, said: list[str]
) -> None:
    anna.post(HOOKS, url=URL)
    assert boris.press(HOOKS, "/approve").status_code == 303
    _gone(database, anna, boris)
    shown = anna.words(HOOKS, language)
    for each in said:
        assert each in shown
    assert anna.press(HOOKS, "/resume").status_code == 303
    with database.read() as work:
        assert [each.state for each in store.hooks(work)] == [HookState.LIVE]


def _gone(database: Database, *persons: Reader) -> None:
    """Two messages, of which the first was answered with 410."""
    messages = [
        Message("funnel.sign_up", each.member_id, "2026-03-02T09:00:00Z", {}) for each in persons
    ]
    execute(database, service.send, messages)
    Sender(database, FernetBox(SECRET), lambda *_: Heard(410)).deliver_due()
