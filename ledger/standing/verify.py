"""What must hold of kept levels: each follows another one, and none is missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ledger.kernel.transaction import Work
from ledger.standing import store
from ledger.verify.checks import Check
from ledger.verify.model import Finding

NAME: Final = "levels"


def check_levels(work: Work) -> Iterator[Finding]:
    """Rows are numbered without a gap, and a row says another level than the one before."""
    for member_id, number in store.out_of_order(work):
        row = f"of member {member_id}, number {number}"
        yield Finding(NAME, "member_levels", row, "does not follow the one before")


LEVEL_CHECKS: Final = (Check(NAME, check_levels),)
