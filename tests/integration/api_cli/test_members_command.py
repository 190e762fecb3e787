"""`vklad members block` and `unblock`: the same use cases as the page's, over a real database."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli.main import app
from ledger.kernel.errors import VkladError
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Database
from ledger.members import service
from ledger.members.blocks.model import MemberNotBlocked, UnblockNeedsAnotherPerson
from ledger.members.model import MemberNotActive, NotAnAdmin, UnknownMember
from tests.integration.conftest import TestDatabase
from tests.world import World

PROGRAMME = """\
programme: club
version: "1"
zone: Europe/Moscow
rules:
  - {id: post, on: club.post.created, to: actor, points: 5}
"""


@pytest.fixture(autouse=True)
def _installation(
    test_database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = test_database.app_url.replace("postgresql+psycopg", "postgresql")
    monkeypatch.setenv("VKLAD_DATABASE_URL", url)
    monkeypatch.setenv("VKLAD_STATE_FOLDER", str(tmp_path))


def run(command: str, member: str, by: str, reason: str = "seen selling accounts") -> str:
    """What the command says; raises what it raised."""
    done = CliRunner().invoke(app, ["members", command, member, "--by", by, "--reason", reason])
    if isinstance(done.exception, VkladError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def test_block_and_another_admins_unblock(database: Database) -> None:
    world = World.make(database)
    world.activate(PROGRAMME)
    member_id = world.link("ann")
    ann, first, second = (
        format_id("mem", one) for one in (member_id, world.first_admin, world.second_admin)
    )
    with pytest.raises(NotAnAdmin):
        run("block", first, ann)
    with pytest.raises(UnknownMember):
        run("block", format_id("mem", world.source.source_id), first)
    assert run("block", ann, first) == f"{ann} is blocked. Another admin can lift it.\n"
    listed = CliRunner().invoke(app, ["members", "list"]).stdout
    assert f"{ann}  blocked" in listed
    assert run("block", ann, second), "blocking again changes nothing"
    with database.read() as work, pytest.raises(MemberNotActive):
        service.require_active(work, member_id)
    world.state("p1", "club.post.created", "lms:ann", "2026-02-25T09:00:00Z", {"post": "p"})
    world.score()
    assert world.points("ann") == 5, "facts count: what they say was done"
    with pytest.raises(UnblockNeedsAnotherPerson):
        run("unblock", ann, first)
    assert run("unblock", ann, second, "it was a mistake") == f"{ann} takes part again.\n"
    with database.read() as work:
        service.require_active(work, member_id)
    with pytest.raises(MemberNotBlocked):
        run("unblock", ann, second)


def test_words_and_ids_that_cannot_be_read(database: Database) -> None:
    world = World.make(database)
    ann, first = (format_id("mem", one) for one in (world.link("ann"), world.first_admin))
    for member, by, reason in ((ann, first, " "), ("mem_nobody", first, "why"), (ann, "x", "why")):
        with pytest.raises(VkladError):
            run("block", member, by, reason)
