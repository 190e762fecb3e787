"""FUN-MOOC's real statements, imported: once per learner and video there are 109."""

from __future__ import annotations

import gzip
import io
import json
import random
import threading
from collections.abc import Iterable
from typing import Any

import pytest
import sqlalchemy as sa

from api.cli.ledger import CHECKS
from api.importing import Imported, Importer, ImportLines, numbered_lines
from ledger.events import store
from ledger.kernel.ids import derived_id
from ledger.kernel.transaction import Database
from ledger.verify.service import verify
from tests.peer.material import material

STATEMENTS = material("ralph-fun-mooc/statements.jsonl.gz")


def lines() -> list[bytes]:
    with gzip.open(STATEMENTS) as text:
        return text.read().splitlines()


def run(database: Database, some: Iterable[bytes]) -> Imported:
    importer = Importer(
        database, ImportLines(create_members=True), lambda bad: pytest.fail(str(bad))
    )
    return importer.run(numbered_lines(io.BytesIO(b"\n".join(some))))


def completions(database: Database) -> set[tuple[Any, ...]]:
    """(member, video) of everything that may be awarded; after the ledger proved itself."""
    assert verify(database, CHECKS).findings == ()
    with database.read() as work:
        return {
            (member_id, fact.data["object"])
            for member_id, facts in store.facts_by_member(work)
            for fact in facts
            if fact.type == "lms.video.completed"
        }


def test_again_shuffled_and_by_two_at_once_it_is_the_same(database: Database) -> None:
    with STATEMENTS.open("rb") as packed:
        importer = Importer(database, ImportLines(create_members=True), lambda _: None)
        first = importer.run(numbered_lines(packed))
    assert (first.accepted, first.members_created, first.bad) == (4_099, 296, 0)
    assert len(completions(database)) == 109
    shuffled = lines()
    random.Random(7).shuffle(shuffled)  # noqa: S311 - an order, no secret
    results: list[Imported] = []
    threads = [
        threading.Thread(target=lambda order=order: results.append(run(database, order)))
        for order in (shuffled, shuffled[::-1])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(one.accepted, one.members_created) for one in results] == [(0, 0), (0, 0)]
    assert len(completions(database)) == 109
    with database.engine.connect() as connection:
        types = sa.text("SELECT count(*) FROM events WHERE NOT recognised")
        assert connection.execute(types).scalar_one() == 0


def test_learners_renamed_ids_made_anew_and_split_in_eight(database: Database) -> None:
    parts: list[list[bytes]] = [[] for _ in range(8)]
    for number, line in enumerate(lines()):
        statement = json.loads(line)
        statement["actor"]["account"]["name"] = f"renamed {statement['actor']['account']['name']}"
        moment = database.clock.now()
        statement["id"] = str(derived_id(moment, "anew", str(number)))
        parts[number % 8].append(json.dumps(statement).encode())
    for part in parts:
        run(database, part)
    assert len(completions(database)) == 109


def test_one_completion_less_is_one_less(database: Database) -> None:
    seen: dict[tuple[str, str], list[bytes]] = {}
    completed = [line for line in lines() if b"/verbs/completed" in line]
    for line in completed:
        statement = json.loads(line)
        key = (statement["actor"]["account"]["name"], statement["object"]["id"])
        seen.setdefault(key, []).append(line)
    removed = next(found for found in seen.values() if len(found) == 1)
    run(database, [line for line in completed if line not in removed])
    assert len(completions(database)) == 108
