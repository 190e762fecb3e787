"""What can be refused on the way of a guest pass."""

from __future__ import annotations

from ledger.kernel.errors import ErrorKind, VkladError


class ReferralNotOffered(VkladError):
    """The programme in force has no guest passes."""

    code = "referral_not_offered"
    kind = ErrorKind.CONFLICT


class NoPlaceLeft(VkladError):
    """As many passes of this member are out and unused as may be; ``limit``."""

    code = "no_place_left"
    kind = ErrorKind.CONFLICT


class PassUnknown(VkladError):
    """No guest pass has this code."""

    code = "pass_unknown"
    kind = ErrorKind.NOT_FOUND


class PassUsed(VkladError):
    """Somebody else used this pass before."""

    code = "pass_used"
    kind = ErrorKind.CONFLICT


class PassLapsed(VkladError):
    """Nobody used this pass in time; ``lapsed_at``."""

    code = "pass_lapsed"
    kind = ErrorKind.GONE


class GuestElsewhere(VkladError):
    """Whoever asks is already a guest by another pass."""

    code = "guest_elsewhere"
    kind = ErrorKind.CONFLICT


class NotAReviewer(VkladError):
    """Only a moderator or an admin decides, and on no pass of their own."""

    code = "not_a_reviewer"
    kind = ErrorKind.FORBIDDEN


class NothingToReview(VkladError):
    """The pass does not wait for a decision."""

    code = "nothing_to_review"
    kind = ErrorKind.CONFLICT


class ReviewUnreadable(VkladError):
    """A decision without a reason, or with too long a one."""

    code = "review_unreadable"
    kind = ErrorKind.INVALID
