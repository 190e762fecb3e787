"""The configured OpenID Connect issuer over HTTP: discovery, keys, code exchange, bearer tokens.

Discovery and keys are fetched when first needed and kept; a token signed by an unknown key makes
the keys be fetched again, at most once a minute. Nothing here opens a transaction.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeVar

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization

from api.auth import oidc
from api.auth.oidc import (
    Endpoints,
    IssuerRefused,
    IssuerUnavailable,
    OidcSettings,
    Person,
    TokenRefused,
)
from api.settings import Settings
from ledger.kernel.clock import Clock

_T = TypeVar("_T")

TIMEOUT_S: Final = 5.0
KEYS_KEPT: Final = timedelta(hours=1)
KEYS_ASKED_AGAIN_AFTER: Final = timedelta(minutes=1)
DEMO_CLIENT_ID: Final = "vklad-demo"
CALLBACK_PATH: Final = "/sign-in/callback"
_ANSWER_BYTES_MAX: Final = 1_000_000


class Fetch(Protocol):
    """Outgoing HTTP, as far as an issuer needs it."""

    def get(self, url: str) -> Mapping[str, object]:
        """The JSON object at ``url``.

        Raises:
            IssuerUnavailable: no answer, another status than 200, or no JSON object.
        """
        ...

    def post_form(
        self, url: str, fields: Mapping[str, str], basic: tuple[str, str] | None
    ) -> tuple[int, Mapping[str, object]]:
        """Status and JSON object answered to a form.

        Raises:
            IssuerUnavailable: no answer, or no JSON object.
        """
        ...


class HttpFetch:
    """``Fetch`` over httpx: no redirects followed, every call with a timeout.

    A connection per call: sign-ins are rare, and nothing has to be closed with the process.
    """

    def get(self, url: str) -> Mapping[str, object]:
        """See :class:`Fetch`."""
        status, document = self._read("GET", url, None, None)
        if status != 200:
            raise IssuerUnavailable(f"The issuer answers {status}.", status_code=status)
        return document

    def post_form(
        self, url: str, fields: Mapping[str, str], basic: tuple[str, str] | None
    ) -> tuple[int, Mapping[str, object]]:
        """See :class:`Fetch`."""
        return self._read("POST", url, dict(fields), basic)

    def _read(
        self, method: str, url: str, fields: dict[str, str] | None, basic: tuple[str, str] | None
    ) -> tuple[int, Mapping[str, object]]:
        try:
            with httpx.Client(timeout=TIMEOUT_S, trust_env=False) as client:
                response = client.request(
                    method, url, data=fields, auth=basic, headers={"accept": "application/json"}
                )
            document = response.json() if len(response.content) <= _ANSWER_BYTES_MAX else None
        except (httpx.HTTPError, ValueError) as error:
            raise IssuerUnavailable("The issuer does not answer as it must.") from error
        if not isinstance(document, dict):
            raise IssuerUnavailable("The issuer's answer is no JSON object.")
        return response.status_code, document


class Issuer:
    """What is known of the issuer, fetched lazily and shared by the threads of this process."""

    def __init__(self, settings: OidcSettings, fetch: Fetch, clock: Clock) -> None:
        self.settings = settings
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._endpoints: Endpoints | None = None
        self._keys: tuple[KeySet, datetime] | None = None

    def endpoints(self) -> Endpoints:
        """What discovery says.

        Raises:
            IssuerUnavailable: it cannot be read.
        """
        if self._endpoints is None:
            url = f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration"
            self._endpoints = oidc.read_endpoints(self._fetch.get(url), self.settings.issuer)
        return self._endpoints

    def exchange(self, code: str, verifier: str, nonce: str) -> Person:
        """Who signed in, for the code the browser brought.

        Raises:
            IssuerRefused: the issuer does not take the code.
            IssuerUnavailable: it does not answer.
            TokenRefused: its id token fails a check.
        """
        secret = self.settings.client_secret
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.settings.redirect_uri,
            "client_id": self.settings.client_id,
            "code_verifier": verifier,
        }
        basic = None if secret is None else (self.settings.client_id, secret)
        status, answer = self._fetch.post_form(self.endpoints().token, fields, basic)
        token = answer.get("id_token")
        if status != 200 or not isinstance(token, str):
            reason = str(answer.get("error", status))[:100]
            raise IssuerRefused(f"The issuer did not take the code: {reason}.", reason=reason)
        return self._with_keys(
            lambda keys: oidc.read_id_token(
                token, keys, self.settings, nonce=nonce, now=self._clock.now()
            )
        )

    def verify(self, token: str) -> Person:
        """Whose access token this is.

        Raises:
            TokenRefused: a check fails.
            IssuerUnavailable: the keys cannot be fetched.
        """
        return self._with_keys(
            lambda keys: oidc.read_access_token(token, keys, self.settings, now=self._clock.now())
        )

    def _with_keys(self, read: Callable[[KeySet], _T]) -> _T:
        keys, fetched_at = self._keys_known(KEYS_KEPT)
        try:
            return read(keys)
        except TokenRefused as error:
            if error.operands.get("reason") != "signature":
                raise
            again, fetched_again_at = self._keys_known(KEYS_ASKED_AGAIN_AFTER)
            if fetched_again_at == fetched_at:
                raise
            return read(again)

    def _keys_known(self, kept: timedelta) -> tuple[KeySet, datetime]:
        with self._lock:
            now = self._clock.now()
            if self._keys is None or now - self._keys[1] >= kept:
                document = self._fetch.get(self.endpoints().jwks)
                self._keys = (_key_set(document), now)
            return self._keys


def oidc_settings(settings: Settings) -> OidcSettings | None:
    """The configured issuer, else the demo's, else none."""
    redirect_uri = f"{settings.origin}{CALLBACK_PATH}"
    if settings.oidc_issuer is not None:
        secret = settings.oidc_client_secret
        return OidcSettings(
            settings.oidc_issuer,
            settings.oidc_client_id or "vklad",
            None if secret is None else secret.get_secret_value(),
            redirect_uri,
        )
    if settings.demo:
        return OidcSettings(demo_issuer_url(settings), DEMO_CLIENT_ID, None, redirect_uri)
    return None


def demo_issuer_url(settings: Settings) -> str:
    """Where the demo's issuer is."""
    return f"http://127.0.0.1:{settings.demo_issuer_port}"


def _key_set(document: Mapping[str, object]) -> KeySet:
    keys = document.get("keys")
    if not isinstance(keys, list):
        raise IssuerUnavailable("The issuer's keys are no JWKS.")
    usable = [key for key in keys if isinstance(key, dict) and key.get("use", "sig") == "sig"]
    serialized: KeySetSerialization = {"keys": usable}
    try:
        return KeySet.import_key_set(serialized)
    except (JoseError, ValueError) as error:
        raise IssuerUnavailable("The issuer's keys cannot be read.") from error
