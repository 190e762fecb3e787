"""What can be wrong with asking for a budget."""

from __future__ import annotations

from ledger.kernel.errors import ErrorKind, VkladError


class BudgetDecided(VkladError):
    """The proposal was approved, rejected or withdrawn before."""

    code = "budget_decided"
    kind = ErrorKind.CONFLICT


class BudgetContentDiffers(VkladError):
    """The approval is for other content than the proposal has."""

    code = "budget_content_differs"
    kind = ErrorKind.CONFLICT


class BudgetNeedsAnotherPerson(VkladError):
    """Whoever asked for a budget cannot open it alone."""

    code = "budget_needs_another_person"
    kind = ErrorKind.FORBIDDEN


class BudgetNotOpenYet(VkladError):
    """The public notice of a single admin's budget has not stood long enough."""

    code = "budget_not_open_yet"
    kind = ErrorKind.CONFLICT
