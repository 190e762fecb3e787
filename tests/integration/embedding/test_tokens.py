"""Tokens of embedding pages: who gets one, what it opens, and when it is over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa

from api.embedding.model import TOKEN_LIFE, EmbedTokenRefused
from api.embedding.service import forget_expired
from api.embedding.store import forget_member
from api.embedding.tables import embed_tokens
from ledger.events.origins import service as origins
from ledger.events.origins import store as origin_store
from ledger.events.origins.model import EndOrigin
from ledger.events.sources import service as sources
from ledger.kernel.transaction import Database, Work, execute
from ledger.members import service as members
from ledger.members.model import BlockMember
from tests.integration.embedding.conftest import PAGE, Embedding
from tests.integration.redemption.conftest import OTHER

OTHER_PAGE = "https://other-school.example"


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


def rows(database: Database) -> int:
    with database.read() as work:
        counted = sa.select(sa.func.count()).select_from(embed_tokens)
        return int(work.connection.execute(counted).scalar_one())


def test_a_token_is_told_once_and_lives_for_minutes(embedding: Embedding) -> None:
    answer = embedding.ask("badge", "why")
    assert answer.headers["cache-control"] == "no-store"
    ends = embedding.school.clock.time + TOKEN_LIFE
    assert answer.json()["expires_at"] == ends.isoformat().replace("+00:00", "Z")
    token = answer.json()["token"]
    with embedding.school.database.read() as work:
        kept = work.connection.execute(sa.select(embed_tokens)).one()
    assert token not in str(kept)
    assert token.encode() not in bytes(kept.token_digest)
    assert embedding.get("/embed/parts/badge", token).status_code == 200
    embedding.school.clock.forward(seconds=TOKEN_LIFE.total_seconds())
    refused(embedding.get("/embed/parts/badge", token), 401, "embed_token_refused")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"origin": OTHER_PAGE}, 403, "embed_origin_not_registered"),
        ({"origin": "*"}, 403, "embed_origin_not_registered"),
        ({"origin": PAGE + "/"}, 403, "embed_origin_not_registered"),
        ({"identity": "lms:nobody"}, 404, "embed_member_unknown"),
        ({"identity": "1042"}, 422, "bad_identity"),
        ({"purposes": []}, 422, "request_invalid"),
        ({"purposes": ["rule"]}, 422, "request_invalid"),
        ({"purposes": ["pay"]}, 422, "request_invalid"),
        ({"order": "x"}, 422, "request_invalid"),
        ({"price_minor": 1}, 422, "request_invalid"),
        ({"purposes": ["pay"], "order": "no order"}, 422, "order_forged"),
    ],
)
def test_what_no_token_is_given_for(
    embedding: Embedding, changes: Any, status: int, code: str
) -> None:
    refused(embedding.ask(**changes), status, code)
    assert rows(embedding.school.database) == 0


def test_only_a_key_of_the_source_with_the_scope_asks(embedding: Embedding) -> None:
    body = {"identity": "lms:1042", "origin": PAGE, "purposes": ["badge"]}
    path = "/v1/embed/tokens"
    refused(embedding.doors.anybody.post(path, json=body), 401, "credentials_missing")
    refused(embedding.doors.member.post(path, json=body), 403, "role_required")
    refused(embedding.doors.lms.post(path, json=body), 403, "scope_required")
    other = embedding.doors.machine(OTHER, "embed:write")
    refused(other.post(path, json=body), 403, "embed_origin_not_registered")
    admin = embedding.doors.person(embedding.school.world.first_admin)
    made = admin.post("/v1/api-keys", json={"name": "x", "scopes": ["embed:write"]})
    refused(made, 422, "source_key_required")


def test_a_token_opens_its_own_page_and_no_other_door(embedding: Embedding) -> None:
    token = embedding.token("badge")
    embedding.register(OTHER_PAGE)  # Of the same source: only the token says which page it is for.
    for origin in (OTHER_PAGE, "", "https://school.example:444"):
        answer = embedding.get("/embed/parts/badge", token, origin=origin)
        refused(answer, 401, "embed_token_refused")
    for path in ("/v1/balances", "/v1/redemptions", "/v1/members/me/events"):
        refused(embedding.get(path, token), 401, "credentials_refused")
    refused(embedding.get("/embed/parts/badge", "vke_x"), 401, "embed_token_refused")
    refused(embedding.doors.member.get("/embed/parts/badge"), 401, "embed_token_refused")


def test_a_token_is_for_what_it_says(embedding: Embedding) -> None:
    embedding.school.grant(100)
    token = embedding.token("badge")
    shown = embedding.get("/embed/parts/badge", token)
    assert "100 points" in shown.text
    assert 'id="why"' not in shown.text
    refused(embedding.get("/embed/parts/pay", token), 403, "embed_purpose_missing")
    refused(embedding.hold(token, {"quote": "x"}), 403, "embed_purpose_missing")
    paying = embedding.token("pay", order=embedding.school.order())
    refused(embedding.get("/embed/parts/badge", paying), 403, "embed_purpose_missing")


def test_what_a_token_rests_on_ends_it(embedding: Embedding) -> None:
    school = embedding.school
    first = school.world.first_admin

    def live(token: str) -> bool:
        try:
            embedding.holder(token)
        except EmbedTokenRefused:
            return False
        return True

    def end(work: Work, _: None) -> None:
        found = origin_store.find_open(work, "https://lms.example/events", PAGE)
        assert found is not None
        origins.end_origin(work, EndOrigin(found.origin_id, first))

    token = embedding.token()
    assert live(token)
    execute(school.database, end, None)
    assert not live(token)
    embedding.register(PAGE)
    token = embedding.token()
    execute(school.database, members.block_member, BlockMember(school.member, first))
    assert not live(token)
    refused(embedding.ask(), 409, "member_not_active")
    school.world.link("7")
    token = embedding.token(identity="lms:7")
    assert live(token)
    execute(school.database, sources.suspend_source, "lms")
    assert not live(token)
    refused(embedding.ask(identity="lms:7"), 403, "source_suspended")


def test_a_token_for_an_order_is_its_buyers(embedding: Embedding) -> None:
    order = embedding.school.order()
    stranger: UUID = embedding.school.world.link("7")
    refused(embedding.ask("pay", identity="lms:7", order=order), 403, "order_for_another_member")
    others = embedding.school.order(source="other")
    refused(embedding.ask("pay", order=others), 403, "order_for_another_member")
    assert embedding.holder(embedding.token("pay", order=order)).member_id != stranger


def test_what_is_over_or_forgotten_leaves_nothing(embedding: Embedding) -> None:
    school = embedding.school
    embedding.token("pay", order=school.order())
    assert (forget_expired(school.database), rows(school.database)) == (0, 1)
    school.clock.forward(seconds=(TOKEN_LIFE - timedelta(seconds=1)).total_seconds())
    assert forget_expired(school.database) == 0
    school.clock.forward(seconds=1)
    assert (forget_expired(school.database), rows(school.database)) == (1, 0)
    embedding.token("pay", order=school.order())

    def forget(work: Work, _: None) -> None:
        forget_member(work, school.member)

    execute(school.database, forget, None)
    assert rows(school.database) == 0
