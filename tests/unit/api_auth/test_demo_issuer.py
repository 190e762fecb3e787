"""The demo's issuer refuses what a real one would, and does not exist on a public address."""

from __future__ import annotations

from pathlib import Path

import pytest
from joserfc.jwk import ECKey
from starlette.testclient import TestClient

from api.auth.issuer import DEMO_CLIENT_ID
from api.auth.oidc import code_challenge
from api.demo.issuer import DemoIssuer, create_issuer_app, load_key
from api.demo.persons import PERSONS
from api.i18n.catalogue import load_catalogue
from api.settings import Settings, UnsafeSettings
from tests.support.clock import SetClock
from tests.support.http import ORIGIN, client_of

KEY = ECKey.generate_key("P-256")
VERIFIER = "v" * 43
GOOD = {
    "client_id": DEMO_CLIENT_ID,
    "redirect_uri": f"{ORIGIN}/sign-in/callback",
    "state": "s",
    "nonce": "n",
    "code_challenge": code_challenge(VERIFIER),
    "code_challenge_method": "S256",
    "response_type": "code",
}


@pytest.fixture
def client() -> TestClient:
    settings = Settings(public_url=ORIGIN, demo=True)
    return client_of(create_issuer_app(DemoIssuer(settings, SetClock(), KEY), load_catalogue()))


@pytest.mark.parametrize(
    "settings",
    [
        {"public_url": "https://points.example"},
        {"host": "0.0.0.0"},  # noqa: S104 - that this is refused is the point
        {"public_url": "http://192.168.0.7:8000"},
    ],
)
def test_it_does_not_exist_where_others_can_reach_it(settings: dict[str, str]) -> None:
    with pytest.raises(UnsafeSettings):
        DemoIssuer(Settings(demo=True, **settings), SetClock(), KEY)  # type: ignore[arg-type]


def test_the_key_is_made_once_and_only_we_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "state" / "key.pem"
    assert load_key(path).thumbprint() == load_key(path).thumbprint()
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("language", "title", "name"),
    [("ru", "Кто вы сегодня?", "Мария Соколова"), ("en", "Who are you today?", "Maria Sokolova")],
)
def test_the_page_lists_everybody_in_the_readers_language(
    client: TestClient, language: str, title: str, name: str
) -> None:
    page = client.get("/authorize", params=GOOD, headers={"accept-language": language})
    assert title in page.text
    assert name in page.text
    assert page.text.count('name="person"') == len(PERSONS)
    other = client.get("/authorize", params=GOOD | {"language": language})
    assert title in other.text


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"client_id": "other"}, "client_id"),
        ({"redirect_uri": "https://evil.example/"}, "redirect_uri"),
        ({"response_type": "token"}, "response_type"),
        ({"code_challenge_method": "plain"}, "code_challenge_method"),
        ({"code_challenge": ""}, "code_challenge_method"),
    ],
)
def test_a_request_that_is_not_ours_gets_no_page_and_no_redirect(
    client: TestClient, changed: dict[str, str], wrong: str
) -> None:
    answer = client.get("/authorize", params=GOOD | changed)
    assert (answer.status_code, wrong in answer.text) == (400, True)


def test_nobody_else_can_be_chosen(client: TestClient) -> None:
    assert client.post("/authorize", data=GOOD | {"person": "root"}).status_code == 400
    evil = GOOD | {"person": "student", "redirect_uri": "https://evil.example/"}
    assert client.post("/authorize", data=evil).status_code == 400


def test_a_code_is_good_once_and_with_its_verifier(client: TestClient) -> None:
    def code() -> str:
        answer = client.post("/authorize", data=GOOD | {"person": "student"})
        return answer.headers["location"].split("code=")[1].split("&")[0]

    def exchange(code: str, **changed: str) -> int:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": VERIFIER,
            "redirect_uri": GOOD["redirect_uri"],
        }
        return client.post("/token", data=form | changed).status_code

    assert exchange(code(), code_verifier="w" * 43) == 400
    assert exchange(code(), code_verifier="é" * 43) == 400
    assert exchange(code(), redirect_uri="https://evil.example/") == 400
    assert exchange(code(), grant_type="password") == 400
    good = code()
    assert exchange(good) == 200
    assert exchange(good) == 400


def test_its_forms_may_lead_to_our_sign_in_and_nowhere_else(client: TestClient) -> None:
    policy = client.get("/authorize", params=GOOD).headers["content-security-policy"]
    assert f"form-action 'self' {ORIGIN};" in policy


def test_subjects_and_lms_accounts_are_unique() -> None:
    assert len({person.subject for person in PERSONS}) == len(PERSONS)
    assert len({person.lms_id for person in PERSONS}) == len(PERSONS)
