"""A market between members of the school of ``tests.integration.redemption``."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

import pytest

from api.webhooks.secret_box import FernetBox
from ledger.kernel.canonical import Json
from ledger.kernel.transaction import Database, execute
from ledger.kernel.units import Points
from ledger.purchases import returning
from ledger.purchases.model import Purchase
from ledger.purchases.offers import OFFER_TOKEN_TYPE
from ledger.purchases.returning import TakeBack
from ledger.purchases.service import Buy, Purchases
from ledger.purchases.verify import PURCHASE_CHECKS
from ledger.redemption import tokens
from ledger.redemption.offers import Caller
from ledger.redemption.verify import REDEMPTION_CHECKS
from ledger.verify.service import JOURNAL_CHECKS, verify
from ledger.verify.taken_twice import TAKEN_CHECKS
from tests.integration.redemption.conftest import (
    SECRETS,
    School,
    SetClock,
    make_school,
    tamper,
)
from tests.unit.purchases.test_splits import TEXT

SPLITS = "splits:" + TEXT.split("splits:", maxsplit=1)[1]


@dataclass
class Market:
    """The school acting as a marketplace; ``people`` are members by their LMS subject."""

    school: School
    people: dict[str, UUID] = field(default_factory=dict)

    def person(self, subject: str) -> UUID:
        """The member of this subject, new the first time."""
        if subject not in self.people:
            self.people[subject] = self.school.world.link(subject)
        return self.people[subject]

    @property
    def purchases(self) -> Purchases:
        return Purchases(FernetBox(self.school.secret))

    def offer(self, *, source: str = "lms", secret: str | None = None, **changes: Json) -> str:
        now = int(self.school.clock.time.timestamp())
        claims: dict[str, Json] = {
            "sub": f"lms:{self.school.subject}",
            "sale": "S-1",
            "iat": now,
            "exp": now + 3600,
            "rule": "course",
            "points": 100,
            "recipients": {"author": "lms:anna"},
        }
        return tokens.sign(
            claims | changes,
            token_type=OFFER_TOKEN_TYPE,
            key_id=source,
            secret=(secret or SECRETS.get(source, "nobody's secret")).encode(),
        )

    def buy(self, offer: str, caller: Caller | None = None) -> Purchase:
        command = Buy(caller or self.school.buyer, offer)
        return execute(self.school.database, self.purchases.buy, command)

    def take_back(self, purchase: Purchase, caller: Caller | None = None) -> Purchase:
        command = TakeBack(caller or self.school.lms, purchase.purchase_id)
        return execute(self.school.database, returning.take_back, command)

    def available(self, subject: str | None = None) -> int:
        member = self.school.member if subject is None else self.people[subject]
        return self.school.summary(member).available.amount

    def debt(self, subject: str) -> Points:
        return self.school.summary(self.people[subject]).debt

    def is_sound(self) -> bool:
        checks = (*JOURNAL_CHECKS, *TAKEN_CHECKS, *REDEMPTION_CHECKS, *PURCHASE_CHECKS)
        return verify(self.school.database, checks).findings == ()


def make_market(school: School) -> Market:
    """The market with Anna, Boris and Vera as sellers, and a rich buyer."""
    market = Market(school)
    for subject in ("anna", "boris", "vera"):
        market.person(subject)
    school.put_in_force(SPLITS)
    school.grant(1000)
    return market


@pytest.fixture
def market(database: Database) -> Market:
    return make_market(make_school(database, SetClock()))


__all__ = ["tamper"]
