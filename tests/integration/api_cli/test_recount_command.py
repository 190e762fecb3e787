"""`vklad ledger recount`: what reports know is counted again from nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from api.cli.main import app
from ledger.kernel.transaction import Database
from ledger.reports import keeping, service
from tests.integration.conftest import TestDatabase
from tests.support.lots import ANNA, a_lot, add_members, grant


@pytest.fixture(autouse=True)
def _installation(
    test_database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = test_database.app_url.replace("postgresql+psycopg", "postgresql")
    monkeypatch.setenv("VKLAD_DATABASE_URL", url)
    monkeypatch.setenv("VKLAD_STATE_FOLDER", str(tmp_path))


def test_rows_that_went_wrong_are_counted_again(database: Database) -> None:
    add_members(database, ANNA)
    grant(database, a_lot("one", 30), a_lot("two", 12))
    keeping.count_all(database)
    with database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE report_flows SET amount = amount + 5"))
        connection.execute(sa.text("DELETE FROM report_holdings"))
    done = CliRunner().invoke(app, ["ledger", "recount"])
    assert (done.exit_code, done.stdout) == (0, "2 transfers counted.\n"), done.output
    with database.read() as work:
        found = service.dashboard(work)
    assert found.liability.outstanding.amount == found.spread.total.amount == 42
