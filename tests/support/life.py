"""What tests of the life of points share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from ledger.emission.verify import EMISSION_CHECKS
from ledger.inactivity.verify import INACTIVITY_CHECKS
from ledger.kernel.transaction import Database
from ledger.scoring.verify import SCORING_CHECKS
from ledger.settlement.verify import SETTLEMENT_CHECKS
from ledger.verify.service import AWARD_CHECKS, JOURNAL_CHECKS, verify
from ledger.verify.taken_twice import TAKEN_CHECKS
from tests.world import World

_TABLES = ("vestings", "vesting_decisions", "award_gaps", "emissions")
_TABLES += ("inactivity_warnings", "inactivity_decays")
CHECKS = (
    *(*JOURNAL_CHECKS, *TAKEN_CHECKS, *AWARD_CHECKS, *SCORING_CHECKS),
    *(*EMISSION_CHECKS, *SETTLEMENT_CHECKS, *INACTIVITY_CHECKS),
)


def findings(database: Database) -> list[str]:
    """What the checks of journal, lots, awards and settlement find."""
    return [str(finding) for finding in verify(database, CHECKS).findings]


def parts(world: World, subject: str) -> tuple[int, int]:
    """A member's pending and available points."""
    summary = world.summary(subject)
    return summary.pending.amount, summary.available.amount


@dataclass
class SetClock:
    """A clock that stands where it is set."""

    at: datetime

    def now(self) -> datetime:
        return self.at


def at_time(world: World, moment: str) -> World:
    """The same community, at this moment."""
    clock = SetClock(datetime.fromisoformat(moment))
    return replace(world, database=replace(world.database, clock=clock))


def balance(database: Database, kind: str) -> int:
    """What one of the system's accounts has."""
    query = sa.text("SELECT balance FROM accounts WHERE kind = :kind AND owner IS NULL")
    with database.engine.begin() as connection:
        return int(connection.execute(query, {"kind": kind}).scalar() or 0)


def damaged(database: Database, migrator_url: str, statement: str) -> list[str]:
    """What the checks find after somebody who can switch off triggers did this."""
    engine = sa.create_engine(migrator_url)
    with engine.begin() as connection:
        for table in _TABLES:
            connection.execute(sa.text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        connection.execute(sa.text(statement))
    engine.dispose()
    return findings(database)
