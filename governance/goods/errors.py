"""What can be refused on the way from a good to an order and back, each with its operands."""

from __future__ import annotations

from ledger.kernel.errors import ErrorKind, VkladError


class BadGood(VkladError):
    """A good or an order that cannot be one; ``field`` says which part."""

    code = "bad_good"
    kind = ErrorKind.INVALID


class UnknownGood(VkladError):
    """There is no such good."""

    code = "unknown_good"
    kind = ErrorKind.NOT_FOUND


class UnknownOrder(VkladError):
    """No such order, or not one that the caller may see."""

    code = "unknown_good_order"
    kind = ErrorKind.NOT_FOUND


class GoodNotOffered(VkladError):
    """The good is not on offer now."""

    code = "good_not_offered"
    kind = ErrorKind.CONFLICT


class GoodPriceDiffers(VkladError):
    """The price is not what the buyer saw; ``price`` is what it is."""

    code = "good_price_differs"
    kind = ErrorKind.CONFLICT


class OutOfStock(VkladError):
    """Fewer are left than wanted; ``stock`` says how many."""

    code = "out_of_stock"
    kind = ErrorKind.CONFLICT


class GoodLimitReached(VkladError):
    """One person gets at most ``limit`` of it; ``left`` says how many more."""

    code = "good_limit_reached"
    kind = ErrorKind.CONFLICT


class OrderStateDiffers(VkladError):
    """The order is in a state in which this is not done; ``state`` says in which."""

    code = "order_state_differs"
    kind = ErrorKind.CONFLICT


class OrderNeedsAnotherPerson(VkladError):
    """Nobody hands out or refunds what they ordered themselves."""

    code = "order_needs_another_person"
    kind = ErrorKind.FORBIDDEN
