"""The frame: who may show it, what it says in both languages, and paying the signed price."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from ledger.kernel.units import Points
from tests.integration.embedding.conftest import PAGE, Embedding
from tests.integration.embedding.test_tokens import refused
from tests.integration.redemption.test_terms import publish, say

REASONS = {
    "en": ("Why, and what expires", "Newest awards", "+1", "What expires when"),
    "ru": ("Почему и что сгорит", "Последние начисления", "+1", "Что и когда сгорает"),
}


def words(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text)).split())


def quote_in(text: str) -> str:
    found = re.search(r'data-quote="([^"]+)"', text)
    assert found, text
    return found[1]


def test_the_frame_is_for_one_registered_origin(embedding: Embedding) -> None:
    shell = embedding.doors.anybody.get("/embed/badge", params={"origin": PAGE, "lang": "ru"})
    assert shell.status_code == 200
    policy = shell.headers["content-security-policy"]
    assert policy.endswith(f"; frame-ancestors {PAGE}")
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert shell.headers["cache-control"] == "no-store"
    assert '<html lang="ru"' in shell.text
    assert "set-cookie" not in shell.headers
    assert "access-control-allow-origin" not in shell.headers


@pytest.mark.parametrize(
    "origin", ["", "https://other.example", f"{PAGE}; script-src *", f"{PAGE} *", "*"]
)
@pytest.mark.parametrize("view", ["badge", "pay"])
def test_nobody_else_frames_it(embedding: Embedding, origin: str, view: str) -> None:
    shell = embedding.doors.anybody.get(f"/embed/{view}", params={"origin": origin})
    assert shell.status_code == 404
    assert "frame-ancestors 'none'" in shell.headers["content-security-policy"]


def test_the_frame_knows_nobody_who_is_signed_in(embedding: Embedding) -> None:
    embedding.school.grant(1234)
    shell = embedding.doors.member.get("/embed/badge", params={"origin": PAGE})
    assert "1,234" not in shell.text
    embedding.doors.member.cookies.set("vklad_notice", "admin.approved")
    embedding.doors.member.cookies.set("vklad_language", "ru")
    shell = embedding.doors.member.get(
        "/embed/badge", params={"origin": PAGE}, headers={"accept-language": "en"}
    )
    assert "set-cookie" not in shell.headers
    assert '<html lang="en"' in shell.text


def test_other_origins_read_nothing(embedding: Embedding) -> None:
    token = embedding.token()
    asked = embedding.doors.anybody.options(
        "/embed/parts/badge",
        headers={
            "origin": PAGE,
            "access-control-request-method": "GET",
            "access-control-request-headers": "authorization",
        },
    )
    assert asked.status_code == 405
    for answer in (asked, embedding.get("/embed/parts/badge", token)):
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_the_script_is_small_and_loads_anywhere(embedding: Embedding) -> None:
    script = embedding.doors.anybody.get("/embed/v1.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert script.headers["cross-origin-resource-policy"] == "cross-origin"
    assert len(script.content) < 10 * 1024
    assert "vke_" not in script.text


@pytest.mark.parametrize("language", ["en", "ru"])
def test_why_in_words(embedding: Embedding, language: str) -> None:
    school = embedding.school
    school.world.state("r1", "lms.section.read", "lms:1042", "2026-03-02T08:59:59.5Z")
    school.world.score()
    school.clock.forward(hours=1)
    shown = embedding.get("/embed/parts/badge", embedding.token("badge", "why"), language)
    assert shown.status_code == 200
    assert shown.headers["content-language"] == language
    said = words(shown.text)
    for part in REASONS[language][1:]:
        assert part in said
    assert f'aria-label="{REASONS[language][0]}"' in shown.text


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Set 500 points aside for the order A-17? $45.00 is then left to pay in money."),
        ("ru", "Отложить 500 баллов на заказ A-17? Деньгами тогда останется заплатить 45,00 $."),
    ],
)
def test_paying_the_signed_price(embedding: Embedding, language: str, said: str) -> None:
    school = embedding.school
    school.grant(1000)
    token = embedding.token("pay", order=school.order())
    offered = embedding.get("/embed/parts/pay?points=500", token, language)
    assert said in words(offered.text)
    held = embedding.hold(token, {"quote": quote_in(offered.text)}, language)
    assert held.status_code == 200, held.text
    assert 'data-state="held"' in held.text
    assert school.summary().held == Points(500)
    found = re.search(r'data-redemption="(red_\w+)"', held.text)
    assert found
    captured = embedding.doors.post(embedding.doors.lms, f"/v1/redemptions/{found[1]}/capture", {})
    assert captured.json()["capture"]["paid_minor"] == 4500
    again = embedding.get("/embed/parts/pay", token, language)
    assert 'data-state="captured"' in again.text
    twice = embedding.hold(token, {"quote": quote_in(offered.text)})
    refused(twice, 409, "order_already_used")


def test_a_price_that_the_page_asserts_is_never_used(embedding: Embedding) -> None:
    school = embedding.school
    school.grant(1000)
    order = school.order()
    token = embedding.token("pay", order=order)
    asserted: dict[str, Any] = {"order": school.order(order="A-18"), "price_minor": 1}
    plain = embedding.get("/embed/parts/pay?points=500", token).text
    told = embedding.get("/embed/parts/pay?points=500&price_minor=1&currency=RUB", token).text
    assert words(told) == words(plain)
    for more in asserted.items():
        body = {"quote": quote_in(plain), more[0]: more[1]}
        refused(embedding.hold(token, body), 422, "request_invalid")
    head, payload, signature = quote_in(plain).split(".")
    for quote in (f"{head}.{payload[:-4]}AAAA.{signature}", f"{head}.{payload}.", "x"):
        refused(embedding.hold(token, {"quote": quote}), 422, "quote_forged")
    other = embedding.token("pay", order=school.order(order="A-19"))
    foreign = quote_in(embedding.get("/embed/parts/pay?points=500", other).text)
    refused(embedding.hold(token, {"quote": foreign}), 409, "quote_outdated")
    head, payload, signature = order.split(".")
    forged = f"{head}.{payload[:-8]}AAAAAAAA.{signature}"
    refused(embedding.ask("pay", order=forged), 422, "order_forged")
    assert school.summary().held == Points(0)


def test_more_than_there_is_is_not_offered(embedding: Embedding) -> None:
    embedding.school.grant(30)
    token = embedding.token("pay", order=embedding.school.order())
    shown = embedding.get("/embed/parts/pay?points=32", token)
    assert "You asked for 32 and have 30: 2 points are missing." in words(shown.text)
    assert "data-quote" not in shown.text


def test_an_order_that_is_over_says_so(embedding: Embedding) -> None:
    now = int(embedding.school.clock.time.timestamp())
    token = embedding.token("pay", order=embedding.school.order(exp=now + 60))
    embedding.school.clock.forward(seconds=61)
    refused(embedding.get("/embed/parts/pay", token), 410, "order_expired")


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "which you have not accepted yet"), ("ru", "а вы их ещё не приняли")],
)
def test_the_terms_are_accepted_first(embedding: Embedding, language: str, said: str) -> None:
    school = embedding.school
    school.grant(100)
    token = embedding.token("pay", order=school.order())
    before = quote_in(embedding.get("/embed/parts/pay?points=10", token).text)
    terms = publish(school, "Be fair.")
    shown = embedding.get("/embed/parts/pay?points=10", token, language)
    assert said in words(shown.text)
    assert 'href="/terms"' in shown.text
    assert "data-quote" not in shown.text
    refused(embedding.hold(token, {"quote": before}), 409, "terms_not_accepted")
    say(school, terms)
    again = quote_in(embedding.get("/embed/parts/pay?points=10", token, language).text)
    assert embedding.hold(token, {"quote": again}).status_code == 200
