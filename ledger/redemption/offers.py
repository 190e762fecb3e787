"""What a signed order would cost a member now: the order opened, the limits read, the price made.

Both a quote and a hold come through here, so they cannot disagree about how a price is made.
Changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from ledger.events.catalogue import may_assert
from ledger.events.errors import UnknownSource
from ledger.events.model import Authority
from ledger.events.sources import service as sources
from ledger.events.sources.model import OpenSource, SecretBox
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.members import service as members
from ledger.members.model import BadIdentity, IdentityKey, MemberNotActive, MemberStatus
from ledger.members.naming import read_identity
from ledger.programme import service as programmes
from ledger.programme import store as programmes_store
from ledger.programme.calendar import Calendar
from ledger.programme.model import Programme
from ledger.programme.service import NoProgrammeInForce
from ledger.redemption import store, tokens
from ledger.redemption.errors import (
    OrderForAnotherMember,
    OrderForged,
    OrderMalformed,
    RedeemingNotOffered,
    RedeemingSwitchedOff,
)
from ledger.redemption.orders import ORDER_TOKEN_TYPE, Order, read_order
from ledger.redemption.periods import local_day, period_start
from ledger.redemption.pricing import Allowance, Price, price
from ledger.redemption.quotes import Quote, Versions, make_quote
from ledger.redemption.terms import LimitPeriod, RedemptionTerms, parse_terms
from ledger.switches import service as switches
from ledger.switches.model import Switch

ORDER_SIGNED: Final = "order.signed"
"""What a source must be entitled to assert, among its event types, to sign orders."""


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf something is asked.

    A member for themselves; or a machine of one source for that source's orders; or, with neither,
    somebody who looks at everything and settles nothing.
    """

    member_id: UUID | None = None
    source: str | None = None

    def may_use(self, source: str) -> bool:
        """Whether orders of ``source`` are this machine's to settle; never a member's."""
        return self.member_id is None and self.source == source

    def may_see(self, source: str) -> bool:
        """Whether orders of ``source`` are shown to this machine, whoever's they are."""
        return self.member_id is None and self.source in {None, source}


@dataclass(frozen=True, slots=True)
class BuyersOrder:
    """A genuine order and the member who is its buyer."""

    order: Order
    member_id: UUID


@dataclass(frozen=True, slots=True)
class Offer:
    """A price and the quote that promises it."""

    priced: Price
    quote: Quote


def open_order(work: Work, token: str, caller: Caller, box: SecretBox) -> BuyersOrder:
    """Take an order's token apart and check everything about it but what it costs.

    The token's ``kid`` is the name of the source, and its secrets are the key, as text.

    Raises:
        OrderForged: not signed by an active source that may assert ``order.signed``.
        OrderMalformed, OrderExpired: signed, but not a live order.
        OrderForAnotherMember: the buyer is not the caller, or is nobody here.
        MemberNotActive: the buyer is blocked or erased.
    """
    try:
        opened = tokens.open_token(token, token_type=ORDER_TOKEN_TYPE)
        signer = signer_of(work, opened.key_id, box)
        claims = tokens.verify(opened, [secret.encode() for secret in signer.secrets])
    except (tokens.NotGenuine, UnknownSource) as error:
        raise OrderForged(f"This order is not signed by a source of ours: {error}.") from error
    order = read_order(claims, source=signer.source.uri, at=work.now)
    buyer = members.member_of(work, identity_of(order.buyer, signer.source.authority))
    if buyer is None or not (caller.member_id == buyer.member_id or caller.may_use(order.source)):
        raise OrderForAnotherMember(
            f"Order {order.number} is not yours: its buyer is somebody else, or not linked here.",
            order=order.number,
        )
    if buyer.status is not MemberStatus.ACTIVE:
        raise MemberNotActive(f"This member is {buyer.status}.", status=buyer.status)
    return BuyersOrder(order, buyer.member_id)


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of redeeming of one programme version, rates as of now."""

    programme_hash: bytes
    calendar: Calendar
    redemption: RedemptionTerms

    def allowance(self, work: Work, member_id: UUID, currency: str) -> Allowance:
        """What is left of the member's limits and of the school's ceiling, now."""
        left = [
            limit.points
            - store.points_of_member(
                work, member_id, period_start(work.now, limit.per, self.calendar)
            )
            for limit in self.redemption.member_limits
        ]
        school_minor = None
        ceiling = switches.ceilings(work).get(currency)
        if ceiling is not None:
            since = period_start(work.now, LimitPeriod.MONTH, self.calendar)
            school_minor = ceiling - store.discounts_of_school(work, currency, since)
        return Allowance(min(left, key=lambda points: points.amount, default=None), school_minor)


def require_redeeming(work: Work) -> None:
    """Nothing, while points may be redeemed.

    Raises:
        RedeemingSwitchedOff: the school has stopped redeeming.
    """
    position = switches.position(work, Switch.REDEEMING)
    if not position.is_on:
        raise RedeemingSwitchedOff(
            f"Redeeming is switched off: {position.reason}", reason=position.reason
        )


def terms_in_force(work: Work) -> Terms:
    """How points are redeemed now.

    Raises:
        RedeemingSwitchedOff: the school has stopped redeeming.
        RedeemingNotOffered: no programme, or none that redeems.
    """
    require_redeeming(work)
    try:
        programme = programmes.in_force(work, work.now).programme
    except NoProgrammeInForce as error:
        raise RedeemingNotOffered(error.message) from error
    return _terms(work, programme)


def terms_of(work: Work, programme_hash: bytes) -> Terms:
    """The terms of a version that something was promised under."""
    stored = programmes_store.programme(work, programme_hash)
    assert stored is not None, "what was promised was promised under a stored version"
    return _terms(work, programmes.read_programme(stored.source_text))


def make_offer(work: Work, bought: BuyersOrder, requested: Points) -> Offer:
    """Price an order for its buyer under the programme in force now.

    Raises:
        RedeemingSwitchedOff: the school has stopped redeeming.
        RedeemingNotOffered: no programme, none that redeems, or not in this currency.
    """
    terms = terms_in_force(work)
    allowance = terms.allowance(work, bought.member_id, bought.order.currency)
    priced = price(bought.order, terms.redemption, allowance, requested)
    quote = make_quote(
        member_id=bought.member_id,
        order=bought.order,
        priced=priced,
        requested=requested,
        versions=Versions(terms.programme_hash, terms.redemption),
        at=work.now,
    )
    return Offer(priced, quote)


def _terms(work: Work, programme: Programme) -> Terms:
    if programme.redemption is None:
        raise RedeemingNotOffered("The programme in force does not redeem points.")
    calendar = Calendar(programme.zone)
    terms = parse_terms(programme.redemption).on(local_day(work.now, calendar))
    return Terms(programme.programme_hash, calendar, terms)


def signer_of(work: Work, name: str, box: SecretBox) -> OpenSource:
    """The source with its secrets.

    Raises:
        UnknownSource: no source of this name.
        NotGenuine: it is suspended, or may not sign orders.
    """
    opened = sources.open_source(work, name, box=box)
    if opened.source.state != "active" or not may_assert(ORDER_SIGNED, opened.source.authority):
        raise tokens.NotGenuine(f"the source {name} may not sign orders")
    return opened


def identity_of(buyer: str, authority: Authority) -> IdentityKey:
    """Whom ``provider:subject`` names in a source's mouth.

    Raises:
        OrderMalformed: not of that form, or of a provider that the source does not speak for.
    """
    try:
        return read_identity(buyer, authority.issuers)
    except BadIdentity as error:
        raise OrderMalformed(
            "The order is signed but not understood: sub must be an identity that its source may "
            "speak for, as in lms:1042.",
            field="sub",
        ) from error
