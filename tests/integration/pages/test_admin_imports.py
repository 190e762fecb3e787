"""Balances brought along, by page and over HTTP: a dry run, two admins, and back again."""

from __future__ import annotations

import html
import re
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from ledger.grants import service as grants
from ledger.grants.imports import paying
from ledger.grants.imports.model import IMPORT_TOPIC
from ledger.grants.model import ApproveGrant, Budget, CreateGrant, GrantLine
from ledger.kernel import outbox
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Database, Work, execute
from ledger.kernel.units import Points
from ledger.members import service as members
from ledger.members.model import IdentityKey, LinkIdentity
from tests.integration.pages.conftest import Reader, words_of
from tests.support.budgets import open_budget
from tests.support.http import client_of

PAGE = "/admin/imports"


@pytest.fixture
def budget(database: Database, anna: Reader, boris: Reader) -> Budget:
    return open_budget(database, 1_000, anna.member_id, boris.member_id, "Old system")


def _file(*members: Reader, points: int = 40) -> str:
    rows = [f"{format_id('mem', each.member_id)};{points};2099-12-31" for each in members]
    return "\r\n".join(["member;points;expires_on", *rows, ""])


def _choose(who: Reader, budget: Budget, content: bytes, language: str = "en") -> httpx.Response:
    client = client_of(who.app, **who._who(language))
    form = {"budget": format_id("bud", budget.budget_id), "reason": "Left the <old> system"}
    answer: httpx.Response = client.post(
        f"{PAGE}/new", data=form, files={"file": ("balances.csv", content)}
    )
    return answer


def _propose(who: Reader, shown: httpx.Response) -> httpx.Response:
    """Press the button of the dry run, with all that the page holds."""
    page = shown.text
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
    csv = re.search(r'<textarea name="csv" hidden>\n(.*?)</textarea>', page, re.DOTALL)
    assert csv, "the dry run holds the file"
    fields["csv"] = csv[1].replace("\n", "\r\n")
    return who.post(f"{PAGE}/new", **{name: html.unescape(text) for name, text in fields.items()})


def _pay(database: Database) -> None:
    with database.read() as work:
        waiting = outbox.waiting_keys(work, IMPORT_TOPIC)
    for key in waiting:
        paying.carry_out(database, UUID(key))


def test_an_admin_chooses_a_file_and_another_approves(
    database: Database, anna: Reader, boris: Reader, olga: Reader, maria: Reader, budget: Budget
) -> None:
    assert "No balances were brought along yet." in anna.words(PAGE)
    assert "Old system: 1000 points left" in anna.words(f"{PAGE}/new").replace(",", "")
    shown = _choose(anna, budget, _file(maria, olga).encode())
    words = words_of(shown)
    assert shown.status_code == 200
    for said in ("80", "2099-12", "SHA-256 of the file", "Propose this file"):
        assert said in words
    assert _propose(anna, shown).status_code == 303
    assert "Left the <old> system" in anna.words(PAGE)
    assert "another administrator has to approve it" in anna.words(PAGE)
    assert "ждёт подтверждения" in olga.words(PAGE, "ru")
    assert boris.press(PAGE, "/approve").status_code == 303
    assert "being credited" in boris.words(PAGE)
    _pay(database)
    assert "80 points credited, 0 wait" in boris.words(PAGE)
    assert "Left the <old> system" in maria.words("/history")
    assert anna.press(PAGE, "/take-back").status_code == 303
    assert "One administrator has asked for it." in boris.words(PAGE)
    boris.press(PAGE, "/take-back")
    _pay(database)
    assert "2 lines taken back" in boris.words(PAGE)


def test_a_proposal_is_withdrawn_by_its_creator(
    anna: Reader, maria: Reader, budget: Budget
) -> None:
    _propose(anna, _choose(anna, budget, _file(maria).encode()))
    assert anna.press(PAGE, "/close").status_code == 303
    assert "withdrawn" in anna.words(PAGE)


@pytest.mark.parametrize(
    ("content", "english", "russian"),
    [
        (
            b"member,points\nmem_1,1.5\n",
            ["line 2: “mem_1” is no member's id", "line 2: “1.5” is no whole number"],
            ["строка 2: “mem_1” — не номер участника", "строка 2: “1.5” — не целое число"],
        ),
        (b"PK\x03\x04", ["a packed file"], ["упакованный файл"]),
        (b"a\xff", ["line 1: is not UTF-8"], ["строка 1: не в кодировке UTF-8"]),
        (b"x" * 300_001, ["larger than 300000"], ["больше 300000"]),
    ],
)
def test_every_fault_is_told_in_the_readers_language(
    anna: Reader, budget: Budget, content: bytes, english: list[str], russian: list[str]
) -> None:
    for language, expected in (("en", english), ("ru", russian)):
        answer = _choose(anna, budget, content, language)
        assert answer.status_code == 422
        assert all(said in words_of(answer) for said in expected), words_of(answer)


def test_members_see_why_they_were_given_something(
    database: Database, anna: Reader, boris: Reader, maria: Reader, budget: Budget
) -> None:
    lines = GrantLine(maria.member_id, Points(5))
    command = CreateGrant(anna.member_id, budget.budget_id, "Led a study group", (lines,))
    grant = execute(database, grants.create, command)
    approval = ApproveGrant(grant.grant_id, boris.member_id, grant.content_digest)
    execute(database, grants.approve, approval)
    file = f"member;points;reason\n{format_id('mem', maria.member_id)};40;Winter course\n"
    _propose(anna, _choose(anna, budget, file.encode()))
    boris.press(PAGE, "/approve")
    _pay(database)
    words = maria.words("/history")
    assert "Led a study group" in words
    assert "Winter course" in words


def test_a_budget_that_is_too_small_says_so(anna: Reader, maria: Reader, budget: Budget) -> None:
    answer = _choose(anna, budget, _file(maria, points=1_001).encode())
    assert answer.status_code == 422
    assert "The budget does not suffice" in words_of(answer) or "1000" in words_of(answer)


def _send(who: Reader, path: str, body: dict[str, Any], key: str = "k") -> httpx.Response:
    headers = {**who._who("en"), "Idempotency-Key": key}
    answer: httpx.Response = client_of(who.app, **headers).post(f"/v1/imports{path}", json=body)
    return answer


def test_the_same_over_http(
    app: FastAPI, database: Database, anna: Reader, boris: Reader, maria: Reader, budget: Budget
) -> None:
    body = {
        "budget": format_id("bud", budget.budget_id),
        "reason": "Old system",
        "csv": f"member,points\n{format_id('mem', maria.member_id)},40\n",
    }
    assert _send(maria, "/preview", body).status_code == 403
    seen = _send(anna, "/preview", body)
    assert seen.json()["by_expiry"] == [{"month": None, "points": 40}]
    confirmed = body | {"confirm": seen.json()["confirm"]}
    changed = confirmed | {"csv": body["csv"].replace("40", "41")}
    refused = _send(anna, "", changed, "a")
    assert (refused.status_code, refused.json()["code"]) == (409, "import_not_previewed")
    first = _send(anna, "", confirmed, "b")
    again = _send(anna, "", confirmed, "b")
    assert (first.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    path, content = f"/{first.json()['id']}", {"content": first.json()["content"]}
    own = _send(anna, f"{path}/approve", content, "c")
    assert (own.status_code, own.json()["code"]) == (403, "import_needs_another_person")
    assert _send(boris, f"{path}/approve", content, "d").json()["state"] == "approved"
    _pay(database)
    assert anna.get(f"/v1/imports{path}").json()["progress"]["points_credited"] == 40
    assert [each["state"] for each in anna.get("/v1/imports").json()["data"]] == ["paid"]
    assert client_of(app).get("/v1/imports/notices").json()["data"] == []
    twice = _send(anna, "/preview", body)
    assert (twice.status_code, twice.json()["code"]) == (422, "bad_import")
    assert twice.json()["faults"][0]["kind"] == "before"
    _send(anna, f"{path}/take-back", content, "e")
    assert _send(boris, f"{path}/take-back", content, "f").json()["state"] == "taking_back"
    closed = _send(boris, f"{path}/close", {}, "g")
    assert (closed.status_code, closed.json()["code"]) == (409, "import_closed")


def test_what_is_withheld_from_its_own_approver_is_shown(
    database: Database, anna: Reader, boris: Reader, budget: Budget
) -> None:
    content = "provider,issuer,subject,points\nold,https://old.example,9,40\n"
    _propose(anna, _choose(anna, budget, content.encode()))
    (proposed,) = anna.get("/v1/imports").json()["data"]
    path = f"/v1/imports/{proposed['id']}"
    _send(boris, f"/{proposed['id']}/approve", {"content": proposed["content"]})
    _pay(database)
    before = anna.get(path).json()["progress"]
    assert (before["waiting"], before["withheld"], before["withheld_because"]) == (1, 0, None)

    def link(work: Work, key: IdentityKey) -> None:
        (reference,) = members.references_of(work, [key]).values()
        members.link_identity(work, LinkIdentity(boris.member_id, reference, "test"))

    execute(database, link, IdentityKey("old", "https://old.example", "9"))
    paying.credit_all_linked(database)
    progress = anna.get(path).json()["progress"]
    assert (progress["credited"], progress["withheld"], progress["points_withheld"]) == (0, 1, 40)
    assert progress["withheld_because"] == "reaches_who_stands_for_it"
    assert "1 line (40 points) is of somebody who proposed or approved" in anna.words(PAGE)
    assert "тому, кто предложил или подтвердил" in anna.words(PAGE, "ru")


def test_a_value_moves_only_with_a_key(anna: Reader) -> None:
    client = client_of(anna.app, **anna._who("en"))
    for path in ("", "/imp_x/approve", "/imp_x/close", "/imp_x/take-back"):
        answer = client.post(f"/v1/imports{path}", json={})
        assert answer.status_code == 400, path
