"""A community with guest passes, and a clock that tests set."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

import pytest

from ledger.kernel.transaction import Database, Work, execute
from ledger.members import service as members
from ledger.members.model import CreateMember, IdentityKey, LinkIdentity, UnlinkIdentity
from ledger.referral import advancing, service, store
from ledger.referral.advancing import Advance
from ledger.referral.fingerprints import Fingerprints
from ledger.referral.model import Referral
from ledger.referral.service import ClaimPass, IssuePass, PassIssued, Referrals
from ledger.referral.verify import check_referrals
from ledger.verify.model import Finding
from ledger.wallets import service as wallets
from ledger.wallets.service import LinkWallet
from tests.world import World

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
PRINTS = Fingerprints(b"k" * 32)
PROGRAMME = """\
programme: p
version: "1"
zone: Europe/Moscow
rules: [{id: a, on: a, to: actor, points: 1}]
attributes: {subscription: {field: value, values: [ended, active], default: ended}}
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


@dataclass
class SetClock:
    """Stands still until a test moves it."""

    at: datetime = START

    def now(self) -> datetime:
        return self.at


@dataclass
class Club:
    """Short words for what tests do."""

    world: World
    clock: SetClock
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def database(self) -> Database:
        return self.world.database

    def pass_time(self, **time: int) -> None:
        self.clock.at += timedelta(**time)

    def issue(self, inviter: str) -> PassIssued:
        return execute(self.database, service.issue, IssuePass(self.world.linked[inviter]))

    def claim(self, guest: str, code: str, address: str | None = None) -> Referral:
        command = ClaimPass(self.world.linked[guest], code, address)
        return execute(self.database, Referrals(PRINTS).claim, command)

    def invited(self, inviter: str, guest: str, address: str | None = None) -> Referral:
        """A new member who has used a pass of the inviter's."""
        self.world.link(guest)
        return self.claim(guest, self.issue(inviter).code, address)

    def state(self, kind: str, guest: str, data: dict[str, object]) -> str:
        event_id = f"e{next(self.numbers)}"
        time = self.clock.at.isoformat().replace("+00:00", "Z")
        (outcome,) = self.world.state(event_id, kind, f"lms:{guest}", time, data)  # type: ignore[arg-type]
        assert outcome.status == "accepted"
        return event_id

    def pays(
        self, guest: str, minor: int = 10_000, order: str = "o1", currency: str = "USD"
    ) -> str:
        return self.state(
            "shop.order.paid",
            guest,
            {"order": order, "currency": currency, "amount_minor": minor},
        )

    def refunds(self, guest: str, minor: int, refund: str = "r1", order: str = "o1") -> str:
        data = {"order": order, "currency": "USD", "amount_minor": minor, "refund": refund}
        return self.state("shop.order.refunded", guest, data)

    def subscribes(self, guest: str, state: str = "active") -> str:
        return self.state("member.subscription.changed", guest, {"value": state})

    def run(self) -> int:
        return advancing.run(self.database, PRINTS)

    def again(self, referral: Referral) -> Referral:
        with self.database.read() as work:
            found = store.find(work, referral.referral_id)
        assert found is not None
        return found

    def move_on(self, referral: Referral) -> bool:
        return execute(self.database, advancing.move_on, Advance(referral.referral_id, PRINTS))

    def rewarded(self, inviter: str, guest: str, minor: int = 10_000) -> Referral:
        """A pass that went the whole way."""
        referral = self.invited(inviter, guest)
        self.pays(guest, minor, order=f"o-{guest}")
        self.subscribes(guest)
        self.pass_time(days=30)
        self.run()
        return self.again(referral)

    def has(self, name: str) -> int:
        found = self.world.summary(name)
        return (found.pending + found.available).amount

    def owes(self, name: str) -> int:
        return self.world.summary(name).debt.amount

    def account(self, name: str, key: IdentityKey) -> None:
        """Link one more account to a member."""
        reference = execute(self.database, members.references_of, [key])[key]
        link = LinkIdentity(self.world.linked[name], reference, "test")
        execute(self.database, members.link_identity, link)

    def unlink(self, name: str, key: IdentityKey) -> None:
        reference = execute(self.database, members.references_of, [key])[key]
        gone = UnlinkIdentity(self.world.linked[name], reference, "test")
        execute(self.database, members.unlink_identity, gone)

    def wallet(self, name: str, address: str) -> None:
        command = LinkWallet(self.world.linked[name], address, bytes(32))
        execute(self.database, wallets.link_wallet, command)

    def drop_wallet(self, name: str) -> None:
        execute(self.database, wallets.unlink_wallet, self.world.linked[name])

    def verified(self) -> list[Finding]:
        with self.database.read() as work:
            return list(check_referrals(work))

    @contextmanager
    def work(self) -> Iterator[Work]:
        with self.database.engine.begin() as connection:
            yield Work(connection, self.clock.at, self.database.ids)

    def member(self, name: str) -> UUID:
        self.world.linked[name] = execute(
            self.database, members.create_member, CreateMember()
        ).member_id
        return self.world.linked[name]


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def club(database: Database, clock: SetClock) -> Club:
    world = World.make(replace(database, clock=clock))
    world.activate(PROGRAMME)
    world.link("ann")
    return Club(world, clock)
