"""What must hold of cases: what two persons set aside counts nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ledger.kernel.transaction import Work
from ledger.quarantine import store
from ledger.verify.checks import Check
from ledger.verify.model import Finding

NAME: Final = "quarantine"


def check_cases(work: Work) -> Iterator[Finding]:
    """Facts of voided cases are set aside."""
    for case_id, event_id in store.not_set_aside(work):
        problem = f"is of case {case_id}, which was voided, and still counts"
        yield Finding(NAME, "events", str(event_id), problem)


QUARANTINE_CHECKS: Final = (Check(NAME, check_cases),)
