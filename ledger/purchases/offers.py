"""An offer as the marketplace's server signed it: who buys, at which price, by which rule.

{"sub": "lms:1042", "sale": "S-9", "iat": …, "exp": …, "rule": "course", "points": 100,
 "recipients": {"author": "lms:7"}}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ledger.kernel.canonical import Json, digest
from ledger.kernel.units import Points
from ledger.purchases.errors import OfferExpired, OfferMalformed
from ledger.redemption.claims import TEXT_LENGTH_MAX, ClaimReader

OFFER_TOKEN_TYPE: Final = "vklad-sale+jwt"  # noqa: S105 - a media type, not a secret
POINTS_MAX: Final = 10**12
RECIPIENTS_MAX: Final = 20

_CLAIMS: Final = frozenset({"sub", "iat", "exp", "sale", "rule", "points", "recipients"})
_READER: Final = ClaimReader("offer", OfferMalformed)


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
        _READER.refuse(differing[0][:TEXT_LENGTH_MAX], "is missing, or no field of an offer")
    _, expires_at = _READER.life(claims, at=at)
    points = _READER.whole("points", claims["points"], low=1, high=POINTS_MAX, unit="points")
    recipients = claims["recipients"]
    if not isinstance(recipients, Mapping) or len(recipients) > RECIPIENTS_MAX:
        _READER.refuse("recipients", f"must be an object of at most {RECIPIENTS_MAX} names")
    offer = SignedOffer(
        source=source,
        number=_READER.text("sale", claims["sale"]),
        buyer=_READER.text("sub", claims["sub"]),
        rule=_READER.text("rule", claims["rule"]),
        points=Points(points),
        recipients={
            name: _READER.text(f"recipients.{name}", who) for name, who in recipients.items()
        },
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
