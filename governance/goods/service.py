"""The catalogue, and orders from it: points held and stock reserved in one transaction.

Every command takes the journal's head lock before it reads a good, so orders are serial: stock is
never below zero, and a limit is one person's however many windows they order from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from governance.acting import lock_acting
from governance.goods import store
from governance.goods.errors import (
    BadGood,
    GoodLimitReached,
    GoodNotOffered,
    GoodPriceDiffers,
    OrderNeedsAnotherPerson,
    OrderStateDiffers,
    OutOfStock,
    UnknownGood,
    UnknownOrder,
)
from governance.goods.model import (
    ORDER_PREFIX,
    PREFIX,
    STOCK_MAX,
    Good,
    GoodOrder,
    OrderState,
    Terms,
    checked_note,
    checked_quantity,
    checked_terms,
    order_why,
)
from ledger.consents.service import require_terms
from ledger.journal import service as journal
from ledger.kernel.ids import derived_id, format_id
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.lots.model import (
    REFUND_GRACE,
    CaptureHold,
    HoldPurpose,
    HoldState,
    PlaceHold,
    ReleaseHold,
    ReturnToLots,
)
from ledger.lots.service import ExpireHold
from ledger.members import service as members
from ledger.members.model import MemberStatus
from ledger.members.persons import store as persons
from ledger.programme import service as programmes
from ledger.redemption.offers import require_redeeming
from ledger.redemption.terms import parse_terms


@dataclass(frozen=True, slots=True)
class AddGood:
    """Put a new good into the catalogue."""

    terms: Terms
    stock: int
    by: UUID


@dataclass(frozen=True, slots=True)
class ChangeGood:
    """State new terms of a good; orders there are keep the price they have."""

    good_id: UUID
    terms: Terms
    by: UUID


@dataclass(frozen=True, slots=True)
class ChangeStock:
    """Say that goods came onto the shelf (above zero) or left it by hand."""

    good_id: UUID
    change: int
    by: UUID


@dataclass(frozen=True, slots=True)
class Order:
    """Order ``quantity`` of a good at the ``price`` that the buyer saw."""

    good_id: UUID
    member_id: UUID
    quantity: int
    price: Points
    note: str | None = None


@dataclass(frozen=True, slots=True)
class EndOrder:
    """Fulfil, cancel or refund an order."""

    order_id: UUID
    by: UUID


def add(work: Work, command: AddGood) -> Good:
    """Put a new good into the catalogue.

    Raises:
        NotAnAdmin: only admins keep the catalogue.
        BadGood: terms or stock that cannot be.
    """
    members.require_admin(work, command.by)
    terms = checked_terms(command.terms)
    good = Good(work.ids.new(work.now), terms, _checked_stock(command.stock), work.now)
    store.insert_good(work, good, command.by)
    return good


def change(work: Work, command: ChangeGood) -> Good:
    """State new terms of a good.

    Raises:
        NotAnAdmin: only admins keep the catalogue.
        UnknownGood, BadGood: no such good, or terms that cannot be.
    """
    members.require_admin(work, command.by)
    terms = checked_terms(command.terms)
    journal.lock_head(work)
    good = find(work, command.good_id)
    store.update_terms(work, good.good_id, terms, command.by)
    return replace(good, terms=terms)


def change_stock(work: Work, command: ChangeStock) -> Good:
    """Say that goods came onto the shelf, or left it by hand.

    Raises:
        NotAnAdmin: only admins keep the catalogue.
        UnknownGood, BadGood: no such good, or nothing changed.
        OutOfStock: fewer are on the shelf.
    """
    members.require_admin(work, command.by)
    journal.lock_head(work)
    good = find(work, command.good_id)
    if not command.change:
        raise BadGood("Say how many came or left.", field="change")
    if good.stock + command.change < 0:
        raise _out_of_stock(good)
    stock = _checked_stock(good.stock + command.change)
    store.add_stock(work, good.good_id, command.change, command.by)
    return replace(good, stock=stock)


def order(work: Work, command: Order) -> GoodOrder:
    """Hold the price and reserve the goods, or neither.

    Raises:
        RedeemingSwitchedOff: the school has stopped redeeming.
        BadGood: of the quantity or the note.
        UnknownGood, GoodNotOffered, GoodPriceDiffers: not this good, not at this price.
        OutOfStock, GoodLimitReached: not so many.
        InsufficientPoints: too few are available.
        UnknownMember, MemberNotActive: the buyer takes no part.
    """
    quantity = checked_quantity(command.quantity)
    note = checked_note(command.note)
    lock_acting(work, command.member_id)
    journal.lock_head(work)
    require_redeeming(work)
    require_terms(work, command.member_id)
    good = find(work, command.good_id)
    _require_orderable(work, good, command)
    draft = GoodOrder(
        order_id=work.ids.new(work.now),
        good_id=good.good_id,
        member_id=command.member_id,
        quantity=quantity,
        price=good.terms.price,
        hold_id=work.ids.new(work.now),
        state=OrderState.ORDERED,
        ordered_at=work.now,
        ended_by=None,
        ended_at=None,
        refunded_by=None,
        refunded_at=None,
        note=note,
    )
    lots.place_hold(
        work,
        PlaceHold(
            hold_id=draft.hold_id,
            member_id=command.member_id,
            amount=draft.points,
            purpose=HoldPurpose.GOODS,
            at=work.now,
            expires_at=draft.lapses_at,
            why=order_why(draft),
        ),
    )
    store.move_stock(work, good.good_id, -quantity)
    store.insert_order(work, draft)
    return draft


def fulfil(work: Work, command: EndOrder) -> GoodOrder:
    """Say that the goods were handed out: the points are spent. Again: no change.

    Raises:
        NotAnAdmin, OrderNeedsAnotherPerson: not by this person.
        UnknownOrder, OrderStateDiffers: there is nothing to hand out.
        HoldExpired: its time limit has passed.
    """
    found = _of_another(work, command)
    if found.state is OrderState.FULFILLED:
        return found
    _require_state(found, OrderState.ORDERED)
    capture = CaptureHold(found.hold_id, found.points, work.now, why=order_why(found))
    lots.capture_hold(work, capture)
    return _ended(work, found, OrderState.FULFILLED, command.by)


def cancel(work: Work, command: EndOrder) -> GoodOrder:
    """Take an order back that nobody has handed out: the buyer, or an admin. Again: no change.

    Raises:
        UnknownOrder: no such order that the caller may cancel.
        OrderStateDiffers: it was handed out, or has lapsed.
    """
    lock_acting(work, command.by)
    journal.lock_head(work)
    found = of_reader(work, command.order_id, command.by)
    if found.state is OrderState.CANCELLED:
        return found
    _require_state(found, OrderState.ORDERED)
    if lots.hold(work, found.hold_id).state is HoldState.EXPIRED:
        return _lapsed(work, found)
    lots.release_hold(work, ReleaseHold(found.hold_id, work.now, why=order_why(found)))
    return _given_back(work, _ended(work, found, OrderState.CANCELLED, command.by))


def refund(work: Work, command: EndOrder) -> GoodOrder:
    """Take handed-out goods back: their points return to the lots they came from.

    As with redemptions: with the original expiry, or to a new lot with the programme's grace where
    that has passed or is nearer. Again: no change.

    Raises:
        NotAnAdmin, OrderNeedsAnotherPerson: not by this person.
        UnknownOrder, OrderStateDiffers: there is nothing to refund.
    """
    found = _of_another(work, command)
    if found.state is OrderState.REFUNDED:
        return found
    _require_state(found, OrderState.FULFILLED)
    lots.return_to_lots(
        work,
        ReturnToLots(
            hold_id=found.hold_id,
            return_id=derived_id(found.ordered_at, "goods.refund", str(found.order_id)),
            amount=found.points,
            at=work.now,
            grace=_refund_grace(work),
            why=order_why(found),
        ),
    )
    refunded = replace(
        found, state=OrderState.REFUNDED, refunded_by=command.by, refunded_at=work.now
    )
    store.update_order(work, refunded)
    return _given_back(work, refunded)


def settle(work: Work, order_id: UUID) -> bool:
    """Give an order back whose time limit has passed or whose buyer is erased; whether it was."""
    journal.lock_head(work)
    found = store.find_order(work, order_id)
    if found is None or found.state is not OrderState.ORDERED:
        return False
    if work.now >= found.lapses_at:
        lots.expire_hold(work, ExpireHold(found.hold_id, work.now))
        _lapsed(work, found)
        return True
    buyer = members.require_member(work, persons.person_of(work, found.member_id))
    if buyer.status is not MemberStatus.ERASED:
        return False
    lots.release_hold(work, ReleaseHold(found.hold_id, work.now, why=order_why(found)))
    _given_back(work, _ended(work, found, OrderState.CANCELLED, None))
    return True


def find(work: Work, good_id: UUID) -> Good:
    """A good as it is.

    Raises:
        UnknownGood: there is none.
    """
    good = store.find_good(work, good_id)
    if good is None:
        raise UnknownGood("There is no such good.", good=format_id(PREFIX, good_id))
    return good


def of_reader(work: Work, order_id: UUID, reader: UUID) -> GoodOrder:
    """An order that a member may see: their own, or any if they are an admin.

    Raises:
        UnknownOrder: none such.
    """
    found = store.find_order(work, order_id)
    if found is not None and persons.person_of(work, found.member_id) == reader:
        return found
    if found is not None and "admin" in members.roles_of(work, reader):
        return found
    raise UnknownOrder("There is no such order.", order=format_id(ORDER_PREFIX, order_id))


def _require_orderable(work: Work, good: Good, command: Order) -> None:
    if not good.terms.is_offered:
        raise GoodNotOffered("This is not on offer now.", good=format_id(PREFIX, good.good_id))
    if command.price != good.terms.price:
        raise GoodPriceDiffers(
            f"This costs {good.terms.price.amount} points now.", price=good.terms.price.amount
        )
    limit = good.terms.per_member
    if limit is not None:
        left = limit - store.taken_by(work, good.good_id, command.member_id)
        if command.quantity > left:
            raise GoodLimitReached(
                f"One person gets at most {limit} of this.", limit=limit, left=max(0, left)
            )
    if command.quantity > good.stock:
        raise _out_of_stock(good)


def _of_another(work: Work, command: EndOrder) -> GoodOrder:
    """An order that an admin decides on, and not their own."""
    members.require_admin(work, command.by)
    journal.lock_head(work)
    found = of_reader(work, command.order_id, command.by)
    if persons.person_of(work, found.member_id) == persons.person_of(work, command.by):
        raise OrderNeedsAnotherPerson("Another admin hands out or refunds what you ordered.")
    return found


def _require_state(found: GoodOrder, state: OrderState) -> None:
    if found.state is not state:
        raise OrderStateDiffers(f"This order is {found.state}.", state=found.state.value)


def _ended(work: Work, found: GoodOrder, state: OrderState, by: UUID | None) -> GoodOrder:
    ended = replace(found, state=state, ended_by=by, ended_at=work.now)
    store.update_order(work, ended)
    return ended


def _lapsed(work: Work, found: GoodOrder) -> GoodOrder:
    return _given_back(work, _ended(work, found, OrderState.LAPSED, None))


def _given_back(work: Work, found: GoodOrder) -> GoodOrder:
    """Back onto the shelf."""
    store.move_stock(work, found.good_id, found.quantity)
    return found


def _refund_grace(work: Work) -> timedelta:
    try:
        programme = programmes.in_force(work, work.now).programme
    except programmes.NoProgrammeInForce:
        return REFUND_GRACE
    if programme.redemption is None:
        return REFUND_GRACE
    return parse_terms(programme.redemption).refund_grace


def _checked_stock(stock: int) -> int:
    if not 0 <= stock <= STOCK_MAX:
        raise BadGood(f"Stock is 0 to {STOCK_MAX}.", field="stock")
    return stock


def _out_of_stock(good: Good) -> OutOfStock:
    return OutOfStock(f"{good.stock} are left.", stock=good.stock)
