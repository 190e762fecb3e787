"""Terms published by an admin, read by strangers, accepted and taken back by a member."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from ledger.kernel.ids import format_id
from tests.integration.pages.conftest import Reader, words_of
from tests.support.http import client_of


def consents(reader: Reader) -> Any:
    return reader.get("/v1/members/me/consents").json()


def test_from_publishing_to_taking_back(app: FastAPI, anna: Reader, maria: Reader) -> None:
    assert "No terms are published." in maria.words("/terms")
    assert "Условий пока нет." in maria.words("/terms", "ru")
    anna.done("/admin/terms", ru="Будьте честны.\r\n\r\nИ добры.", en="Be fair.\r\n\r\nBe kind.")
    assert "Be fair. Be kind." in words_of(client_of(app).get("/terms"))
    assert "Будьте честны. И добры." in maria.words("/terms", "ru")
    assert maria.press("/terms", "/terms").status_code == 303
    assert "You have accepted them" in maria.words("/terms")
    told = maria.get("/v1/terms").json()
    assert told["accepted_at"] is not None
    assert told["in_force"]["en"] == "Be fair.\n\nBe kind."
    assert client_of(app).get("/v1/terms").json()["accepted_at"] is None
    assert maria.press("/terms", "/terms").status_code == 303
    assert maria.get("/v1/terms").json()["accepted_at"] is None


def test_what_is_wrong_is_said_and_what_was_typed_stays(anna: Reader, maria: Reader) -> None:
    anna.done("/admin/terms", ru="Раз", en="One")
    answer = anna.post("/admin/terms", ru="Два", en="Two <b>", in_force_from="2026-01-01")
    assert answer.status_code == 422
    assert "two weeks of notice" in words_of(answer)
    assert "Two &lt;b&gt;" in answer.text
    assert "in_force_from" in words_of(answer)
    refused = maria.post("/terms", digest="0" * 64, accepts="true")
    assert refused.status_code == 409
    assert "Other terms are in force" in words_of(refused)
    assert maria.post("/admin/terms", ru="Три", en="Three").status_code == 403
    assert maria.get("/admin/terms").status_code == 403


def test_consents_under_age(anna: Reader, olga: Reader, maria: Reader) -> None:
    mem = format_id("mem", maria.member_id)
    answer = anna.post("/admin/terms/consents", member=mem, purpose="wallet", gives="true")
    assert answer.status_code == 422
    assert "under age" in words_of(answer)
    assert anna.post("/admin/terms/minors", member=mem, of_age_on="soon").status_code == 422
    anna.done("/admin/terms/minors", member=mem, of_age_on="2040-01-01")
    assert consents(maria) == {
        "of_age_on": "2040-01-01",
        "may": {"wallet": False, "voting": False, "referral": False, "public_profile": False},
    }
    anna.done("/admin/terms/consents", member=mem, purpose="wallet", gives="true")
    assert consents(maria)["may"]["wallet"]
    assert olga.get(f"/v1/members/{mem}/consents").json() == consents(maria)
    assert maria.get(f"/v1/members/{mem}/consents").status_code == 403
    assert "Сохранить" in anna.words("/admin/terms", "ru")
    assert 'name="gives"' not in olga.get("/admin/terms").text
    anna.done("/admin/terms/minors", member=mem)
    assert consents(maria)["of_age_on"] is None


def test_who_wants_to_be_shown(maria: Reader) -> None:
    assert "Not shown" in maria.words("/terms")
    maria.done("/terms/profile", gives="true")
    assert "Shown with your name" in maria.words("/terms")
    assert consents(maria)["may"]["public_profile"]
