"""The administration: two persons for whatever gives value or power, auditors only look."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ledger.grants.taking_back import service as taking_back
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Database
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.preview.service import PREVIEW_PREFIX, work_out
from tests.integration.pages.conftest import Reader, words_of
from tests.scoring_cases import WEEKLY
from tests.world import World

PAGES = ("", "/grants", "/sources", "/programme", "/members", "/events")
FORMS = ("/grants/new", "/sources/new")
PROGRAMME = (Path(__file__).parents[3] / "examples" / "programmes" / "daily.yaml").read_text()


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("page", PAGES + FORMS)
def test_every_page_of_an_empty_school(anna: Reader, page: str, language: str) -> None:
    assert anna.words(f"/admin{page}", language)


@pytest.mark.parametrize("page", PAGES)
def test_an_auditor_sees_no_form_and_a_member_nothing(
    olga: Reader, maria: Reader, page: str
) -> None:
    path = f"/admin{page}"
    assert "You see everything here." in olga.words(path)
    assert 'method="post" action="/admin' not in olga.get(path).text
    assert maria.get(path).status_code == 403


def test_an_auditor_changes_nothing(olga: Reader) -> None:
    assert olga.get("/admin/grants/new").status_code == 403
    assert olga.post("/admin/budgets", name="x", points="5").status_code == 403
    assert olga.post("/admin/switches/earning", on="false", reason="x").status_code == 403


def open_budget(asking: Reader, opening: Reader, name: str) -> None:
    asking.done("/admin/budgets", name=name, points="1000")
    assert opening.press("/admin/grants", "/approve").status_code == 303


def budget_of(reader: Reader) -> str:
    found = re.search(r'<option value="(bud_\w+)"', reader.get("/admin/grants/new").text)
    assert found
    return found[1]


def test_a_grant_from_dry_run_to_payment(
    anna: Reader, boris: Reader, maria: Reader, database: Database
) -> None:
    anna.done("/admin/budgets", name="Meetups", points="1000")
    assert "another administrator has to approve" in anna.words("/admin/grants")
    assert "Budgets to open" in boris.words("/admin")
    assert "bud_" not in anna.get("/admin/grants/new").text
    own = boris.hidden("/admin/grants", "/approve")
    assert anna.post(own["action"], content=own["content"]).status_code == 403
    assert boris.press("/admin/grants", "/approve").status_code == 303
    assert "Budgets to open" not in boris.words("/admin")
    member = format_id("mem", maria.member_id)
    form = {"budget": budget_of(anna), "reason": "Held a meetup", "member": member, "points": "40"}
    shown = anna.post("/admin/grants/new", **form)
    assert "Nothing has been written yet." in words_of(shown)
    assert "960" in words_of(shown)
    assert "Held a meetup" not in anna.words("/admin/grants")
    confirm = re.search(r'name="confirm" value="([0-9a-f]{64})"', shown.text)
    assert confirm
    anna.done("/admin/grants/new", **form, confirm=confirm[1])
    mine = anna.words("/admin/grants")
    assert "another administrator has to approve" in mine
    assert "1 of 2 persons stand for it" in mine
    assert "Grants to approve" in boris.words("/admin")
    content = boris.hidden("/admin/grants", "/approve")
    assert anna.post(content["action"], content=content["content"]).status_code == 403
    assert boris.press("/admin/grants", "/approve").status_code == 303
    assert "paid" in anna.words("/admin/grants")
    with database.read() as work:
        assert lots.summary(work, maria.member_id, work.now).available == Points(40)

    back = re.search(r'action="(/admin/grants/grt_\w+/take-back)"', anna.get("/admin/grants").text)
    assert back
    anna.done(back[1], reason="Held by somebody else")
    assert "Anna asks to take it back: Held by somebody else" in boris.words("/admin/grants")
    assert "Grants to take back" in boris.words("/admin")
    assert boris.press("/admin/grants", "/close").status_code == 303
    anna.done(back[1], reason="Held by somebody else")
    assert boris.press("/admin/grants", "/take-back/approve").status_code == 303
    taking_back.carry_out(database, parse_id("grt", back[1].split("/")[3]))
    assert "taken back" in anna.words("/admin/grants")
    assert "Held by somebody else" in maria.words("/history")


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_grant_of_a_kind_says_what_it_waits_for(
    anna: Reader, boris: Reader, maria: Reader, database: Database, language: str
) -> None:
    World(database, anna.member_id, boris.member_id, source=None).activate(WEEKLY)  # type: ignore[arg-type] # unused
    open_budget(anna, boris, "Guests")
    empty = words_of(anna.get("/admin/grants/new", language))
    assert {"en": "projects: 60 days, up to 90 can be set", "ru": "projects: 60 дней, можно"}[
        language
    ] in empty
    form = {"budget": budget_of(anna), "reason": "A guest", "points": "40", "vesting": "referral"}
    form["member"] = format_id("mem", maria.member_id)
    refused = anna.post("/admin/grants/new", language, **form)
    assert refused.status_code == 422
    assert {"en": "Name the member", "ru": "Назовите участника"}[language] in words_of(refused)
    form["about"] = format_id("mem", boris.member_id)
    wrong = anna.post("/admin/grants/new", language, **form, days="soon")
    assert wrong.status_code == 422
    shown = anna.post("/admin/grants/new", language, **form)
    told = {
        "en": "90 days. Then Boris must have been active in the last 30 days. Otherwise the points "
        "go to the rewards pool.",
        "ru": "90 дней. К этому времени нужна активность за последние 30 дней: Boris. Иначе баллы "
        "уйдут в фонд наград.",
    }[language]
    assert told in words_of(shown)
    confirm = re.search(r'name="confirm" value="([0-9a-f]{64})"', shown.text)
    assert confirm
    anna.done("/admin/grants/new", **form, confirm=confirm[1])
    assert told in boris.words("/admin/grants", language)
    assert boris.press("/admin/grants", "/approve").status_code == 303
    with database.read() as work:
        assert lots.summary(work, maria.member_id, work.now).pending == Points(40)


def test_a_list_is_read_or_its_line_is_named(anna: Reader, boris: Reader, maria: Reader) -> None:
    open_budget(anna, boris, "Prizes")
    form = {"budget": budget_of(anna), "reason": "Prizes"}
    member = format_id("mem", maria.member_id)
    wrong = anna.post("/admin/grants/new", **form, csv=f"member,points\n{member},many")
    assert wrong.status_code == 422
    assert "Line 2 cannot be read" in words_of(wrong)
    assert "many" in wrong.text
    right = anna.post("/admin/grants/new", **form, csv=f"member,points\r\n{member},7\r\n")
    assert "Maria" in words_of(right)
    no_points = anna.post("/admin/grants/new", "ru", **form, member=member, points="1.5")
    assert no_points.status_code == 422


def test_a_budget_is_withdrawn_or_rejected(anna: Reader, boris: Reader) -> None:
    for closer in (anna, boris):
        anna.done("/admin/budgets", name="Prizes", points="1000")
        assert "Prizes" in boris.words("/admin/grants", "ru")
        assert closer.press("/admin/grants", "/close").status_code == 303
        assert "Prizes" not in boris.words("/admin/grants")


def test_rejecting_and_withdrawing(anna: Reader, boris: Reader, maria: Reader) -> None:
    open_budget(anna, boris, "Prizes")
    form = {"budget": budget_of(anna), "member": format_id("mem", maria.member_id), "points": "1"}
    for reason, closer, state in (("A", anna, "withdrawn"), ("B", boris, "rejected")):
        shown = anna.post("/admin/grants/new", **form, reason=reason)
        confirm = re.search(r'name="confirm" value="([0-9a-f]{64})"', shown.text)
        assert confirm
        anna.done("/admin/grants/new", **form, reason=reason, confirm=confirm[1])
        assert closer.press("/admin/grants", "/close").status_code == 303
        assert state in anna.words("/admin/grants")


def test_a_source_from_proposal_to_its_secret(anna: Reader, boris: Reader) -> None:
    form = {
        "name": "lms",
        "uri": "https://lms.example/events",
        "profile": "standard_webhooks",
        "types": "lms.section.read\nlms.exercise.completed",
        "issuers": "lms = https://lms.example",
    }
    wrong = anna.post("/admin/sources/new", **{**form, "name": "L M S"})
    assert wrong.status_code == 422
    assert 'id="name-error"' in wrong.text
    unreadable = anna.post("/admin/sources/new", "ru", **{**form, "issuers": "nonsense"})
    assert 'id="issuers-error"' in unreadable.text
    anna.done("/admin/sources/new", **form)
    assert "another administrator has to approve" in anna.words("/admin/sources")
    proposal = boris.hidden("/admin/sources", "/approve")
    assert anna.post(proposal["action"], digest=proposal["digest"]).status_code == 403
    assert boris.press("/admin/sources", "/approve").status_code == 303
    shown = anna.press("/admin/sources", "/secret")
    secret = re.search(r"whsec_[\w+/=]+", shown.text)
    assert secret
    assert secret[0] not in anna.get("/admin/sources").text
    assert "Secrets, keys and pages of sources to approve 1" in boris.words("/admin")
    waiting = boris.hidden("/admin/sources", "/approve")
    assert anna.post(waiting["action"], digest=waiting["digest"]).status_code == 403
    assert boris.press("/admin/sources", "/approve").status_code == 303
    assert "approved: Boris" in boris.words("/admin/sources")
    assert anna.press("/admin/sources", "/secret").status_code == 200
    assert "Take back" in anna.words("/admin/sources")
    assert boris.press("/admin/sources", "/reject").status_code == 303
    assert "rejected" in boris.words("/admin/sources")
    assert "lms.exercise.completed" in anna.get("/admin/sources/lms/edit").text
    assert anna.press("/admin/sources", "/suspend").status_code == 303
    assert "suspended" in anna.words("/admin")


def test_a_version_with_faults_is_shown_where_they_are(anna: Reader) -> None:
    faulty = PROGRAMME.replace("points: 11.5", "points: plenty")
    assert faulty != PROGRAMME
    line = faulty[: faulty.index("points: plenty")].count("\n") + 1
    for language, place in (("en", f"Line {line}"), ("ru", f"Строка {line}")):
        answer = anna.post("/admin/programme/versions", language, source=faulty)
        assert answer.status_code == 422
        assert place in words_of(answer)
        assert "points: plenty" in words_of(answer)
    assert "No version is stored yet." in anna.words("/admin/programme")


def test_a_version_that_reaches_back_is_looked_at_and_agreed_to(
    anna: Reader, boris: Reader, database: Database
) -> None:
    anna.done("/admin/programme/versions", source=PROGRAMME)
    wanted = anna.hidden("/admin/programme", "/activations")["programme_hash"]
    form = {"effective_at": "2026-01-01T00:00", "mode": "restatement"}
    anna.done("/admin/programme/activations", programme_hash=wanted, **form)
    assert "restatement" in boris.words("/admin/programme")
    approve = boris.hidden("/admin/programme", "/approved")
    refused = boris.post(approve["action"], content=approve["content"])
    assert "Look at its preview" in words_of(refused)
    answer = anna.press("/admin/programme", "/preview")
    assert answer.status_code == 303, answer.text
    page = answer.headers["location"]
    assert "Members worked out" in anna.words(page)
    work_out(database, parse_id(PREVIEW_PREFIX, page.rsplit("/", 1)[1]))
    assert "can take points away" in anna.words(page)
    assert anna.press(page, "/consent").status_code == 303
    assert "Anna agreed to its preview" in boris.words("/admin/programme")
    assert boris.press("/admin/programme", "/approved").status_code == 303


def test_where_there_is_an_owner_nobody_else_agrees(
    anna: Reader, boris: Reader, maria: Reader, database: Database
) -> None:
    member = format_id("mem", maria.member_id)
    anna.done(f"/admin/members/{member}/roles", role="owner")
    assert boris.press("/admin/members", f"{member}/roles/owner/approve").status_code == 303
    owner = Reader(maria.app, maria.member_id, "member,owner")
    anna.done("/admin/programme/versions", source=PROGRAMME)
    wanted = anna.hidden("/admin/programme", "/activations")["programme_hash"]
    form = {"effective_at": "2026-01-01T00:00", "mode": "restatement"}
    anna.done("/admin/programme/activations", programme_hash=wanted, **form)
    assert "Needs the consent of the owner: Maria." in anna.words("/admin/programme")
    assert "/approved" not in owner.get("/admin/programme").text
    page = owner.press("/admin/programme", "/preview").headers["location"]
    work_out(database, parse_id(PREVIEW_PREFIX, page.rsplit("/", 1)[1]))
    assert "Нужно согласие владельца: Maria." in anna.words(page, "ru")
    assert "/consent" not in anna.get(page).text
    agree = owner.hidden(page, "/consent")
    refused = anna.post(agree["action"], digest=agree["digest"])
    assert "Only the owner" in words_of(refused)
    assert owner.post(agree["action"], digest=agree["digest"]).status_code == 303
    assert "Maria agreed to its preview" in boris.words("/admin/programme")
    assert boris.press("/admin/programme", "/approved").status_code == 303


def test_a_version_comes_into_force_by_two(anna: Reader, boris: Reader) -> None:
    anna.done("/admin/programme/versions", source=PROGRAMME)
    wanted = anna.hidden("/admin/programme", "/activations")["programme_hash"]
    form = {"programme_hash": wanted, "effective_at": "yesterday"}
    assert anna.post("/admin/programme/activations", **form).status_code == 422
    anna.done("/admin/programme/activations", programme_hash=wanted)
    change = boris.hidden("/admin/programme", "/approved")
    refused = anna.post(change["action"], content=change["content"])
    assert "another admin has to approve it" in words_of(refused)
    assert boris.press("/admin/programme", "/approved").status_code == 303
    told = anna.words("/admin")
    assert "Two administrators Anna proposed, Boris approved" in told
    assert wanted[:16] in told


def test_a_role_by_two_and_taken_by_one(anna: Reader, boris: Reader, maria: Reader) -> None:
    member = format_id("mem", maria.member_id)
    anna.done(f"/admin/members/{member}/roles", role="auditor")
    assert "Roles to approve" in boris.words("/admin")
    assert "You proposed this" in anna.words("/admin/members")
    assert boris.press("/admin/members", f"{member}/roles/auditor/approve").status_code == 303
    assert "Maria Auditor Anna proposed, Boris approved" in boris.words("/admin/members")
    assert boris.press("/admin/members", f"{member}/roles/auditor/revoke").status_code == 303
    assert "Maria Auditor" not in boris.words("/admin/members")


def test_a_switch_is_turned_with_a_reason(anna: Reader) -> None:
    assert anna.post("/admin/switches/earning", on="false", reason=" ").status_code == 422
    anna.done("/admin/switches/earning", on="false", reason="Something is wrong")
    told = anna.words("/admin")
    assert "Something is wrong" in told
    assert "stopped" in told
    assert "Carrying points to wallets" not in told
