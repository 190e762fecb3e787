"""Linking an identity elsewhere (an LMS account) to a member, by a signed one-time link.

The source that may speak for the identity signs a JWT and shows its user the link
``<our origin>/link?token=<JWT>``; the user opens it signed in here and confirms. So both sides have
proved themselves: the source that it is this account, the browser that it is this member.

    header  {"alg": "HS256", "typ": "vklad-link+jwt"}
    claims  {"iss": source name, "aud": our origin, "sub": "lms:1042",
             "iat": …, "exp": at most 10 minutes after iat, "jti": once}
    key     the source's webhook secret, as text in UTF-8

Which issuer ``lms`` means is what the source is registered for; it cannot be said in the token.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import orjson
from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import OctKey

from api.auth import store
from ledger.events.model import ANY, Source
from ledger.events.sources.model import OpenSource, SecretBox
from ledger.events.sources.service import open_source
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.transaction import Work
from ledger.members import service as members
from ledger.members.model import IdentityKey, LinkIdentity

LINK_LIFE_MAX: Final = timedelta(minutes=10)
TOKEN_TYPE: Final = "vklad-link+jwt"  # noqa: S105 - a media type
TOKEN_LENGTH_MAX: Final = 1_500
PROOF_KIND: Final = "signed_link"
_SKEW_S: Final = 60


class IdentityLinkRefused(VkladError):
    """A link that fails a check; ``reason`` names which."""

    code = "identity_link_refused"
    kind = ErrorKind.INVALID


class IdentityLinkExpired(VkladError):
    """A link whose time is over."""

    code = "identity_link_expired"
    kind = ErrorKind.GONE


class IdentityLinkUsed(VkladError):
    """A link that linked before."""

    code = "identity_link_used"
    kind = ErrorKind.GONE


@dataclass(frozen=True, slots=True)
class LinkProof:
    """What a good link says, and the digest by which it is known to be used."""

    key: IdentityKey
    source: str
    digest: bytes
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LinkByProof:
    """A member confirms a link."""

    member_id: UUID
    proof: LinkProof


def source_named_in(token: str) -> str:
    """Whose secret to check a token with: its ``iss``, believed only until the check.

    Raises:
        IdentityLinkRefused: not a JWT with a source's name.
    """
    try:
        payload = token.split(".")[1]
        claims = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        name = claims["iss"]
    except (IndexError, KeyError, TypeError, ValueError, binascii.Error) as error:
        raise _refused("form") from error
    if not isinstance(name, str) or len(token) > TOKEN_LENGTH_MAX:
        raise _refused("form")
    return name


def open_link_source(work: Work, token: str, *, box: SecretBox) -> OpenSource:
    """The source that a link says it is from, with its secrets.

    Raises:
        IdentityLinkRefused: malformed.
        UnknownSource: no such source.
    """
    return open_source(work, source_named_in(token), box=box)


def read_link(token: str, opened: OpenSource, *, audience: str, now: datetime) -> LinkProof:
    """What a link says, after every check but whether it was used.

    Raises:
        IdentityLinkRefused: signature, audience, type, times, subject, or a source that is
            suspended or may not speak for such an identity.
        IdentityLinkExpired: too late.
    """
    if opened.source.state != "active":
        raise _refused("iss")
    header, claims = _verified(token, opened)
    if header.get("typ") != TOKEN_TYPE:
        raise _refused("typ")
    expires_at = _check_claims(claims, audience, now)
    key = _identity(str(claims["sub"]), opened.source)
    digest = hashlib.sha256(f"{opened.source.uri}\n{claims['jti']}".encode()).digest()
    return LinkProof(key, opened.source.name, digest, expires_at)


def link_by_proof(work: Work, command: LinkByProof) -> UUID:
    """Use a link up and link; the identity's reference.

    Raises:
        IdentityLinkUsed: it was used.
        IdentityTaken, UnknownMember, MemberNotActive, BadIdentity: see ``ledger.members``.
    """
    proof = command.proof
    if not store.use_link_proof(work, proof.digest, proof.expires_at):
        raise IdentityLinkUsed("This link was used before. Ask for a new one.")
    reference = members.references_of(work, [proof.key])[proof.key]
    members.link_identity(
        work, LinkIdentity(command.member_id, reference, PROOF_KIND, proof.digest)
    )
    return reference


def _verified(token: str, opened: OpenSource) -> tuple[dict[str, object], dict[str, object]]:
    for secret in opened.secrets:
        try:
            read = jwt.decode(token, OctKey.import_key(secret.encode()), algorithms=["HS256"])
        except (JoseError, ValueError, TypeError):
            continue
        return read.header, read.claims
    raise _refused("signature")


def _check_claims(claims: dict[str, object], audience: str, now: datetime) -> datetime:
    registry = jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=_SKEW_S,
        aud={"essential": True, "value": audience},
        sub={"essential": True},
        jti={"essential": True},
        iat={"essential": True},
        exp={"essential": True},
    )
    try:
        registry.validate(claims)
    except ExpiredTokenError as error:
        raise IdentityLinkExpired("This link's time is over. Ask for a new one.") from error
    except JoseError as error:
        raise _refused(str(getattr(error, "claim", "claims"))) from error
    issued_s, expires_s = claims["iat"], claims["exp"]
    if type(issued_s) is not int or type(expires_s) is not int:
        raise _refused("exp")
    if expires_s - issued_s > LINK_LIFE_MAX.total_seconds():
        raise _refused("exp")
    return datetime.fromtimestamp(expires_s + _SKEW_S, UTC)


def _identity(text: str, source: Source) -> IdentityKey:
    provider, colon, subject = text.partition(":")
    issuers = source.authority.issuers
    issuer = issuers.get(provider, issuers.get(ANY))
    if not colon or not subject or issuer is None:
        raise _refused("sub")
    return IdentityKey(provider, issuer, subject)


def _refused(reason: str) -> IdentityLinkRefused:
    return IdentityLinkRefused(
        f"This link is not one that we can trust: its {reason} does not fit.", reason=reason
    )
