"""Schools at a moment when everything is due at once, for the driver of jobs to kill workers at.

Each gives some of the clock's jobs and of the outbox's topics work to do; ``WORK`` says which, and
a test compares that with the product's registries, so that none is left without.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from api.outgoing import service as outgoing
from api.outgoing.model import ApproveHook, ProposeHook
from api.referring import fingerprints
from api.webhooks.secret_box import FernetBox
from governance.goods import service as goods
from governance.goods.model import Terms
from governance.polls import service as polls
from governance.polls import voting
from governance.polls.counting import Method
from governance.polls.model import Weighing
from governance.polls.service import AnnouncePoll
from governance.polls.voting import CastPollBallot
from governance.projects import service as projects
from governance.projects.service import EndProject, ProposeProject
from governance.reminders import service as reminders
from governance.reminders.model import ReminderKind
from governance.reminders.service import ChooseReminders
from governance.staking import service as staking
from governance.staking.service import PlaceStake
from ledger.grants import service as granting
from ledger.grants.imports import paying
from ledger.grants.imports import service as imports
from ledger.grants.imports.model import ApproveImport, Import, ProposeImport
from ledger.grants.model import ApproveGrant, CreateGrant, GrantLine
from ledger.grants.taking_back import service as taking_back
from ledger.grants.taking_back.model import ApproveTakeBack, AskTakeBack
from ledger.inactivity import service as inactivity
from ledger.journal.model import AccountKind, EntryKind
from ledger.kernel.canonical import Json
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Database, Work, execute
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.lots.model import Cause, GrantLot
from ledger.preview import service as previews
from ledger.preview.service import AskPreview
from ledger.programme import service as programmes
from ledger.quarantine import service as quarantine
from ledger.referral import service as referral
from ledger.referral.service import ClaimPass, IssuePass, Referrals
from tests.integration.redemption.conftest import SetClock, make_school
from tests.support.budgets import open_budget
from tests.world import ISSUER, World

SECRET: Final = "a secret of the tests: 0123456789abcdef"
WEEKLY: Final = (Path(__file__).parents[3] / "examples" / "programmes" / "weekly.yaml").read_text(
    "utf-8"
)
DAY: Final = timedelta(days=1)
QUARTERS: Final = (1, 4, 7, 10)


def _everything_due(database: Database) -> None:
    """A shop, forty days ago: a hold that runs out, lots that activate and expire, old work."""
    clock = SetClock(datetime.now(UTC) - 40 * DAY)  # noqa: TID251 - a test's clock
    school = make_school(database, clock)
    school.put_in_force("validity: {days: 400}")
    asleep = school.world.link("nothing came due lately")
    lives = [(school.member, *each) for each in ((1, 10), (2, 300), (0, 5), (0, 300), (39, 300))]
    lives += [(asleep, 1, 10), (asleep, 2, 300)]
    for number, (member_id, wait, life) in enumerate(lives):
        at = clock.time
        command = GrantLot(
            member_id=member_id,
            amount=Points(100 + number),
            kind=EntryKind.GRANT,
            key=(f"due {number}",),
            effective_at=at,
            activates_at=at + wait * DAY,
            expires_at=at + (wait + life) * DAY,
            cause=Cause("test", str(number)),
        )
        execute(school.database, lots.grant_lot, command)
    school.set_terms()
    school.held(30)
    execute(database, _old_work, clock.time - 30 * DAY)
    moment = f"{clock.time + DAY:%Y-%m-%dT%H:%M:%SZ}"
    for number in range(3):
        school.world.state(f"e{number}", "lms.section.read", "lms:1042", moment)
    school.world.state("gone", "activity.retracted", None, moment, {"id": "e1"})
    stored = programmes.StoreProgramme(WEEKLY, "test")
    proposed = execute(school.database, programmes.store_programme, stored)
    asked = AskPreview(proposed.programme_hash, "forward", None, school.world.first_admin)
    execute(school.database, previews.ask, asked)


def _old_work(work: Work, done_at: datetime) -> None:
    work.connection.execute(
        sa.text(
            "INSERT INTO outbox (topic, key, payload, created_at, not_before, done_at) "
            "SELECT 'old', n::text, 'null', :at, :at, :at FROM generate_series(1, 3) AS n"
        ),
        {"at": done_at},
    )
    work.connection.execute(
        sa.text("INSERT INTO link_proofs VALUES (sha256('a proof past its end'), :at)"),
        {"at": done_at},
    )
    work.connection.execute(
        sa.text(
            "INSERT INTO refused_requests (refusal_id, received_at, door, status, code, detail) "
            "VALUES (gen_random_uuid(), :at, '/v1/events', 401, 'credentials_refused', '{}')"
        ),
        {"at": done_at},
    )


def _a_week_to_close(database: Database) -> None:
    """Two members' weeks that are over, under the weekly programme."""
    world = World.make(database)
    world.link("anna")
    world.link("boris")
    world.activate(WEEKLY)
    monday = datetime.now(UTC) - 15 * DAY  # noqa: TID251 - a test's clock
    for number in range(4):
        moment = f"{monday + number * timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
        world.state(f"s{number}", "lms.section.read", "lms:anna", moment)
        world.state(f"l{number}", "club.like.given", "lms:boris", moment, {"owner": "lms:anna"})


EMISSION = """
programme: emitting
version: "1"
zone: UTC
vesting:
  soon: {{days: 1}}
emission:
  start: "{start}"
  yearly: 36500
  pools: {{rewards: 50, treasury: 50}}
rules:
  - {{id: read, on: lms.section.read, to: actor, points: 60, vesting: soon}}
"""


def _emission_to_come(database: Database) -> None:
    """Days without their emission, awards that wait for it, and points to vest."""
    now = datetime.now(UTC)  # noqa: TID251 - a test's clock
    world = World.make(database)
    world.link("anna")
    world.activate(EMISSION.format(start=f"{now - 3 * DAY:%Y-%m-%d}"))
    for number in range(5):
        moment = f"{now - 2 * DAY:%Y-%m-%dT%H:%M:%SZ}"
        world.state(f"e{number}", "lms.section.read", "lms:anna", moment)


PERSONS: Final = """
programme: persons
version: "1"
zone: UTC
attributes: {subscription: {field: value, values: [ended, active], default: ended}}
levels: {threshold: "50 * data.level", count: 5}
rules:
  - {id: post, on: club.post.created, to: actor, points: 100}
  - {id: liked, on: club.like.given, to: data.owner, points: 2}
  - id: mentor
    on: project.completed
    to: actor
    points: 70
    vesting: {days: 30, condition: {active: {who: data.owner, within_days: 30}}}
inactivity: {check: quarter, to: revoked, steps: [{days: 90, share: 50}]}
redemption: {rates: {USD: 1}}
referral:
  inviter: {points: 500, pending: {days: 14}}
  guest: {points: 200}
  open_invitations: 5
  lapse_days: 14
  payment_days: 30
  subscription: {attribute: subscription, values: [active]}
  rewards: 12
  margin: 40
  budget: {points: 10000, per: year}
"""


class _Persons:
    """A club over some months, by what its persons do at which time."""

    def __init__(self, database: Database, now: datetime) -> None:
        self.now = now
        self.check = max(
            datetime(year, month, 1, tzinfo=UTC)
            for year in (now.year - 1, now.year)
            for month in QUARTERS
            if datetime(year, month, 1, tzinfo=UTC) <= now
        )
        """The last check of who is absent: a quarter's first day."""
        self.clock = SetClock(self.check - 120 * DAY)
        self.world = World.make(Database(database.engine, self.clock, database.ids))
        self.world.activate(PERSONS)
        for name in ("absent", "ann", "bob", "cid", "dan"):
            self.world.link(name)

    def live(self) -> None:
        """Everything in the order of its time."""
        for when, act in sorted(
            [
                (self.check - 105 * DAY, self._posts),
                (self.check - 10 * DAY, self._warned),
                (self.now - 50 * DAY, self._invited),
                (self.now - 45 * DAY, self._paid),
                (self.now - 3 * DAY, self._liked_by_a_stranger),
                (self.now - 2 * DAY, self._known_now),
                (self.now - timedelta(hours=1), self._liked),
            ],
            key=lambda each: each[0],
        ):
            self.clock.time = when
            act()

    def _state(self, name: str, kind: str, who: str, data: dict[str, Json]) -> None:
        moment = f"{self.clock.time:%Y-%m-%dT%H:%M:%SZ}"
        self.world.state(name, kind, f"lms:{who}", moment, data)

    def _posts(self) -> None:
        self._state("p", "club.post.created", "absent", {})
        self.world.score()

    def _warned(self) -> None:
        assert inactivity.run(self.world.database)[1] == 1

    def _invited(self) -> None:
        database = self.world.database
        for guest in ("gil", "nobody"):
            given = execute(database, referral.issue, IssuePass(self.world.linked["ann"]))
            if guest == "gil":
                claim = ClaimPass(self.world.link(guest), given.code)
                execute(database, Referrals(fingerprints(SECRET.encode())).claim, claim)

    def _paid(self) -> None:
        paid: dict[str, Json] = {"order": "o", "currency": "USD", "amount_minor": 100_000}
        self._state("paid", "shop.order.paid", "gil", paid)
        self._state("sub", "member.subscription.changed", "gil", {"value": "active"})
        self._state("done", "project.completed", "ann", {"owner": "lms:gil"})
        self.world.score()

    def _like(self, one: str, other: str) -> None:
        for number in range(6):
            for giver, owner in ((one, other), (other, one)):
                data: dict[str, Json] = {"post": f"{giver}{number}", "owner": f"lms:{owner}"}
                self._state(f"like-{giver}-{number}", "club.like.given", giver, data)

    def _liked_by_a_stranger(self) -> None:
        self._like("dan", "eve")
        self.clock.forward(hours=1)
        execute(self.world.database, quarantine.scan, quarantine.Scan())

    def _known_now(self) -> None:
        self.world.link("eve")
        self.world.score()

    def _liked(self) -> None:
        self._like("bob", "cid")


def _persons(database: Database) -> None:
    """An absent member, guest passes to reward and to lapse, likes that look wrong."""
    _Persons(database, datetime.now(UTC)).live()  # noqa: TID251 - a test's clock


_HEADER: Final = "member,provider,issuer,subject,points,activates_on,expires_on,reference,reason\n"


def _brought_along(database: Database) -> None:
    """Balances of an old system: some to pay, some whose owners are known or active only now."""
    world = World.make(database)
    for name in ("anna", "boris"):
        world.link(name)
    admins = (world.first_admin, world.second_admin)
    budget_id = open_budget(database, 500, *admins, "Brought along").budget_id

    def proposed(*lines: str) -> Import:
        content = (_HEADER + "".join(lines)).encode()
        asked = ProposeImport(world.first_admin, budget_id, "Balances of the old system", content)
        with database.read() as work:
            confirm = imports.preview(work, asked).confirm
        return execute(database, imports.propose, replace(asked, confirm=confirm))

    def approve(what: Import) -> None:
        yes = ApproveImport(what.import_id, world.second_admin, what.content_digest)
        execute(database, imports.approve, yes)

    def line(name: str, points: int) -> str:
        return f"{format_id('mem', world.linked[name])},,,,{points},,,,\n"

    def set_status(status: str) -> None:
        with database.engine.begin() as connection:
            connection.execute(
                sa.text("UPDATE members SET status = :status WHERE member_id = :member"),
                {"status": status, "member": world.linked["boris"]},
            )

    first = proposed(line("boris", 40), f",lms,{ISSUER},known later,30,,,,\n")
    set_status("blocked")
    approve(first)
    paying.carry_out(database, first.import_id)
    set_status("active")
    world.link("known later")
    approve(proposed(line("anna", 100)))
    _granted_and_taken_back(database, world, budget_id)


def _granted_and_taken_back(database: Database, world: World, budget_id: UUID) -> None:
    """A grant that two persons have decided to take back, and nobody has yet."""
    lines = (GrantLine(world.linked["anna"], Points(7)),)
    asked = CreateGrant(world.first_admin, budget_id, "by mistake", lines)
    grant = execute(database, granting.create, asked)
    yes = ApproveGrant(grant.grant_id, world.second_admin, grant.content_digest)
    execute(database, granting.approve, yes)
    back = execute(
        database, taking_back.ask, AskTakeBack(grant.grant_id, world.first_admin, "a mistake")
    )
    agreed = ApproveTakeBack(grant.grant_id, world.second_admin, back.content_digest)
    execute(database, taking_back.approve, agreed)


def _guild(database: Database) -> None:
    """Orders that nobody fulfilled in time, and stakes on a project that was withdrawn."""
    clock = SetClock(datetime.now(UTC) - 40 * DAY)  # noqa: TID251 - a test's clock
    world = World.make(Database(database.engine, clock, database.ids))
    for name in ("anna", "boris"):
        at = clock.time
        cause = Cause("test", name)
        lot = GrantLot(world.link(name), Points(100), EntryKind.GRANT, (name,), at, at, None, cause)
        execute(world.database, lots.grant_lot, lot)
    cup = Terms("A cup", "Кружка", "White.", "Белая.", Points(20), None, is_offered=True)
    good = execute(world.database, goods.add, goods.AddGood(cup, 5, world.first_admin))
    anna = world.linked["anna"]
    asked = ProposeProject(anna, "A garden", "Dig.", AccountKind.TREASURY, Points(10))
    project = execute(world.database, projects.propose, asked)
    for name in ("anna", "boris"):
        order = goods.Order(good.good_id, world.linked[name], 2, Points(20))
        execute(world.database, goods.order, order)
        stake = PlaceStake(world.linked[name], project.project_id, Points(30))
        execute(world.database, staking.place, stake)
    ended = EndProject(project.project_id, anna, "No garden.")
    execute(world.database, projects.withdraw, ended)


def _polls_to_count(database: Database) -> None:
    """Two polls whose voting is over, one without a ballot."""
    clock = SetClock(datetime.now(UTC) - 2 * DAY)  # noqa: TID251 - a test's clock
    world = World.make(Database(database.engine, clock, database.ids))
    anna = world.link("anna")
    for number in range(2):
        asked = AnnouncePoll(
            author_id=world.first_admin,
            title=f"Poll {number}",
            body="",
            options=("yes", "no"),
            method=Method.SINGLE,
            weighing=Weighing.PERSON,
            credits=None,
            standing_min=0,
            opens_at=None,
            closes_at=clock.now() + DAY,
        )
        poll_id = execute(world.database, polls.announce, asked).poll_id
        if not number:
            ballot = CastPollBallot(poll_id, anna, (1,), 1, bytes(32), None)
            execute(world.database, voting.cast, ballot)


def _polls_to_tell_of(database: Database) -> None:
    """Members to be told that a poll opened and closes soon, and that another was counted."""
    clock = SetClock(datetime.now(UTC) - 2 * DAY)  # noqa: TID251 - a test's clock
    world = World.make(Database(database.engine, clock, database.ids))
    for name in ("anna", "boris", "vera"):
        kinds = frozenset(ReminderKind)
        execute(world.database, reminders.choose, ChooseReminders(world.link(name), kinds))
    for hours_from, hours_to in ((0, 24), (28, 50)):
        asked = AnnouncePoll(
            author_id=world.first_admin,
            title=f"Poll after {hours_from} hours",
            body="",
            options=("yes", "no"),
            method=Method.SINGLE,
            weighing=Weighing.PERSON,
            credits=None,
            standing_min=0,
            opens_at=clock.now() + timedelta(hours=hours_from),
            closes_at=clock.now() + timedelta(hours=hours_to),
        )
        poll = execute(world.database, polls.announce, asked)
    clock.forward(hours=30)
    ballot = CastPollBallot(poll.poll_id, world.linked["anna"], (1,), 1, bytes(32), None)
    execute(world.database, voting.cast, ballot)


def _stages_to_tell(database: Database) -> None:
    """People who have just signed up, and a system that is to be told and cannot be reached."""
    world = World.make(database)
    asked = ProposeHook("https://localhost/in", world.first_admin)
    hook = execute(database, outgoing.Proposing(FernetBox(SECRET.encode())).propose, asked).hook
    approval = ApproveHook(hook.hook_id, hook.content_digest, world.second_admin)
    execute(database, outgoing.approve, approval)
    for name in ("anna", "boris", "vera"):
        world.link(name)


SCENARIOS: Final[Mapping[str, Callable[[Database], None]]] = {
    "shop": _everything_due,
    "week": _a_week_to_close,
    "emission": _emission_to_come,
    "persons": _persons,
    "brought along": _brought_along,
    "guild": _guild,
    "polls": _polls_to_count,
    "reminders": _polls_to_tell_of,
    "funnel": _stages_to_tell,
}
WORK: Final[Mapping[str, frozenset[str]]] = {
    "shop": frozenset(
        {
            *("score", "programme.activated", "programme.preview", "lots.apply_recently_due"),
            *("night", "lots.expire_holds", "redemption.expire", "auth.forget_expired"),
            *("outbox.forget", "refusals.forget", "log.publish", "reports.count"),
        }
    ),
    "week": frozenset({"score", "scoring.close_periods", "log.publish"}),
    "emission": frozenset({"score", "settlement.emit_and_fund"}),
    "brought along": frozenset(
        {"import", "linked", "imports.credit_all_linked", "grant_take_back"}
    ),
    "guild": frozenset({"goods.settle_orders", "staking.let_go"}),
    "polls": frozenset({"polls.count"}),
    "reminders": frozenset({"polls.count", "reminders.make_due"}),
    "funnel": frozenset({"linked", "funnel.refresh", "outgoing.deliver"}),
    "persons": frozenset(
        {
            *("score", "settlement.matured", "inactivity.run", "referral.advance", "night"),
            *("quarantine.scan", "quarantine.scan_whole"),
        }
    ),
}
"""Which jobs and topics write something when a worker goes to work on a scenario."""
