"""Budgets that one admin opened before two were asked go on, as approved by that one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

import api.migrations
from api.migrations.runner import migrate
from api.supervisor import postgres as pg
from ledger.grants import store as grants
from ledger.grants.budgets import store
from ledger.grants.model import Budget, budget_digest
from ledger.kernel.transaction import connect
from ledger.kernel.units import Points
from ledger.verify.service import GRANT_CHECKS, verify

ADMIN = UUID(int=0xAD1)
BUDGETS = [
    Budget(UUID(int=number), name, Points(500), ADMIN, opened_at, Points(0))
    for number, name, opened_at in (
        (1, 'Кружок "Ёлка"\\', datetime(2026, 1, 2, 3, 4, 5, 60_700, tzinfo=UTC)),
        (2, "Mentors", datetime(2026, 1, 2, 3, 4, 10, tzinfo=UTC)),
    )
]


@pytest.fixture
def before(postgres_server: pg.PostgresServer) -> Iterator[str]:
    """A database of the revision before, with budgets in it."""
    name = "before_budget_proposals"
    postgres_server.create_database(name)
    engine = sa.create_engine(postgres_server.url(pg.MIGRATOR, name), poolclass=sa.NullPool)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(api.migrations.__path__[0])))
        config.attributes["connection"] = connection
        command.upgrade(config, "0039")
        connection.execute(
            sa.text(
                "INSERT INTO members (member_id, status, locale, created_at) "
                "VALUES (:member, 'active', 'en', now())"
            ),
            {"member": ADMIN},
        )
        for budget in BUDGETS:
            connection.execute(
                sa.text("INSERT INTO budgets VALUES (:id, :name, :points, :by, :at, :digest)"),
                {
                    "id": budget.budget_id,
                    "name": budget.name,
                    "points": budget.amount.amount,
                    "by": budget.opened_by,
                    "at": budget.opened_at,
                    "digest": budget_digest(budget),
                },
            )
    yield name
    postgres_server.drop_database(name)


def test_they_go_on_and_are_sound(postgres_server: pg.PostgresServer, before: str) -> None:
    migrate(postgres_server.url(pg.MIGRATOR, before))
    database = connect(postgres_server.url(pg.APPLICATION, before))
    with database.read() as work:
        assert sorted(each.budget_id for each in grants.read_budgets(work)) == [
            each.budget_id for each in BUDGETS
        ]
        asked = store.all_proposals(work)
        decided = [each.decided for each in asked]
        assert [(each.state, each.open_from) for each in asked] == [
            ("approved", budget.opened_at) for budget in BUDGETS
        ]
        assert all(each is not None and each.decided_by == ADMIN for each in decided)
        assert store.waiting(work, 10) == []
    assert verify(database, GRANT_CHECKS).findings == ()
    database.engine.dispose()
