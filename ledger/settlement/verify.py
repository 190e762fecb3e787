"""Settlement against the journal: gaps, and lots that had to see a condition first.

That each revision's difference is what its entry moved and its gaps is looked at with the awards.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from ledger.kernel.transaction import Work
from ledger.settlement import verify_store
from ledger.verify.checks import Check
from ledger.verify.model import Finding

VESTINGS: Final = "vestings"
GAPS: Final = "gaps"


def check_vestings(work: Work) -> Iterator[Finding]:
    """Each condition is what the granting entry states, each decision what its entry did."""
    for row in verify_store.vestings(work):
        stated = {} if row.cause is None else json.loads(row.cause).get("vesting")
        to = "rewards" if row.to_rewards else "revoked"
        if stated != {"condition": row.condition, "to": to}:
            problem = "waits for something else than the entry that granted it states"
            yield Finding(VESTINGS, "vestings", str(row.lot_id), problem)
        elif row.holds is False and row.pending:
            problem = f"was cancelled, and {row.pending} points of it are still pending"
            yield Finding(VESTINGS, "vesting_decisions", str(row.lot_id), problem)
        elif row.holds is None and row.activated:
            problem = "was activated, and nobody has seen whether its condition holds"
            yield Finding(VESTINGS, "vestings", str(row.lot_id), problem)
        elif (row.cancelled or 0) != (row.moved or 0):
            problem = (
                f"says that {row.cancelled} points were cancelled; its entry moved {row.moved}"
            )
            yield Finding(VESTINGS, "vesting_decisions", str(row.lot_id), problem)
    for entry_id in verify_store.undecided_cancellations(work):
        problem = "cancels points, and no decision names it"
        yield Finding(VESTINGS, "transfers", f"of entry {entry_id}", problem)
    for lot_id in verify_store.forgotten_vestings(work):
        problem = "was granted on a condition, and nothing waits for it"
        yield Finding(VESTINGS, "lots", str(lot_id), problem)


def check_gaps(work: Work) -> Iterator[Finding]:
    """What was counted as gone had gone; what is unpaid is not less than nothing."""
    for row in verify_store.gap_sums(work):
        if -row.gone > row.taken:
            problem = f"counts on {-row.gone} points being gone; {row.taken} of its lots are"
            yield Finding(GAPS, "award_gaps", f"of award {row.award_id}", problem)
        if row.unpaid < 0:
            problem = f"was paid {-row.unpaid} points later than were unpaid"
            yield Finding(GAPS, "award_gaps", f"of award {row.award_id}", problem)


SETTLEMENT_CHECKS: Final = (Check(VESTINGS, check_vestings), Check(GAPS, check_gaps))
