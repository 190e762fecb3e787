"""OpenID Connect, the parts without I/O: addresses, PKCE, claims, and what can be wrong.

The authorization code flow with PKCE (RFC 7636, S256 only), ``state`` and ``nonce`` as in OpenID
Connect Core 1.0, ``iss`` in the response where the issuer sends it (RFC 9207). For the API, access
tokens in the form of RFC 9068 (``typ: at+jwt``): an id token says who signed in, it opens nothing.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from ledger.kernel.errors import ErrorKind, VkladError

SIGN_IN_LIFE: Final = timedelta(minutes=10)
CLOCK_SKEW_S: Final = 60
SCOPE: Final = "openid profile"
ALGORITHMS: Final = ("ES256", "RS256", "PS256", "Ed25519")
"""Asymmetric only: a shared secret or ``none`` would let a client forge."""
ACCESS_TOKEN_TYPES: Final = frozenset({"at+jwt", "application/at+jwt"})
_NAME_LENGTH_MAX: Final = 120
_RETURN_LENGTH_MAX: Final = 2_000


class SignInNotConfigured(VkladError):
    """No issuer is configured to sign in with."""

    code = "sign_in_not_configured"
    kind = ErrorKind.UNAVAILABLE


class SignInExpired(VkladError):
    """The sign-in that the browser comes back from is unknown, used or too old."""

    code = "sign_in_expired"
    kind = ErrorKind.GONE


class SignInOfOtherBrowser(VkladError):
    """The sign-in was begun in another browser: somebody may be handing over their own."""

    code = "sign_in_of_other_browser"
    kind = ErrorKind.FORBIDDEN


class IssuerRefused(VkladError):
    """The issuer did not let the person sign in."""

    code = "issuer_refused"
    kind = ErrorKind.FORBIDDEN


class IssuerUnavailable(VkladError):
    """The issuer does not answer, or not as it must."""

    code = "issuer_unavailable"
    kind = ErrorKind.UNAVAILABLE


class TokenRefused(VkladError):
    """A token of the issuer fails a check; ``reason`` names which."""

    code = "token_refused"
    kind = ErrorKind.UNAUTHENTICATED


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """Who signs people in, and who we are to them."""

    issuer: str
    client_id: str
    client_secret: str | None
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What discovery says."""

    authorization: str
    token: str
    jwks: str


@dataclass(frozen=True, slots=True)
class Person:
    """Who the issuer says signed in."""

    issuer: str
    subject: str
    name: str | None


def code_challenge(verifier: str) -> str:
    """BASE64URL(SHA256(verifier)), RFC 7636, section 4.2."""
    raw = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def authorization_url(
    endpoints: Endpoints, settings: OidcSettings, *, state: str, nonce: str, verifier: str
) -> str:
    """Where to send the browser."""
    query = urlencode(
        {
            "response_type": "code",
            "client_id": settings.client_id,
            "redirect_uri": settings.redirect_uri,
            "scope": SCOPE,
            "state": state,
            "nonce": nonce,
            "code_challenge": code_challenge(verifier),
            "code_challenge_method": "S256",
        }
    )
    return f"{endpoints.authorization}{'&' if '?' in endpoints.authorization else '?'}{query}"


def read_endpoints(document: Mapping[str, object], issuer: str) -> Endpoints:
    """The endpoints of a discovery document.

    Raises:
        IssuerUnavailable: it is another issuer's, or lacks an endpoint.
    """
    if document.get("issuer") != issuer:
        raise IssuerUnavailable("The issuer's discovery document names another issuer.")
    found = [
        document.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")
    ]
    authorization, token, jwks = (value if isinstance(value, str) else "" for value in found)
    if not (authorization and token and jwks):
        raise IssuerUnavailable("The issuer's discovery document lacks an endpoint.")
    return Endpoints(authorization, token, jwks)


def read_id_token(
    token: str, keys: KeySet, settings: OidcSettings, *, nonce: str, now: datetime
) -> Person:
    """Who signed in, after every check of OpenID Connect Core, section 3.1.3.7.

    Raises:
        TokenRefused: signature, issuer, audience, authorized party, nonce or time.
    """
    _, claims = _decode(token, keys)
    _check(
        claims,
        now,
        iss={"essential": True, "value": settings.issuer},
        aud={"essential": True, "value": settings.client_id},
        nonce={"essential": True, "value": nonce},
    )
    audience = claims["aud"]
    party = claims.get("azp", settings.client_id)
    if party != settings.client_id or (isinstance(audience, list) and audience != [party]):
        raise TokenRefused("The token was made for another party too.", reason="azp")
    return Person(settings.issuer, str(claims["sub"]), _name(claims.get("name")))


def read_access_token(token: str, keys: KeySet, settings: OidcSettings, *, now: datetime) -> Person:
    """Whose access token this is (RFC 9068, section 4).

    Raises:
        TokenRefused: its type, signature, issuer, audience or time.
    """
    header, claims = _decode(token, keys)
    if str(header.get("typ", "")).lower() not in ACCESS_TOKEN_TYPES:
        raise TokenRefused("This is not an access token.", reason="typ")
    _check(
        claims,
        now,
        iss={"essential": True, "value": settings.issuer},
        aud={"essential": True, "value": settings.client_id},
    )
    return Person(settings.issuer, str(claims["sub"]), None)


def local_path(text: str) -> str:
    """``text`` if it is a path of this site, else the front page: no open redirect."""
    safe = (
        text.startswith("/")
        and not text.startswith(("//", "/\\"))
        and len(text) <= _RETURN_LENGTH_MAX
        and text.isprintable()
        and "\\" not in text
    )
    return text if safe else "/"


def _decode(token: str, keys: KeySet) -> tuple[dict[str, object], dict[str, object]]:
    try:
        read = jwt.decode(token, keys, algorithms=ALGORITHMS)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise TokenRefused("The token's signature does not hold.", reason="signature") from error
    return read.header, read.claims


def _check(claims: dict[str, object], now: datetime, **expected: jwt.ClaimsOption) -> None:
    required: dict[str, jwt.ClaimsOption] = {
        "sub": {"essential": True},
        "exp": {"essential": True},
        "iat": {"essential": True},
    }
    registry = jwt.JWTClaimsRegistry(
        now=int(now.timestamp()), leeway=CLOCK_SKEW_S, **required, **expected
    )
    try:
        registry.validate(claims)
    except JoseError as error:
        reason = str(getattr(error, "claim", "claims"))
        raise TokenRefused(
            f"The token's {reason} is not what it must be.", reason=reason
        ) from error


def _name(claim: object) -> str | None:
    """A name fit to be shown, or none: it is the person's, not worth refusing a sign-in for."""
    text = claim if isinstance(claim, str) else ""
    shown = "".join(letter for letter in text if letter.isprintable()).strip()[:_NAME_LENGTH_MAX]
    return shown.strip() or None
