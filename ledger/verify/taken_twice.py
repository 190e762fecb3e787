"""Nobody gives back more than they were given, nor what had decayed or been cancelled before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ledger.kernel.transaction import Work
from ledger.verify.checks import Check
from ledger.verify.model import Finding
from ledger.verify.taken_twice_store import taken_too_much

NAME: Final = "taken back"


def check_taken(work: Work) -> Iterator[Finding]:
    """What was taken back of a cause and what was gone of it are no more than it gave."""
    for row in taken_too_much(work):
        problem = f"gave {row.gave} points; {row.taken} were taken back"
        if row.gone:
            problem += f" though {row.gone} were gone before"
        yield Finding(NAME, "lots", f"of {row.kind} {row.cause_id}", problem)


TAKEN_CHECKS: Final = (Check(NAME, check_taken),)
