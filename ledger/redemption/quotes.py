"""A quote: what an order would cost with points, signed by this service and good for minutes.

Nothing is stored when one is made. It records the versions it was computed with, so that a hold can
tell whether they still apply; what the member is promised is compared by :func:`same_promise`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

from ledger.kernel.canonical import Json
from ledger.kernel.errors import Operand
from ledger.kernel.ids import derived_id, format_id, parse_id
from ledger.kernel.units import Points
from ledger.redemption import tokens
from ledger.redemption.errors import QuoteExpired, QuoteForged
from ledger.redemption.orders import Order
from ledger.redemption.pricing import Price, PricedLine
from ledger.redemption.terms import RedemptionTerms, format_rate

QUOTE_TOKEN_TYPE: Final = "vklad-quote+jwt"  # noqa: S105 - a media type, not a secret


@dataclass(frozen=True, slots=True)
class QuoteKeys:
    """The keys of quotes by key id: ``active`` signs, the others still verify."""

    active: str
    secrets: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Quote:
    """What is promised to whom for which order until when.

    ``expires_at`` is exclusive and never after the order's own. ``requested`` is what the member
    asked to use, ``points`` what is used. ``rates_since`` is the day of dated rates.
    """

    quote_id: UUID
    member_id: UUID
    order_source: str
    order_number: str
    order_digest: bytes
    programme_hash: bytes
    rate: str
    currency: str
    requested: Points
    points: Points
    net_minor: int
    discount_minor: int
    lines: tuple[PricedLine, ...]
    hold_for: timedelta
    refund_grace: timedelta
    issued_at: datetime
    expires_at: datetime
    rates_since: date | None = None

    @property
    def payable_minor(self) -> int:
        """What is left to pay in money."""
        return self.net_minor - self.discount_minor


@dataclass(frozen=True, slots=True)
class Versions:
    """The programme version a price was computed under."""

    programme_hash: bytes
    terms: RedemptionTerms


def make_quote(
    *,
    member_id: UUID,
    order: Order,
    priced: Price,
    requested: Points,
    versions: Versions,
    at: datetime,
) -> Quote:
    """The quote of a price; the same input gives the same quote, id included."""
    at = at.replace(microsecond=0)
    return Quote(
        quote_id=derived_id(
            at,
            "quote",
            str(member_id),
            order.digest.hex(),
            versions.programme_hash.hex(),
            str(requested.amount),
            str(priced.discount_minor),
        ),
        member_id=member_id,
        order_source=order.source,
        order_number=order.number,
        order_digest=order.digest,
        programme_hash=versions.programme_hash,
        rate=format_rate(priced.rate),
        currency=priced.currency,
        requested=requested,
        points=priced.points,
        net_minor=priced.net_minor,
        discount_minor=priced.discount_minor,
        lines=priced.lines,
        hold_for=versions.terms.hold_for,
        refund_grace=versions.terms.refund_grace,
        issued_at=at,
        expires_at=min(at + versions.terms.quote_for, order.expires_at),
        rates_since=versions.terms.rates_since,
    )


def same_promise(one: Quote, other: Quote) -> bool:
    """Whether two quotes promise the same for the same order under the same versions."""
    return _promise(one) == _promise(other)


def _promise(quote: Quote) -> dict[str, Operand]:
    """All that is signed but the id and the times, which say when, not what."""
    stated = quote_json(quote)
    for field in ("id", "issued_at", "expires_at"):
        del stated[field]
    return stated


def quote_json(quote: Quote) -> dict[str, Operand]:
    """The content of a quote as it is signed, stored and shown. Money in minor units."""
    return {
        "id": format_id("qte", quote.quote_id),
        "member": format_id("mem", quote.member_id),
        "order": {
            "source": quote.order_source,
            "number": quote.order_number,
            "digest": quote.order_digest.hex(),
        },
        "programme": quote.programme_hash.hex(),
        "rate": quote.rate,
        "rates_since": None if quote.rates_since is None else quote.rates_since.isoformat(),
        "currency": quote.currency,
        "requested_points": quote.requested.amount,
        "points": quote.points.amount,
        "net_minor": quote.net_minor,
        "discount_minor": quote.discount_minor,
        "payable_minor": quote.payable_minor,
        "lines": [line_json(line) for line in quote.lines],
        "hold_seconds": quote.hold_for // timedelta(seconds=1),
        "refund_grace_seconds": quote.refund_grace // timedelta(seconds=1),
        "issued_at": _format(quote.issued_at),
        "expires_at": _format(quote.expires_at),
    }


def line_json(line: PricedLine) -> dict[str, Operand]:
    """One line of a quote; ``rate`` is null where points do not pay for it."""
    return {
        "id": line.line_id,
        "price_minor": line.price_minor,
        "other_discounts_minor": line.other_discounts_minor,
        "points_discount_minor": line.points_discount_minor,
        "payable_minor": line.payable_minor,
        "rate": None if line.rate is None else format_rate(line.rate),
    }


def line_from(stated: Mapping[str, Any]) -> PricedLine:
    """Back from :func:`line_json`; a line from before lines had rates has none."""
    rate = stated.get("rate")
    return PricedLine(
        stated["id"],
        stated["price_minor"],
        stated["other_discounts_minor"],
        stated["points_discount_minor"],
        None if rate is None else Fraction(rate),
    )


def sign_quote(quote: Quote, keys: QuoteKeys) -> str:
    """The quote as a compact token, signed with the active key."""
    return tokens.sign(
        quote_json(quote),
        token_type=QUOTE_TOKEN_TYPE,
        key_id=keys.active,
        secret=keys.secrets[keys.active],
    )


def read_quote(token: str, keys: QuoteKeys, *, at: datetime) -> Quote:
    """The quote in a token of ours.

    Raises:
        QuoteForged: not signed by one of our keys, or altered since.
        QuoteExpired: ``at`` is not before its end.
    """
    try:
        opened = tokens.open_token(token, token_type=QUOTE_TOKEN_TYPE)
        secret = keys.secrets.get(opened.key_id)
        claims = tokens.verify(opened, [secret] if secret is not None else [])
    except tokens.NotGenuine as error:
        raise QuoteForged(f"This is no quote of ours: {error}.") from error
    quote = _quote_from(claims)
    if at >= quote.expires_at:
        raise QuoteExpired(
            f"The quote expired at {_format(quote.expires_at)}; ask for a new one.",
            quote=format_id("qte", quote.quote_id),
            expired_at=_format(quote.expires_at),
        )
    return quote


def _quote_from(claims: Mapping[str, Json]) -> Quote:
    """Back from :func:`quote_json`; the signature vouches for the shape, so none is checked."""
    stated: Mapping[str, object] = claims
    order, lines, since = stated["order"], stated["lines"], stated.get("rates_since")
    assert isinstance(order, Mapping)
    assert isinstance(lines, list)
    return Quote(
        quote_id=parse_id("qte", str(stated["id"])),
        member_id=parse_id("mem", str(stated["member"])),
        order_source=str(order["source"]),
        order_number=str(order["number"]),
        order_digest=bytes.fromhex(order["digest"]),
        programme_hash=bytes.fromhex(str(stated["programme"])),
        rate=str(stated["rate"]),
        currency=str(stated["currency"]),
        requested=Points(_int(stated["requested_points"])),
        points=Points(_int(stated["points"])),
        net_minor=_int(stated["net_minor"]),
        discount_minor=_int(stated["discount_minor"]),
        lines=tuple(line_from(line) for line in lines),
        hold_for=timedelta(seconds=_int(stated["hold_seconds"])),
        refund_grace=timedelta(seconds=_int(stated["refund_grace_seconds"])),
        issued_at=_parse(stated["issued_at"]),
        expires_at=_parse(stated["expires_at"]),
        rates_since=None if since is None else date.fromisoformat(str(since)),
    )


def _int(value: object) -> int:
    assert type(value) is int
    return value


def _format(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _parse(text: object) -> datetime:
    return datetime.fromisoformat(str(text))
