"""What must hold of cases: what two persons set aside counts nowhere, what is doubted waits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.members.model import SCORE_TOPIC
from ledger.quarantine import store, withheld_store
from ledger.scoring import service as scoring
from ledger.scoring import store as scoring_store
from ledger.verify.checks import Check
from ledger.verify.model import Finding

NAME: Final = "quarantine"
ZERO: Final = Points(0)


def check_cases(work: Work) -> Iterator[Finding]:
    """Facts of voided cases are set aside."""
    for case_id, event_id in store.not_set_aside(work):
        problem = f"is of case {case_id}, which was voided, and still counts"
        yield Finding(NAME, "events", str(event_id), problem)


def check_withheld(work: Work) -> Iterator[Finding]:
    """What waits of awards is what their facts without those under review do not earn.

    A member with scoring still to do is left out, as by rule 6's check.
    """
    waiting = scoring_store.members_waiting(work, SCORE_TOPIC)
    for member_id in withheld_store.members_with_doubts(work):
        if member_id in waiting:
            continue
        stated = withheld_store.withheld_awards(work, member_id)
        wanted = scoring.withheld_now(work, member_id)
        for award_id in sorted(stated.keys() | wanted.keys()):
            is_now, should_be = stated.get(award_id, ZERO), wanted.get(award_id, ZERO)
            if is_now != should_be:
                problem = f"has {is_now.amount} points withheld; {should_be.amount} should be"
                yield Finding(NAME, "awards", str(award_id), problem)


QUARANTINE_CHECKS: Final = (Check(NAME, check_cases), Check(NAME, check_withheld))
