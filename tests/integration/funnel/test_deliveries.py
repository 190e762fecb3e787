"""Stages are told to another system: really sent, signed, and again until they are heard."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from api import funnel
from api.erasing import EraseMember, erase, tell
from api.outgoing import service, store
from api.outgoing.model import (
    ATTEMPTS_MAX,
    DELIVERED_KEPT,
    HOOKS_MAX,
    LEASE,
    ApproveHook,
    ChangeHook,
    Hook,
    HookContentDiffers,
    HookNeedsAnotherPerson,
    HookState,
    ProposeHook,
    TooManyHooks,
    UnknownHook,
)
from api.outgoing.sending import HttpPost, Sender
from api.outgoing.tables import outgoing_deliveries
from api.webhooks import standard_webhooks
from api.webhooks.model import BadSignature, Delivered
from api.webhooks.secret_box import FernetBox
from ledger.funnel.model import Channel, StageEvent
from ledger.funnel.service import link_touches, record_first
from ledger.funnel.touches import LinkTouches, RecordTouch
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Database, execute
from ledger.members.model import NotAnAdmin
from tests.support.clock import SetClock
from tests.support.listening import Listener, Received, listening
from tests.world import World

BOX = FernetBox(b"a secret of the tests: 0123456789abcdef")


@dataclass
class Telling:
    """A school, its clock and another system."""

    world: World
    clock: SetClock
    crm: Listener
    secret: str = ""

    @property
    def database(self) -> Database:
        return self.world.database

    def propose(self, url: str | None = None) -> Hook:
        command = ProposeHook(url or self.crm.url, self.world.first_admin, allows_private=True)
        proposed = execute(self.database, service.Proposing(BOX).propose, command)
        self.secret = proposed.secret
        return proposed.hook

    def approve(self, hook: Hook, by: UUID | None = None) -> None:
        admin = by or self.world.second_admin
        execute(
            self.database, service.approve, ApproveHook(hook.hook_id, hook.content_digest, admin)
        )

    def hook(self, url: str | None = None) -> Hook:
        hook = self.propose(url)
        self.approve(hook)
        return hook

    def refresh(self) -> list[StageEvent]:
        return execute(self.database, funnel.refresh, None)

    def deliver(self, *, allows_private: bool = True) -> int:
        return Sender(self.database, BOX, HttpPost(allows_private)).deliver_due()

    def state(self, hook: Hook) -> HookState | None:
        with self.database.read() as work:
            states = {each.hook_id: each.state for each in store.hooks(work)}
        return states.get(hook.hook_id)

    def log(self, hook: Hook) -> list[tuple[str, int, int | None, str | None]]:
        with self.database.read() as work:
            found = store.newest(work, hook.hook_id, 100)
        return [(one.state, one.attempts, one.last_status, one.last_failure) for one in found]

    def heard(self) -> list[dict[str, Any]]:
        return [json.loads(each.body) for each in self.crm.received]

    def verify(self, received: Received, secret: str) -> None:
        delivered = Delivered(received.headers, received.body, self.clock.now())
        standard_webhooks.verify(delivered, [secret])


@pytest.fixture
def telling(database: Database) -> Iterator[Telling]:
    clock = SetClock()
    with listening() as crm:
        yield Telling(World.make(replace(database, clock=clock)), clock, crm)


def test_a_stage_is_told_signed_and_once(telling: Telling) -> None:
    telling.world.link("before")
    telling.refresh()
    hook = telling.hook()
    vera = telling.world.link("vera")
    telling.refresh()
    telling.refresh()
    assert telling.deliver() == 1
    assert telling.deliver() == 0
    (received,) = telling.crm.received
    assert received.path == "/in"
    assert received.headers["content-type"] == "application/json"
    assert received.headers["webhook-id"].startswith("msg_")
    telling.verify(received, telling.secret)
    with pytest.raises(BadSignature):
        telling.verify(received, standard_webhooks.new_secret("x" * 40))
    (body,) = telling.heard()
    assert body == {
        "type": "funnel.sign_up",
        "timestamp": "2026-03-02T09:00:00Z",
        "data": {
            "member": format_id("mem", vera),
            "event": body["data"]["event"],
            "stage": "sign_up",
            "first_touch": None,
            "last_touch": None,
        },
    }
    assert telling.log(hook) == [("delivered", 1, 204, None)]


def test_what_brought_somebody_goes_along(telling: Telling) -> None:
    telling.hook()
    touch = RecordTouch(bytes(32), Channel("telegram", "social", "spring"))
    execute(telling.database, record_first, touch)
    telling.clock.forward(timedelta(hours=3))
    vera = telling.world.link("vera")
    execute(telling.database, link_touches, LinkTouches(bytes(32), vera))
    assert [each.stage.value for each in telling.refresh()] == ["first_visit", "sign_up"]
    telling.deliver()
    told = {each["type"]: each for each in telling.heard()}
    assert told["funnel.first_visit"]["timestamp"] == "2026-03-02T09:00:00Z"
    assert told["funnel.sign_up"]["timestamp"] == "2026-03-02T12:00:00Z"
    assert told["funnel.sign_up"]["data"]["first_touch"] == {
        "source": "telegram",
        "medium": "social",
        "campaign": "spring",
    }


def test_what_is_not_heard_is_sent_again_under_the_same_id(telling: Telling) -> None:
    hook = telling.hook()
    telling.crm.answers = [500, 302, 204]
    telling.world.link("vera")
    telling.refresh()
    assert telling.deliver() == 1
    assert telling.log(hook) == [("waiting", 1, 500, None)]
    assert telling.deliver() == 0, "not before its time"
    telling.clock.forward(timedelta(seconds=7))
    assert telling.deliver() == 1
    assert telling.log(hook) == [("waiting", 2, 302, None)], "redirects are not followed"
    telling.clock.forward(timedelta(seconds=40))
    assert telling.deliver() == 1
    assert telling.log(hook) == [("delivered", 3, 204, None)]
    assert {each.path for each in telling.crm.received} == {"/in"}
    assert len({each.headers["webhook-id"] for each in telling.crm.received}) == 1
    telling.verify(telling.crm.received[2], telling.secret)


def test_who_dies_after_sending_sends_again(telling: Telling) -> None:
    """The claim is committed, the answer is not: at least once."""
    hook = telling.hook()
    telling.world.link("vera")
    telling.refresh()

    def post_and_die(url: str, body: bytes, headers: Any) -> Any:
        HttpPost(allows_private=True)(url, body, headers)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Sender(telling.database, BOX, post_and_die).deliver_due()
    assert telling.deliver() == 0, "somebody may still be waiting for the answer"
    telling.clock.forward(LEASE)
    assert telling.deliver() == 1
    assert telling.log(hook) == [("delivered", 2, 204, None)]
    assert len({each.headers["webhook-id"] for each in telling.crm.received}) == 1


def test_one_who_is_deaf_for_three_days_is_paused_and_misses_nothing(telling: Telling) -> None:
    hook = telling.hook()
    telling.crm.answers = [503]
    telling.world.link("vera")
    telling.refresh()
    for attempt in range(1, ATTEMPTS_MAX + 1):
        assert telling.state(hook) is HookState.LIVE
        assert telling.deliver() == 1, attempt
        telling.clock.forward(timedelta(hours=15))
    assert telling.log(hook) == [("given_up", ATTEMPTS_MAX, 503, None)]
    assert telling.state(hook) is HookState.PAUSED
    telling.world.link("boris")
    telling.refresh()
    assert telling.deliver() == 0
    with pytest.raises(NotAnAdmin):
        execute(
            telling.database,
            service.resume,
            ChangeHook(hook.hook_id, telling.world.linked["vera"]),
        )
    telling.crm.answers = [200]
    again = ChangeHook(hook.hook_id, telling.world.first_admin)
    execute(telling.database, service.resume, again)
    assert telling.deliver() == 2
    assert [one[0] for one in telling.log(hook)] == ["delivered"] * 2
    with pytest.raises(UnknownHook):
        execute(telling.database, service.resume, again)


def test_one_who_is_gone_is_paused_at_once(telling: Telling) -> None:
    hook = telling.hook()
    telling.crm.answers = [410]
    telling.world.link("vera")
    telling.refresh()
    telling.deliver()
    assert telling.state(hook) is HookState.PAUSED
    assert telling.log(hook) == [("given_up", 1, 410, None)]


@pytest.mark.parametrize(
    ("url", "failure"),
    [("https://localhost/in", "private_address"), ("https://nowhere.invalid/in", "unresolved")],
)
def test_private_networks_are_not_reached(telling: Telling, url: str, failure: str) -> None:
    hook = telling.hook(url)
    telling.world.link("vera")
    telling.refresh()
    telling.deliver(allows_private=False)
    assert telling.log(hook) == [("waiting", 1, None, failure)]
    assert telling.crm.received == []


def test_nobody_there_is_tried_again(telling: Telling) -> None:
    hook = telling.hook("http://127.0.0.1:9/in")
    telling.world.link("vera")
    telling.refresh()
    telling.deliver()
    assert telling.log(hook) == [("waiting", 1, None, "ConnectError")]


def test_one_hook_that_fails_holds_no_other_up(telling: Telling) -> None:
    telling.hook("http://127.0.0.1:9/in")
    telling.hook()
    telling.world.link("vera")
    telling.world.link("boris")
    telling.refresh()
    assert telling.deliver() == 3, "one attempt where nobody is, two where somebody listens"
    assert len(telling.crm.received) == 2


def test_it_takes_two_persons_and_one_to_end(telling: Telling) -> None:
    vera = telling.world.link("vera")
    with pytest.raises(NotAnAdmin):
        execute(
            telling.database, service.Proposing(BOX).propose, ProposeHook("https://a.example", vera)
        )
    hook = telling.propose()
    with pytest.raises(NotAnAdmin):
        telling.approve(hook, by=vera)
    with pytest.raises(HookNeedsAnotherPerson):
        telling.approve(hook, by=telling.world.first_admin)
    with pytest.raises(HookContentDiffers):
        telling.approve(replace(hook, content_digest=bytes(32)))
    telling.refresh()
    assert telling.deliver() == 0, "a proposal hears nothing"
    telling.approve(hook)
    with pytest.raises(UnknownHook):
        telling.approve(hook)
    end = ChangeHook(hook.hook_id, telling.world.second_admin)
    execute(telling.database, service.end, end)
    telling.world.link("boris")
    telling.refresh()
    assert telling.deliver() == 0
    with pytest.raises(UnknownHook):
        execute(telling.database, service.end, end)


def test_there_are_only_so_many(telling: Telling) -> None:
    for _ in range(HOOKS_MAX):
        telling.propose()
    with pytest.raises(TooManyHooks):
        telling.propose()


def test_the_secret_lies_sealed(telling: Telling) -> None:
    telling.hook()
    with telling.database.read() as work:
        (sealed,) = work.connection.execute(sa.text("SELECT sealed FROM outgoing_hooks")).scalars()
    assert telling.secret.encode() not in sealed
    assert BOX.unseal(sealed) == telling.secret


def test_who_is_forgotten_is_forgotten_there_too(telling: Telling) -> None:
    hook = telling.hook()
    vera = telling.world.link("vera")
    telling.refresh()
    telling.deliver()
    with telling.database.read() as work:
        confirm = tell(work, vera).confirm
    execute(telling.database, erase, EraseMember(vera, confirm, "member"))
    telling.refresh()
    telling.deliver()
    assert [(each["type"], each["data"]["member"]) for each in telling.heard()] == [
        ("funnel.sign_up", format_id("mem", vera)),
        ("funnel.member_forgotten", format_id("mem", vera)),
    ]
    assert len(telling.log(hook)) == 1, "what was told before is in no log"


def test_the_log_is_kept_for_thirty_days(telling: Telling) -> None:
    hook = telling.hook()
    telling.world.link("vera")
    telling.refresh()
    telling.deliver()
    telling.clock.forward(DELIVERED_KEPT - timedelta(seconds=1))
    telling.world.link("boris")
    telling.refresh()
    execute(telling.database, lambda work, _: service.forget_old(work), None)
    assert [one[0] for one in telling.log(hook)] == ["waiting", "delivered"]
    telling.clock.forward(timedelta(seconds=1))
    execute(telling.database, lambda work, _: service.forget_old(work), None)
    assert [one[0] for one in telling.log(hook)] == ["waiting"]
    execute(telling.database, service.end, ChangeHook(hook.hook_id, telling.world.first_admin))
    execute(telling.database, lambda work, _: service.forget_old(work), None)
    with telling.database.read() as work:
        query = sa.select(sa.func.count()).select_from(outgoing_deliveries)
        assert work.connection.execute(query).scalar_one() == 0
