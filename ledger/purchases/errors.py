"""What can be refused on the way from an offer to a purchase and back, each with its operands."""

from __future__ import annotations

from ledger.kernel.errors import ErrorKind, VkladError


class OfferForged(VkladError):
    """The offer's signature is not one that a source entitled to sign orders made."""

    code = "offer_forged"
    kind = ErrorKind.INVALID


class OfferMalformed(VkladError):
    """Genuine, but not an offer: a field is missing, unknown or out of bounds."""

    code = "offer_malformed"
    kind = ErrorKind.INVALID


class OfferExpired(VkladError):
    """The offer's own time limit has passed."""

    code = "offer_expired"
    kind = ErrorKind.GONE


class OfferForAnotherMember(VkladError):
    """The offer names somebody else as the buyer than the one who asks."""

    code = "offer_for_another_member"
    kind = ErrorKind.FORBIDDEN


class PurchasesNotOffered(VkladError):
    """The programme in force has no ``splits``, or no rule of this name."""

    code = "purchases_not_offered"
    kind = ErrorKind.INVALID


class RecipientUnknown(VkladError):
    """A recipient of the rule is not named, or is nobody active here; or one too many is named."""

    code = "recipient_unknown"
    kind = ErrorKind.INVALID


class BuyingFromOneself(VkladError):
    """The buyer is among the recipients."""

    code = "buying_from_oneself"
    kind = ErrorKind.FORBIDDEN


class PurchaseLimitReached(VkladError):
    """The member has bought as much, or as often, as one may in this period."""

    code = "purchase_limit_reached"
    kind = ErrorKind.CONFLICT


class PurchaseNumberReused(VkladError):
    """The offer's number already names another purchase of this source."""

    code = "purchase_number_reused"
    kind = ErrorKind.CONFLICT


class PurchaseNotFound(VkladError):
    """No such purchase, or not one that the caller may see."""

    code = "purchase_not_found"
    kind = ErrorKind.NOT_FOUND


class ReturnTooLate(VkladError):
    """The time in which the purchase could be taken back has passed."""

    code = "return_too_late"
    kind = ErrorKind.GONE


class PoolTooSmall(VkladError):
    """A pool of the school no longer has the share that it would give back."""

    code = "pool_too_small"
    kind = ErrorKind.CONFLICT
