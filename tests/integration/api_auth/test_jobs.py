"""Housekeeping forgets what has ended and nothing else."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from api.auth.jobs import forget_expired
from api.auth.model import SESSION_LIFE
from api.auth.oidc import SIGN_IN_LIFE
from api.auth.tables import sessions, sign_ins
from ledger.kernel.transaction import Database
from tests.support.clock import SetClock
from tests.support.sign_in import Browser


def _rows(database: Database) -> tuple[int, int]:
    with database.read() as work:
        counts = [
            work.connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in (sessions, sign_ins)
        ]
    return counts[0], counts[1]


def test_what_has_ended_is_forgotten(student: Browser, timed: Database, clock: SetClock) -> None:
    student.begin()
    assert forget_expired(timed) == 0
    clock.forward(SIGN_IN_LIFE)
    assert (forget_expired(timed), _rows(timed)) == (1, (1, 0))
    clock.forward(SESSION_LIFE - SIGN_IN_LIFE - timedelta(seconds=1))
    assert forget_expired(timed) == 0
    clock.forward(timedelta(seconds=1))
    assert (forget_expired(timed), _rows(timed)) == (1, (0, 0))
