"""What can be wrong with taking a grant back."""

from __future__ import annotations

from ledger.kernel.errors import ErrorKind, VkladError


class GrantNotPaid(VkladError):
    """Only what a grant has paid can be taken back, and once."""

    code = "grant_not_paid"
    kind = ErrorKind.CONFLICT


class TakeBackWaits(VkladError):
    """Somebody has asked for it already, and nobody has decided."""

    code = "take_back_waits"
    kind = ErrorKind.CONFLICT


class UnknownTakeBack(VkladError):
    """Nobody has asked that this grant be taken back, or it was decided."""

    code = "unknown_take_back"
    kind = ErrorKind.NOT_FOUND
