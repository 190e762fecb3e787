"""Accepting events: stored once, parked, credited, retracted, against a real database."""

from __future__ import annotations

import threading
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ledger.events import service, store
from ledger.events.errors import BudgetSpent, EventConflict
from ledger.events.model import AcceptEvents, OnConflict, StoredFact
from ledger.kernel.transaction import Database, Work, execute
from ledger.members import service as members
from ledger.members.model import UnlinkIdentity

from .conftest import SPEC, Door, Register  # type: ignore[import-not-found]


def count(database: Database, table: str) -> int:
    with database.engine.connect() as connection:
        return int(connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one())


def facts_of(door: Door, member_id: UUID) -> list[StoredFact]:
    with door.database.read() as work:
        return store.facts_of_member(work, member_id)


def test_an_event_is_stored_once_however_often_it_comes(door: Door) -> None:
    event = door.event("e1")
    first = door.accept(event)
    assert [one.status for one in first] == ["accepted"]
    for _ in range(99):
        again = door.accept(event)
        assert [(one.status, one.event_id) for one in again] == [("duplicate", first[0].event_id)]
    assert count(door.database, "events") == 1


def test_a_duplicate_within_one_batch_is_one_fact(door: Door) -> None:
    event = door.event("e1")
    assert door.statuses(event, event) == ["accepted", "duplicate"]


def test_facts_hold_a_reference_and_nobody(door: Door) -> None:
    door.accept(door.event("e1", "lms:1042", "club.like.given", {"owner": "lms:77", "post": "p"}))
    with door.database.engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT events::text FROM events")).scalars().all()
        digest = connection.execute(sa.text("SELECT content_digest FROM events")).scalar_one()
    assert "1042" not in rows[0].replace(digest.hex(), "")
    assert "lms:77" not in rows[0]
    with door.database.read() as work:
        (fact,) = store.all_facts(work)
        roles = service.participants(fact)
    assert set(roles) == {"subject", "owner"}
    assert fact.data["post"] == "p"


def test_other_content_is_a_conflict_that_changes_nothing(door: Door) -> None:
    door.accept(door.event("e1", "lms:1", data={"section": "a"}))
    changed = [
        door.event("e1", "lms:1", data={"section": "b"}),
        door.event("e1", "lms:2", data={"section": "a"}),
        door.event("e1", "lms:1", "lms.exercise.completed"),
        door.event("e1", "lms:1", data={"section": "a"}, minutes_ago=11),
    ]
    for event in changed:
        assert door.statuses(event) == ["conflict"]
        with pytest.raises(EventConflict) as refused:
            door.accept(event)
        assert refused.value.operands == {"id": "e1", "index": 0}
    assert door.statuses(changed[0]) == ["conflict"]
    assert count(door.database, "events") == 1
    assert count(door.database, "event_conflicts") == 4, "each content is shown once"
    assert count(door.database, "identities") == 1, "a refused event leaves no identity behind"


def test_a_batch_is_stored_whole_or_not_at_all(door: Door) -> None:
    door.accept(door.event("e1"))
    with pytest.raises(EventConflict) as refused:
        door.accept(door.event("e0"), door.event("e1", "lms:9"), door.event("e2"))
    assert refused.value.operands["index"] == 1
    assert count(door.database, "events") == 1
    assert door.statuses(door.event("e0"), door.event("e1", "lms:9"), door.event("e2")) == [
        "accepted",
        "conflict",
        "accepted",
    ], "a vendor's batch keeps the rest"


def test_a_refused_command_fails_nobody_else_in_its_group(door: Door) -> None:
    door.accept(door.event("e1"))
    commands = [
        AcceptEvents(door.source, [door.event("a")]),
        AcceptEvents(door.source, [door.event("b"), door.event("e1", "lms:9")]),
        AcceptEvents(door.source, [door.event("b", "lms:5")]),
    ]
    answers = execute(door.database, service.accept_many, commands)
    assert isinstance(answers[1], EventConflict)
    assert [one.status for answer in (answers[0], answers[2]) for one in answer] == [
        "accepted",
        "accepted",
    ], "what the refused one wanted to store does not stand in the way"
    assert count(door.database, "event_conflicts") == 1, "admins see it although it was refused"


def test_what_nobody_is_linked_to_waits_and_is_credited_by_linking(door: Door) -> None:
    door.accept(door.event("e1", "lms:1"))
    assert door.waiting() == []
    member_id = door.link("1")
    assert door.waiting() == [str(member_id)]
    assert [fact.source_event_id for fact in facts_of(door, member_id)] == ["e1"]
    door.settle()
    door.accept(door.event("e2", "lms:1"))
    assert door.waiting() == [str(member_id)]


def test_everyone_who_takes_part_is_scored(door: Door) -> None:
    actor, owner, bystander = door.link("1"), door.link("2"), door.link("3")
    door.settle()
    door.accept(door.event("e1", "lms:1", "club.like.given", {"post": "p", "owner": "lms:2"}))
    assert sorted(door.waiting()) == sorted([str(actor), str(owner)])
    assert [len(facts_of(door, who)) for who in (actor, owner, bystander)] == [1, 1, 0]
    with door.database.read() as work:
        facts = list(store.all_facts(work))
        assert set(service.members_of_facts(work, facts).values()) == {actor, owner}


def test_a_member_unlinked_has_the_facts_no_longer(door: Door) -> None:
    member_id = door.link("1")
    door.accept(door.event("e1", "lms:1"))
    door.settle()
    with door.database.read() as work:
        (reference,) = members.references_of_member(work, member_id)
    execute(door.database, members.unlink_identity, UnlinkIdentity(member_id, reference, "wish"))
    assert facts_of(door, member_id) == []
    assert door.waiting() == [str(member_id)]


def test_a_retraction_removes_its_event_for_ever(door: Door) -> None:
    member_id = door.link("1")
    door.accept(door.event("e1", "lms:1"), door.event("e2", "lms:1"))
    door.settle()
    retraction = door.event("r1", None, "activity.retracted", {"id": "e1"})
    assert door.statuses(retraction) == ["accepted"]
    assert door.waiting() == [str(member_id)]
    assert [fact.source_event_id for fact in facts_of(door, member_id)] == ["e2"]
    assert door.statuses(door.event("e1", "lms:1"), retraction) == ["duplicate", "duplicate"]
    assert [fact.source_event_id for fact in facts_of(door, member_id)] == ["e2"]


def test_a_retraction_may_come_before_its_event(door: Door) -> None:
    member_id = door.link("1")
    door.accept(door.event("r1", None, "activity.retracted", {"id": "e1"}))
    door.accept(door.event("e1", "lms:1"))
    assert facts_of(door, member_id) == []


def test_a_retraction_and_its_event_in_one_batch(door: Door) -> None:
    member_id = door.link("1")
    door.settle()
    door.accept(
        door.event("r1", None, "activity.retracted", {"id": "e1"}), door.event("e1", "lms:1")
    )
    assert facts_of(door, member_id) == []
    assert door.waiting() == [str(member_id)]


def test_a_retraction_cannot_be_retracted(door: Door) -> None:
    member_id = door.link("1")
    door.accept(door.event("e1", "lms:1"))
    door.accept(door.event("r1", None, "activity.retracted", {"id": "e1"}))
    door.accept(door.event("r2", None, "activity.retracted", {"id": "r1"}))
    assert facts_of(door, member_id) == []


def test_another_source_retracts_nothing_of_ours(door: Door, register: Register) -> None:
    member_id = door.link("1")
    door.accept(door.event("e1", "lms:1"))
    other = Door(door.database, register(replace(SPEC, name="other", uri="https://other.example")))
    other.accept(other.event("r1", None, "activity.retracted", {"id": "e1"}))
    other.accept(other.event("e1", "lms:1"))
    assert len(facts_of(door, member_id)) == 1, "and its event of that id stays retracted"


def test_an_unknown_type_is_stored_without_data_and_visible(door: Door) -> None:
    event = door.event("e1", "lms:1", "moon.phase.changed", {"phase": "full"})
    assert door.statuses(event) == ["accepted"]
    with door.database.read() as work:
        (fact,) = store.all_facts(work)
    assert (fact.type, fact.data) == ("moon.phase.changed", {})


def test_types_a_source_declares_keep_their_fields_exactly(door: Door) -> None:
    data = {"weight": Decimal("0.10000000000000000001"), "at": "2026-01-01T01:00:00+01:00", "x": 1}
    door.accept(door.event("e1", "lms:1", "own.thing.done", data))
    assert door.statuses(door.event("e1", "lms:1", "own.thing.done", data)) == ["duplicate"]
    nearly = {**data, "weight": Decimal("0.10000000000000000002")}
    assert door.statuses(door.event("e1", "lms:1", "own.thing.done", nearly)) == ["conflict"]
    with door.database.read() as work:
        (fact,) = store.all_facts(work)
    assert fact.data == {
        "weight": Decimal("0.10000000000000000001"),
        "at": "2026-01-01T00:00:00Z",
    }


def test_facts_come_back_in_order_of_time_then_source_then_id(door: Door) -> None:
    member_id = door.link("1")
    ids = ["b", "a", "é", "Z", "\U0001f600", "a\N{COMBINING ACUTE ACCENT}"]
    door.accept(*(door.event(one, "lms:1") for one in ids), door.event("0", minutes_ago=5))
    door.accept(door.event("~", minutes_ago=20))
    found = [fact.source_event_id for fact in facts_of(door, member_id)]
    assert found == ["~", *sorted(ids), "0"]


def test_a_budget_ends_an_hour(database: Database, register: Register) -> None:
    door = Door(database, register(replace(SPEC, hourly_budget=3)))
    door.accept(door.event("e1"), door.event("e2"))
    with pytest.raises(BudgetSpent) as refused:
        door.accept(door.event("e3"), door.event("e4"))
    assert refused.value.operands["limit_events"] == 3
    assert 0 < int(str(refused.value.operands["retry_after_s"])) <= 3600
    assert door.statuses(door.event("e1"), door.event("e3")) == ["duplicate", "accepted"]
    commands = [AcceptEvents(door.source, [door.event("e5")])]
    assert isinstance(execute(database, service.accept_many, commands)[0], BudgetSpent)


def test_two_at_once_spend_one_budget(database: Database, register: Register) -> None:
    door = Door(database, register(replace(SPEC, hourly_budget=3)))
    refused: list[BudgetSpent] = []

    def second() -> None:
        try:
            door.accept(door.event("e3"), door.event("e4"))
        except BudgetSpent as error:
            refused.append(error)

    thread = threading.Thread(target=second)

    def first(work: Work, command: AcceptEvents) -> None:
        service.accept_events(work, command)
        if not thread.ident:
            thread.start()
        waits = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        for _ in range(2_000):
            if work.connection.execute(waits).scalar_one():
                return
            thread.join(0.005)

    execute(database, first, AcceptEvents(door.source, [door.event("e1"), door.event("e2")]))
    thread.join()
    assert [error.operands["limit_events"] for error in refused] == [3]
    assert count(database, "events") == 2


@pytest.mark.parametrize(
    "table", ["events", "event_participants", "retractions", "event_conflicts"]
)
@pytest.mark.parametrize("change", ["DELETE FROM {}", "UPDATE {} SET recorded_at = now()"])
def test_the_database_refuses_to_change_facts(door: Door, table: str, change: str) -> None:
    if table == "event_participants":
        change = change.replace("recorded_at = now()", "role = 'x'")
    with pytest.raises(DBAPIError, match="append-only"), door.database.engine.begin() as connection:
        connection.execute(sa.text(change.format(table)))


def test_two_who_state_the_same_events_at_once_store_each_once(door: Door) -> None:
    """Both orders, four threads, one fact each: none fails, none deadlocks."""
    events = [door.event(f"e{number}", f"lms:{number % 7}") for number in range(60)]
    results: list[Any] = []
    gate = threading.Barrier(4)

    def state(order: list[Any]) -> None:
        gate.wait()
        for start in range(0, 60, 10):
            results.extend(door.accept(*order[start : start + 10]))

    threads = [
        threading.Thread(target=state, args=(order,))
        for order in (events, events[::-1], events, events[::-1])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 240
    assert sorted(one.status for one in results) == ["accepted"] * 60 + ["duplicate"] * 180
    assert count(door.database, "events") == 60
    assert count(door.database, "identities") == 7


def test_linking_while_events_come_in_loses_no_score(door: Door) -> None:
    """Whichever commits last, somebody asks for the member's score after both."""
    for round_number in range(10):
        subject = f"s{round_number}"
        event = door.event(f"e{round_number}", f"lms:{subject}")
        member: list[UUID] = []
        accepting = threading.Thread(target=door.accept, args=(event,))
        linking = threading.Thread(target=lambda s=subject, m=member: m.append(door.link(s)))
        accepting.start()
        linking.start()
        accepting.join()
        linking.join()
        assert str(member[0]) in door.waiting()
        assert len(facts_of(door, member[0])) == 1


def test_retracting_while_the_event_comes_in_loses_no_score(door: Door) -> None:
    """Whichever commits last, the member's score is asked for after both, and nothing counts."""
    member_id = door.link("1")
    for round_number in range(10):
        door.settle()
        event = door.event(f"e{round_number}")
        back = door.event(f"r{round_number}", None, "activity.retracted", {"id": event.id})
        both = [threading.Thread(target=door.accept, args=(one,)) for one in (event, back)]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
        assert door.waiting() == [str(member_id)]
        assert facts_of(door, member_id) == []


def test_reading_by_member_gives_each_history_in_order(door: Door) -> None:
    first, second = door.link("1"), door.link("2")
    door.accept(
        door.event("e1", "lms:1", minutes_ago=3),
        door.event("e2", "lms:2", "club.like.given", {"owner": "lms:1"}, minutes_ago=7),
        door.event("e3", "lms:3"),
    )
    with door.database.read() as work:
        found = {
            member_id: [fact.source_event_id for fact in facts]
            for member_id, facts in store.facts_by_member(work)
        }
    assert found == {first: ["e2", "e1"], second: ["e2"]}


def test_vendors_conflicts_are_reported_not_refused(door: Door) -> None:
    door.accept(door.event("e1"))
    answers = door.accept(door.event("e1", "lms:2"), on_conflict=OnConflict.REPORT)
    assert [one.status for one in answers] == ["conflict"]
