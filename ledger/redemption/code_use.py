"""A shop spends a single-use code, once, on an order that it states with its own key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction

from ledger.journal.service import lock_head
from ledger.kernel.canonical import Json
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.members import service as members
from ledger.members.persons import store as persons
from ledger.redemption import code_store, store
from ledger.redemption.checkout import already_used
from ledger.redemption.claims import TOKEN_LIFE_MAX
from ledger.redemption.code_store import CodeUse, StoredCode
from ledger.redemption.code_text import digest_of_code
from ledger.redemption.codes import require_unused, unknown_code
from ledger.redemption.errors import CodeBuysNothing, CodeExpired, CodeForAnotherOrder
from ledger.redemption.lines import held_lines
from ledger.redemption.model import Redemption, RedemptionState, decide_capture
from ledger.redemption.offers import Caller, terms_of
from ledger.redemption.orders import Order, read_order
from ledger.redemption.periods import local_day
from ledger.redemption.pricing import Allowance, price
from ledger.redemption.service import give_back, is_over, spend


@dataclass(frozen=True, slots=True)
class UseCode:
    """A shop spends a code on an order: the claims of a signed order, without buyer and times.

    ``order`` may be left out for a code that was issued on an order.
    """

    caller: Caller
    code: str
    order: Mapping[str, Json] | None = None


def use(work: Work, command: UseCode) -> Redemption:
    """Spend a code, once: what of its discount the order's own bounds allow; the rest returns.

    The terms are those that the code was issued under. Other discounts of the order come first.

    Raises:
        CodeUnknown: none, or one of another shop.
        CodeUsed: carries what it was used for.
        CodeExpired: its time is over, or it was taken back; the points are with the member.
        MemberNotActive: whose it is was blocked meanwhile.
        CodeForAnotherOrder: it was issued on another order, or for another currency.
        CodeBuysNothing: none of the order's lines takes it; ``limited_by`` says why.
        OrderMalformed: the order cannot be read.
        OrderAlreadyUsed: another redemption lives on this order.
    """
    lock_head(work)
    code, redemption = _unused(work, command)
    order = None if command.order is None else _order(work, command.order, redemption)
    if code.products is None:
        captured = _use_on_own_order(work, redemption, order)
    elif order is None:
        raise CodeForAnotherOrder("This code needs the order that it is used for.", order=None)
    else:
        captured = _use_on(work, code, redemption, order)
    code_store.insert_use(
        work,
        CodeUse(
            code.code_id,
            captured.order_number,
            captured.net_minor,
            None if order is None else dict(order.content),
            work.now,
        ),
    )
    store.update(work, captured)
    return captured


def _unused(work: Work, command: UseCode) -> tuple[StoredCode, Redemption]:
    kept = digest_of_code(command.code)
    code = None if kept is None else code_store.find_by_digest(work, kept)
    redemption = None if code is None else store.lock(work, code.redemption_id)
    if code is None or redemption is None or not command.caller.may_use(redemption.order_source):
        raise unknown_code()
    require_unused(work, code)
    members.require_active(work, persons.person_of(work, redemption.member_id))
    if redemption.state is not RedemptionState.HELD or is_over(work, redemption):
        raise CodeExpired(
            f"This code ended at {code.expires_at.isoformat()} or was taken back.",
            expired_at=code.expires_at.isoformat(),
        )
    return code, redemption


def _order(work: Work, claims: Mapping[str, Json], redemption: Redemption) -> Order:
    """The order that a shop states: who signs requests with its key need not sign it again."""
    now = int(work.now.timestamp())
    times: dict[str, Json] = {
        "sub": format_id("mem", redemption.member_id),
        "iat": now,
        "exp": now + TOKEN_LIFE_MAX // timedelta(seconds=1),
    }
    return read_order(dict(claims) | times, source=redemption.order_source, at=work.now)


def _use_on_own_order(work: Work, redemption: Redemption, order: Order | None) -> Redemption:
    if order is not None:
        kept = store.order_digest(work, redemption.redemption_id)
        if order.digest != kept:
            raise CodeForAnotherOrder(
                f"This code is for order {redemption.order_number} as it was signed.",
                order=redemption.order_number,
            )
    return _captured(work, redemption)


def _use_on(work: Work, code: StoredCode, redemption: Redemption, order: Order) -> Redemption:
    if order.currency != redemption.currency:
        raise CodeForAnotherOrder(
            f"This code is of {redemption.currency}, the order of {order.currency}.",
            order=order.number,
        )
    live = store.find_live_of_order(work, order.source, order.number)
    if live is not None:
        if not is_over(work, live):
            raise already_used(live)
        give_back(work, live, RedemptionState.EXPIRED)
    terms = terms_of(work, redemption.programme_hash)
    issued_on = local_day(redemption.created_at, terms.calendar)
    own = terms.redemption.on(issued_on).for_code(code.products or ())
    ceiling = Allowance(school_minor=redemption.discount_minor)
    priced = price(order, own, ceiling, redemption.points)
    if not priced.discount_minor:
        raise CodeBuysNothing(
            "Nothing in this order can be paid with this code.", limited_by=priced.limited_by
        )
    turned = replace(
        redemption,
        order_number=order.number,
        net_minor=priced.net_minor,
        lines=held_lines(priced.lines, Fraction(redemption.rate)),
    )
    return _captured(work, turned, discount_minor=priced.discount_minor)


def _captured(
    work: Work, redemption: Redemption, *, discount_minor: int | None = None
) -> Redemption:
    taken = decide_capture(redemption, discount_minor=discount_minor, at=work.now)
    return spend(work, redemption, taken)
