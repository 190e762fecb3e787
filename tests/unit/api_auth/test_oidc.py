"""OpenID Connect without I/O: every check of an id token, keys that rotate, discovery."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey

from api.auth.issuer import KEYS_ASKED_AGAIN_AFTER, Issuer, oidc_settings
from api.auth.oidc import (
    Endpoints,
    IssuerRefused,
    IssuerUnavailable,
    OidcSettings,
    TokenRefused,
    authorization_url,
    code_challenge,
    local_path,
    read_endpoints,
    read_id_token,
)
from api.settings import Settings
from tests.support.clock import SetClock

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SETTINGS = OidcSettings("https://id.example", "vklad", None, "https://us.example/sign-in/callback")
KEY = ECKey.generate_key("P-256", {"kid": "one"})
OTHER = ECKey.generate_key("P-256", {"kid": "two"})
ENDPOINTS = Endpoints(
    "https://id.example/auth", "https://id.example/token", "https://id.example/jwks"
)


def _token(key: ECKey = KEY, **changed: object) -> str:
    now = int(NOW.timestamp())
    claims = {
        "iss": SETTINGS.issuer,
        "sub": "maria",
        "aud": SETTINGS.client_id,
        "nonce": "n",
        "iat": now,
        "exp": now + 300,
        "name": "Maria",
    } | changed
    told = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode({"alg": "ES256", "kid": key.kid}, told, key)


def _read(token: str, keys: KeySet | None = None) -> object:
    return read_id_token(token, keys or KeySet([KEY]), SETTINGS, nonce="n", now=NOW)


def test_an_id_token_says_who_signed_in() -> None:
    assert _read(_token()).name == "Maria"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"iss": "https://evil.example"}, "iss"),
        ({"iss": None}, "iss"),
        ({"aud": "other"}, "aud"),
        ({"aud": ["other"]}, "aud"),
        ({"aud": ["vklad", "other"]}, "azp"),
        ({"azp": "other"}, "azp"),
        ({"nonce": "of another sign-in"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"exp": 1}, "exp"),
        ({"exp": None}, "exp"),
        ({"iat": 4_000_000_000}, "iat"),
        ({"sub": None}, "sub"),
        ({"sub": ""}, "sub"),
        ({"sub": 7}, "sub"),
    ],
)
def test_each_claim_of_an_id_token_is_checked(changed: dict[str, object], reason: str) -> None:
    with pytest.raises(TokenRefused) as refused:
        _read(_token(**changed))
    assert refused.value.operands["reason"] == reason


def test_an_audience_list_of_us_alone_is_good() -> None:
    _read(_token(aud=["vklad"], azp="vklad"))


def test_a_token_signed_by_another_or_with_our_public_key_as_a_secret_is_refused() -> None:
    forged = _token(ECKey.generate_key("P-256", {"kid": "one"}))
    head, body, _ = jwt.encode(
        {"alg": "HS256", "kid": "one"}, {"sub": "maria"}, OctKey.import_key("x" * 32)
    ).split(".")
    mac = hmac.digest(KEY.as_pem(private=False), f"{head}.{body}".encode(), "sha256")
    confused = f"{head}.{body}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"
    for token in (forged, confused, "", "a.b", "a.b.c"):
        with pytest.raises(TokenRefused) as refused:
            _read(token)
        assert refused.value.operands["reason"] == "signature"


@pytest.mark.parametrize(
    ("claim", "name"),
    [
        ("Мария Соколова", "Мария Соколова"),
        ("  spaced  ", "spaced"),
        ("bad\x00name\u202e", "badname"),
        ("x" * 500, "x" * 120),
        ("", None),
        ("\n", None),
        (["no", "text"], None),
        (None, None),
    ],
)
def test_a_name_is_made_fit_to_be_shown(claim: object, name: str | None) -> None:
    assert _read(_token(name=claim)).name == name  # type: ignore[attr-defined]


def test_the_challenge_is_the_one_of_the_standard() -> None:
    # RFC 7636, appendix B.
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert code_challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_browser_is_sent_with_everything_the_issuer_needs() -> None:
    url = authorization_url(ENDPOINTS, SETTINGS, state="s", nonce="n", verifier="v" * 43)
    for part in ("response_type=code", "state=s", "nonce=n", "code_challenge_method=S256"):
        assert part in url
    assert "v" * 43 not in url
    asking = Endpoints("https://id.example/auth?tenant=1", "", "")
    assert "?tenant=1&response_type=code" in authorization_url(
        asking, SETTINGS, state="s", nonce="n", verifier="v"
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"issuer": "https://evil.example"},
        {"authorization_endpoint": None},
        {"token_endpoint": 7},
        {"jwks_uri": ""},
    ],
)
def test_a_discovery_document_of_another_or_with_holes_is_refused(
    changed: dict[str, object],
) -> None:
    document = {
        "issuer": SETTINGS.issuer,
        "authorization_endpoint": ENDPOINTS.authorization,
        "token_endpoint": ENDPOINTS.token,
        "jwks_uri": ENDPOINTS.jwks,
    }
    assert read_endpoints(document, SETTINGS.issuer) == ENDPOINTS
    with pytest.raises(IssuerUnavailable):
        read_endpoints(document | changed, SETTINGS.issuer)


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("/me?x=1#y", "/me?x=1#y"),
        ("//evil", "/"),
        ("/\\evil", "/"),
        ("/a\\b", "/"),
        ("http://evil", "/"),
        ("/\x00", "/"),
        ("/" + "x" * 3000, "/"),
    ],
)
def test_only_paths_of_this_site_are_ways_back(given: str, safe: str) -> None:
    assert local_path(given) == safe


# The issuer over a fetch port


class Answers:
    """What the issuer answers; counts how often its keys are asked for."""

    def __init__(self, keys: list[ECKey]) -> None:
        self.keys = keys
        self.asked = 0
        self.token: tuple[int, Mapping[str, object]] = (200, {"id_token": _token()})

    def get(self, url: str) -> Mapping[str, object]:
        if url == ENDPOINTS.jwks:
            self.asked += 1
            return KeySet(list(self.keys)).as_dict(private=False)  # type: ignore[return-value]
        return {
            "issuer": SETTINGS.issuer,
            "authorization_endpoint": ENDPOINTS.authorization,
            "token_endpoint": ENDPOINTS.token,
            "jwks_uri": ENDPOINTS.jwks,
        }

    def post_form(
        self,
        url: str,  # noqa: ARG002 - the port's own names
        fields: Mapping[str, str],  # noqa: ARG002
        basic: tuple[str, str] | None,  # noqa: ARG002
    ) -> tuple[int, Mapping[str, object]]:
        return self.token


def test_a_new_key_is_learned_at_most_once_a_minute() -> None:
    answers, clock = Answers([KEY]), SetClock(NOW)
    issuer = Issuer(SETTINGS, answers, clock)
    assert issuer.exchange("c", "v", "n").subject == "maria"
    answers.token = (200, {"id_token": _token(OTHER)})
    for _ in range(5):
        with pytest.raises(TokenRefused):
            issuer.exchange("c", "v", "n")
    assert answers.asked == 1
    answers.keys = [OTHER]
    clock.forward(KEYS_ASKED_AGAIN_AFTER)
    assert issuer.exchange("c", "v", "n").subject == "maria"
    assert answers.asked == 2


def test_keys_are_fetched_again_after_their_time() -> None:
    answers, clock = Answers([KEY]), SetClock(NOW)
    issuer = Issuer(SETTINGS, answers, clock)
    issuer.exchange("c", "v", "n")
    clock.forward(timedelta(minutes=4))
    issuer.exchange("c", "v", "n")
    assert answers.asked == 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((400, {"error": "invalid_grant"}), "invalid_grant"),
        ((200, {}), "200"),
        ((500, {}), "500"),
    ],
)
def test_a_code_that_is_not_taken_is_a_refusal(
    answer: tuple[int, dict[str, object]], reason: str
) -> None:
    answers = Answers([KEY])
    answers.token = answer
    with pytest.raises(IssuerRefused) as refused:
        Issuer(SETTINGS, answers, SetClock(NOW)).exchange("c", "v", "n")
    assert refused.value.operands["reason"] == reason


def test_keys_that_are_none_are_the_issuers_fault() -> None:
    class Broken(Answers):
        def get(self, url: str) -> Mapping[str, object]:
            return {"keys": [{"kty": "??"}]} if url == ENDPOINTS.jwks else super().get(url)

    with pytest.raises(IssuerUnavailable):
        Issuer(SETTINGS, Broken([]), SetClock(NOW)).verify(_token())


def test_the_configured_issuer_wins_over_the_demos() -> None:
    own = oidc_settings(Settings(oidc_issuer="https://id.example", demo=True))
    demo = oidc_settings(Settings(demo=True, demo_issuer_port=8123))
    assert own is not None
    assert demo is not None
    assert (own.issuer, own.client_id) == ("https://id.example", "vklad")
    assert (demo.issuer, demo.client_secret) == ("http://127.0.0.1:8123", None)
    assert oidc_settings(Settings()) is None
