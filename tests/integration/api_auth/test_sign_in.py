"""Signing in by OpenID Connect, sessions, CSRF, and bearer tokens of the issuer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey

from api.auth.issuer import DEMO_CLIENT_ID
from api.auth.model import SESSION_IDLE_MAX, SESSION_LIFE
from api.auth.oidc import SIGN_IN_LIFE, code_challenge
from api.auth.tables import sessions, sign_ins
from api.demo.issuer import CODE_LIFE, TOKEN_LIFE, DemoIssuer
from ledger.kernel.transaction import Database, execute
from ledger.members.tables import identities, members
from tests.integration.api_auth.conftest import member_id_of
from tests.support.clock import SetClock
from tests.support.http import client_of
from tests.support.sign_in import Browser

Browsers = Callable[[], Browser]


def _code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def _count(database: Database, table: sa.Table) -> int:
    with database.read() as work:
        return work.connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_the_first_sign_in_makes_a_member_and_the_next_finds_them(
    browser: Browsers, timed: Database
) -> None:
    first, second, other = browser(), browser(), browser()
    assert first.sign_in("student").status_code == 303
    assert second.sign_in("student").status_code == 303
    assert other.sign_in("voter").status_code == 303
    assert member_id_of(first) == member_id_of(second) != member_id_of(other)
    assert _count(timed, members) == _count(timed, identities) == 2
    me = first.client.get("/v1/members/me").json()
    assert (me["display_name"], me["status"], me["roles"]) == ("Maria Sokolova", "active", [])


def test_neither_cookie_nor_state_is_stored_as_it_is(student: Browser, timed: Database) -> None:
    cookie = student.client.cookies["vklad_session"]
    student.begin()
    with timed.read() as work:
        rows = work.connection.execute(sa.select(sessions)).one()
    assert cookie.encode() not in bytes(rows.session_digest)
    assert len(rows.session_digest) == 32
    assert _count(timed, sign_ins) == 1


def test_the_session_cookie_is_out_of_reach_of_scripts(browser: Browsers) -> None:
    answer = browser().sign_in("student")
    cookie = next(
        value
        for value in answer.headers.get_list("set-cookie")
        if value.startswith("vklad_session=")
    )
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("/votes?state=open", "/votes?state=open"),
        ("//evil.example/", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nset-cookie: x=1", "/"),
        ("", "/"),
    ],
)
def test_the_way_back_stays_on_this_site(browser: Browsers, asked: str, given: str) -> None:
    assert browser().sign_in("student", return_to=asked).headers["location"] == given


def test_a_state_is_good_once(browser: Browsers) -> None:
    one = browser()
    location = one.choose(one.begin(), "student")
    assert one.come_back(location).status_code == 303
    assert _code(one.come_back(location)) == (410, "sign_in_expired")


def test_an_unknown_state_is_refused(browser: Browsers) -> None:
    answer = browser().client.get("/sign-in/callback?state=guessed&code=x")
    assert _code(answer) == (410, "sign_in_expired")


def test_a_sign_in_ends_after_its_time(browser: Browsers, clock: SetClock) -> None:
    one = browser()
    asked = one.begin()
    clock.forward(SIGN_IN_LIFE)
    location = one.choose(asked, "student")
    assert _code(one.come_back(location)) == (410, "sign_in_expired")


def test_somebody_elses_sign_in_link_signs_nobody_in(browser: Browsers, timed: Database) -> None:
    attacker, victim = browser(), browser()
    location = attacker.choose(attacker.begin(), "voter")
    victim.begin()
    assert _code(victim.come_back(location)) == (403, "sign_in_of_other_browser")
    assert _count(timed, sessions) == 0
    assert _code(attacker.come_back(location)) == (410, "sign_in_expired")


def test_two_tabs_of_one_browser_both_sign_in(browser: Browsers) -> None:
    one = browser()
    first, second = one.begin("/a"), one.begin("/b")
    assert one.come_back(one.choose(first, "student")).headers["location"] == "/a"
    assert one.come_back(one.choose(second, "student")).headers["location"] == "/b"


def test_the_issuers_no_is_told(browser: Browsers) -> None:
    one = browser()
    state = one.begin()["state"]
    answer = one.client.get(f"/sign-in/callback?state={state}&error=access_denied")
    assert _code(answer) == (403, "issuer_refused")
    assert answer.json()["reason"] == "access_denied"


def test_an_answer_of_another_issuer_is_refused(browser: Browsers) -> None:
    one = browser()
    state = one.begin()["state"]
    answer = one.client.get(
        f"/sign-in/callback?state={state}&code=x&iss=https%3A%2F%2Fevil.example"
    )
    assert (_code(answer), answer.json()["reason"]) == ((403, "issuer_refused"), "iss")


def test_an_answer_without_a_code_is_refused(browser: Browsers) -> None:
    one = browser()
    answer = one.client.get(f"/sign-in/callback?state={one.begin()['state']}")
    assert (_code(answer), answer.json()["reason"]) == ((403, "issuer_refused"), "no_code")


def test_a_code_that_the_issuer_does_not_know_is_refused(browser: Browsers) -> None:
    one = browser()
    answer = one.client.get(f"/sign-in/callback?state={one.begin()['state']}&code=guessed")
    assert (_code(answer), answer.json()["reason"]) == ((403, "issuer_refused"), "invalid_grant")


def test_a_code_is_bound_to_the_verifier_that_began_it(browser: Browsers) -> None:
    one = browser()
    mine, theirs = one.begin(), browser().begin()
    stolen = one.choose(theirs | {"state": mine["state"]}, "voter")
    assert _code(one.come_back(stolen)) == (403, "issuer_refused")


def test_a_code_ends_after_its_time(browser: Browsers, clock: SetClock) -> None:
    one = browser()
    location = one.choose(one.begin(), "student")
    clock.forward(CODE_LIFE)
    assert _code(one.come_back(location)) == (403, "issuer_refused")


def test_an_issuer_that_is_down_is_503(app: FastAPI) -> None:
    answer = client_of(app).get("/sign-in/start")
    assert _code(answer) == (503, "issuer_unavailable")


def test_a_blocked_member_is_not_let_in(
    student: Browser, browser: Browsers, timed: Database
) -> None:
    execute(
        timed,
        lambda work, _: work.connection.execute(members.update().values(status="blocked")),
        None,
    )
    assert _code(browser().sign_in("student")) == (401, "credentials_refused")
    assert student.client.get("/v1/session").status_code == 401


def test_a_session_ends_with_its_life_however_much_it_is_used(
    student: Browser, clock: SetClock
) -> None:
    step = SESSION_IDLE_MAX - timedelta(minutes=10)
    for _ in range(SESSION_LIFE // step):
        clock.forward(step)
        assert student.client.get("/v1/session").status_code == 200
    clock.forward(SESSION_LIFE % step)
    assert _code(student.client.get("/v1/session")) == (401, "credentials_missing")


def test_an_idle_session_ends(student: Browser, clock: SetClock) -> None:
    clock.forward(SESSION_IDLE_MAX)
    assert student.client.get("/v1/session").status_code == 401


def test_signing_out_ends_the_session_on_the_server(student: Browser, timed: Database) -> None:
    cookie = student.client.cookies["vklad_session"]
    assert student.client.post("/sign-out", data={"csrf": student.csrf}).status_code == 303
    assert _count(timed, sessions) == 0
    student.client.cookies.set("vklad_session", cookie)
    assert student.client.get("/v1/session").status_code == 401


def test_the_api_signs_out_too(student: Browser) -> None:
    answer = student.client.delete("/v1/session", headers={"x-csrf-token": student.csrf})
    assert answer.status_code == 204
    assert student.client.get("/v1/session").status_code == 401


@pytest.mark.parametrize("token", [None, "", "guessed"])
def test_a_form_without_the_sessions_token_is_refused(student: Browser, token: str | None) -> None:
    data = {} if token is None else {"csrf": token}
    assert _code(student.client.post("/sign-out", data=data)) == (403, "csrf_refused")
    assert student.client.get("/v1/session").status_code == 200


def test_a_token_of_another_session_is_refused(student: Browser, browser: Browsers) -> None:
    other = browser()
    other.sign_in("voter")
    answer = student.client.post("/sign-out", data={"csrf": other.csrf})
    assert _code(answer) == (403, "csrf_refused")


def test_a_form_from_another_origin_is_refused_whatever_it_knows(student: Browser) -> None:
    answer = student.client.post(
        "/sign-out", data={"csrf": student.csrf}, headers={"origin": "https://evil.example"}
    )
    assert _code(answer) == (403, "csrf_refused")


def test_no_session_and_no_key_is_401(app: FastAPI) -> None:
    assert _code(client_of(app).get("/v1/session")) == (401, "credentials_missing")


def test_a_page_sends_a_stranger_to_sign_in_and_back(app: FastAPI) -> None:
    answer = client_of(app).get("/link?token=x.y.z", headers={"accept": "text/html"})
    assert answer.headers["location"] == "/sign-in?return_to=%2Flink%3Ftoken%3Dx.y.z"


# Bearer tokens


def _tokens(demo: DemoIssuer, browser: Browser, person: str = "student") -> dict[str, str]:
    verifier = "v" * 43
    asked = browser.begin() | {"code_challenge": code_challenge(verifier)}
    location = browser.choose(asked, person)
    code = httpx.URL(location).params["code"]
    answer = httpx.post(
        f"{demo.url}/token",
        data={
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": verifier,
            "redirect_uri": asked["redirect_uri"],
        },
        trust_env=False,
    )
    return answer.json()


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_an_access_token_of_the_issuer_is_the_person(
    app: FastAPI, student: Browser, demo_issuer: DemoIssuer
) -> None:
    token = _tokens(demo_issuer, student)["access_token"]
    answer = client_of(app).get("/v1/members/me", headers=_bearer(token))
    assert answer.json()["display_name"] == "Maria Sokolova"
    signed_out = client_of(app).delete("/v1/session", headers=_bearer(token))
    assert signed_out.status_code == 204  # No cookie, so no CSRF token is wanted.


def test_an_id_token_opens_nothing(app: FastAPI, student: Browser, demo_issuer: DemoIssuer) -> None:
    token = _tokens(demo_issuer, student)["id_token"]
    answer = client_of(app).get("/v1/session", headers=_bearer(token))
    assert (_code(answer), answer.json()["reason"]) == ((401, "token_refused"), "typ")


def test_an_expired_token_is_refused(
    app: FastAPI, student: Browser, demo_issuer: DemoIssuer, clock: SetClock
) -> None:
    token = _tokens(demo_issuer, student)["access_token"]
    clock.forward(TOKEN_LIFE + timedelta(seconds=61))
    answer = client_of(app).get("/v1/session", headers=_bearer(token))
    assert (_code(answer), answer.json()["reason"]) == ((401, "token_refused"), "exp")


def test_a_person_who_never_signed_in_here_is_unknown(
    app: FastAPI, student: Browser, demo_issuer: DemoIssuer
) -> None:
    token = _tokens(demo_issuer, student, "voter")["access_token"]
    answer = client_of(app).get("/v1/session", headers=_bearer(token))
    assert _code(answer) == (401, "credentials_refused")


def _forged(
    demo: DemoIssuer, clock: SetClock, key: ECKey, *, type_: str = "at+jwt", **changed: object
) -> str:
    now = int(clock.now().timestamp())
    claims = {
        "iss": demo.url,
        "sub": "student",
        "aud": DEMO_CLIENT_ID,
        "iat": now,
        "exp": now + 60,
    } | changed
    return jwt.encode({"alg": "ES256", "typ": type_}, claims, key)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"iss": "https://evil.example"}, "iss"),
        ({"aud": "another-client"}, "aud"),
        ({"exp": 0}, "exp"),
        ({"exp": "soon"}, "exp"),
        ({"iat": None}, "iat"),
        ({"sub": None}, "sub"),
        ({"nbf": 4_000_000_000}, "nbf"),
    ],
)
def test_each_claim_of_a_token_is_checked(
    app: FastAPI,
    student: Browser,
    demo_issuer: DemoIssuer,
    clock: SetClock,
    issuer_key: ECKey,
    changed: dict[str, object],
    reason: str,
) -> None:
    good = _forged(demo_issuer, clock, issuer_key)
    assert client_of(app).get("/v1/session", headers=_bearer(good)).status_code == 200
    bad = _forged(demo_issuer, clock, issuer_key, **changed)
    answer = client_of(app).get("/v1/session", headers=_bearer(bad))
    assert (_code(answer), answer.json()["reason"]) == ((401, "token_refused"), reason)


def test_a_token_signed_by_nobody_or_by_another_is_refused(
    app: FastAPI, student: Browser, demo_issuer: DemoIssuer, clock: SetClock, issuer_key: ECKey
) -> None:
    other_key = _forged(demo_issuer, clock, ECKey.generate_key("P-256"))
    good = _forged(demo_issuer, clock, issuer_key)
    head, body, signature = good.split(".")
    unsigned = f"eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.{body}."
    changed = f"{head}.{body[:-2]}{'A' if body[-2] != 'A' else 'B'}{body[-1]}.{signature}"
    for token in (other_key, unsigned, changed, "x.y.z", "..", "é.é.é"):
        answer = client_of(app).get(
            "/v1/session", headers={"authorization": f"Bearer {token}".encode()}
        )
        assert _code(answer) == (401, "token_refused"), token


@pytest.mark.parametrize("token", ["plain", "....", "", "one.dot"])
def test_a_bearer_of_no_known_form_is_refused_without_asking_anybody(
    app: FastAPI, token: str
) -> None:
    answer = client_of(app).get("/v1/session", headers={"authorization": f"Bearer {token}"})
    assert _code(answer) == (401, "credentials_refused")
