"""Figures of counted polls: by hand, as JSON, as a table and as a page."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.http.app import create_app
from api.i18n.catalogue import refuse_missing
from governance.analytics import service
from governance.analytics.service import Figures
from governance.polls.model import PREFIX
from ledger.kernel.ids import format_id
from tests.support.http import client_of
from tests.support.polls import Electorate


@pytest.fixture
def anybody(electorate: Electorate) -> TestClient:
    return client_of(create_app(electorate.composition, on_missing=refuse_missing))


def test_a_counted_poll_and_nothing_before(electorate: Electorate, anybody: TestClient) -> None:
    """Five members and two admins may vote; three do, one of them twice, one unsigned."""
    path = "/v1/governance/analytics"
    poll = electorate.announce(title="=1+1")
    electorate.vote(poll, ann=(0,), bob=(1,))
    electorate.vote(poll, ann=(2,))
    electorate.cast(electorate.ballot(poll, "cid", 1))
    before = anybody.get(path).json()
    assert (before["polls"], before["proposals"], before["now"]) == ([], [], None)
    electorate.close(poll)
    (found,) = anybody.get(path).json()["polls"]
    assert found["turnout"] == {
        "voters": 3,
        "eligible": 7,
        "by_persons": {"exact": "3/7", "decimal": "0.428571"},
        "cast": "3",
        "weight": "7",
        "by_weight": {"exact": "3/7", "decimal": "0.428571"},
    }
    assert found["weights"] == {
        "holders": 7,
        "total": "7",
        "gini": {"exact": "0/1", "decimal": "0.000000"},
        "nakamoto": 4,
        "largest": {"exact": "1/7", "decimal": "0.142857"},
    }
    assert (found["cast"]["holders"], found["cast"]["nakamoto"]) == (3, 2)

    answer = anybody.get(f"{path}.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert row["id"] == format_id(PREFIX, poll.poll_id)
    assert (row["kind"], row["by_persons"], row["votes_nakamoto"]) == (
        "poll by person",
        "0.428571",
        "4",
    )
    assert (row["tokens_gini"], row["delegates"]) == ("", "")
    assert "=1+1" not in answer.text, "a spreadsheet would run it"

    for language, words in (("en", "Turnout of polls"), ("ru", "Явка в опросах")):
        page = anybody.get("/governance/analytics", headers={"accept-language": language}).text
        assert words in page
        assert "<title>=1+1:" in page


def test_of_no_vote_there_is_a_page_all_the_same(anybody: TestClient) -> None:
    page = anybody.get("/governance/analytics")
    assert (page.status_code, "No vote has figures yet" in page.text) == (200, True)
    table = anybody.get("/v1/governance/analytics.csv").text
    assert table.count("\r\n") == 1


@pytest.mark.parametrize("proposal", ["77", "seven", "-1"])
def test_an_unknown_proposal(anybody: TestClient, proposal: str) -> None:
    answer = anybody.get(f"/v1/governance/analytics?proposal={proposal}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_proposal")


def test_they_are_worked_out_when_something_changed(
    electorate: Electorate, anybody: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, work_out = [], service.figures

    def count(*given: Any) -> Figures:
        asked.append(given)
        return work_out(*given)

    monkeypatch.setattr(service, "figures", count)

    def polls() -> int:
        for path in ("/governance/analytics", "/v1/governance/analytics.csv"):
            assert anybody.get(path).status_code == 200
        return len(anybody.get("/v1/governance/analytics").json()["polls"])

    assert (polls(), polls(), len(asked)) == (0, 0, 1)
    electorate.close(electorate.announce())
    assert (polls(), polls(), len(asked)) == (1, 1, 2)
