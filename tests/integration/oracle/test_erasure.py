"""Forgetting a member with a history on both sides: nothing names them, and everything holds."""

from __future__ import annotations

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from api.cli.ledger import CHECKS
from api.erasing import (
    LIST_NAME,
    EraseMember,
    ErasureNotConfirmed,
    ErasureNotYet,
    erase_and_list,
    forget_again,
    reapply,
    remembered,
    tell,
    write_list,
)
from api.supervisor.postgres import APPLICATION, PostgresServer
from api.supervisor.state import StateFolder
from ledger.journal import service as journal
from ledger.journal.model import Head
from ledger.kernel import outbox
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Database, Work, connect, execute
from ledger.log import service as log
from ledger.log.documents import head_file, proof_json
from ledger.log.verifier import check_proof
from ledger.lots.history import history
from ledger.members import service as members
from ledger.members import store as members_store
from ledger.members.erasures.model import ErasureListMalformed, from_lines
from ledger.members.model import SCORE_TOPIC, LinkIdentity, UnlinkIdentity
from ledger.verify.service import verify
from oracle.bridge.model import Stage
from oracle.bridge.service import RelaySignature
from tests.integration.conftest import TestDatabase
from tests.support.bridge import World
from tests.support.dumps import dump, restore, tables_with
from tests.support.log import MemorySigner
from tests.world import World as Facts
from tests.world import lms

_LONG_AGO = "2026-03-06T08:00:00Z"
DAILY = (Path(__file__).parents[3] / "examples" / "programmes" / "daily.yaml").read_text()
SUBJECT, OTHER = "anna-7431907", "forum-anna-55218"
NAME, EMAIL = "Анна Verylongname", "anna.verylongname@mail.example"
HELD = tuple(check for check in CHECKS if check.name != "grants")
"""The made-up world grants points without anybody's proposal."""
OURS = {"api", "governance", "ledger", "oracle"}
COPIES_OF_THE_CHAIN = {"bridge_batches", "chain_events", "intents", "intent_transactions"}
"""Bytes that everybody has: calldata, signed transactions and logs."""


@dataclass
class Person:
    """A member with points, tokens, a parked event, and words about them in every corner."""

    member_id: UUID
    wallet: str

    @property
    def words(self) -> list[str]:
        return [SUBJECT, OTHER, NAME, EMAIL]


@pytest.fixture
def facts(world: World) -> Facts:
    made = Facts.make(world.database)
    made.activate(DAILY)
    return made


@pytest.fixture
def person(world: World, facts: Facts, caplog: pytest.LogCaptureFixture) -> Person:
    caplog.set_level(logging.DEBUG)
    member_id = facts.link(SUBJECT)
    for day in range(2, 5):
        facts.state(f"o{day}", "day.opened", f"lms:{SUBJECT}", f"2026-03-{day:02}T08:00:00Z")
        facts.state(f"s{day}", "session.started", f"lms:{SUBJECT}", f"2026-03-{day:02}T08:01:00Z")
    facts.score()
    world.grant(member_id, 200, None, "gift")
    _link_and_unlink(world.database, member_id)
    facts.state("parked", "day.opened", f"lms:{OTHER}", "2026-03-05T08:00:00Z")
    facts.score()
    account = world.link(member_id)
    request = world.request(member_id, 150)
    world.until(lambda: world.stage(request) is Stage.MINTED)
    reference = world.reference(member_id, 60)
    with world.database.read() as work:
        message = world.bridging.redemption_message(work, reference)
    signature = bytes(account.sign_message(message.signable()).signature)
    relay = RelaySignature(member_id, reference.reference, signature)
    execute(world.database, world.bridging.relay, relay)
    world.until(world.quiet)
    _leave_words(world.database, member_id)
    made = Person(member_id, account.address.lower())
    assert _said_in(caplog.get_records("setup"), made) == set(), "of what was done in a life"
    return made


def _said_in(records: list[logging.LogRecord], person: Person) -> set[str]:
    """Which of a person's words are in the log; of wallets only what our own parts say."""
    told = " ".join(record.getMessage() for record in records).lower()
    ours = " ".join(
        record.getMessage() for record in records if record.name.partition(".")[0] in OURS
    ).lower()
    assert told
    return {word for word in person.words if word.lower() in told} | {
        word for word in (person.wallet,) if word in ours
    }


def _link_and_unlink(database: Database, member_id: UUID) -> None:
    def both(work: Work, _: None) -> None:
        reference = members.references_of(work, [lms(OTHER)])[lms(OTHER)]
        members.link_identity(work, LinkIdentity(member_id, reference, "test"))
        members.unlink_identity(work, UnlinkIdentity(member_id, reference, "test"))

    execute(database, both, None)


def _leave_words(database: Database, member_id: UUID) -> None:
    """As other requests, failures and admins would."""
    statements = [
        "INSERT INTO personal_profiles VALUES (:m, :name)",
        "UPDATE event_bodies SET body = convert_to(:email, 'UTF8')",
        """INSERT INTO idempotency_keys VALUES ('admin', 'k', sha256('x'), 200,
           jsonb_build_object('name', CAST(:name AS text), 'of', CAST(:subject AS text)), now())""",
        """INSERT INTO outbox (topic, key, payload, created_at, not_before, attempts, last_error)
           VALUES ('x', 'y', 'null', now(), now(), 1, 'no such account: ' || :subject)""",
        """INSERT INTO outbox (topic, key, payload, created_at, not_before, attempts, done_at)
           VALUES ('x', 'z', jsonb_build_object('to', CAST(:name AS text)), now(), now(), 1,
                   now())""",
        """INSERT INTO one_time_links VALUES (sha256('t'), 'link',
           jsonb_build_object('s', CAST(:subject AS text)), now(), now() + interval '1 day')""",
        """INSERT INTO deliveries VALUES (gen_random_uuid(), (SELECT min(uri) FROM sources),
           now(), 'x', 'refused', 'unknown owner lms:' || :subject, NULL)""",
    ]
    words = {"m": member_id, "name": NAME, "email": EMAIL, "subject": SUBJECT}
    with database.engine.begin() as connection:
        for statement in statements:
            named = {key: value for key, value in words.items() if f":{key}" in statement}
            connection.execute(sa.text(statement), named)


def _head_since(database: Database, proof: Any) -> Any:
    with database.read() as work:
        newest = log.newest_head(work)
        path = log.prove_consistency(work, proof["head"]["tree_size"], newest.head.tree_size)
        return json.loads(json.dumps(head_file(newest, log.keys(work), [path])))


def _rows(database: Database) -> Head:
    with database.read() as work:
        return journal.head(work)


def _confirm(database: Database, member_id: UUID) -> EraseMember:
    with database.read() as work:
        return EraseMember(member_id, tell(work, member_id).confirm, "member")


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    folder = StateFolder(tmp_path / "state")
    folder.prepare()
    return folder


def test_a_person_is_forgotten_and_everything_holds(
    world: World,
    facts: Facts,
    person: Person,
    state: StateFolder,
    test_database: TestDatabase,
    postgres_server: PostgresServer,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    database, signer = world.database, MemorySigner()
    log.publish(database, signer)
    with database.read() as work:
        entry = history(work, person.member_id)[-1].entry_id
        proof = json.loads(json.dumps(proof_json(log.prove(work, entry))))
        rows = journal.head(work)
    before = dump(postgres_server, test_database.name, tmp_path / "before.sql", "plain")
    there = tables_with(before, [*person.words, person.wallet[2:]])
    assert there[SUBJECT] >= {"personal_identities", "idempotency_keys", "outbox", "deliveries"}
    assert there[OTHER] == {"personal_identities"}
    assert there[person.wallet[2:]] >= {"wallets", "bridge_requests", "bridge_references"}
    with database.read() as work:
        told = tell(work, person.member_id)
    assert told.wallets == (person.wallet,)
    assert told.on_chain["mints"] == told.on_chain["burns"] == 1
    caplog.clear()
    erase_and_list(database, state, _confirm(database, person.member_id))
    assert not any(word in caplog.text for word in [*person.words, person.wallet])
    after = dump(postgres_server, test_database.name, tmp_path / "after.sql", "plain")
    left = tables_with(after, [*person.words, EMAIL.encode().hex(), person.wallet[2:]])
    assert left.pop(person.wallet[2:]) <= COPIES_OF_THE_CHAIN
    assert all(where == set() for where in left.values()), left
    listed = (state.path / LIST_NAME).read_text()
    assert not any(word in listed for word in [*person.words, person.wallet])
    # Scored again from its facts, nothing is to be posted; every check of the ledger holds.
    execute(database, lambda work, _: outbox.put(work, SCORE_TOPIC, str(person.member_id)), None)
    facts.score()
    with database.read() as work:
        assert journal.head(work) == rows
    assert verify(database, HELD).findings == ()
    world.grant(world.member(0), 5, None, "later")
    log.publish(database, signer)
    assert check_proof(proof, [_head_since(database, proof)], [])


def test_a_restored_older_backup_forgets_again(
    world: World,
    facts: Facts,
    person: Person,
    state: StateFolder,
    test_database: TestDatabase,
    postgres_server: PostgresServer,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    signer = MemorySigner()
    log.publish(world.database, signer)
    with world.database.read() as work:
        entry = history(work, person.member_id)[-1].entry_id
        proof = json.loads(json.dumps(proof_json(log.prove(work, entry))))
    backup = dump(postgres_server, test_database.name, tmp_path / "backup.dump")
    erase_and_list(world.database, state, _confirm(world.database, person.member_id))
    restore(postgres_server, backup, "test_restored")
    restored = connect(postgres_server.url(APPLICATION, "test_restored"))
    try:
        assert [each.member_id for each in remembered(restored, state)] == [person.member_id]
        caplog.set_level(logging.DEBUG)
        caplog.clear()
        with ThreadPoolExecutor(3) as processes:
            said = list(processes.map(lambda _: forget_again(restored, state), range(3)))
        assert [each is None for each in said].count(False) == 1
        assert not any(word in caplog.text for word in [*person.words, person.wallet])
        assert (remembered(restored, state), forget_again(restored, state)) == ([], None)
        listed = list(from_lines((state.path / LIST_NAME).read_text().splitlines()))
        assert reapply(restored, listed) == (0, 0)
        with restored.read() as work:
            assert members.require_member(work, person.member_id).status == "erased"
        plain = dump(postgres_server, "test_restored", tmp_path / "plain.sql", "plain")
        left = tables_with(plain, [*person.words, person.wallet[2:]])
        assert left.pop(person.wallet[2:]) <= COPIES_OF_THE_CHAIN
        assert all(where == set() for where in left.values()), left
        assert verify(restored, HELD).findings == ()
        execute(
            restored, lambda work, _: outbox.put(work, SCORE_TOPIC, str(person.member_id)), None
        )
        rows = _rows(restored)
        replace(facts, database=restored).score()
        assert _rows(restored) == rows
        there = replace(world, database=restored)
        there.grant(there.member(0), 5, None, "later")
        log.publish(restored, signer)
        assert check_proof(proof, [_head_since(restored, proof)], [])
    finally:
        restored.engine.dispose()
        postgres_server.drop_database("test_restored")


def test_what_is_on_its_way_has_to_arrive_first(
    world: World, facts: Facts, state: StateFolder
) -> None:
    member_id = world.member(100)
    world.link(member_id)
    request = world.request(member_id, 60)
    with world.database.read() as work:
        assert tell(work, member_id).waits == 1
    with pytest.raises(ErasureNotYet):
        erase_and_list(world.database, state, _confirm(world.database, member_id))
    with world.database.read() as work:
        assert members.require_member(work, member_id).status == "active"
    line = {"member": format_id("mem", member_id), "identities": [], "erased_at": _LONG_AGO}
    (state.path / LIST_NAME).write_text(json.dumps(line))
    assert "reapply-erasures" in (forget_again(world.database, state) or "")
    (state.path / LIST_NAME).unlink()
    unconfirmed = EraseMember(member_id, "0" * 64, "member")
    with pytest.raises(ErasureNotConfirmed):
        erase_and_list(world.database, state, unconfirmed)
    world.until(lambda: world.stage(request) is Stage.MINTED)
    erase_and_list(world.database, state, _confirm(world.database, member_id))
    assert len((state.path / LIST_NAME).read_text().splitlines()) == 1
    write_list(world.database, state)
    assert len((state.path / LIST_NAME).read_text().splitlines()) == 1


def test_a_backup_from_before_the_link_forgets_the_identity(
    world: World, facts: Facts, state: StateFolder
) -> None:
    """The restored database knows the account by its reference, and not whose it is."""
    facts.state("e", "day.opened", f"lms:{OTHER}", "2026-03-05T08:00:00Z")
    with world.database.read() as work:
        (reference,) = members_store.references_by_key(work, [lms(OTHER)]).values()
    member = world.database.ids.new(world.database.clock.now())
    line = json.dumps(
        {
            "member": format_id("mem", member),
            "identities": [format_id("idn", reference)],
            "erased_at": "2026-03-06T08:00:00Z",
        }
    )
    assert reapply(world.database, from_lines([line, ""])) == (0, 1)
    with world.database.read() as work:
        assert members_store.references_by_key(work, [lms(OTHER)]) == {}
    with pytest.raises(ErasureListMalformed, match="Line 2"):
        list(from_lines([line, "{}"]))
