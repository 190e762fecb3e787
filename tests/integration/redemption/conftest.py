"""A community with one buyer, one LMS that signs orders, and a programme that redeems."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from api.redeeming import quote_keys
from api.webhooks.secret_box import FernetBox
from ledger.events.model import Authority
from ledger.events.sources import service as sources
from ledger.events.sources.model import DecideSource, ProposeSource, SourceSpec
from ledger.journal.model import EntryKind
from ledger.kernel.canonical import Json
from ledger.kernel.transaction import Database, Work, connect, execute
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.lots.model import Cause, GrantLot, Summary
from ledger.programme import service as programmes
from ledger.redemption import tokens
from ledger.redemption.checkout import AskQuote, HoldRedemption, QuoteGiven, Redeeming
from ledger.redemption.model import Redemption
from ledger.redemption.offers import ORDER_SIGNED, Caller
from ledger.redemption.orders import ORDER_TOKEN_TYPE
from tests.integration.conftest import TestDatabase
from tests.support.credentials import issue_secret
from tests.support.http import SECRET
from tests.world import ISSUER, SOURCE_URI, World

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
OTHER = "https://other.example"
SECRETS = {"lms": "a secret of the learning system", "other": "a secret of another source"}
TAMPERED = ("redemptions", "refunds", "redemption_codes", "redemption_code_uses", "purchases")
TEXT = """
programme: redeeming
version: "{version}"
zone: UTC
rules:
  - {{id: read, on: lms.section.read, to: actor, points: 1}}
{rules}
{section}
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
    """Acts as everybody on one database."""

    database: Database
    clock: SetClock
    world: World
    member: UUID
    secret: bytes = SECRET
    subject: str = "1042"
    terms: dict[str, Json] = field(default_factory=lambda: {"rates": {"USD": 1}})
    versions: int = 0
    lms: Caller = field(default_factory=lambda: Caller(source=SOURCE_URI))

    @property
    def redeeming(self) -> Redeeming:
        return Redeeming(quote_keys(self.secret), FernetBox(self.secret))

    @property
    def buyer(self) -> Caller:
        return Caller(member_id=self.member)

    def of_another_buyer(self, subject: str) -> School:
        """The same school, acting for a new member."""
        return replace(self, member=self.world.link(subject), subject=subject)

    def set_terms(self, **terms: Json) -> None:
        """Put a version with these terms of redeeming in force from now."""
        self.terms |= terms
        self.put_in_force(f"redemption: {json.dumps(self.terms)}")

    def put_in_force(self, section: str, *rules: str) -> None:
        """A version with these sections, and these rules beside the first."""
        self.versions += 1
        text = TEXT.format(version=self.versions, rules="\n".join(rules), section=section)

        def activate(work: Work, _: None) -> None:
            stored = programmes.store_programme(work, programmes.StoreProgramme(text, "test"))
            programmes.activate(
                work, programmes.Activate(stored.programme_hash, work.now, {"kind": "test"})
            )

        self.clock.forward(microseconds=1)
        execute(self.database, activate, None)

    def grant(
        self, amount: int, *, to: UUID | None = None, expires_at: datetime | None = None
    ) -> UUID:
        command = GrantLot(
            member_id=to or self.member,
            amount=Points(amount),
            kind=EntryKind.GRANT,
            key=(f"{self.clock.time.isoformat()}/{amount}/{expires_at}/{to or self.member}",),
            effective_at=self.clock.time,
            activates_at=self.clock.time,
            expires_at=expires_at,
            cause=Cause("grant", "test"),
        )
        return execute(self.database, lots.grant_lot, command).lot_id

    def order(self, *, source: str = "lms", secret: str | None = None, **changes: Json) -> str:
        now = int(self.clock.time.timestamp())
        claims: dict[str, Json] = {
            "sub": f"lms:{self.subject}",
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
            secret=(secret or SECRETS.get(source, "nobody's secret")).encode(),
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


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def school(database: Database, clock: SetClock) -> School:
    return make_school(database, clock)


def make_school(database: Database, clock: SetClock, secret: bytes = SECRET) -> School:
    """A school whose programme has been in force for a second."""
    start = clock.time
    still = replace(database, clock=clock)
    world = World.make(still)
    school = School(still, clock, world, world.link("1042"), secret)
    register(school, "other", OTHER, Authority((ORDER_SIGNED,), {"lms": ISSUER}))
    for name, text in SECRETS.items():
        add_secret(school, name, text)
    clock.time = start - timedelta(seconds=1)
    school.set_terms()
    clock.time = start
    return school


def register(school: School, name: str, uri: str, authority: Authority) -> None:
    """A source that two admins agreed on, or the new terms of one."""
    spec = SourceSpec(name, uri, "standard-webhooks", authority)
    asked = ProposeSource(spec, school.world.first_admin)
    change = execute(school.database, sources.propose_source, asked)
    yes = DecideSource(change.change_id, change.content_digest, school.world.second_admin)
    execute(school.database, sources.approve_source, yes)


def add_secret(school: School, name: str, secret: str) -> None:
    admins = (school.world.first_admin, school.world.second_admin)
    issue_secret(school.database, FernetBox(school.secret), admins, name, secret)


@pytest.fixture
def tamper(test_database: TestDatabase) -> Callable[[str, dict[str, Any]], None]:
    """Changes rows as only the owner of the tables could, triggers and checks off."""

    def change(statement: str, values: dict[str, Any]) -> None:
        owner: Database = connect(test_database.migrator_url)
        checks = ("captured_within_hold", "refunds_fit_state", "refunded_within_paid")
        try:
            with owner.engine.begin() as connection:
                for table in TAMPERED:
                    connection.execute(sa.text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
                for name in checks:
                    constraint = f"ck_redemptions_{name}"
                    connection.execute(
                        sa.text(f"ALTER TABLE redemptions DROP CONSTRAINT IF EXISTS {constraint}")
                    )
                connection.execute(sa.text(statement), values)
        finally:
            owner.engine.dispose()

    return change
