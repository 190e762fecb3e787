"""LMS accounts linked by signed links, and the first admin's link."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa
from joserfc import jwt
from joserfc.jwk import OctKey

from api.auth.first_admin import LIFE, issue_first_admin_link
from api.auth.identity_links import LINK_LIFE_MAX, TOKEN_TYPE
from api.settings import PROJECT_FOLDER
from api.webhooks.secret_box import FernetBox
from ledger.events.model import Authority
from ledger.events.sources import service as sources
from ledger.events.sources.model import DecideSource, ProposeSource, SourceSpec
from ledger.kernel.outbox import outbox
from ledger.kernel.transaction import Database, execute
from ledger.members import service as members
from ledger.members.model import AdminExists, CreateMember
from ledger.members.tables import identities, member_roles
from tests.integration.api_auth.conftest import make_admin, member_id_of
from tests.support.clock import SetClock
from tests.support.credentials import issue_secret
from tests.support.http import ORIGIN, SECRET
from tests.support.sign_in import Browser

LMS_SECRET = "a secret of the learning system, long enough"
Browsers = Callable[[], Browser]
Linker = Callable[..., str]


def _code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.fixture
def lms(timed: Database) -> SourceSpec:
    """A registered LMS that may speak for its own accounts."""
    spec = SourceSpec(
        name="lms",
        uri="https://lms.example/events",
        profile="standard_webhooks",
        authority=Authority(types=("lms.*",), issuers={"lms": "https://lms.example"}),
    )
    register(timed, spec, LMS_SECRET)
    return spec


def register(database: Database, spec: SourceSpec, secret: str) -> None:
    persons = [execute(database, members.create_member, CreateMember()) for _ in range(2)]
    for person in persons:
        make_admin(database, person.member_id)
    first, second = (person.member_id for person in persons)
    change = execute(database, sources.propose_source, ProposeSource(spec, first))
    decision = DecideSource(change.change_id, change.content_digest, second)
    execute(database, sources.approve_source, decision)
    issue_secret(database, FernetBox(SECRET), (first, second), spec.name, secret)


@pytest.fixture
def link(clock: SetClock, lms: SourceSpec) -> Linker:
    """Signs a link as the LMS does, with anything changed."""

    def make(
        *, secret: str = LMS_SECRET, type_: str = TOKEN_TYPE, alg: str = "HS256", **changed: object
    ) -> str:
        now = int(clock.now().timestamp())
        claims = {
            "iss": lms.name,
            "aud": ORIGIN,
            "sub": "lms:1042",
            "iat": now,
            "exp": now + 300,
            "jti": secrets.token_hex(8),
        } | changed
        told = {name: value for name, value in claims.items() if value is not None}
        key = OctKey.import_key(secret.encode())
        return jwt.encode({"alg": alg, "typ": type_}, told, key, algorithms=[alg])

    return make


def _link(browser: Browser, token: str) -> httpx.Response:
    return browser.client.post(
        "/v1/identities", json={"token": token}, headers={"x-csrf-token": browser.csrf}
    )


def _linked(browser: Browser) -> list[tuple[str, str, str]]:
    rows = browser.client.get("/v1/members/me/identities").json()["data"]
    return [
        (row["provider"], row["issuer"], row["subject"])
        for row in rows
        if row["provider"] != "oidc"
    ]


def test_a_signed_link_links_the_account_and_asks_for_scoring(
    student: Browser, link: Linker, timed: Database
) -> None:
    assert _link(student, link()).status_code == 201
    assert _linked(student) == [("lms", "https://lms.example", "1042")]
    with timed.read() as work:
        topics = work.connection.execute(sa.select(outbox.c.topic, outbox.c.key)).all()
    assert ("score", str(member_id_of(student))) in [tuple(row) for row in topics]


def test_a_link_works_once_for_anybody(student: Browser, browser: Browsers, link: Linker) -> None:
    token, other = link(), browser()
    other.sign_in("voter")
    assert _link(student, token).status_code == 201
    assert _code(_link(student, token)) == (410, "identity_link_used")
    assert _code(_link(other, token)) == (410, "identity_link_used")


def test_a_link_ends_after_its_time(student: Browser, link: Linker, clock: SetClock) -> None:
    token = link()
    clock.forward(timedelta(seconds=300 + 61))
    assert _code(_link(student, token)) == (410, "identity_link_expired")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"secret": "another secret of somebody, long enough"}, "signature"),
        ({"alg": "HS512"}, "signature"),
        ({"type_": "JWT"}, "typ"),
        ({"aud": "https://elsewhere.example"}, "aud"),
        ({"aud": None}, "aud"),
        ({"jti": None}, "jti"),
        ({"sub": None}, "sub"),
        ({"iat": None}, "iat"),
        ({"exp": None}, "exp"),
        ({"sub": "discourse:7"}, "sub"),
        ({"sub": "1042"}, "sub"),
        ({"sub": "lms:"}, "sub"),
        ({"iat": 4_000_000_000, "exp": 4_000_000_060}, "iat"),
    ],
)
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_each_part_of_a_link_is_checked(
    student: Browser, link: Linker, changed: dict[str, object], reason: str
) -> None:
    answer = _link(student, link(**changed))
    assert (_code(answer), answer.json()["reason"]) == ((422, "identity_link_refused"), reason)
    assert _linked(student) == []


def test_a_link_may_not_live_long(student: Browser, link: Linker, clock: SetClock) -> None:
    now = int(clock.now().timestamp())
    token = link(exp=now + int(LINK_LIFE_MAX.total_seconds()) + 1)
    answer = _link(student, token)
    assert (_code(answer), answer.json()["reason"]) == ((422, "identity_link_refused"), "exp")


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "..", "é.é.é"])
def test_what_is_no_token_is_refused(student: Browser, lms: SourceSpec, token: str) -> None:
    assert _code(_link(student, token)) == (422, "identity_link_refused")


def test_a_source_that_is_not_registered_is_refused(student: Browser, link: Linker) -> None:
    assert _code(_link(student, link(iss="nobody"))) == (404, "unknown_source")


def test_a_suspended_source_links_nobody(student: Browser, link: Linker, timed: Database) -> None:
    execute(timed, sources.suspend_source, "lms")
    answer = _link(student, link())
    assert (_code(answer), answer.json()["reason"]) == ((422, "identity_link_refused"), "iss")


def test_one_source_cannot_sign_as_another(
    student: Browser, link: Linker, lms: SourceSpec, timed: Database
) -> None:
    other_secret = "the secret of a quite different source"
    register(timed, replace(lms, name="other", uri="https://other.example"), other_secret)
    answer = _link(student, link(secret=other_secret))
    assert (_code(answer), answer.json()["reason"]) == (
        (422, "identity_link_refused"),
        "signature",
    )


def test_an_account_is_one_members_only(student: Browser, browser: Browsers, link: Linker) -> None:
    other = browser()
    other.sign_in("voter")
    assert _link(student, link()).status_code == 201
    assert _code(_link(other, link())) == (409, "identity_taken")


def test_a_member_may_unlink_and_nobody_else(
    student: Browser, browser: Browsers, link: Linker, timed: Database
) -> None:
    identity = _link(student, link()).json()["id"]
    other = browser()
    other.sign_in("voter")

    def unlink(who: Browser) -> httpx.Response:
        return who.client.delete(f"/v1/identities/{identity}", headers={"x-csrf-token": who.csrf})

    assert _code(unlink(other)) == (409, "identity_not_linked")
    assert unlink(student).status_code == 204
    assert _linked(student) == []
    with timed.read() as work:
        owners = work.connection.execute(sa.select(identities.c.member_id)).scalars().all()
    assert None in owners


def test_the_page_asks_first_and_then_links(student: Browser, link: Linker) -> None:
    token = link()
    html = {"accept": "text/html", "accept-language": "ru"}
    asked = student.client.get("/link", params={"token": token}, headers=html)
    assert asked.status_code == 200
    assert "1042" in asked.text
    assert "Да, это я" in asked.text
    assert _linked(student) == []
    answer = student.client.post("/link", data={"token": token, "csrf": student.csrf})
    assert answer.status_code == 303
    assert _linked(student) == [("lms", "https://lms.example", "1042")]
    again = student.client.get("/link", params={"token": token}, headers=html)
    assert again.status_code == 200  # Looking is free; only confirming uses it up.
    used = student.client.post("/link", data={"token": token, "csrf": student.csrf}, headers=html)
    assert (used.status_code, "уже использована" in used.text) == (410, True)


# The first admin


def _first_admin(browser: Browser, token: str) -> httpx.Response:
    return browser.client.post("/first-admin", data={"token": token, "csrf": browser.csrf})


def _admins(database: Database) -> list[UUID]:
    with database.read() as work:
        return list(work.connection.execute(sa.select(member_roles.c.member_id)).scalars())


def test_the_first_admin_is_who_opens_the_link_and_signs_in_again(
    student: Browser, timed: Database
) -> None:
    member_id = member_id_of(student)
    token = execute(timed, issue_first_admin_link, None).token
    assert student.client.get("/first-admin", params={"token": token}).status_code == 200
    assert _admins(timed) == []
    assert _first_admin(student, token).headers["location"] == "/sign-in"
    assert _admins(timed) == [member_id]
    assert student.client.get("/v1/session").status_code == 401
    student.sign_in("student")
    assert student.client.get("/v1/session").json()["roles"] == ["admin", "member"]


def test_the_link_is_good_once_and_for_an_hour(
    student: Browser, browser: Browsers, timed: Database, clock: SetClock
) -> None:
    late = execute(timed, issue_first_admin_link, None).token
    clock.forward(LIFE)
    assert _code(_first_admin(student, late)) == (410, "link_spent")
    token = execute(timed, issue_first_admin_link, None).token
    other = browser()
    other.sign_in("voter")
    assert _first_admin(student, token).status_code == 303
    assert _code(_first_admin(other, token)) == (410, "link_spent")
    assert len(_admins(timed)) == 1


def test_a_guessed_link_makes_nobody_admin(student: Browser, timed: Database) -> None:
    assert _code(_first_admin(student, "guessed")) == (404, "unknown_link")
    assert _admins(timed) == []


def test_links_make_two_admins_and_no_more(
    student: Browser, browser: Browsers, timed: Database
) -> None:
    tokens = [execute(timed, issue_first_admin_link, None).token for _ in range(3)]
    second, third = browser(), browser()
    second.sign_in("voter")
    third.sign_in("teacher")
    assert _first_admin(student, tokens[0]).status_code == 303
    assert _first_admin(second, tokens[1]).status_code == 303
    assert _code(_first_admin(third, tokens[2])) == (409, "admin_exists")
    assert len(_admins(timed)) == 2
    with pytest.raises(AdminExists):
        execute(timed, issue_first_admin_link, None)


def test_the_code_of_the_how_to_links(
    student: Browser, lms: SourceSpec, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (PROJECT_FOLDER / "docs" / "signing-in.md").read_text(encoding="utf-8")
    code = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)[0]
    names: dict[str, Any] = {}
    exec(compile(code, "docs/signing-in.md", "exec"), names)  # noqa: S102 - our own document
    monkeypatch.setattr("time.time", lambda: clock.now().timestamp())
    link = names["link_for"]("1042", LMS_SECRET, ORIGIN)
    assert link.startswith(f"{ORIGIN}/link?token=")
    assert student.client.get(link, headers={"accept": "text/html"}).status_code == 200
    assert _link(student, link.partition("token=")[2]).status_code == 201
    assert _linked(student) == [("lms", "https://lms.example", "1042")]
