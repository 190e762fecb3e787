"""Settlement against the journal: gaps, and lots that had to see a condition first.

That each revision's difference is what its entry moved and its gaps is looked at with the awards.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from ledger.journal.model import EntryKind
from ledger.kernel.transaction import Work
from ledger.lots.clawing import AWARD_CAUSE
from ledger.programme import service as programmes
from ledger.settlement import verify_store
from ledger.verify.checks import Check
from ledger.verify.model import Finding

VESTINGS: Final = "vestings"
GAPS: Final = "gaps"
BUDGETS: Final = "budgets of awards"


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

    for later in verify_store.paid_later(work):
        lots = [] if later.cause is None else json.loads(later.cause).get("lots", [])
        whose = [lot["cause"] for lot in lots]
        if (
            later.kind != EntryKind.AWARD
            or later.moved != later.points
            or whose != [{"kind": AWARD_CAUSE, "id": str(later.award_id)}]
        ):
            problem = f"says that {later.points} points were paid later, which its entry does not"
            yield Finding(GAPS, "award_gaps", f"of award {later.award_id}", problem)
    for award_id, waits, lacks in verify_store.wrongly_queued(work):
        problem = f"waits for {waits} points; it lacks {lacks}"
        yield Finding(GAPS, "award_queue", str(award_id), problem)


def check_budgets(work: Work) -> Iterator[Finding]:
    """What is used of a budget is what its awards use, and no more than any version gave it."""
    most: dict[str, int] = {}
    for activation in programmes.activations(work):
        for budget in programmes.programme_of(activation).budgets:
            most[budget.budget_id] = max(most.get(budget.budget_id, 0), budget.points)
    for use in verify_store.budget_uses(work):
        row = f"{use.budget_id} {use.span}"
        if use.stated != use.used:
            problem = f"says that {use.stated} points are used; its awards use {use.used}"
            yield Finding(BUDGETS, "budget_uses", row, problem)
        elif use.used > most.get(use.budget_id, 0):
            problem = f"has {use.used} points used; no version gave it so many"
            yield Finding(BUDGETS, "budget_uses", row, problem)
    for award_id, budget_id, points, worth in verify_store.overcharged(work):
        problem = f"uses {points} points of {budget_id}; it is worth {worth}"
        yield Finding(BUDGETS, "award_budgets", str(award_id), problem)


SETTLEMENT_CHECKS: Final = (
    Check(VESTINGS, check_vestings),
    Check(GAPS, check_gaps),
    Check(BUDGETS, check_budgets),
)
