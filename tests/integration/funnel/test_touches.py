"""What visitors came by: how long it is kept, whose it becomes, and how it is forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from api.erasing import EraseMember, erase, tell
from ledger.funnel import service, touches_store
from ledger.funnel.model import Channel
from ledger.funnel.tables import funnel_touches
from ledger.funnel.touches import (
    ANONYMOUS_LIFE,
    DIRECT,
    VISITOR_LIFE,
    LinkTouches,
    RecordTouch,
)
from ledger.kernel.transaction import Database, Work, execute
from tests.support.clock import SetClock
from tests.world import World

ANNA, BORIS = b"a" * 32, b"b" * 32
POST = Channel("telegram", "social", "spring")
MAIL = Channel("digest", "email")
MARCH = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def timed(database: Database, clock: SetClock) -> Database:
    return replace(database, clock=clock)


def come(database: Database, visitor: bytes, *channels: Channel, clock: SetClock) -> None:
    for number, channel in enumerate(channels):
        record = service.record_again if number else service.record_first
        execute(database, record, RecordTouch(visitor, channel))
        clock.forward(timedelta(hours=1))


def rows(database: Database) -> list[tuple[bytes | None, UUID | None, str, bool]]:
    query = sa.select(
        funnel_touches.c.visitor_digest,
        funnel_touches.c.member_id,
        funnel_touches.c.source,
        funnel_touches.c.is_first,
    ).order_by(funnel_touches.c.touch_id)
    with database.read() as work:
        return [tuple(row) for row in work.connection.execute(query)]


def visits(database: Database) -> list[tuple[datetime, Channel, Channel, int]]:
    with database.read() as work:
        return touches_store.visits(work)


def forget_old(database: Database) -> None:
    def forget(work: Work, _: None) -> None:
        service.forget_old(work)

    execute(database, forget, None)


def test_the_first_and_the_last_are_kept_and_none_between(timed: Database, clock: SetClock) -> None:
    come(timed, ANNA, POST, MAIL, Channel("later", "none"), DIRECT, clock=clock)
    come(timed, BORIS, POST, Channel("later", "none"), clock=clock)
    assert visits(timed) == [(MARCH, POST, Channel("later", "none"), 2)]
    assert len(rows(timed)) == 4


def test_of_whom_nothing_is_known_nothing_is_recorded(timed: Database) -> None:
    assert not execute(timed, service.record_again, RecordTouch(ANNA, POST))
    assert rows(timed) == []


def test_a_touch_becomes_the_members_and_nobody_knows_the_browser_any_more(
    timed: Database, clock: SetClock
) -> None:
    world = World.make(timed)
    come(timed, ANNA, POST, MAIL, clock=clock)
    come(timed, BORIS, MAIL, clock=clock)
    anna = world.link("anna")
    execute(timed, service.link_touches, LinkTouches(ANNA, anna))
    assert rows(timed) == [
        (None, anna, "telegram", True),
        (None, anna, "digest", False),
        (BORIS, None, "digest", True),
    ]
    with timed.read() as work:
        found = touches_store.touches_of(work)
        one = touches_store.touches_of(work, {anna, world.first_admin})
    assert {anna: (found[anna].first, found[anna].last)} == {anna: (POST, MAIL)}
    assert one == found


def test_what_a_member_comes_by_later_is_not_kept(timed: Database, clock: SetClock) -> None:
    world = World.make(timed)
    anna = world.link("anna")
    clock.forward(timedelta(seconds=1))
    come(timed, ANNA, POST, clock=clock)
    execute(timed, service.link_touches, LinkTouches(ANNA, anna))
    assert rows(timed) == []


def test_who_has_no_identity_was_not_brought_here(timed: Database, clock: SetClock) -> None:
    world = World.make(timed)
    come(timed, ANNA, POST, clock=clock)
    execute(timed, service.link_touches, LinkTouches(ANNA, world.first_admin))
    assert rows(timed) == []


def test_who_does_not_agree_any_more_is_forgotten(timed: Database, clock: SetClock) -> None:
    come(timed, ANNA, POST, MAIL, clock=clock)
    come(timed, BORIS, MAIL, clock=clock)

    def forget(work: Work, visitor: bytes) -> None:
        service.forget_visitor(work, visitor)

    execute(timed, forget, ANNA)
    assert rows(timed) == [(BORIS, None, "digest", True)]


def test_after_ninety_days_a_visit_is_nobodys_and_after_two_years_none(
    timed: Database, clock: SetClock
) -> None:
    began = clock.now()
    come(timed, ANNA, POST, MAIL, clock=clock)
    clock.time = began + VISITOR_LIFE - timedelta(seconds=1)
    forget_old(timed)
    assert visits(timed) == [(MARCH, POST, MAIL, 1)]
    clock.time = began + VISITOR_LIFE
    forget_old(timed)
    day = began.replace(hour=0)
    assert rows(timed) == [(None, None, "telegram", True)]
    assert visits(timed) == [(MARCH, POST, POST, 1)]
    clock.time = day + ANONYMOUS_LIFE - timedelta(seconds=1)
    forget_old(timed)
    assert len(visits(timed)) == 1
    clock.time = day + ANONYMOUS_LIFE
    forget_old(timed)
    assert rows(timed) == []


def test_a_members_touches_stay_until_the_member_is_forgotten(
    timed: Database, clock: SetClock
) -> None:
    world = World.make(timed)
    come(timed, ANNA, POST, clock=clock)
    anna = world.link("anna")
    execute(timed, service.link_touches, LinkTouches(ANNA, anna))
    clock.forward(ANONYMOUS_LIFE * 2)
    forget_old(timed)
    assert len(rows(timed)) == 1
    execute(timed, service.refresh, [])
    with timed.read() as work:
        assert [each.first_touch for each in service.journeys(work)] == [POST]
        confirm = tell(work, anna).confirm
    execute(timed, erase, EraseMember(anna, confirm, "member"))
    execute(timed, service.refresh, [])
    assert rows(timed) == []
    with timed.read() as work:
        assert service.journeys(work) == []
