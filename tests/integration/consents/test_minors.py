"""What a member under age does only with recorded consent, through every door."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from api.erasing import FORGETTING
from ledger.consents import service, store
from ledger.consents.model import (
    ConsentNeeded,
    ConsentRefused,
    Purpose,
    RecordConsent,
    StateMinority,
)
from ledger.kernel.transaction import Database, execute
from ledger.members.model import NotAnAdmin
from ledger.referral import service as referral
from ledger.referral.service import IssuePass
from ledger.wallets.service import LinkWallet, link_wallet
from tests.support.merging import merge
from tests.world import World

WALLET = "0x52908400098527886E0F7030069857D2E4169EE7"
BIRTHDAY = date(2026, 9, 1)


@dataclass
class StillClock:
    """A clock that is set."""

    at: datetime = datetime(2026, 3, 2, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def world(database: Database, clock: StillClock) -> World:
    return World.make(replace(database, clock=clock))


@pytest.fixture
def petya(world: World) -> UUID:
    """Under age until the first of September."""
    member = world.link("petya")
    execute(
        world.database, service.state_minority, StateMinority(member, BIRTHDAY, world.first_admin)
    )
    return member


def record(world: World, member: UUID, purpose: Purpose, by: UUID, *, gives: bool = True) -> None:
    execute(world.database, service.record, RecordConsent(member, purpose, gives, by))


def link(world: World, member: UUID) -> None:
    execute(world.database, link_wallet, LinkWallet(member, WALLET, bytes(32)))


def test_a_wallet_takes_consent_until_the_birthday(
    world: World, clock: StillClock, petya: UUID
) -> None:
    with pytest.raises(ConsentNeeded) as refused:
        link(world, petya)
    assert refused.value.operands["purpose"] == "wallet"
    record(world, petya, Purpose.VOTING, world.first_admin)
    with pytest.raises(ConsentNeeded):
        link(world, petya)
    record(world, petya, Purpose.WALLET, world.first_admin)
    link(world, petya)
    record(world, petya, Purpose.WALLET, world.second_admin, gives=False)
    with world.database.read() as work:
        assert not service.allowed(work, petya, Purpose.WALLET)
    clock.at = datetime(2026, 8, 31, 23, 59, tzinfo=UTC)
    with world.database.read() as work:
        assert not service.allowed(work, petya, Purpose.WALLET)
    clock.at = datetime(2026, 9, 1, tzinfo=UTC)
    with world.database.read() as work:
        assert service.allowed(work, petya, Purpose.WALLET)


def test_inviting_takes_consent(world: World, petya: UUID) -> None:
    with pytest.raises(ConsentNeeded):
        execute(world.database, referral.issue, IssuePass(petya))


def test_a_profile_takes_the_members_word_and_the_parents(world: World, petya: UUID) -> None:
    for by, shown in ((petya, False), (world.first_admin, True)):
        record(world, petya, Purpose.PUBLIC_PROFILE, by)
        with world.database.read() as work:
            assert service.allowed(work, petya, Purpose.PUBLIC_PROFILE) == shown


def test_who_says_it_for_whom(world: World, petya: UUID) -> None:
    grown = world.link("grown")
    with pytest.raises(NotAnAdmin):
        record(world, petya, Purpose.WALLET, grown)
    with pytest.raises(ConsentRefused):
        record(world, petya, Purpose.WALLET, petya)
    with pytest.raises(ConsentRefused):
        record(world, grown, Purpose.PUBLIC_PROFILE, world.first_admin)
    with pytest.raises(NotAnAdmin):
        execute(world.database, service.state_minority, StateMinority(petya, None, petya))
    own = StateMinority(world.first_admin, BIRTHDAY, world.first_admin)
    with pytest.raises(ConsentRefused):
        execute(world.database, service.state_minority, own)


def test_a_second_account_does_not_make_anybody_older(world: World, petya: UUID) -> None:
    twin = world.link("twin")
    merge(world, twin, petya)
    with pytest.raises(ConsentNeeded):
        link(world, twin)


def test_the_birthday_is_forgotten_with_the_member(world: World, petya: UUID) -> None:
    record(world, petya, Purpose.WALLET, world.first_admin)
    for forget in FORGETTING:
        execute(world.database, forget, petya)
    with world.database.read() as work:
        assert store.of_age_on(work, petya) is None
