"""Scoring behind the answers: one member at a time, in any worker; weeks closed by the clock."""

from __future__ import annotations

from uuid import UUID

from api.composition import Composition
from ledger.kernel.transaction import Work, execute
from ledger.preview import service as previews
from ledger.scoring import service


def score(composition: Composition, key: str) -> None:
    """Outbox topic ``score``: project the facts of the member whose id is ``key`` again."""
    execute(composition.database, service.score_waiting, UUID(key))


def score_everybody(composition: Composition, key: str) -> None:
    """Outbox topic ``programme.activated``: everybody is to be scored again."""
    execute(composition.database, service.score_everybody, UUID(key))


def preview(composition: Composition, key: str) -> None:
    """Outbox topic ``programme.preview``: work out what a proposed version would do."""
    previews.work_out(composition.database, UUID(key))


def close_periods(composition: Composition) -> None:
    """Close weeks that are over, if the programme in force has weeks."""

    def close(work: Work, _: None) -> None:
        service.close_periods(work)

    execute(composition.database, close, None)
