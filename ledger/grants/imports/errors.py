"""What can be wrong with an import of balances."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.grants.imports.faults import Fault
from ledger.kernel.errors import ErrorKind, VkladError


class BadImport(VkladError):
    """The file, or what is said about it, cannot be imported; ``faults`` say where and why."""

    code = "bad_import"
    kind = ErrorKind.INVALID

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            "; ".join(fault.text("en") for fault in faults[:5])
            + (f"; and {len(faults) - 5} more." if len(faults) > 5 else "."),
            faults=[fault.to_json() for fault in faults],
        )
        self.faults = tuple(faults)


class UnknownImport(VkladError):
    """There is no such import."""

    code = "unknown_import"
    kind = ErrorKind.NOT_FOUND


class ImportNotPreviewed(VkladError):
    """What is proposed is not what a dry run looked at: another file, reason or budget."""

    code = "import_not_previewed"
    kind = ErrorKind.CONFLICT


class ImportClosed(VkladError):
    """What is asked of the import is not possible in the state it is in."""

    code = "import_closed"
    kind = ErrorKind.CONFLICT


class ImportContentDiffers(VkladError):
    """The approval is for other content than the import has."""

    code = "import_content_differs"
    kind = ErrorKind.CONFLICT


class OwnImport(VkladError):
    """Whoever proposes or approves an import may not be in it."""

    code = "own_import"
    kind = ErrorKind.FORBIDDEN


class ImportNeedsAnotherPerson(VkladError):
    """The same person cannot stand for an import twice."""

    code = "import_needs_another_person"
    kind = ErrorKind.FORBIDDEN


class ImportNotPayableYet(VkladError):
    """Its public notice has not stood long enough in place of the person who is missing."""

    code = "import_not_payable_yet"
    kind = ErrorKind.CONFLICT


class ImportThresholdReached(VkladError):
    """A single admin may not bring this much along within 24 hours."""

    code = "import_threshold_reached"
    kind = ErrorKind.INVALID
