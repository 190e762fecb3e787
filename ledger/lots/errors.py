"""What can be wrong with spending, holding and returning points."""

from __future__ import annotations

from ledger.kernel.errors import ErrorKind, VkladError


class InsufficientPoints(VkladError):
    """Fewer points are available than asked for; ``shortfall`` is the difference."""

    code = "insufficient_points"
    kind = ErrorKind.INVALID


class DebtOpen(VkladError):
    """The member owes points, and until they are paid none may leave for a token or a transfer."""

    code = "debt_open"
    kind = ErrorKind.INVALID


class HoldNotFound(VkladError):
    """No hold has this id."""

    code = "hold_not_found"
    kind = ErrorKind.NOT_FOUND


class HoldConflict(VkladError):
    """A hold with this id exists and says something else."""

    code = "hold_conflict"
    kind = ErrorKind.CONFLICT


class HoldAlreadyResolved(VkladError):
    """The hold was captured, released or expired; it resolves once."""

    code = "hold_already_resolved"
    kind = ErrorKind.CONFLICT


class HoldExpired(VkladError):
    """The hold's time limit has passed."""

    code = "hold_expired"
    kind = ErrorKind.GONE


class CaptureTooLarge(VkladError):
    """More is to be captured than the hold set aside."""

    code = "capture_too_large"
    kind = ErrorKind.INVALID


class RefundTooLarge(VkladError):
    """More is to be given back than was captured and has not come back yet."""

    code = "refund_too_large"
    kind = ErrorKind.INVALID


class NothingInEscrow(VkladError):
    """Nothing of this claim is in escrow any more."""

    code = "nothing_in_escrow"
    kind = ErrorKind.CONFLICT
