"""What is done by the clock: a literal registry of jobs.

A job looks for what is due and does it; run twice, or by two hosts at once, it does nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from api.composition import Composition
from api.tasks import scoring
from ledger.kernel import outbox
from ledger.kernel.transaction import Work, execute

OUTBOX_KEPT: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Job:
    """One periodic job."""

    name: str
    every_s: float
    run: Callable[[Composition], None]
    needs_chain: bool = False


def forget_done_work(composition: Composition) -> None:
    """Delete outbox rows that were done long ago."""

    def forget(work: Work, kept: timedelta) -> int:
        return outbox.forget(work, work.now - kept)

    execute(composition.database, forget, OUTBOX_KEPT)


JOBS: Final[tuple[Job, ...]] = (
    Job("outbox.forget", 600, forget_done_work),
    Job("scoring.close_periods", 5, scoring.close_periods),
)
