"""Awards that scoring made verify; one damaged value does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from api.supervisor.postgres import APPLICATION, MIGRATOR, PostgresServer
from ledger.journal.model import EntryKind
from ledger.kernel.ids import RandomIds
from ledger.kernel.transaction import Work, connect
from ledger.verify.award_ids import AWARD_ID_CHECK
from ledger.verify.service import AWARD_CHECKS, JOURNAL_CHECKS, run_checks
from tests.support.lots import AT
from tests.world import World

DAILY = (Path(__file__).parents[3] / "examples" / "programmes" / "daily.yaml").read_text()


def _awards_happen(world: World) -> None:
    """An award, one corrected upwards, one taken back, one that a cap left without points."""
    world.activate(DAILY)
    for name in ("anna", "boris"):
        world.link(name)
    for day in range(2, 8):
        world.state(f"o{day}", "day.opened", "lms:anna", f"2026-03-{day:02}T08:00:00Z")
        world.state(f"s{day}", "session.started", "lms:anna", f"2026-03-{day:02}T08:01:00Z")
    world.state("text", "text.submitted", "lms:anna", "2026-03-08T06:00:00Z")
    world.state("gone", "template.commit.merged", "lms:boris", "2026-03-02T09:00:00Z")
    world.score()
    world.state("o8", "day.opened", "lms:anna", "2026-03-08T07:00:00Z")
    world.state("r1", "activity.retracted", None, "2026-03-03T09:00:00Z", {"id": "gone"})
    for number in range(10):
        world.state(
            f"m{number}", "template.commit.merged", "lms:boris", f"2026-03-05T09:0{number}:00Z"
        )
    world.score()


@pytest.fixture(scope="module")
def awarded(postgres_server: PostgresServer, template_database: str) -> Iterator[sa.Engine]:
    name = "test_verify_awards"
    postgres_server.create_database(name, template_database)
    database = connect(postgres_server.url(APPLICATION, name))
    _awards_happen(World.make(database))
    database.engine.dispose()
    owner = sa.create_engine(postgres_server.url(MIGRATOR, name))
    with owner.begin() as connection:
        for table in ("awards", "award_revisions"):
            connection.execute(sa.text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
    yield owner
    owner.dispose()
    postgres_server.drop_database(name)


_CHECKS = (*AWARD_CHECKS, AWARD_ID_CHECK)
_PAID = "revision = 1 AND points > 0"
_OTHER = UUID(int=0xFFFF)
_DAMAGE = [
    *(
        f"UPDATE award_revisions SET {change} WHERE {_PAID}"
        for change in (
            "revision = 7",
            "points = points + 1",
            """receipt = receipt || '{"x": 1}'""",
            "entry_id = NULL",
            f"entry_id = '{_OTHER}'",
            "recorded_at = recorded_at + interval '1 s'",
        )
    ),
    "UPDATE award_revisions SET points = 1 WHERE revision = 1 AND points = 0",
    "UPDATE award_revisions SET receipt = '{}' WHERE revision = 2",
    (
        "UPDATE award_revisions SET entry_id = (SELECT entry_id FROM award_revisions "
        "WHERE revision = 1 AND points > 0 LIMIT 1) WHERE revision = 2"
    ),
    "DELETE FROM award_revisions WHERE revision = 2",
    "DELETE FROM award_revisions WHERE award_id = (SELECT min(award_id::text)::uuid FROM awards)",
    *(
        f"UPDATE awards SET {change}"
        for change in (
            "rule_id = rule_id || '2'",
            "earned_at = earned_at + interval '1 s'",
            "created_at = created_at + interval '1 s'",
            "event_id = NULL, period = event_id::text",
            "member_id = (SELECT max(member_id::text)::uuid FROM members)",
        )
    ),
]


@pytest.mark.parametrize("statement", _DAMAGE)
def test_one_damaged_value_is_found(awarded: sa.Engine, statement: str) -> None:
    with awarded.connect() as connection:
        assert connection.execute(sa.text(statement)).rowcount >= 1
        findings = run_checks(Work(connection, AT, RandomIds()), _CHECKS).findings
        connection.rollback()
    found = [finding.check for finding in findings]
    of_the_id = "created_at" not in statement and statement.startswith("UPDATE awards")
    assert found
    assert set(found) <= {"awards", "award ids"}
    assert ("award ids" in found) == of_the_id


def test_without_damage_nothing_is_found(awarded: sa.Engine) -> None:
    with awarded.connect() as connection:
        work = Work(connection, AT, RandomIds())
        assert run_checks(work, (*JOURNAL_CHECKS, *_CHECKS)).findings == ()
        kinds = connection.execute(sa.text("SELECT DISTINCT kind FROM transfers")).scalars()
        assert {EntryKind.AWARD, EntryKind.CORRECTION} <= set(kinds)
        empty = sa.text("SELECT count(*) FROM award_revisions WHERE points = 0 AND revision = 1")
        assert connection.execute(empty).scalar_one() > 0
