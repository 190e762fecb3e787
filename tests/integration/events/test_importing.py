"""Importing lines: bad ones named, good ones kept, again nothing new."""

from __future__ import annotations

import gzip
import io
import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from api.importing import BadLine, Imported, Importer, ImportLines, numbered_lines
from ledger.events import store
from ledger.events.errors import EventInvalid
from ledger.events.sources import store as sources_store
from ledger.kernel import outbox
from ledger.kernel.transaction import Database

HOME = "https://lms.example"
COMPLETED = "http://adlnet.gov/expapi/verbs/completed"
VIDEO = "https://w3id.org/xapi/video/activity-type/video"


def statement(number: int, name: str = "anna", **changes: Any) -> dict[str, Any]:
    return {
        "id": f"00000000-0000-4000-8000-{number:012d}",
        "actor": {"objectType": "Agent", "account": {"homePage": HOME, "name": name}},
        "verb": {"id": COMPLETED},
        "object": {"id": f"video:{number}", "definition": {"type": VIDEO}},
        "timestamp": "2021-11-29T10:32:27.790391123+00:00",
        **changes,
    }


def cloud_event(event_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": HOME,
        "type": "lms.section.read",
        "subject": "lms:anna",
        "time": "2021-01-01T00:00:00Z",
        **changes,
    }


def run(
    database: Database, lines: list[Any], **options: Any
) -> tuple[Imported, list[tuple[int, str]]]:
    text = b"\n".join(x if isinstance(x, bytes) else json.dumps(x).encode() for x in lines)
    bad: list[BadLine] = []
    importer = Importer(database, ImportLines(**options), bad.append)
    imported = importer.run(numbered_lines(io.BytesIO(text)))
    return imported, [(one.number, one.error.code) for one in bad]


def count(database: Database, table: str) -> int:
    with database.engine.connect() as connection:
        return int(connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one())


def test_good_lines_are_kept_and_bad_ones_named(database: Database) -> None:
    lines = [
        statement(1),
        b"{not json",
        b"",
        statement(2, actor={"mbox": "mailto:someone@example.org"}),
        statement(3, id="not-a-uuid"),
        {**statement(4), "timestamp": "yesterday"},
        cloud_event("c1"),
        cloud_event("c2", data={"email": "x@example.org"}),
        [1, 2],
        statement(5),
        statement(6, timestamp=(datetime.now(UTC) + timedelta(hours=1)).isoformat()),  # noqa: TID251 - a test's own clock
    ]
    imported, bad = run(database, lines)
    assert bad == [
        (2, "malformed_json"),
        (4, "event_invalid"),
        (5, "event_invalid"),
        (6, "bad_instant"),
        (8, "personal_field"),
        (9, "event_invalid"),
        (11, "event_in_future"),
    ]
    assert (imported.accepted, imported.bad) == (3, 7)
    with database.read() as work:
        facts = list(store.all_facts(work))
    assert {fact.source for fact in facts} == {HOME}, "the source is the home page"
    with database.engine.connect() as connection:
        bodies = connection.execute(sa.text("SELECT body FROM event_bodies")).scalars().all()
    assert [json.loads(bytes(body))["id"] for body in bodies] == [
        statement(1)["id"],
        statement(5)["id"],
    ], "what was sent is kept aside, mailboxes never"


def test_again_changes_nothing(database: Database) -> None:
    lines = [statement(number, name=f"n{number % 3}") for number in range(1, 8)]
    first, _ = run(database, lines, create_members=True)
    assert (first.accepted, first.members_created) == (7, 3)
    with database.read() as work:
        assert len(outbox.waiting_keys(work, "score")) == 3
    again, bad = run(database, lines[::-1], create_members=True)
    assert (again.accepted, again.duplicates, again.members_created, bad) == (0, 7, 0, [])


def test_an_id_with_other_content_is_a_bad_line(database: Database) -> None:
    _, bad = run(database, [statement(1), statement(1, name="boris"), statement(2)])
    assert bad == [(2, "event_conflict")]


def test_a_voided_statement_is_retracted(database: Database) -> None:
    voiding = statement(
        9,
        verb={"id": "http://adlnet.gov/expapi/verbs/voided"},
        object={"objectType": "StatementRef", "id": statement(1)["id"]},
    )
    run(database, [voiding, statement(1), statement(2)])
    with database.read() as work:
        assert [fact.source_event_id for fact in store.all_facts(work)] == [statement(2)["id"]]


def test_who_voids_without_an_account_needs_the_source_said(database: Database) -> None:
    voiding = statement(
        9,
        actor={"mbox": "mailto:admin@example.org"},
        verb={"id": "http://adlnet.gov/expapi/verbs/voided"},
        object={"objectType": "StatementRef", "id": statement(1)["id"]},
    )
    assert run(database, [voiding])[1] == [(1, "event_invalid")]
    imported, bad = run(
        database,
        [statement(1), voiding, cloud_event("x", source="https://other")],
        only_source=HOME,
    )
    assert (imported.accepted, bad) == (2, [(3, "source_not_yours")])


def test_a_source_is_registered_once_and_speaks_for_its_own(database: Database) -> None:
    run(database, [statement(1), cloud_event("a", source="https://two.example")])
    with database.read() as work:
        found = sources_store.list_sources(work)
    assert [(one.uri, one.profile) for one in found] == [
        (HOME, "import"),
        ("https://two.example", "import"),
    ]
    assert count(database, "personal_identities") == 2, "the same name at two homes is two"


def test_gzipped_lines_are_read_and_a_broken_file_is_told(database: Database) -> None:
    packed = gzip.compress(json.dumps(statement(1)).encode())
    assert [line for _, line in numbered_lines(io.BytesIO(packed))] == [
        json.dumps(statement(1)).encode()
    ]
    with pytest.raises(EventInvalid):
        list(numbered_lines(io.BytesIO(packed[:-9])))


def test_an_endless_line_is_one_bad_line(database: Database) -> None:
    imported, bad = run(database, [b'{"a":"' + b"x" * 3_000_000 + b'"}', statement(1)])
    assert (imported.accepted, bad) == (1, [(1, "event_invalid")])


def test_two_imports_at_once_store_each_line_once(database: Database) -> None:
    lines = [statement(number, name=f"n{number % 40}") for number in range(1, 1200)]
    done: list[Imported] = []

    def go(order: list[Any]) -> None:
        done.append(run(database, order, create_members=True)[0])

    threads = [threading.Thread(target=go, args=(order,)) for order in (lines, lines[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(one.accepted for one in done) == 1199
    assert sum(one.duplicates for one in done) == 1199
    assert sum(one.members_created for one in done) == 40
    assert (count(database, "events"), count(database, "members")) == (1199, 40)
