"""What can be wrong with a grant."""

from __future__ import annotations

from ledger.kernel.errors import ErrorKind, VkladError


class BadGrant(VkladError):
    """A proposal that no approval could make right; ``problem`` says where."""

    code = "bad_grant"
    kind = ErrorKind.INVALID


class UnknownBudget(VkladError):
    """There is no such budget."""

    code = "unknown_budget"
    kind = ErrorKind.NOT_FOUND


class BudgetNameTaken(VkladError):
    """Another budget has this name."""

    code = "budget_name_taken"
    kind = ErrorKind.CONFLICT


class BudgetExceeded(VkladError):
    """The budget has fewer points left than the grant needs."""

    code = "budget_exceeded"
    kind = ErrorKind.INVALID


class UnknownGrant(VkladError):
    """There is no such grant."""

    code = "unknown_grant"
    kind = ErrorKind.NOT_FOUND


class UnknownBeneficiary(VkladError):
    """A line names nobody who can be paid."""

    code = "unknown_beneficiary"
    kind = ErrorKind.INVALID


class UnknownVesting(VkladError):
    """The programme in force has no such kind of vesting."""

    code = "unknown_vesting"
    kind = ErrorKind.INVALID


class VestingDaysOutOfBounds(VkladError):
    """Other days than points of this kind may vest."""

    code = "vesting_days_out_of_bounds"
    kind = ErrorKind.INVALID


class VestingAboutWhom(VkladError):
    """Whom the condition is about is not named, is paid by the grant, or is nobody's question."""

    code = "vesting_about_whom"
    kind = ErrorKind.INVALID


class PreviewNeeded(VkladError):
    """A list is proposed that was not previewed as it is."""

    code = "preview_needed"
    kind = ErrorKind.CONFLICT


class GrantClosed(VkladError):
    """The grant was paid, rejected or withdrawn before."""

    code = "grant_closed"
    kind = ErrorKind.CONFLICT


class GrantContentDiffers(VkladError):
    """The approval is for other content than the grant has."""

    code = "grant_content_differs"
    kind = ErrorKind.CONFLICT


class OwnGrant(VkladError):
    """Whoever proposes or approves a grant may not be paid by it."""

    code = "own_grant"
    kind = ErrorKind.FORBIDDEN


class AnotherPersonNeeded(VkladError):
    """The same person cannot approve twice, nor close what only another may."""

    code = "another_person_needed"
    kind = ErrorKind.FORBIDDEN


class GrantNotPayableYet(VkladError):
    """The public notice of a single admin's grant has not stood long enough."""

    code = "grant_not_payable_yet"
    kind = ErrorKind.CONFLICT


class GrantThresholdReached(VkladError):
    """A single admin may not grant this much within 24 hours."""

    code = "grant_threshold_reached"
    kind = ErrorKind.INVALID
