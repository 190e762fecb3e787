"""`vklad admin`: the first admins' links, and keys for machines, over a real database."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from typer.testing import CliRunner

from api.auth.first_admin import BecomeFirstAdmin, become_first_admin
from api.auth.keys import principal_of_key
from api.auth.model import CredentialsRefused, SourceKeyRequired
from api.cli.main import app
from ledger.events.errors import CredentialNeedsAnotherPerson, CredentialNotAsRead
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Database, execute
from ledger.members import store
from ledger.members.model import AdminExists, CreateMember, NotAnAdmin, Role
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


def test_a_printed_key_works_once_another_admin_approved_it(database: Database) -> None:
    world = World.make(database)
    first, second = (format_id("mem", one) for one in (world.first_admin, world.second_admin))
    command = ["admin", "key", "LMS", "--scope", "events:write", "--scope", "redemptions:write"]
    command += ["--source", "https://lms.example/events"]
    nobodys = CliRunner().invoke(app, command)
    assert isinstance(nobodys.exception, NotAnAdmin)
    printed = CliRunner().invoke(app, [*command, "--as", first])
    approval = printed.stderr.partition("vklad ")[2].split()[:4]
    assert approval[:2] == ["credentials", "approve"]
    with database.read() as work, pytest.raises(CredentialsRefused):
        principal_of_key(work, printed.stdout.strip())
    alone = CliRunner().invoke(app, [*approval, "--as", first])
    assert isinstance(alone.exception, CredentialNeedsAnotherPerson)
    bad = CliRunner().invoke(app, [*approval[:3], "not hex", "--as", second])
    assert isinstance(bad.exception, CredentialNotAsRead)
    assert "draft" in CliRunner().invoke(app, ["credentials", "list"]).stdout
    agreed = CliRunner().invoke(app, [*approval, "--as", second], catch_exceptions=False)
    assert agreed.stdout.endswith(" works.\n")
    with database.read() as work:
        principal = principal_of_key(work, printed.stdout.strip())
    assert principal.source == "https://lms.example/events"
    assert principal.scopes == {"events:write", "redemptions:write"}


def test_a_plain_key_needs_nobody_and_a_rejected_one_never_works(database: Database) -> None:
    world = World.make(database)
    strong = CliRunner().invoke(app, ["admin", "key", "shop", "--scope", "redemptions:write"])
    assert isinstance(strong.exception, SourceKeyRequired)
    plain = CliRunner().invoke(app, ["admin", "key", "shop", "--scope", "members:read"])
    with database.read() as work:
        assert principal_of_key(work, plain.stdout.strip()).source is None
    person = ["--as", format_id("mem", world.first_admin)]
    command = ["admin", "key", "LMS", "--scope", "events:write", "--source", world.source.uri]
    key = CliRunner().invoke(app, [*command, *person])
    wanted = key.stderr.partition("vklad ")[2].split()[2]
    told = CliRunner().invoke(app, ["credentials", "reject", wanted, *person])
    assert told.stdout == f"{wanted} is rejected.\n"
    with database.read() as work, pytest.raises(CredentialsRefused):
        principal_of_key(work, key.stdout.strip())


def test_a_single_admin_is_told_how_long_the_notice_stands(database: Database) -> None:
    world = World.make(database)
    execute(
        database,
        lambda work, _: store.delete_role(work, world.second_admin, Role.ADMIN),
        None,
    )
    command = ["admin", "key", "LMS", "--scope", "events:write", "--source", world.source.uri]
    made = CliRunner().invoke(app, [*command, "--as", format_id("mem", world.first_admin)])
    assert "You are the only admin" in made.stderr
