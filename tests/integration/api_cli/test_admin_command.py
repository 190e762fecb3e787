"""`vklad admin`: the first admins' links, and keys for machines, over a real database."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from typer.testing import CliRunner

from api.auth.first_admin import BecomeFirstAdmin, become_first_admin
from api.auth.keys import principal_of_key
from api.cli.main import app
from ledger.kernel.transaction import Database, execute
from ledger.members.model import AdminExists, CreateMember, Role
from ledger.members.service import create_member, roles_of
from tests.integration.conftest import TestDatabase
from tests.world import World


@pytest.fixture(autouse=True)
def _installation(
    test_database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = test_database.app_url.replace("postgresql+psycopg", "postgresql")
    monkeypatch.setenv("VKLAD_DATABASE_URL", url)
    monkeypatch.setenv("VKLAD_STATE_FOLDER", str(tmp_path))


def test_the_printed_link_makes_an_admin_until_there_are_two(database: Database) -> None:
    for _ in range(2):
        printed = CliRunner().invoke(app, ["admin", "link"], catch_exceptions=False)
        assert printed.exit_code == 0
        link = printed.stdout.strip().splitlines()[0]
        assert link.startswith("http://127.0.0.1:8000/first-admin?token=")
        token = parse_qs(urlsplit(link).query)["token"][0]
        member = execute(database, create_member, CreateMember())
        execute(database, become_first_admin, BecomeFirstAdmin(member.member_id, token))
        with database.read() as work:
            assert roles_of(work, member.member_id) == {Role.ADMIN}
    refused = CliRunner().invoke(app, ["admin", "link"])
    assert isinstance(refused.exception, AdminExists)


def test_a_printed_key_works(database: Database) -> None:
    World.make(database)
    command = ["admin", "key", "LMS", "--scope", "events:write", "--scope", "redemptions:write"]
    printed = CliRunner().invoke(app, [*command, "--source", "https://lms.example/events"])
    with database.read() as work:
        principal = principal_of_key(work, printed.stdout.strip())
    assert principal.source == "https://lms.example/events"
    assert principal.scopes == {"events:write", "redemptions:write"}
