"""The school round the soak: its programme, its quick clock, and what persons do beside spending.

Guest passes are handed out, used, paid for and taken back; members act, like each other too much,
are absent; moderators decide. Everything is one of the product's use cases, and any process may do
any of it for the same members at the same time.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from ledger.events import service as events
from ledger.events.admission import admit
from ledger.events.model import AcceptEvents, IncomingEvent, OnConflict
from ledger.inactivity import service as inactivity
from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.transaction import execute
from ledger.lots import jobs as lots_jobs
from ledger.members import service as members
from ledger.members.model import CreateMember, LinkIdentity
from ledger.quarantine import service as quarantine
from ledger.quarantine import store as cases
from ledger.quarantine.model import Decide, State
from ledger.referral import advancing
from ledger.referral import service as referral
from ledger.referral.fingerprints import Fingerprints
from ledger.referral.service import ClaimPass, IssuePass, Referrals
from ledger.scoring import service as scoring
from tests.world import World, lms

if TYPE_CHECKING:
    from tests.integration.soak.soak_worker import Walker

PRINTS: Final = Fingerprints(b"s" * 32)
START: Final = datetime(2026, 1, 5, tzinfo=UTC)
DAYS: Final = 180
"""So much time passes in a soak, however long it is: two checks of who is absent."""
DORMANT: Final = 12
"""Members who were last seen long before."""
PROGRAMME: Final = """
programme: soak
version: "1"
zone: UTC
attributes: {subscription: {field: value, values: [ended, active], default: ended}}
rules:
  - {id: post, on: club.post.created, to: actor, points: 20}
  - {id: liked, on: club.like.given, to: data.owner, points: 2}
inactivity: {check: quarter, to: revoked, warning_days: 50, steps: [{days: 60, share: 50}]}
redemption:
  {rates: {USD: 1}, hold_minutes: 10080, quote_minutes: 1440, code_days: 20, refund_grace_days: 6}
splits:
  rules:
    course:
      shares: [{to: author, per_cent: 70}, {to: school, per_cent: 30, pool: treasury}]
  pending_days: 0
  refund_days: 30
referral:
  inviter: {points: 500, pending: {days: 5}}
  guest: {points: 200}
  open_invitations: 20
  lapse_days: 10
  payment_days: 8
  subscription: {attribute: subscription, values: [active]}
  rewards: 1000
  margin: 40
  budget: {points: 1000000, per: year}
"""


class NothingToDo(Exception):
    """There is nothing yet that the command could be about."""


@dataclass(frozen=True)
class QuickClock:
    """Every process's clock: ``DAYS`` pass while the soak lasts."""

    began_s: float
    lasts_s: float

    def now(self) -> datetime:
        passed = (time.time() - self.began_s) / self.lasts_s  # noqa: TID251 - shared by processes
        return START + passed * timedelta(days=DAYS)

    def shortly(self, seconds: float) -> timedelta:
        """What so many seconds of the soak are by this clock."""
        return seconds / self.lasts_s * timedelta(days=DAYS)


def prepare(world: World) -> None:
    """The school before anybody walks: members who were there once, and have points."""
    world.activate(PROGRAMME)
    for number in range(DORMANT):
        name = f"dormant-{number}"
        world.link(name)
        time_of_act = (START - timedelta(days=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
        world.state(f"once-{number}", "club.post.created", f"lms:{name}", time_of_act)
    world.score()


def invite(walker: Walker) -> None:
    """A pass from a member to somebody new, who uses it and subscribes."""
    made = execute(walker.database, members.create_member, CreateMember())
    name = f"guest-{made.member_id}"
    key = lms(name)
    reference = execute(walker.database, members.references_of, [key])[key]
    link = LinkIdentity(made.member_id, reference, "test")
    execute(walker.database, members.link_identity, link)
    given = execute(walker.database, referral.issue, IssuePass(walker.member))
    if walker.chance.random() < 0.2:
        return  # Nobody uses it, so it lapses.
    claim = ClaimPass(made.member_id, given.code)
    execute(walker.database, Referrals(PRINTS).claim, claim)
    order: dict[str, Json] = {"order": name, "currency": "USD", "amount_minor": 200_000}
    state(walker, "member.subscription.changed", name, {"value": "active"})
    state(walker, "shop.order.paid", name, order)
    walker.guests = [*walker.guests, name][-50:]


def refund_guest(walker: Walker) -> None:
    """A guest's payment goes back, so the reward does."""
    name = walker.one(walker.guests)
    back: dict[str, Json] = {"order": name, "currency": "USD", "refund": "r"}
    state(walker, "shop.order.refunded", name, {**back, "amount_minor": 200_000})


def advance(walker: Walker) -> None:
    """The job that moves guest passes on."""
    advancing.run(walker.database, PRINTS)


def act(walker: Walker) -> None:
    """A post, sometimes taken back at once."""
    told = state(walker, "club.post.created", walker.name, {})
    if walker.chance.random() < 0.3:
        state(walker, "activity.retracted", None, {"id": told})


def like(walker: Walker) -> None:
    """Two like each other more than the school believes."""
    one, other = walker.chance.sample(sorted(walker.named), 2)
    told: list[tuple[str, str | None, Mapping[str, Json]]] = [
        ("club.like.given", giver, {"owner": f"lms:{owner}"})
        for giver, owner in ((one, other), (other, one))
        for _ in range(6)
    ]
    state_all(walker, told)


def score(walker: Walker) -> None:
    """A worker that was woken for a member, whether anything waits or not."""
    execute(walker.database, scoring.score_waiting, walker.member)


def scan(walker: Walker) -> None:
    """The job that looks for what looks wrong."""
    execute(walker.database, quarantine.scan, quarantine.Scan())


def decide(walker: Walker) -> None:
    """Two moderators let a case go, or set its facts aside."""
    with walker.database.read() as work:
        found = cases.page(work, live=True, before=None, limit=5)
    if not found:
        raise NothingToDo
    case = walker.chance.choice(found)
    first, second = walker.admins
    if case.state is State.OPEN and walker.chance.random() < 0.5:
        yes = Decide(case.case_id, first, "friends who study together")
        execute(walker.database, quarantine.release, yes)
    elif case.state is State.OPEN:
        execute(walker.database, quarantine.propose_void, Decide(case.case_id, first, "made up"))
    else:
        execute(walker.database, quarantine.confirm_void, Decide(case.case_id, second, "made up"))


def look_for_the_absent(walker: Walker) -> None:
    """The job that warns, and at a quarter's beginning takes."""
    inactivity.run(walker.database)


def night(walker: Walker) -> None:
    """Everybody's activations and expiries."""
    lots_jobs.apply_all_due(walker.database)


def state(walker: Walker, kind: str, subject: str | None, data: Mapping[str, Json]) -> str:
    """A fact of now; its id."""
    (event_id,) = state_all(walker, [(kind, subject, data)])
    return event_id


def state_all(
    walker: Walker, told: Sequence[tuple[str, str | None, Mapping[str, Json]]]
) -> list[str]:
    """Facts of now, in one go; their ids."""
    now = walker.now
    incoming = [
        IncomingEvent(
            walker.new_id().hex,
            kind,
            None if subject is None else f"lms:{subject}",
            Instant.of(now),
            dict(data),
        )
        for kind, subject, data in told
    ]
    admitted = admit(walker.source, incoming, now)
    command = AcceptEvents(walker.source, admitted, OnConflict.REPORT, budgeted=False)
    execute(walker.database, events.accept_events, command)
    return [each.id for each in incoming]


def settle(world: World) -> None:
    """Do what still waits, as the jobs would, before the ledger is asked."""
    world.score()
    advancing.run(world.database, PRINTS)
    inactivity.run(world.database)
    execute(world.database, quarantine.scan, quarantine.Scan())
    lots_jobs.apply_all_due(world.database)
    world.score()
