"""Calendar, reminders and notices over HTTP and as pages, in both languages."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

import pytest

from governance.memorandum import service as memorandum
from governance.memorandum.service import ProposeVersion
from governance.polls import service as polls
from governance.polls.model import PREFIX
from governance.polls.service import WithdrawPoll
from governance.reminders.model import ReminderKind
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import execute
from tests.integration.reminders.conftest import DAY, HOUR, Told
from tests.support.memorandum import wording


def test_the_calendar_tells_everybody(told: Told) -> None:
    poll, off = told.poll_in_an_hour(), told.poll_in_an_hour()
    author = told.electorate.world.first_admin
    execute(told.database, polls.withdraw, WithdrawPoll(off.poll_id, author))
    told.electorate.clock.forward(DAY)
    answer = told.client().get("/v1/governance/calendar")
    assert answer.status_code == 200, answer.text
    found = answer.json()["data"]
    assert [(each["kind"], each["off"], each["changes"]) for each in found] == [
        *[("announced", False, 0)] * 2,
        ("withdrawn", False, 0),
        *(("opens", each, int(each)) for each in _by_id(poll.poll_id, off.poll_id)),
        *(("closes", each, int(each)) for each in _by_id(poll.poll_id, off.poll_id)),
    ]
    poll_id = format_id(PREFIX, poll.poll_id)
    (closes,) = (e for e in found if (e["kind"], e["subject_id"]) == ("closes", poll_id))
    assert closes == {
        "id": f"poll::{poll_id}:closes",
        "uid": f"poll-{poll_id}-closes@vklad",
        "subject": "poll",
        "subject_id": poll_id,
        "kind": "closes",
        "at": Instant.of(poll.definition.closes_at).isoformat(),
        "title": "What to plant",
        "off": False,
        "changes": 0,
        "said_at": Instant.of(poll.opening.announced_at).isoformat(),
        "url": f"{told.electorate.composition.settings.origin}/polls/{poll_id}",
    }


def _by_id(on: object, off: object) -> list[bool]:
    """Whether each of two that fall together is off, in the order they are told."""
    return [each is off for each in sorted([on, off], key=str)]


def test_a_window_is_asked_for(told: Told) -> None:
    poll = told.poll_in_an_hour()
    opens = poll.definition.opens_at

    def ask(**query: str) -> tuple[int, object]:
        answer = told.client().get(f"/v1/governance/calendar?{urlencode(query)}")
        body = answer.json()
        if answer.status_code != 200:
            return answer.status_code, body["code"]
        return 200, [each["kind"] for each in body["data"]]

    until = (opens + timedelta(seconds=1)).isoformat()
    assert ask(**{"from": opens.isoformat(), "to": until}) == (200, ["opens"])
    assert ask(**{"from": opens.isoformat(), "to": opens.isoformat()}) == (422, "bad_window")
    year = (opens + 401 * DAY).isoformat()
    assert ask(**{"from": opens.isoformat(), "to": year}) == (422, "bad_window")
    assert ask(**{"from": "yesterday"})[0] == 422


@pytest.mark.parametrize(
    ("language", "summary"), [("en", "Poll opens"), ("ru", "Опрос открывается")]
)
def test_calendar_programs_subscribe(told: Told, language: str, summary: str) -> None:
    told.poll_in_an_hour()
    answer = told.client().get(f"/v1/governance/calendar.ics?language={language}")
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    lines = answer.text.split("\r\n")
    assert f"SUMMARY:{summary}: What to plant" in lines
    assert lines.count("BEGIN:VEVENT") == 3


def test_by_itself_the_feed_speaks_the_readers_language(told: Told) -> None:
    told.poll_in_an_hour()
    assert "Опрос" in told.client(language="ru").get("/v1/governance/calendar.ics").text


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_page_of_a_month_in_the_readers_zone(told: Told, language: str) -> None:
    poll = told.poll_in_an_hour(lasts=12 * HOUR)
    closes = poll.definition.closes_at
    assert f"{closes:%Y-%m-%d %H}" == "2026-03-02 22"
    client = told.client(language=language)
    in_utc = client.get("/calendar?month=2026-03").text
    assert 'id="d2026-03-03"' not in in_utc
    assert f'<time datetime="{closes.isoformat()}">22:00</time>' in in_utc
    client.cookies.set("vklad_zone", "Asia/Yekaterinburg")
    there = client.get("/calendar?month=2026-03").text
    assert 'id="d2026-03-03"' in there
    assert f'<time datetime="{closes.isoformat()}">03:00</time>' in there
    assert "Asia/Yekaterinburg" in there
    empty = client.get("/calendar?month=2027-01")
    assert (empty.status_code, "What to plant" in empty.text) == (200, False)
    assert client.get("/calendar?month=march").status_code == 422


@pytest.mark.parametrize("zone", ["Nowhere/At_All", "../../etc", "", "%00", "x" * 300])
def test_whatever_the_cookie_says_there_is_a_page(told: Told, zone: str) -> None:
    client = told.client()
    client.cookies.set("vklad_zone", zone)
    answer = client.get("/calendar")
    assert (answer.status_code, 'data-zone="UTC"' in answer.text) == (200, True)


def test_wanting_and_reading_over_http(told: Told) -> None:
    ann = told.client("ann")
    assert ann.get("/v1/reminders").json() == {"kinds": []}
    chosen = ann.put("/v1/reminders", json={"kinds": ["closes", "opens"]})
    assert (chosen.status_code, chosen.json()) == (200, {"kinds": ["opens", "closes"]})
    assert ann.put("/v1/reminders", json={"kinds": ["everything"]}).status_code == 422
    assert told.client().get("/v1/notices").status_code == 401
    poll = told.poll_in_an_hour()
    told.forward(HOUR)
    told.forward(2 * DAY)
    first = ann.get("/v1/notices?limit=1").json()
    assert (first["unread"], len(first["data"])) == (2, 1)
    rest = ann.get(f"/v1/notices?limit=1&cursor={first['next_cursor']}").json()
    (opens,) = rest["data"]
    poll_id = format_id(PREFIX, poll.poll_id)
    assert opens | {"id": "", "made_at": ""} == {
        "id": "",
        "kind": "opens",
        "moment": f"poll::{poll_id}:opens",
        "subject": "poll",
        "subject_id": poll_id,
        "title": "What to plant",
        "at": Instant.of(poll.definition.opens_at).isoformat(),
        "support": None,
        "url": f"{told.electorate.composition.settings.origin}/polls/{poll_id}",
        "made_at": "",
        "read_at": None,
    }
    path = f"/v1/notices/{opens['id']}/read"
    assert ann.post(path).json() == {"id": opens["id"], "unread": 1}
    refused = told.client("bob").post(path)
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown_notice")
    left = ann.get("/v1/notices?unread=true").json()
    assert [each["kind"] for each in left["data"]] == ["closes"]
    assert ann.post("/v1/notices/read").json() == {"unread": 0}


@pytest.mark.parametrize(
    ("language", "said"), [("en", "The poll closes soon"), ("ru", "Опрос скоро закроется")]
)
def test_the_page_of_notices(told: Told, language: str, said: str) -> None:
    ann = told.client("ann", language)
    saved = ann.post("/notices/choices", data={"kinds": ["closes", "outcome"], "csrf": "t"})
    assert saved.status_code == 303
    page = ann.get("/notices").text
    assert page.count("checked") == 2
    poll = told.poll_in_an_hour()
    told.forward(HOUR + 2 * DAY)
    page = ann.get("/notices").text
    assert said in page
    assert f"/polls/{format_id(PREFIX, poll.poll_id)}" in page
    (notice,) = told.notices("ann")
    action = f"/notices/{format_id('ntc', notice.notice_id)}/read"
    assert f'action="{action}"' in page
    assert ann.post(action, data={"csrf": "t"}).status_code == 303
    assert f'action="{action}"' not in ann.get("/notices").text
    ann.post("/notices/choices", data={"csrf": "t"})
    assert "checked" not in ann.get("/notices").text
    assert ann.post("/notices/read", data={"csrf": "t"}).status_code == 303


def test_a_notice_outlives_what_it_was_of(told: Told) -> None:
    told.wants("ann", ReminderKind.OPENS)
    told.poll_in_an_hour()
    told.forward(HOUR)
    with told.database.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE notices SET subject_id = 'pol_00000000000000000000000000'"
        )
    (gone,) = told.client("ann").get("/v1/notices").json()["data"]
    assert (gone["title"], gone["url"].endswith("/calendar")) == (None, True)
    assert "no longer here" in told.client("ann").get("/notices").text


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_version_of_the_memorandum_has_its_day(told: Told, language: str) -> None:
    proposed = ProposeVersion(told.electorate.world.first_admin, wording())
    version = execute(told.database, memorandum.propose, proposed)
    page = told.client(language=language).get("/calendar?month=2026-03").text
    path = f"/memorandum/versions/{format_id('mmo', version.version_id)}"
    assert f'<a href="{path}">{version.text.title.of(language)}</a>' in page
    (found,) = told.client().get("/v1/governance/calendar").json()["data"]
    assert (found["subject"], found["kind"]) == ("memorandum", "proposed")
