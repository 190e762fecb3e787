"""Permits by signature over a chain that does as told: orders, numbers, reorgs and forgetting."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from eth_account.signers.local import LocalAccount

from governance import forgetting_store, relaying, token_numbers
from governance.contracts import GovernanceContracts
from governance.permits import service as permits
from governance.permits.reading import Allowed, as_they_stand
from governance.permits.service import Allowance, CarriedPermit, Permit
from governance.proposals.model import SignatureNotYours
from governance.proposals.reading import VoterFacts
from ledger.kernel.transaction import Database, execute
from ledger.kernel.units import TokenUnits
from ledger.members import service as members
from ledger.members.model import CreateMember
from oracle.chain.port import BlockTag
from oracle.contracts.abi import Address, address
from oracle.indexer import service as indexer
from oracle.indexer.model import FinalityPolicy
from oracle.sender import service as sender
from oracle.sender.model import SenderPolicy, SenderRole
from oracle.sender.service import SubmitIntent
from tests.support.chain_nodes import funded_account
from tests.support.made_up_chain import BRIDGE, MadeUpChain

OWNER: LocalAccount = funded_account(3)
OTHER: LocalAccount = funded_account(4)
SPENDER = address("0x" + "5e" * 20)
TOKEN = address("0x" + "70" * 20)
CONTRACTS = GovernanceContracts(31337, *(address("0x" + f"{n:040x}") for n in range(1, 6)))
POLICY = SenderPolicy(stuck_after=timedelta(days=1))


@dataclass
class Town:
    """One member with a wallet, a relayer, and a chain that is told what to do."""

    database: Database
    chain: MadeUpChain = field(default_factory=MadeUpChain)
    used: int = 0
    """How many numbers of the wallet the token has seen."""

    def __post_init__(self) -> None:
        indexer.recognise(self.database, self.chain.reader().identity())
        created = execute(self.database, members.create_member, CreateMember("en"))
        self.member_id: UUID = created.member_id

    def signed(
        self,
        units: int = 30,
        *,
        spender: Address = SPENDER,
        by: LocalAccount = OWNER,
        life_s: int = 60,
    ) -> Permit:
        head = self.chain.block(BlockTag.LATEST)
        assert head is not None
        none = TokenUnits(0)
        owner = address(OWNER.address)
        allowance = Allowance(owner, spender, TokenUnits(units))
        until = head.timestamp_s + life_s
        message = permits.permit_message(CONTRACTS, allowance, self.used, until)
        signature = bytes(by.sign_message(message.signable()).signature)
        facts = VoterFacts(owner, none, none, owner, 0, self.used, none, head)
        return Permit(self.member_id, allowance, until, self.used, signature, facts, CONTRACTS)

    def give(self, command: Permit | None = None) -> CarriedPermit:
        return execute(self.database, permits.permit, command or self.signed())

    def turn(self, *, reverts: bool = False, final: bool = False) -> None:
        """Send what waits and make a block of it."""
        self.look()
        if reverts:
            self.chain.reverting |= {sent.calldata for sent in self.chain.mempool.values()}
        self.chain.mine()
        self.chain.final = self.chain.height if final else self.chain.final
        self.look()

    def look(self) -> None:
        policy = indexer.IndexerPolicy(FinalityPolicy(None))
        indexer.tick(self.database, self.chain.reader(), {}, policy)
        sender.advance(self.database, self.chain, self.chain.signer, POLICY, [SenderRole.RELAYER])

    def states(self) -> list[str]:
        with self.database.read() as work:
            return [each.state for each in permits.permits_of(work, self.member_id)]

    def keys(self) -> list[str]:
        query = sa.text("SELECT intent_key FROM permits ORDER BY received_at")
        with self.database.engine.connect() as connection:
            return list(connection.execute(query).scalars())


@pytest.fixture
def town(database: Database) -> Town:
    return Town(database)


def test_a_reorg_under_a_permit_carries_it_once(town: Town) -> None:
    town.give()
    assert town.states() == ["waiting"]
    town.turn()
    assert town.states() == ["mined"]
    town.chain.reorg(1, keep_transactions=False)
    town.chain.mine()
    town.look()
    assert town.states() == ["waiting"]
    town.turn(final=True)
    assert town.states() == ["done"]
    assert len(town.chain.done()) == 1


def test_a_number_is_signed_over_again_once_its_order_has_failed(town: Town) -> None:
    town.give()
    for _ in range(2):
        with pytest.raises(permits.PermitStale, match="already on its way"):
            town.give(town.signed(5))
    town.turn(reverts=True, final=True)
    assert town.states() == ["failed"]
    town.give(town.signed(5))
    town.turn(final=True)
    assert town.states() == ["done", "failed"]
    first, again = town.keys()
    assert again == f"{first}:1"
    with pytest.raises(permits.PermitStale, match="already on its way"):
        town.give(town.signed(7))


@pytest.mark.parametrize(("verb", "other"), [("permit", "delegate"), ("delegate", "permit")])
def test_permits_and_delegations_wait_for_each_other(
    town: Town, verb: token_numbers.Verb, other: token_numbers.Verb
) -> None:
    account = Address(OWNER.address)

    def free() -> str | None:
        with town.database.read() as work:
            key = relaying.require_chain(work).chain_key
            return token_numbers.free_key(work, verb, key, account, 4)

    key = free()
    assert key is not None
    assert key.endswith(":4")
    theirs = key.replace(verb, other)
    order = SubmitIntent(
        theirs, SenderRole.RELAYER, f"governance.{other}", BRIDGE, b"order", 100_000
    )
    execute(town.database, sender.submit, order)
    assert free() is None
    town.turn()
    assert free() is None
    town.chain.final = town.chain.height
    town.look()
    assert free() is None


def test_what_the_token_would_not_take_is_not_carried(town: Town) -> None:
    good = town.signed()
    stranger = town.signed(by=OTHER)
    more = replace(good, allowance=replace(good.allowance, units=TokenUnits(31)))
    for forged in (stranger, more, replace(good, deadline_s=good.deadline_s + 1)):
        with pytest.raises(SignatureNotYours):
            town.give(forged)
    with pytest.raises(permits.PermitExpired):
        town.give(town.signed(life_s=0))
    with pytest.raises(permits.PermitRefused, match="contract wallet"):
        town.give(replace(good, signature=good.signature + bytes(65)))
    town.used = 1
    with pytest.raises(permits.PermitStale, match="old number"):
        town.give(replace(good, facts=town.signed().facts))
    assert town.states() == []


def test_the_relayer_is_asked_no_more_than_it_gives(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relaying, "MEMBER_ACTIONS_MAX", 1)
    town.give()
    town.turn(final=True)
    town.used = 1
    with pytest.raises(relaying.RelayerBudgetSpent):
        town.give()
    monkeypatch.setattr(relaying, "MEMBER_ACTIONS_MAX", 60)
    monkeypatch.setattr(relaying, "GAS_MAX", 2 * permits.PERMIT_GAS - 1)
    with pytest.raises(relaying.RelayerBudgetSpent):
        town.give()


def test_whose_call_somebody_else_brought_is_done(town: Town) -> None:
    given = town.give()
    pair = (given.allowance.owner, given.allowance.spender)
    failed = replace(given, state="failed", failure="reverted")

    def states(units: int, number: int, *others: CarriedPermit) -> list[str]:
        now = Allowed({pair: TokenUnits(units)}, {pair[0]: number})
        return [each.state for each in as_they_stand([failed, *others], now)]

    assert states(30, 1) == ["done"]
    assert states(30, 0) == ["failed"]
    assert states(29, 1) == ["failed"]
    again = replace(given, state="done")
    assert states(30, 1, again) == ["failed", "done"]
    assert states(30, 1, replace(again, state="mined")) == ["failed", "mined"]
    assert states(30, 1, replace(again, nonce=1)) == ["done", "done"]
    now = Allowed({pair: TokenUnits(30), (pair[0], TOKEN): TokenUnits(0)}, {pair[0]: 1})
    assert now.standing(pair[0]) == [given.allowance]
    assert now.standing(SPENDER) == []


def test_no_account_is_left_out_for_being_long_ago(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(permits, "NEWEST_SHOWN", 2)
    spenders = (TOKEN, SPENDER, TOKEN, SPENDER, SPENDER, SPENDER)
    for town.used, spender in enumerate(spenders):
        town.give(town.signed(town.used, spender=spender))
    with town.database.read() as work:
        shown = permits.permits_of(work, town.member_id)
    assert [(each.allowance.spender, each.nonce) for each in shown] == [
        (SPENDER, 5),
        (SPENDER, 4),
        (TOKEN, 2),
    ]
    monkeypatch.setattr(permits, "SHOWN_MAX", 1)
    with town.database.read() as work:
        (last,) = permits.permits_of(work, town.member_id)
    assert last.nonce == 5


def test_forgetting_blanks_whose_for_whom_and_how_much(town: Town) -> None:
    town.give()
    with town.database.read() as work:
        assert forgetting_store.on_chain(work, town.member_id)["permits"] == 1
    execute(town.database, forgetting_store.forget, town.member_id)
    with town.database.read() as work:
        assert forgetting_store.on_chain(work, town.member_id)["permits"] == 0
        (left,) = work.connection.execute(sa.text("SELECT * FROM permits")).mappings()
    told = {str(value) for value in left.values()}
    assert told.isdisjoint({OWNER.address, SPENDER, "30"})
    assert left["intent_key"] == f"erased:{left['permit_id']}"
    with pytest.raises(permits.PermitStale, match="already on its way"):
        town.give()
