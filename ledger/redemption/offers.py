"""What a signed order would cost a member now: the order opened, the limits read, the price made.

Both a quote and a hold come through here, so they cannot disagree about how a price is made.
Changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.members import service as members
from ledger.members.model import IdentityKey, MemberNotActive, MemberStatus
from ledger.programme.calendar import Calendar
from ledger.programme.model import Programme
from ledger.redemption import store, tokens
from ledger.redemption.errors import (
    OrderForAnotherMember,
    OrderForged,
    RedeemingNotOffered,
    RedeemingSwitchedOff,
)
from ledger.redemption.orders import ORDER_TOKEN_TYPE, Order, read_order
from ledger.redemption.periods import period_start
from ledger.redemption.pricing import Allowance, Price, price
from ledger.redemption.quotes import Quote, Versions, make_quote
from ledger.redemption.terms import LimitPeriod, RedemptionTerms, parse_terms
from ledger.switches import service as switches
from ledger.switches.model import Switch


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf something is asked.

    A member for themselves; or a machine: of one source for that source's orders, of none
    (``source`` is ``None`` too) for any.
    """

    member_id: UUID | None = None
    source: str | None = None

    def may_use(self, source: str) -> bool:
        """Whether orders of ``source`` are this machine's to settle; never a member's."""
        return self.member_id is None and self.source in {None, source}


@dataclass(frozen=True, slots=True)
class OrderSigner:
    """A source that may sign orders: its URI, its live secrets, and whom its words name."""

    source: str
    secrets: tuple[bytes, ...]
    identity: Callable[[str], IdentityKey]


class OrderSigners(Protocol):
    """The port to the sources and their secrets."""

    def __call__(self, work: Work, name: str) -> OrderSigner | None:
        """The signer of that name; ``None`` if there is none that may sign orders."""
        ...


class ProgrammeInForce(Protocol):
    """The port to the programme versions."""

    def __call__(self, work: Work) -> Programme | None:
        """The version in force at ``work.now``; ``None`` before the first activation."""
        ...


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


def open_order(work: Work, token: str, caller: Caller, signers: OrderSigners) -> BuyersOrder:
    """Take an order's token apart and check everything about it but what it costs.

    Raises:
        OrderForged: not signed by a source that may sign orders.
        OrderMalformed, OrderExpired: signed, but not a live order.
        OrderForAnotherMember: the buyer is not the caller, or is nobody here.
        MemberNotActive: the buyer is blocked or erased.
    """
    try:
        opened = tokens.open_token(token, token_type=ORDER_TOKEN_TYPE)
        signer = signers(work, opened.key_id)
        claims = tokens.verify(opened, signer.secrets if signer is not None else ())
    except tokens.NotGenuine as error:
        raise OrderForged(f"This order is not signed by a source of ours: {error}.") from error
    assert signer is not None, "no secret verified anything"
    order = read_order(claims, source=signer.source, at=work.now)
    buyer = members.member_of(work, signer.identity(order.buyer))
    if buyer is None or not (caller.member_id == buyer.member_id or caller.may_use(order.source)):
        raise OrderForAnotherMember(
            f"Order {order.number} is not yours: its buyer is somebody else, or not linked here.",
            order=order.number,
        )
    if buyer.status is not MemberStatus.ACTIVE:
        raise MemberNotActive(f"This member is {buyer.status}.", status=buyer.status)
    return BuyersOrder(order, buyer.member_id)


def make_offer(
    work: Work, bought: BuyersOrder, requested: Points, programme_in_force: ProgrammeInForce
) -> Offer:
    """Price an order for its buyer under the programme in force now.

    Raises:
        RedeemingSwitchedOff: the school has stopped redeeming.
        RedeemingNotOffered: no programme, none that redeems, or not in this currency.
    """
    position = switches.position(work, Switch.REDEEMING)
    if not position.is_on:
        raise RedeemingSwitchedOff(
            f"Redeeming is switched off: {position.reason}", reason=position.reason
        )
    programme = programme_in_force(work)
    if programme is None or programme.redemption is None:
        raise RedeemingNotOffered("The programme in force does not redeem points.")
    terms = parse_terms(programme.redemption)
    allowance = _allowance(work, bought, terms, Calendar(programme.zone))
    priced = price(bought.order, terms, allowance, requested)
    quote = make_quote(
        member_id=bought.member_id,
        order=bought.order,
        priced=priced,
        requested=requested,
        versions=Versions(programme.programme_hash, terms),
        at=work.now,
    )
    return Offer(priced, quote)


def _allowance(
    work: Work, bought: BuyersOrder, terms: RedemptionTerms, calendar: Calendar
) -> Allowance:
    member_points = None
    if terms.member_limit is not None:
        since = period_start(work.now, terms.member_limit.per, calendar)
        used = store.points_of_member(work, bought.member_id, since)
        member_points = terms.member_limit.points - used
    school_minor = None
    ceiling = switches.ceilings(work).get(bought.order.currency)
    if ceiling is not None:
        since = period_start(work.now, LimitPeriod.MONTH, calendar)
        school_minor = ceiling - store.discounts_of_school(work, bought.order.currency, since)
    return Allowance(member_points, school_minor)
