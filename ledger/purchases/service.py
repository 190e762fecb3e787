"""Buying from a member for points: the price goes to spent, and from there to its recipients.

    offer ──▶ the buyer's lots ──▶ spent ──▶ new lots for each recipient, pools of the school

One transaction. The hold is captured as it is placed, so that what is taken back later
(``returning``) goes to the lots it left, like any refund.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from ledger.consents.service import require_terms
from ledger.events.errors import UnknownSource
from ledger.events.model import Authority
from ledger.events.sources.model import SecretBox
from ledger.journal import service as journal
from ledger.journal.model import AccountKey, EntryKind, Posting
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.lots import store as lots_store
from ledger.lots.errors import DebtOpen
from ledger.lots.model import SPENT, CaptureHold, Cause, GrantLot, Hold, HoldPurpose, PlaceHold
from ledger.members import service as members
from ledger.members.model import Member, MemberNotActive, MemberStatus
from ledger.programme import service as programmes
from ledger.programme.calendar import Calendar
from ledger.programme.model import Programme
from ledger.programme.service import NoProgrammeInForce
from ledger.purchases import store
from ledger.purchases.errors import (
    BuyingFromOneself,
    OfferForAnotherMember,
    OfferForged,
    OfferMalformed,
    PurchaseLimitReached,
    PurchaseNumberReused,
    PurchasesNotOffered,
    RecipientUnknown,
)
from ledger.purchases.lives import Life, lives_left, spread
from ledger.purchases.model import PaidShare, Purchase, share_cause
from ledger.purchases.offers import OFFER_TOKEN_TYPE, SignedOffer, content_digest, read_offer
from ledger.purchases.posting import post_split, why
from ledger.purchases.splits import Share, SplitTerms, read_splits, split
from ledger.redemption import tokens
from ledger.redemption.errors import OrderMalformed
from ledger.redemption.offers import Caller, identity_of, require_redeeming, signer_of
from ledger.redemption.periods import period_start

_INSTANT: Final = timedelta(microseconds=1)
"""The life of a hold that is captured in the transaction that places it."""


@dataclass(frozen=True, slots=True)
class Buy:
    """Take up a signed offer."""

    caller: Caller
    offer_token: str


@dataclass(frozen=True, slots=True)
class OpenedOffer:
    """A genuine offer, the members it names, and the shares its rule comes to."""

    offer: SignedOffer
    buyer_id: UUID
    members: Mapping[str, UUID]
    programme: Programme
    terms: SplitTerms
    shares: tuple[tuple[Share, Points], ...]
    digest: bytes


@dataclass(frozen=True, slots=True)
class Purchases:
    """The use cases that open offers: they need the sources' secrets."""

    box: SecretBox

    def open_offer(self, work: Work, command: Buy) -> OpenedOffer:
        """What an offer would do; changes nothing.

        Raises:
            OfferForged, OfferMalformed, OfferExpired: not a live offer of a source of ours.
            OfferForAnotherMember: the buyer is not the caller, or is nobody here.
            PurchasesNotOffered, RedeemingSwitchedOff: not now, or not by this rule.
            RecipientUnknown, BuyingFromOneself, MemberNotActive: persons that cannot be.
        """
        offer, authority = self._genuine(work, command.offer_token)
        buyer = _member_of(work, offer.buyer, authority)
        if buyer is None or not (
            command.caller.member_id == buyer.member_id or command.caller.may_use(offer.source)
        ):
            raise OfferForAnotherMember(
                f"Offer {offer.number} is not yours: its buyer is somebody else, or not linked.",
                offer=offer.number,
            )
        if buyer.status is not MemberStatus.ACTIVE:
            raise MemberNotActive(f"This member is {buyer.status}.", status=buyer.status)
        programme, terms = _terms(work)
        shares = _shares_of(terms, offer)
        named = {
            share.to: _recipient(
                offer, share.to, _member_of(work, offer.recipients[share.to], authority)
            )
            for share in shares
            if share.pool is None
        }
        if buyer.member_id in named.values():
            raise BuyingFromOneself("Nobody buys from themselves.", offer=offer.number)
        ids = {to: str(member_id) for to, member_id in named.items()}
        return OpenedOffer(
            offer=offer,
            buyer_id=buyer.member_id,
            members=named,
            programme=programme,
            terms=terms,
            shares=tuple(zip(shares, split(offer.points, shares), strict=True)),
            digest=content_digest(offer, ids | {"": str(buyer.member_id)}),
        )

    def _genuine(self, work: Work, token: str) -> tuple[SignedOffer, Authority]:
        try:
            opened = tokens.open_token(token, token_type=OFFER_TOKEN_TYPE)
            signer = signer_of(work, opened.key_id, self.box)
            claims = tokens.verify(opened, [secret.encode() for secret in signer.secrets])
        except (tokens.NotGenuine, UnknownSource) as error:
            raise OfferForged(f"This offer is not signed by a source of ours: {error}.") from error
        offer = read_offer(claims, source=signer.source.uri, at=work.now)
        return offer, signer.source.authority

    def buy(self, work: Work, command: Buy) -> Purchase:
        """Pay a price and share it; the same offer again answers as its purchase is.

        Raises:
            PurchaseNumberReused: the source's number names another purchase.
            DebtOpen, InsufficientPoints, PurchaseLimitReached: the buyer cannot pay now.
            VkladError: as ``open_offer``.
        """
        opened = self.open_offer(work, command)
        journal.lock_head(work)
        offer = opened.offer
        known = store.find_by_number(work, offer.source, offer.number)
        if known is not None:
            if known.digest != opened.digest:
                raise PurchaseNumberReused(
                    f"Number {offer.number} already names another purchase.", offer=offer.number
                )
            return known
        require_terms(work, opened.buyer_id)
        _require_payable(work, opened)
        purchase_id = work.ids.new(work.now)
        hold = _pay(work, opened, purchase_id)
        purchase = Purchase(
            purchase_id=purchase_id,
            source=offer.source,
            number=offer.number,
            digest=opened.digest,
            buyer_id=opened.buyer_id,
            rule=offer.rule,
            points=offer.points,
            shares=_share_out(work, opened, purchase_id, hold),
            programme_hash=opened.programme.programme_hash,
            hold_id=hold.hold_id,
            made_at=work.now,
            refund_until=work.now + opened.terms.refund_for,
        )
        store.insert(work, purchase)
        return purchase


def _member_of(work: Work, identity: str, authority: Authority) -> Member | None:
    """Whom an identity of an offer is; ``None`` if nobody here."""
    try:
        return members.member_of(work, identity_of(identity, authority))
    except OrderMalformed as error:
        raise OfferMalformed(
            f"The offer is signed but its source may not speak for {identity[:64]!r}.",
            field="sub",
        ) from error


def _terms(work: Work) -> tuple[Programme, SplitTerms]:
    require_redeeming(work)
    try:
        programme = programmes.in_force(work, work.now).programme
    except NoProgrammeInForce as error:
        raise PurchasesNotOffered(error.message, rule=None) from error
    if programme.splits is None:
        raise PurchasesNotOffered("The programme in force shares no purchases.", rule=None)
    return programme, read_splits(programme.splits)


def _shares_of(terms: SplitTerms, offer: SignedOffer) -> tuple[Share, ...]:
    shares = terms.rules.get(offer.rule)
    if shares is None:
        raise PurchasesNotOffered(
            f"The programme in force has no rule {offer.rule!r} of splits.", rule=offer.rule
        )
    wanted = {share.to for share in shares if share.pool is None}
    for name in sorted(wanted ^ offer.recipients.keys()):
        raise RecipientUnknown(
            f"The rule {offer.rule} has the recipients {', '.join(sorted(wanted))}.", to=name
        )
    return shares


def _recipient(offer: SignedOffer, to: str, member: Member | None) -> UUID:
    if member is None or member.status is not MemberStatus.ACTIVE:
        raise RecipientUnknown(f"The {to} of offer {offer.number} is nobody active here.", to=to)
    return member.member_id


def _require_payable(work: Work, opened: OpenedOffer) -> None:
    debt = lots.summary(work, opened.buyer_id, work.now).debt
    if debt:
        raise DebtOpen(
            f"{debt.amount} points are owed; until they are paid none can leave.",
            debt=debt.amount,
        )
    calendar = Calendar(opened.programme.zone)
    for limit in opened.terms.limits:
        since = period_start(work.now, limit.per, calendar)
        count, points = store.bought_since(work, opened.buyer_id, since)
        too_often = limit.count is not None and count >= limit.count
        too_much = limit.points is not None and points + opened.offer.points > limit.points
        if too_often or too_much:
            raise PurchaseLimitReached(
                f"In one {limit.per} no more can be bought.",
                per=limit.per,
                count=limit.count,
                points=None if limit.points is None else limit.points.amount,
            )


def _pay(work: Work, opened: OpenedOffer, purchase_id: UUID) -> Hold:
    """The buyer's points to spent; the hold they went by."""
    hold_id = work.ids.new(work.now)
    cause = why(purchase_id)
    lots.place_hold(
        work,
        PlaceHold(
            hold_id=hold_id,
            member_id=opened.buyer_id,
            amount=opened.offer.points,
            purpose=HoldPurpose.PURCHASE,
            at=work.now,
            expires_at=work.now + _INSTANT,
            why=cause,
        ),
    )
    return lots.capture_hold(work, CaptureHold(hold_id, opened.offer.points, work.now, why=cause))


def _share_out(
    work: Work, opened: OpenedOffer, purchase_id: UUID, hold: Hold
) -> tuple[PaidShare, ...]:
    """From spent to each recipient: a member's part is new lots, one for each life it has."""
    activates_at = work.now + opened.terms.pending_for
    lives = _lives(work, opened, hold, activates_at)
    amounts = [points for _, points in opened.shares]
    grants = [
        GrantLot(
            member_id=opened.members[share.to],
            amount=points,
            kind=EntryKind.SPLIT,
            key=("purchase", str(purchase_id), share.to, str(number)),
            effective_at=work.now,
            activates_at=activates_at,
            expires_at=life.expires_at,
            cause=share_cause(purchase_id, share.to),
            why=why(purchase_id),
            paid_from=SPENT,
            continues=life.continues,
        )
        for number, (life, parts) in enumerate(spread(amounts, lives))
        for (share, _), points in zip(opened.shares, parts, strict=True)
        if share.pool is None and points
    ]
    granted: dict[Cause, list[UUID]] = {}
    for lot in lots.grant_lots(work, grants) if grants else []:
        granted.setdefault(lot.cause, []).append(lot.lot_id)
    to_pools = [
        Posting(SPENT, AccountKey(share.pool), points)
        for share, points in opened.shares
        if share.pool is not None and points
    ]
    post_split(work, EntryKind.SPLIT, purchase_id, to_pools)
    return tuple(
        PaidShare(
            to=share.to,
            points=points,
            member_id=opened.members.get(share.to),
            pool=share.pool,
            lot_ids=tuple(granted.get(share_cause(purchase_id, share.to), ())),
        )
        for share, points in opened.shares
    )


def _lives(work: Work, opened: OpenedOffer, hold: Hold, activates_at: datetime) -> list[Life]:
    """What life the points have that arrive: as the programme states, or what they had left."""
    stated = opened.terms.expires_at(activates_at, opened.programme.zone)
    if stated is not None:
        return [Life(opened.offer.points, stated, None)]
    paid = lots_store.read_lots(work, [part.lot_id for part in hold.parts])
    return lives_left(
        [(part.captured, paid[part.lot_id]) for part in hold.parts],
        paid_at=work.now,
        activates_at=activates_at,
    )
