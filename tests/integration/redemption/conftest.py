"""A community with one buyer, one LMS that signs orders, and a programme that redeems."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from ledger.events.tables import sources
from ledger.journal.model import EntryKind
from ledger.kernel.canonical import Json
from ledger.kernel.transaction import Database, Work, execute
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.lots.model import Cause, GrantLot, Summary
from ledger.members import service as members
from ledger.members.model import CreateMember, IdentityKey, LinkIdentity
from ledger.programme.load import load_programme
from ledger.programme.model import Programme
from ledger.redemption import tokens
from ledger.redemption.checkout import (
    AskQuote,
    HoldRedemption,
    QuoteGiven,
    Redeeming,
)
from ledger.redemption.model import Redemption
from ledger.redemption.offers import Caller, OrderSigner
from ledger.redemption.orders import ORDER_TOKEN_TYPE
from ledger.redemption.quotes import QuoteKeys

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
LMS = "https://lms.example"
OTHER = "https://other.example"
SECRETS = {"lms": (LMS, b"l" * 32), "other": (OTHER, b"o" * 32)}
TEXT = """
programme: redeeming
version: "1"
zone: UTC
rules:
  - {id: read, on: lms.section.read, to: actor, points: 1}
redemption: {rates: {USD: 1}}
"""


@dataclass
class SetClock:
    """A clock that stands still until it is moved."""

    time: datetime = START

    def now(self) -> datetime:
        return self.time

    def forward(self, **step: float) -> None:
        self.time += timedelta(**step)


@dataclass
class School:
    """Acts as everybody on one database; the ports to sources and programmes are doubles."""

    database: Database
    clock: SetClock
    member: UUID
    programme: Programme = field(default_factory=lambda: load_programme(TEXT))
    lms: Caller = field(default_factory=lambda: Caller(source=LMS))

    @property
    def redeeming(self) -> Redeeming:
        return Redeeming(QuoteKeys("k", {"k": b"q" * 32}), self._signer, lambda _: self.programme)

    @property
    def buyer(self) -> Caller:
        return Caller(member_id=self.member)

    def set_terms(self, **terms: Json) -> None:
        section = dict(self.programme.redemption or {}) | terms
        new_hash = bytes(reversed(self.programme.programme_hash))
        self.programme = replace(self.programme, redemption=section, programme_hash=new_hash)

    def new_member(self, subject: str) -> UUID:
        def create(work: Work, _: None) -> UUID:
            member = members.create_member(work, CreateMember())
            key = IdentityKey("lms", LMS, subject)
            reference = members.references_of(work, [key])[key]
            members.link_identity(work, LinkIdentity(member.member_id, reference, "test"))
            return member.member_id

        return execute(self.database, create, None)

    def grant(
        self, amount: int, *, to: UUID | None = None, expires_at: datetime | None = None
    ) -> UUID:
        command = GrantLot(
            member_id=to or self.member,
            amount=Points(amount),
            kind=EntryKind.GRANT,
            key=(f"{self.clock.time.isoformat()}/{amount}/{expires_at}/{to}",),
            effective_at=self.clock.time,
            activates_at=self.clock.time,
            expires_at=expires_at,
            cause=Cause("grant", "test"),
        )
        return execute(self.database, lots.grant_lot, command).lot_id

    def order(self, *, source: str = "lms", secret: bytes | None = None, **changes: Json) -> str:
        now = int(self.clock.time.timestamp())
        claims: dict[str, Json] = {
            "sub": "lms:1042",
            "order": "A-17",
            "iat": now,
            "exp": now + 3600,
            "currency": "USD",
            "lines": [{"id": "1", "product": "course:go", "price_minor": 5000}],
        }
        return tokens.sign(
            claims | changes,
            token_type=ORDER_TOKEN_TYPE,
            key_id=source,
            secret=secret or SECRETS.get(source, ("", b"x" * 32))[1],
        )

    def quote(
        self, order: str, points: int | None = None, caller: Caller | None = None
    ) -> QuoteGiven:
        asked = None if points is None else Points(points)
        with self.database.read() as work:
            return self.redeeming.quote(work, AskQuote(caller or self.buyer, order, asked))

    def hold(self, order: str, quote: str, caller: Caller | None = None) -> Redemption:
        command = HoldRedemption(caller or self.buyer, order, quote)
        return execute(self.database, self.redeeming.hold, command)

    def held(self, points: int, **order: Json) -> Redemption:
        """A hold of so many points on a fresh order."""
        token = self.order(**order)
        return self.hold(token, self.quote(token, points).token)

    def summary(self, member: UUID | None = None) -> Summary:
        with self.database.read() as work:
            return lots.summary(work, member or self.member, self.clock.time)

    def _signer(self, _: Work, name: str) -> OrderSigner | None:
        if name not in SECRETS:
            return None
        uri, secret = SECRETS[name]
        return OrderSigner(
            uri, (secret,), lambda text: IdentityKey("lms", LMS, text.removeprefix("lms:"))
        )


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def school(database: Database, clock: SetClock) -> School:
    still = replace(database, clock=clock)
    with still.engine.begin() as connection:
        for name, (uri, _) in SECRETS.items():
            connection.execute(
                sources.insert().values(
                    source_id=sa.func.gen_random_uuid(),
                    uri=uri,
                    name=name,
                    profile="standard",
                    state="active",
                    authority={},
                    lateness_days=30,
                    hourly_budget=1000,
                    created_at=START,
                    changed_at=START,
                )
            )
    school = School(still, clock, UUID(int=0))
    school.member = school.new_member("1042")
    return school
