"""From a signed order to a quote, and from a quote to a hold.

A hold prices the order again, in its turn at the journal: only if nothing that was promised has
changed are points set aside, and two holds never see the same points. The balance is no part of a
quote, so having too few points shows at the hold alone.

    order (LMS) ──▶ quote (reads only) ──▶ hold ──▶ ``service``
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from ledger.consents.service import require_terms
from ledger.events.sources.model import SecretBox
from ledger.journal.service import lock_head
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.lots.model import HoldPurpose, PlaceHold
from ledger.redemption import store
from ledger.redemption.errors import NothingToRedeem, OrderAlreadyUsed, QuoteOutdated
from ledger.redemption.lines import held_lines
from ledger.redemption.model import Redemption, RedemptionState
from ledger.redemption.offers import (
    BuyersOrder,
    Caller,
    Offer,
    make_offer,
    open_order,
)
from ledger.redemption.quotes import (
    Quote,
    QuoteKeys,
    quote_json,
    read_quote,
    same_promise,
    sign_quote,
)
from ledger.redemption.service import give_back, is_over, why
from ledger.redemption.store import StoredOrder


@dataclass(frozen=True, slots=True)
class AskQuote:
    """What would this order cost with at most so many points? ``None``: all I have."""

    caller: Caller
    order_token: str
    points: Points | None = None


@dataclass(frozen=True, slots=True)
class QuoteGiven:
    """The answer: the offer, its signed form, and what the member could spend at that moment."""

    offer: Offer
    token: str
    available: Points


@dataclass(frozen=True, slots=True)
class HoldRedemption:
    """Set aside what a quote promised for an order, as long as it says or ``life`` does."""

    caller: Caller
    order_token: str
    quote_token: str
    life: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Redeeming:
    """The use cases that price: they need the keys of quotes, and of the sources' secrets."""

    quote_keys: QuoteKeys
    box: SecretBox

    def quote(self, work: Work, command: AskQuote) -> QuoteGiven:
        """A signed quote; stores nothing.

        Raises:
            OrderForged, OrderMalformed, OrderExpired, OrderForAnotherMember: see ``open_order``.
            OrderAlreadyUsed: another redemption lives on this order.
            RedeemingSwitchedOff, RedeemingNotOffered: see ``make_offer``.
        """
        bought = open_order(work, command.order_token, command.caller, self.box)
        live = store.find_live_of_order(work, bought.order.source, bought.order.number)
        if live is not None and not is_over(work, live):
            raise already_used(live)
        available = lots.summary(work, bought.member_id, work.now).available
        requested = available if command.points is None else command.points
        offer = make_offer(work, bought, requested)
        return QuoteGiven(offer, sign_quote(offer.quote, self.quote_keys), available)

    def hold(self, work: Work, command: HoldRedemption) -> Redemption:
        """Set the quoted points aside, if the quote still holds.

        Raises:
            QuoteForged, QuoteExpired: no live quote of ours.
            OrderForged, OrderMalformed, OrderExpired, OrderForAnotherMember: see ``open_order``.
            OrderAlreadyUsed: another redemption lives on this order.
            QuoteOutdated: order, programme, rate or limits changed; carries a new quote.
            NothingToRedeem: the quote is of no points.
            TermsNotAccepted: by the buyer.
            InsufficientPoints: carries the shortfall.
        """
        quote = read_quote(command.quote_token, self.quote_keys, at=work.now)
        bought = open_order(work, command.order_token, command.caller, self.box)
        require_terms(work, bought.member_id)
        lock_head(work)
        live = store.find_live_of_order(work, bought.order.source, bought.order.number)
        if live is not None:
            if not is_over(work, live):
                raise already_used(live)
            give_back(work, live, RedemptionState.EXPIRED)
        offer = make_offer(work, bought, quote.requested)
        if not same_promise(offer.quote, quote):
            fresh = quote_json(offer.quote) | {"token": sign_quote(offer.quote, self.quote_keys)}
            raise QuoteOutdated(
                "Something changed since the quote; here is a new one.", quote=fresh
            )
        if not quote.points:
            raise NothingToRedeem("The quote is of no points, so there is nothing to hold.")
        redemption = _held(work, bought, quote, command.life or quote.hold_for)
        lots.place_hold(
            work,
            PlaceHold(
                hold_id=redemption.hold_id,
                member_id=redemption.member_id,
                amount=redemption.points,
                purpose=HoldPurpose.REDEMPTION,
                at=work.now,
                expires_at=redemption.expires_at,
                why=why(redemption),
            ),
        )
        order_id = store.keep_order(work, _stored(bought))
        store.insert(work, redemption, order_id, quote_json(quote))
        return redemption


def _held(work: Work, bought: BuyersOrder, quote: Quote, life: timedelta) -> Redemption:
    return Redemption(
        redemption_id=work.ids.new(work.now),
        member_id=bought.member_id,
        hold_id=work.ids.new(work.now),
        order_source=bought.order.source,
        order_number=bought.order.number,
        state=RedemptionState.HELD,
        programme_hash=quote.programme_hash,
        rate=quote.rate,
        currency=quote.currency,
        net_minor=quote.net_minor,
        discount_minor=quote.discount_minor,
        points=quote.points,
        refund_grace=quote.refund_grace,
        created_at=work.now,
        expires_at=work.now + life,
        lines=held_lines(quote.lines, Fraction(quote.rate)),
    )


def already_used(live: Redemption) -> OrderAlreadyUsed:
    """What is said of an order that another redemption lives on."""
    return OrderAlreadyUsed(
        f"Order {live.order_number} has been used: points are {live.state} on it.",
        order=live.order_number,
        redemption=format_id("red", live.redemption_id),
        state=live.state,
    )


def _stored(bought: BuyersOrder) -> StoredOrder:
    return StoredOrder(
        source=bought.order.source,
        number=bought.order.number,
        digest=bought.order.digest,
        member_id=bought.member_id,
        currency=bought.order.currency,
        net_minor=bought.order.net_minor,
        content=bought.order.content,
    )
