"""The moments of lives: what is named when, what moves, what is off."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from governance.calendar.model import (
    WINDOW_MAX,
    BadWindow,
    Happened,
    Happening,
    Moment,
    MomentKind,
    Window,
    in_order,
    moment_of_task,
    moments_of_poll,
    moments_of_proposal,
    moments_of_version,
)
from governance.memorandum.model import Decided, Text, Version, VersionState
from governance.memorandum.model import Words as BothWords
from governance.polls.counting import Method
from governance.polls.model import Definition, Opening, Poll, Weighing
from governance.projects.model import Task, TaskState, Words
from governance.proposals.model import Proposal, ProposalKind, ProposalState, Standing
from ledger.kernel.units import Points, TokenUnits
from oracle.contracts.abi import Address

T = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOBODY = Address("0x" + "00" * 20)
NUMBER = 77


def proposal(**changes: object) -> Proposal:
    standing = Standing(
        state=ProposalState.ACTIVE,
        snapshot_at=T + HOUR,
        deadline_at=T + 25 * HOUR,
        executable_at=None,
        against=TokenUnits(0),
        in_favour=TokenUnits(0),
        abstain=TokenUnits(0),
        voters=0,
        quorum=None,
        quorum_voters=2,
        block_number=9,
    )
    return Proposal(
        proposal_id=NUMBER,
        kind=ProposalKind.TEXT,
        title="A garden",
        body="",
        description="",
        actions=(),
        member_id=None,
        proposer=NOBODY,
        programme_hash=None,
        declared_effective_at=None,
        intent_key="",
        submitted_at=T,
        standing=replace(standing, **changes),  # type: ignore[arg-type]
    )


def told(found: list[Moment]) -> dict[str, tuple[datetime, int, bool]]:
    return {each.kind.value: (each.at, each.changes, each.is_off) for each in found}


def event(what: Happening, at: datetime) -> Happened:
    return Happened(NUMBER, what, at)


def test_a_proposal_that_is_voted_on() -> None:
    found = moments_of_proposal("c0ffee00", proposal(), [])
    assert told(found) == {
        "proposed": (T, 0, False),
        "opens": (T + HOUR, 0, False),
        "closes": (T + 25 * HOUR, 0, False),
    }
    assert {each.key for each in found} >= {"proposal:c0ffee00:77:opens"}
    assert {each.uid for each in found} >= {"proposal-c0ffee00-77-opens@vklad"}
    assert {each.page for each in found} == {"/votes/77"}


def test_before_it_is_on_chain_nothing_of_it_has_a_date() -> None:
    assert moments_of_proposal("", replace(proposal(), standing=None), []) == []


def test_a_late_quorum_moves_the_close_and_keeps_its_name() -> None:
    before = moments_of_proposal("", proposal(), [])
    moved = proposal(deadline_at=T + 49 * HOUR)
    extended = event(Happening.EXTENDED, T + 24 * HOUR)
    after = moments_of_proposal("", moved, [extended])
    assert told(after)["closes"] == (T + 49 * HOUR, 1, False)
    assert told(after)["opens"] == told(before)["opens"]
    assert {each.uid for each in after} == {each.uid for each in before}
    (closes,) = (each for each in after if each.kind is MomentKind.CLOSES)
    assert closes.said_at == extended.at


def test_the_way_of_one_that_passed() -> None:
    passed = proposal(state=ProposalState.EXECUTED, executable_at=T + 30 * HOUR)
    happened = [
        event(Happening.QUEUED, T + 26 * HOUR),
        event(Happening.EXECUTED, T + 31 * HOUR),
    ]
    found = told(moments_of_proposal("", passed, happened))
    assert len(found) == 6
    assert found["queued"] == (T + 26 * HOUR, 0, False)
    assert found["executable"] == (T + 30 * HOUR, 0, False)
    assert found["executed"] == (T + 31 * HOUR, 0, False)


def test_what_a_cancelled_one_still_had_before_it_is_off() -> None:
    canceled = proposal(state=ProposalState.CANCELED)
    found = moments_of_proposal("", canceled, [event(Happening.CANCELED, T + 2 * HOUR)])
    assert told(found) == {
        "proposed": (T, 0, False),
        "opens": (T + HOUR, 0, False),
        "closes": (T + 25 * HOUR, 1, True),
        "canceled": (T + 2 * HOUR, 0, False),
    }
    (closes,) = (each for each in found if each.is_off)
    assert closes.said_at == T + 2 * HOUR


def test_moved_and_then_off_is_two_changes() -> None:
    happened = [
        event(Happening.EXTENDED, T + 24 * HOUR),
        event(Happening.CANCELED, T + 26 * HOUR),
    ]
    found = told(moments_of_proposal("", proposal(deadline_at=T + 49 * HOUR), happened))
    assert found["closes"] == (T + 49 * HOUR, 2, True)


def poll(withdrawn_at: datetime | None = None, counted_at: datetime | None = None) -> Poll:
    definition = Definition(
        poll_id=UUID(int=5),
        title="Tea?",
        body="",
        options=("yes", "no"),
        method=Method.SINGLE,
        weighing=Weighing.PERSON,
        credits=None,
        standing_min=0,
        opens_at=T + HOUR,
        closes_at=T + 3 * HOUR,
    )
    opening = Opening(definition, 1, 1, bytes(32), {}, T)
    closing = None if counted_at is None else {"kept": True}
    return Poll(opening, UUID(int=1), withdrawn_at, counted_at, closing)  # type: ignore[arg-type]


def test_a_poll_to_its_count() -> None:
    found = moments_of_poll(poll(counted_at=T + 4 * HOUR))
    assert told(found) == {
        "announced": (T, 0, False),
        "opens": (T + HOUR, 0, False),
        "closes": (T + 3 * HOUR, 0, False),
        "counted": (T + 4 * HOUR, 0, False),
    }
    assert found[0].uid.startswith("poll-pol_")


def test_a_withdrawn_poll_neither_opens_nor_closes() -> None:
    found = told(moments_of_poll(poll(withdrawn_at=T + HOUR / 2)))
    assert found == {
        "announced": (T, 0, False),
        "opens": (T + HOUR, 1, True),
        "closes": (T + 3 * HOUR, 1, True),
        "withdrawn": (T + HOUR / 2, 0, False),
    }


def task(state: TaskState, words: Words | None) -> Task:
    return Task(
        task_id=UUID(int=3),
        project_id=UUID(int=4),
        reward=Points(10),
        due_at=T + HOUR,
        created_by=UUID(int=1),
        created_at=T,
        words_digest=bytes(32),
        state=state,
        assignment=0,
        delivered_by=None,
        delivered_at=None,
        delivery_digest=None,
        decided_by=None,
        decided_at=T + HOUR / 2 if state is TaskState.WITHDRAWN else None,
        words=words,
    )


def test_a_task_is_due_unless_it_was_withdrawn() -> None:
    due = moment_of_task(task(TaskState.ASSIGNED, Words("Dig", "deep")))
    assert (due.at, due.title, due.changes, due.is_off) == (T + HOUR, "Dig", 0, False)
    off = moment_of_task(task(TaskState.WITHDRAWN, None))
    assert (off.uid, off.title, off.changes, off.is_off) == (due.uid, "", 1, True)
    assert off.said_at == T + HOUR / 2


def version(decided: Decided | None, open_from: datetime | None = T + HOUR) -> Version:
    text = Text(2, bytes(32), BothWords("Our memorandum", "Наш меморандум"), ())
    return Version(
        version_id=UUID(int=6),
        text=text,
        summary=BothWords("", ""),
        questions=(),
        proposed_by=UUID(int=1),
        proposed_at=T,
        open_from=open_from,
        content=bytes(32),
        decided=decided,
    )


def test_a_version_of_the_memorandum() -> None:
    announced = moments_of_version(version(None))
    assert told(announced) == {"proposed": (T, 0, False), "executable": (T + HOUR, 0, False)}
    assert [announced[0].titled(each) for each in ("en", "ru")] == [
        *("Our memorandum", "Наш меморандум")
    ]
    published = Decided(VersionState.PUBLISHED, None, T + 2 * HOUR)
    assert told(moments_of_version(version(published)))["published"] == (T + 2 * HOUR, 0, False)
    soon = Decided(VersionState.PUBLISHED, UUID(int=2), T + HOUR / 2)
    assert told(moments_of_version(version(soon, None))) == {
        "proposed": (T, 0, False),
        "published": (T + HOUR / 2, 0, False),
    }


@pytest.mark.parametrize("state", [VersionState.REJECTED, VersionState.WITHDRAWN])
def test_a_version_that_was_taken_back_is_not_published_alone(state: VersionState) -> None:
    found = moments_of_version(version(Decided(state, UUID(int=2), T + HOUR / 2)))
    assert told(found) == {
        "proposed": (T, 0, False),
        "executable": (T + HOUR, 1, True),
        "withdrawn": (T + HOUR / 2, 0, False),
    }
    assert found[1].said_at == T + HOUR / 2


def test_a_window_has_its_start_and_not_its_end() -> None:
    due = moment_of_task(task(TaskState.OPEN, None))
    assert Window(due.at, due.at + HOUR).has(due)
    assert not Window(due.at - HOUR, due.at).has(due)


@pytest.mark.parametrize("lasts", [timedelta(0), -HOUR, WINDOW_MAX + timedelta(seconds=1)])
def test_what_is_no_window(lasts: timedelta) -> None:
    with pytest.raises(BadWindow):
        Window(T, T + lasts)


def test_what_falls_together_is_in_the_order_of_a_life() -> None:
    found = moments_of_poll(poll())
    together = [replace(each, at=T) for each in found]
    assert [each.kind.value for each in in_order(together[::-1])] == [
        "announced",
        "opens",
        "closes",
    ]
