"""The demo's own OpenID Connect issuer: a separate process where anyone signs in as anyone.

It speaks the same code flow with PKCE as a real issuer, so the product has one way to sign people
in. It refuses to start for an installation that is reachable from outside.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, FastAPI, Form, Request
from fastapi.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from joserfc import jwt
from joserfc.jwk import ECKey
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.auth.issuer import CALLBACK_PATH, DEMO_CLIENT_ID, demo_issuer_url
from api.auth.oidc import code_challenge
from api.demo.persons import PERSON_BY_SUBJECT, PERSONS, DemoPerson
from api.http.envelope import SECURITY_HEADERS
from api.http.parts import LANGUAGE_COOKIE
from api.i18n.catalogue import Catalogue
from api.i18n.negotiation import negotiate
from api.pages.rendering import STATIC, environment, static_url
from api.settings import Settings, UnsafeSettings
from ledger.kernel.clock import Clock

CODE_LIFE: Final = timedelta(minutes=1)
TOKEN_LIFE: Final = timedelta(hours=1)
_CODES_MAX: Final = 10_000
_STATIC: Final = {"app.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class _Code:
    person: DemoPerson
    language: str
    nonce: str
    challenge: str
    redirect_uri: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters of an authorization request, as the forms of the page repeat them."""

    client_id: str
    redirect_uri: str
    state: str
    nonce: str
    code_challenge: str


class DemoIssuer:
    """Codes under way and the signing key. State is in memory: a restart ends open sign-ins."""

    def __init__(self, settings: Settings, clock: Clock, key: ECKey) -> None:
        """Refuse to exist for a public address.

        Raises:
            UnsafeSettings: the installation is reachable from outside.
        """
        if settings.is_public:
            raise UnsafeSettings(
                f"{settings.origin} is not loopback: the demo's issuer lets anyone sign in as "
                "anyone, so it must not run.",
                settings=["VKLAD_DEMO"],
            )
        self.url = demo_issuer_url(settings)
        self.redirect_uri = f"{settings.origin}{CALLBACK_PATH}"
        self._clock = clock
        self._key = key
        self._lock = threading.Lock()
        self._codes: dict[str, _Code] = {}

    def refusal(self, asked: Asked, response_type: str, method: str) -> str | None:
        """What is wrong with an authorization request; ``None`` if nothing."""
        if asked.client_id != DEMO_CLIENT_ID:
            return "client_id"
        if asked.redirect_uri != self.redirect_uri:
            return "redirect_uri"
        if response_type != "code":
            return "response_type"
        if method != "S256" or not asked.code_challenge:
            return "code_challenge_method"
        return None

    def issue_code(self, asked: Asked, person: DemoPerson, language: str) -> str:
        """A code for the browser to bring back: good once, for a minute."""
        code = secrets.token_urlsafe(24)
        now = self._clock.now()
        with self._lock:
            self._codes = {key: kept for key, kept in self._codes.items() if now < kept.expires_at}
            if len(self._codes) < _CODES_MAX:
                self._codes[code] = _Code(
                    person,
                    language,
                    asked.nonce,
                    asked.code_challenge,
                    asked.redirect_uri,
                    now + CODE_LIFE,
                )
        return code

    def exchange(self, code: str, verifier: str, redirect_uri: str) -> dict[str, object] | None:
        """Tokens for a code; ``None`` if it is not good or not this client's."""
        now = self._clock.now()
        with self._lock:
            kept = self._codes.pop(code, None)
        if (
            kept is None
            or now >= kept.expires_at
            or redirect_uri != kept.redirect_uri
            or not verifier.isascii()
            or not hmac.compare_digest(code_challenge(verifier), kept.challenge)
        ):
            return None
        return self._tokens(kept, now)

    def keys(self) -> dict[str, object]:
        """The public key, as JWKS."""
        public = self._key.as_dict(private=False)
        return {"keys": [{**public, "use": "sig", "alg": "ES256", "kid": self._kid()}]}

    def discovery(self) -> dict[str, object]:
        """OpenID Connect Discovery 1.0, section 3."""
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "token_endpoint_auth_methods_supported": ["none"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            "scopes_supported": ["openid", "profile"],
        }

    def _tokens(self, code: _Code, now: datetime) -> dict[str, object]:
        issued_at = int(now.timestamp())
        life_s = int(TOKEN_LIFE.total_seconds())
        common = {
            "iss": self.url,
            "sub": code.person.subject,
            "aud": DEMO_CLIENT_ID,
            "iat": issued_at,
            "exp": issued_at + life_s,
        }
        name = code.person.name(code.language)
        id_claims = {**common, "nonce": code.nonce, "name": name, "locale": code.language}
        access_claims = {
            **common,
            "client_id": DEMO_CLIENT_ID,
            "jti": secrets.token_urlsafe(12),
            "scope": "openid profile",
        }
        return {
            "access_token": self._sign(access_claims, "at+jwt"),
            "id_token": self._sign(id_claims, "JWT"),
            "token_type": "Bearer",
            "expires_in": life_s,
        }

    def _sign(self, claims: dict[str, object], type_: str) -> str:
        header = {"alg": "ES256", "kid": self._kid(), "typ": type_}
        return jwt.encode(header, claims, self._key, algorithms=["ES256"])

    def _kid(self) -> str:
        return self._key.thumbprint()


def load_key(path: Path) -> ECKey:
    """The issuer's key from a file that only we can read, made on the first run."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        pem = ECKey.generate_key("P-256").as_pem(private=True)
        path.touch(mode=0o600)
        path.write_bytes(pem)
    return ECKey.import_key(path.read_bytes())


def create_issuer_app(issuer: DemoIssuer, catalogue: Catalogue, *others: APIRouter) -> FastAPI:
    """The issuer's four addresses, the page with the list of persons, and ``others``."""
    app = FastAPI(title="Vklad demo issuer", openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(_machine_router(issuer))
    app.include_router(_page_router(issuer, catalogue))
    for router in others:
        app.include_router(router)
    app.add_middleware(_Headers, form_target=issuer.redirect_uri)
    return app


def _machine_router(issuer: DemoIssuer) -> APIRouter:
    router = APIRouter()

    @router.get("/.well-known/openid-configuration")
    def discovery() -> dict[str, object]:
        return issuer.discovery()

    @router.get("/jwks")
    def keys() -> dict[str, object]:
        return issuer.keys()

    @router.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @router.post("/token")
    def token(
        grant_type: Annotated[str, Form()],
        code: Annotated[str, Form()] = "",
        code_verifier: Annotated[str, Form()] = "",
        redirect_uri: Annotated[str, Form()] = "",
    ) -> JSONResponse:
        if grant_type != "authorization_code":
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        answer = issuer.exchange(code, code_verifier, redirect_uri)
        if answer is None:
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    @router.get("/static/{name}")
    def static_file(name: str) -> Response:
        if name not in _STATIC:
            return Response(status_code=404)
        return FileResponse(STATIC / name, media_type=_STATIC[name])

    return router


def _page_router(issuer: DemoIssuer, catalogue: Catalogue) -> APIRouter:
    router = APIRouter()

    @router.get("/authorize")
    def authorize(
        request: Request,
        asked: Annotated[Asked, Depends(_asked)],
        response_type: str = "",
        code_challenge_method: str = "",
        language: str | None = None,
    ) -> Response:
        wrong = issuer.refusal(asked, response_type, code_challenge_method)
        if wrong is not None:
            return PlainTextResponse(f"The request's {wrong} is not acceptable.", 400)
        chosen = [language, request.cookies.get(LANGUAGE_COOKIE)]
        spoken = negotiate(request.headers.get("accept-language"), catalogue.languages, chosen)
        others = {
            each: str(request.url.include_query_params(language=each))
            for each in catalogue.languages
            if each != spoken
        }
        page = (
            environment()
            .get_template("demo/issuer.html")
            .render(
                t=partial(catalogue.text, spoken),
                static=static_url,
                language=spoken,
                catalogue=catalogue,
                others=others,
                persons=PERSONS,
                fields=list(asdict(asked).items()),
            )
        )
        return HTMLResponse(page, headers={"Cache-Control": "no-store"})

    @router.post("/authorize")
    def choose(
        asked: Annotated[Asked, Depends(_asked_by_form)],
        person: Annotated[str, Form()],
        language: Annotated[str, Form()] = "en",
    ) -> Response:
        wrong = issuer.refusal(asked, "code", "S256")
        if wrong is not None or person not in PERSON_BY_SUBJECT:
            return PlainTextResponse(f"The request's {wrong or 'person'} is not acceptable.", 400)
        code = issuer.issue_code(asked, PERSON_BY_SUBJECT[person], language)
        query = urlencode({"code": code, "state": asked.state, "iss": issuer.url})
        return RedirectResponse(f"{asked.redirect_uri}?{query}", 303)

    return router


def _asked(
    client_id: str = "",
    redirect_uri: str = "",
    state: str = "",
    nonce: str = "",
    code_challenge: str = "",
) -> Asked:
    return Asked(client_id, redirect_uri, state, nonce, code_challenge)


def _asked_by_form(
    client_id: Annotated[str, Form()],
    redirect_uri: Annotated[str, Form()],
    state: Annotated[str, Form()],
    nonce: Annotated[str, Form()],
    code_challenge: Annotated[str, Form()],
) -> Asked:
    return Asked(client_id, redirect_uri, state, nonce, code_challenge)


class _Headers:
    """The product's security headers, with its sign-in as the one place forms may lead to."""

    def __init__(self, app: ASGIApp, *, form_target: str) -> None:
        self._app = app
        target = "/".join(form_target.split("/")[:3])
        policy = SECURITY_HEADERS["Content-Security-Policy"]
        self._headers = SECURITY_HEADERS | {
            "Content-Security-Policy": policy.replace(
                "form-action 'self'", f"form-action 'self' {target}"
            )
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        await self._app(scope, receive, stamped)
