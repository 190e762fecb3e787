"""`vklad sources`, `vklad members` and `vklad import` as somebody types them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner, Result

from api.cli.main import app
from ledger.kernel.clock import SystemClock
from ledger.kernel.errors import VkladError
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Database

SPEC = """
name: lms
uri: https://lms.example
profile: standard_webhooks
authority:
  types: [lms.*]
  issuers: {lms: https://lms.example}
"""
LINE = {
    "specversion": "1.0",
    "id": "e1",
    "source": "https://lms.example",
    "type": "lms.section.read",
    "subject": "lms:1",
    "time": "2026-03-02T09:00:00Z",
}

NOW = SystemClock().now().isoformat()
Vklad = Callable[..., Result]


@pytest.fixture
def vklad(test_database: Any, tmp_path: Path) -> Vklad:
    environment = {
        "VKLAD_DATABASE_URL": test_database.app_url,
        "VKLAD_CHAIN": "off",
        "VKLAD_STATE_FOLDER": str(tmp_path / "state"),
    }

    def run(*words: str, stdin: bytes | None = None) -> Result:
        return CliRunner().invoke(app, list(words), env=environment, input=stdin)

    return run


def test_two_admins_register_a_source(
    vklad: Vklad, database: Database, admins: tuple[UUID, UUID], tmp_path: Path
) -> None:
    first, second = (format_id("mem", admin) for admin in admins)
    file = tmp_path / "lms.yaml"
    file.write_text(SPEC)
    proposed = vklad("sources", "propose", str(file), "--as", first)
    assert proposed.exit_code == 0, proposed.output
    words = proposed.output.split()
    change, digest = words[0], words[words.index("digest") + 1]
    alone = vklad("sources", "approve", change, digest, "--as", first)
    assert isinstance(alone.exception, VkladError)
    approved = vklad("sources", "approve", change, digest, "--as", second)
    assert approved.output == "lms is active.\n"
    assert change in vklad("sources", "changes").output
    made = vklad("sources", "secret", "lms", "--as", first)
    assert made.stdout.startswith("whsec_")
    approval = made.stderr.partition("vklad ")[2].split()[:4]
    assert vklad(*approval, "--as", second).output == f"{approval[2]} works.\n"
    bad_secret = vklad("sources", "secret", "lms", "--as", first, "--secret", "x" * 20)
    assert isinstance(bad_secret.exception, VkladError)
    ended = vklad("sources", "end-secrets", "lms").output
    assert ended == "No secret of lms is good any more.\n"
    assert "lms  standard_webhooks  active" in vklad("sources", "list").output
    assert vklad("sources", "suspend", "lms").output == "lms is suspended.\n"
    for bad in (tmp_path / "absent.yaml", tmp_path):
        assert isinstance(
            vklad("sources", "propose", str(bad), "--as", first).exception, VkladError
        )
    assert isinstance(
        vklad("sources", "approve", change, "not hex", "--as", second).exception, VkladError
    )


def test_members_are_made_and_listed(vklad: Vklad, database: Database) -> None:
    made = vklad("members", "create", "--name", "Анна", "--locale", "ru").output.strip()
    assert made.startswith("mem_")
    assert vklad("members", "list").output == f"{made}  active  -  Анна\n"
    assert vklad("members", "list", "--after", made).output == ""


def test_an_import_says_what_it_did(vklad: Vklad, database: Database, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text(json.dumps(LINE) + "\n{broken\n")
    first = vklad("import", str(file), "--create-members")
    assert first.exit_code == 1, "a bad line is an exit status"
    assert "1 new, 0 known before, 1 members created, 1 bad lines" in first.output
    assert "line 2: malformed_json:" in first.stderr
    again = vklad("import", "-", stdin=json.dumps(LINE).encode())
    assert again.exit_code == 0
    assert "0 new, 1 known before, 0 members created, 0 bad lines" in again.output
    other = vklad("import", str(file), "--source", "https://other.example")
    assert "source_not_yours" in other.stderr
    assert isinstance(vklad("import", str(tmp_path / "absent")).exception, VkladError)


def test_events_are_checked_before_they_are_sent(
    vklad: Vklad, database: Database, admins: tuple[UUID, UUID], tmp_path: Path
) -> None:
    registration, events = tmp_path / "lms.yaml", tmp_path / "events.jsonl"
    registration.write_text(SPEC)
    event = LINE | {"time": NOW}
    events.write_text(json.dumps(event))
    right = vklad("events", "lint", str(events), "--registration", str(registration))
    assert right.exit_code == 0
    assert right.stdout == f"{events}: one CloudEvent; events: 1, wrong: 0, notices: 0\n"
    unknown = vklad("events", "lint", str(events), "--source", "lms")
    assert (unknown.exit_code, "lms" in unknown.stderr) == (2, True)

    first, second = (format_id("mem", admin) for admin in admins)
    proposed = vklad("sources", "propose", str(registration), "--as", first).output.split()
    assert vklad("sources", "approve", proposed[0], proposed[6], "--as", second).exit_code == 0
    assert vklad("events", "lint", str(events), "--source", "lms").exit_code == 0
    events.write_text(json.dumps(event | {"type": "shop.order.paid"}))
    assert vklad("events", "lint", str(events)).exit_code == 0, "of anybody it would be right"
    for checked in (("--source", "lms"), ("--registration", str(registration))):
        wrong = vklad("events", "lint", str(events), *checked)
        assert wrong.exit_code == 1
        assert f"{events}:1: event 1, type: This source may not state" in wrong.stderr
        assert 'Right would be: "type": "lms.' in wrong.stderr

    lost = json.dumps(event | {"data": {"sektion": 1}}).encode()
    assert vklad("events", "lint", "-", stdin=lost).exit_code == 0
    assert vklad("events", "lint", "-", "--strict", stdin=lost).exit_code == 1
    many = json.dumps([7] * 205).encode()
    told = vklad("events", "lint", "-", stdin=many)
    assert (told.exit_code, told.stderr.splitlines()[-1]) == (1, "-: and 5 more.")
    for words in (
        (str(tmp_path / "missing"),),
        ("-", "--registration", str(tmp_path / "missing")),
        ("-", "--source", "lms", "--registration", str(registration)),
    ):
        assert vklad("events", "lint", *words, stdin=lost).exit_code == 2
