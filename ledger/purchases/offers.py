"""An offer as the marketplace's server signed it: who buys, at which price, by which rule.

{"sub": "lms:1042", "sale": "S-9", "iat": …, "exp": …, "rule": "course", "points": 100,
 "recipients": {"author": "lms:7"}}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NoReturn

from ledger.kernel.canonical import Json, digest
from ledger.kernel.units import Points
from ledger.purchases.errors import OfferExpired, OfferMalformed
from ledger.redemption.orders import CLOCK_SKEW_MAX, ORDER_LIFE_MAX, TEXT_LENGTH_MAX

OFFER_TOKEN_TYPE: Final = "vklad-sale+jwt"  # noqa: S105 - a media type, not a secret
POINTS_MAX: Final = 10**12
RECIPIENTS_MAX: Final = 20

_CLAIMS: Final = frozenset({"sub", "iat", "exp", "sale", "rule", "points", "recipients"})


@dataclass(frozen=True, slots=True)
class SignedOffer:
    """A checked offer; identities are as its source names them, ``expires_at`` is exclusive."""

    source: str
    number: str
    buyer: str
    rule: str
    points: Points
    recipients: Mapping[str, str]
    expires_at: datetime


def read_offer(claims: Mapping[str, Json], *, source: str, at: datetime) -> SignedOffer:
    """The offer that these claims state, signed with a credential of ``source``.

    Raises:
        OfferMalformed: a claim is missing, unknown or out of bounds.
        OfferExpired: ``at`` is not before ``exp``.
    """
    differing = sorted(claims.keys() ^ _CLAIMS)
    if differing:
        _refuse(differing[0][:TEXT_LENGTH_MAX], "is missing, or no field of an offer")
    issued_at, expires_at = _moment("iat", claims["iat"]), _moment("exp", claims["exp"])
    if not issued_at < expires_at <= issued_at + ORDER_LIFE_MAX:
        _refuse("exp", f"must be after iat by at most {ORDER_LIFE_MAX.days} days")
    if issued_at > at + CLOCK_SKEW_MAX:
        _refuse("iat", "is in the future")
    points = claims["points"]
    if type(points) is not int or not 1 <= points <= POINTS_MAX:
        _refuse("points", f"must be whole points from 1 to {POINTS_MAX}")
    recipients = claims["recipients"]
    if not isinstance(recipients, Mapping) or len(recipients) > RECIPIENTS_MAX:
        _refuse("recipients", f"must be an object of at most {RECIPIENTS_MAX} names")
    offer = SignedOffer(
        source=source,
        number=_text("sale", claims["sale"]),
        buyer=_text("sub", claims["sub"]),
        rule=_text("rule", claims["rule"]),
        points=Points(points),
        recipients={name: _text(f"recipients.{name}", who) for name, who in recipients.items()},
        expires_at=expires_at,
    )
    if at >= expires_at:
        raise OfferExpired(
            f"Offer {offer.number} expired at {expires_at.isoformat()}; ask for a fresh one.",
            offer=offer.number,
            expired_at=expires_at.isoformat(),
        )
    return offer


def content_digest(offer: SignedOffer, members: Mapping[str, str]) -> bytes:
    """What makes two offers of one number the same; covers members' ids, no identity."""
    return digest({"rule": offer.rule, "points": offer.points.amount, "members": dict(members)})


def _text(field: str, value: Json) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= TEXT_LENGTH_MAX or "\x00" in value:
        _refuse(field, f"must be a text of 1 to {TEXT_LENGTH_MAX} characters")
    return value


def _moment(field: str, value: Json) -> datetime:
    if type(value) is not int or not 0 <= value <= 10**11:
        _refuse(field, "must be whole seconds since 1970-01-01T00:00:00Z")
    return datetime.fromtimestamp(value, UTC)


def _refuse(field: str, why: str) -> NoReturn:
    raise OfferMalformed(f"The offer is signed but not understood: {field} {why}.", field=field)
