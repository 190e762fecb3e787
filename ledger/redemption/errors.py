"""What can be refused on the way from an order to a refund, each with its operands."""

from __future__ import annotations

from ledger.kernel.errors import ErrorKind, VkladError


class TermsMalformed(VkladError):
    """The programme's ``redemption`` section does not say what it must."""

    code = "redemption_terms_malformed"
    kind = ErrorKind.INVALID


class RedeemingNotOffered(VkladError):
    """The programme in force has no ``redemption`` section, or no rate for this currency."""

    code = "redeeming_not_offered"
    kind = ErrorKind.INVALID


class RedeemingSwitchedOff(VkladError):
    """The school has switched redeeming off for now; nothing about the request is wrong."""

    code = "redeeming_switched_off"
    kind = ErrorKind.FORBIDDEN


class OrderForged(VkladError):
    """The order's signature is not one that a source entitled to sign orders made."""

    code = "order_forged"
    kind = ErrorKind.INVALID


class OrderMalformed(VkladError):
    """Genuine, but not an order: a field is missing, unknown or out of bounds."""

    code = "order_malformed"
    kind = ErrorKind.INVALID


class OrderExpired(VkladError):
    """The order's own time limit has passed."""

    code = "order_expired"
    kind = ErrorKind.GONE


class OrderAlreadyUsed(VkladError):
    """Another redemption holds or has spent points on this order."""

    code = "order_already_used"
    kind = ErrorKind.CONFLICT


class OrderForAnotherMember(VkladError):
    """The order names somebody else than the one who asks."""

    code = "order_for_another_member"
    kind = ErrorKind.FORBIDDEN


class QuoteForged(VkladError):
    """The quote is not one that this service signed."""

    code = "quote_forged"
    kind = ErrorKind.INVALID


class QuoteExpired(VkladError):
    """The quote's time limit has passed; ask for a new one."""

    code = "quote_expired"
    kind = ErrorKind.GONE


class QuoteOutdated(VkladError):
    """What the quote promised is no longer so; ``quote`` is a new one."""

    code = "quote_outdated"
    kind = ErrorKind.CONFLICT


class NothingToRedeem(VkladError):
    """The quote's discount is zero, so there is nothing to hold."""

    code = "nothing_to_redeem"
    kind = ErrorKind.INVALID


class RedemptionNotFound(VkladError):
    """No such redemption, or not one that the caller may see."""

    code = "redemption_not_found"
    kind = ErrorKind.NOT_FOUND


class RedemptionAlreadyCaptured(VkladError):
    """A hold is captured once."""

    code = "redemption_already_captured"
    kind = ErrorKind.CONFLICT


class RedemptionReleased(VkladError):
    """The hold was released; its points are back with the member."""

    code = "redemption_released"
    kind = ErrorKind.CONFLICT


class RedemptionExpired(VkladError):
    """The hold's time limit has passed; its points are back with the member."""

    code = "redemption_expired"
    kind = ErrorKind.GONE


class CaptureAboveHold(VkladError):
    """More was asked than is held."""

    code = "capture_above_hold"
    kind = ErrorKind.INVALID


class PaidAboveOrder(VkladError):
    """The money said to be paid exceeds what the order leaves to pay."""

    code = "paid_above_order"
    kind = ErrorKind.INVALID


class RedemptionNotCaptured(VkladError):
    """Only what was captured can be refunded."""

    code = "redemption_not_captured"
    kind = ErrorKind.CONFLICT


class RefundAbovePaid(VkladError):
    """All refunds together would exceed what was paid."""

    code = "refund_above_paid"
    kind = ErrorKind.INVALID


class RefundedOtherwise(VkladError):
    """Earlier refunds of the redemption were by line and this is not, or the other way round."""

    code = "refunded_otherwise"
    kind = ErrorKind.CONFLICT


class LineUnknown(VkladError):
    """A capture or refund names a line that the order does not have."""

    code = "line_unknown"
    kind = ErrorKind.INVALID


class RefundIdReused(VkladError):
    """The refund's id already names a refund of another amount."""

    code = "refund_id_reused"
    kind = ErrorKind.CONFLICT


class CodesNotOffered(VkladError):
    """The programme in force has no single-use codes, or this shop takes none."""

    code = "codes_not_offered"
    kind = ErrorKind.INVALID


class CodeAboveLimit(VkladError):
    """A code is not issued for so much, or for so long; ``limited_by`` names the bound."""

    code = "code_above_limit"
    kind = ErrorKind.INVALID


class CodeUnknown(VkladError):
    """No such code, or not one that the caller may use."""

    code = "code_unknown"
    kind = ErrorKind.NOT_FOUND


class CodeListed(VkladError):
    """A till may honour the code from its list, so its points stay held until it ends."""

    code = "code_listed"
    kind = ErrorKind.CONFLICT


class CodeUsed(VkladError):
    """A code is used once."""

    code = "code_used"
    kind = ErrorKind.CONFLICT


class CodeExpired(VkladError):
    """The code's time is over, or its member took it back; the points are with the member."""

    code = "code_expired"
    kind = ErrorKind.GONE


class CodeForAnotherOrder(VkladError):
    """The code was issued on another order, or for another currency."""

    code = "code_for_another_order"
    kind = ErrorKind.INVALID


class CodeBuysNothing(VkladError):
    """Nothing in the order can be paid with the code; it stays unused."""

    code = "code_buys_nothing"
    kind = ErrorKind.INVALID


class CodeNeeded(VkladError):
    """A single-use code carries these points: they are spent by the code alone."""

    code = "code_needed"
    kind = ErrorKind.CONFLICT
