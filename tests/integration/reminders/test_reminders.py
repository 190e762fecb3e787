"""Reminders of polls: who is told what, when, and never twice."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pytest
import sqlalchemy as sa

from api.erasing import EraseMember, erase, tell
from governance.polls import service as polls
from governance.polls.model import PREFIX
from governance.polls.service import WithdrawPoll
from governance.reminders import service, store
from governance.reminders.model import NEWS_FOR, ReminderKind, UnknownNotice
from governance.reminders.service import ReadNotices
from ledger.kernel.ids import derived_id, format_id
from ledger.kernel.transaction import Work, execute
from ledger.members.model import MemberNotActive
from tests.integration.reminders.conftest import DAY, HOUR, Told

OPENS, CLOSES, OUTCOME = ReminderKind.OPENS, ReminderKind.CLOSES, ReminderKind.OUTCOME


def test_a_poll_from_opening_to_count(told: Told) -> None:
    told.wants("ann", OPENS, CLOSES, OUTCOME)
    told.wants("bob", CLOSES)
    poll = told.poll_in_an_hour()
    assert told.forward(HOUR - timedelta(seconds=1)) == 0
    assert told.forward(timedelta(seconds=1)) == 1
    assert told.forward(2 * DAY - timedelta(seconds=1)) == 0
    assert told.forward(timedelta(seconds=1)) == 2
    told.electorate.close(poll)
    assert told.forward(timedelta(0)) == 1
    assert told.kinds("ann") == ["opens", "closes", "outcome"]
    assert told.kinds("bob") == ["closes"]
    assert told.kinds("cid") == [], "who chose nothing is told nothing"
    assert told.forward(DAY) == 0
    (closes,) = told.notices("bob")
    assert closes.at == poll.definition.closes_at


def test_who_has_voted_is_left_alone(told: Told) -> None:
    for name in ("ann", "bob"):
        told.wants(name, OPENS, CLOSES)
    poll = told.poll_in_an_hour()
    told.electorate.clock.forward(HOUR)
    told.electorate.vote(poll, ann=(1,))
    assert told.forward(timedelta(0)) == 1
    assert told.forward(2 * DAY) == 1
    assert (told.kinds("ann"), told.kinds("bob")) == ([], ["opens", "closes"])


def test_who_has_no_vote_is_not_asked_for_one(told: Told) -> None:
    poll = told.poll_in_an_hour()
    late = told.electorate.world.link("late")
    told.wants("late", OPENS, OUTCOME)
    assert told.forward(HOUR) == 0
    told.electorate.close(poll)
    assert told.forward(timedelta(0)) == 1
    assert told.kinds("late") == ["outcome"], f"{late} may know what came of it all the same"


def test_half_way_through_a_short_vote(told: Told) -> None:
    told.wants("ann", CLOSES)
    told.poll_in_an_hour(lasts=2 * HOUR)
    assert told.forward(2 * HOUR - timedelta(seconds=1)) == 0
    assert told.forward(timedelta(seconds=1)) == 1


def test_what_comes_too_late_is_not_told(told: Told) -> None:
    told.wants("ann", OPENS, CLOSES, OUTCOME)
    poll = told.poll_in_an_hour()
    told.electorate.close(poll)
    told.electorate.clock.forward(NEWS_FOR)
    assert told.forward(timedelta(0)) == 0


def test_late_while_it_is_of_use_is_told(told: Told) -> None:
    told.wants("ann", OPENS, CLOSES)
    told.poll_in_an_hour()
    assert told.forward(HOUR + 3 * DAY - timedelta(seconds=1)) == 2
    assert told.forward(timedelta(seconds=1)) == 0


def test_a_withdrawn_poll_reminds_nobody(told: Told) -> None:
    told.wants("ann", OPENS, CLOSES)
    poll = told.poll_in_an_hour()
    author = told.electorate.world.first_admin
    execute(told.database, polls.withdraw, WithdrawPoll(poll.poll_id, author))
    assert told.forward(HOUR) == 0


def test_withdrawn_between_looking_and_telling(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    told.wants("ann", OPENS)
    poll = told.poll_in_an_hour()
    told.electorate.clock.forward(HOUR)
    looked = service._waiting

    def look_then_lose(work: Work) -> list[service._Round]:
        found = looked(work)
        with told.database.engine.begin() as connection:
            connection.execute(
                sa.text("UPDATE polls SET withdrawn_by = author_id, withdrawn_at = announced_at")
            )
        return found

    monkeypatch.setattr(service, "_waiting", look_then_lose)
    assert service.make_due(told.database) == 0
    poll_id = format_id(PREFIX, poll.poll_id)
    with told.database.read() as work:
        assert store.made(work, [(f"poll::{poll_id}:opens", "opens")]) == set()


def test_a_blocked_member_is_not_told(told: Told) -> None:
    told.wants("ann", OPENS)
    told.wants("bob", OPENS)
    told.poll_in_an_hour()
    _set_status(told, "ann", "blocked")
    assert told.forward(HOUR) == 1
    assert told.kinds("ann") == []
    with pytest.raises(MemberNotActive):
        told.wants("ann", CLOSES)


def test_two_workers_tell_once(told: Told) -> None:
    for name in ("ann", "bob", "cid"):
        told.wants(name, OPENS)
    told.poll_in_an_hour()
    told.electorate.clock.forward(HOUR)
    together, made = Barrier(4), []

    def work() -> None:
        together.wait()
        made.append(service.make_due(told.database))

    threads = [Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert sorted(made) == [0, 0, 0, 3]
    assert [told.kinds(name) for name in ("ann", "bob", "cid")] == [["opens"]] * 3


def test_a_choice_holds_until_another(told: Told) -> None:
    told.wants("ann", OPENS, CLOSES)
    told.wants("ann", CLOSES, OUTCOME)
    with told.database.read() as work:
        assert store.choices(work, told.member("ann")) == {CLOSES, OUTCOME}
    told.wants("ann")
    told.poll_in_an_hour()
    assert told.forward(HOUR) == 0


def test_read_is_read_once(told: Told) -> None:
    told.wants("ann", OPENS, CLOSES)
    told.wants("bob", OPENS)
    told.poll_in_an_hour()
    told.forward(HOUR)
    told.forward(2 * DAY)
    (of_bob,) = told.notices("bob")
    closes, opens = told.notices("ann")
    ann = told.member("ann")
    for nobodys in (of_bob.notice_id, derived_id(told.electorate.clock.now(), "none")):
        with pytest.raises(UnknownNotice):
            execute(told.database, service.read, ReadNotices(ann, nobodys))
    read_at = told.electorate.clock.now()
    assert execute(told.database, service.read, ReadNotices(ann, opens.notice_id)) == 1
    told.forward(HOUR)
    assert execute(told.database, service.read, ReadNotices(ann, None)) == 0
    assert [each.read_at for each in told.notices("ann")] == [read_at + HOUR, read_at]
    assert told.notices("bob") == [of_bob]
    with told.database.read() as work:
        unread = service.notices(work, ann, None, 10, unread=True)
        older = service.notices(work, ann, closes.notice_id, 10)
    assert (unread, [each.notice_id for each in older]) == ([], [opens.notice_id])


def test_who_is_forgotten_leaves_no_choice_and_no_notice(told: Told) -> None:
    for name in ("ann", "bob"):
        told.wants(name, OPENS, CLOSES)
    told.poll_in_an_hour()
    told.forward(HOUR)
    ann = told.member("ann")
    with told.database.read() as work:
        confirm = tell(work, ann).confirm
    execute(told.database, erase, EraseMember(ann, confirm, "member"))
    assert told.notices("ann") == []
    with told.database.read() as work:
        assert store.choices(work, ann) == frozenset()
    assert told.forward(2 * DAY) == 1
    assert told.kinds("bob") == ["opens", "closes"]


def test_more_is_due_than_one_run_tells(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    told.wants("ann", OPENS)
    for _ in range(3):
        told.poll_in_an_hour()
    monkeypatch.setattr(service, "ROUNDS_MAX", 2)
    assert (told.forward(HOUR), told.forward(timedelta(0)), told.forward(timedelta(0))) == (2, 1, 0)


def _set_status(told: Told, name: str, status: str) -> None:
    with told.database.engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE members SET status = :status WHERE member_id = :member"),
            {"status": status, "member": told.member(name)},
        )
