"""The ids of awards against what they are derived from: one award for each cause, for ever.

A check of its own beside :mod:`ledger.verify.awards`, which reads much more, so that both can run
at a time: together they would be what everything else waits for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from ledger.kernel.ids import derived_id
from ledger.kernel.transaction import Work
from ledger.lots.clawing import AWARD_CAUSE
from ledger.verify import store
from ledger.verify.checks import Check
from ledger.verify.model import Finding

NAME: Final = "award ids"


class AwardRow(NamedTuple):
    """An award as it was first stated."""

    award_id: UUID
    member_id: UUID
    rule_id: str
    event_id: UUID | None
    period: str | None
    earned_at: datetime


def check_ids(rows: Iterable[AwardRow]) -> Iterator[Finding]:
    """Every award, by id."""
    for row in rows:
        named = derived_id(
            *(row.earned_at, AWARD_CAUSE, str(row.member_id), row.rule_id),
            *(str(row.event_id), str(row.period)),
        )
        if named != row.award_id:
            yield Finding(NAME, "awards", str(row.award_id), "has an id that says something else")


def _check(work: Work) -> Iterator[Finding]:
    return check_ids(AwardRow._make(row) for row in store.stream_awards(work))


AWARD_ID_CHECK: Final = Check(NAME, _check)
"""Its line in the list of checks."""
