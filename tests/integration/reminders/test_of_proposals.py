"""Reminders of proposals, over what a chain said: delegates, snapshots, dates that move.

The rows are put there as indexer and token's reader would; a real chain is in
``tests/integration/governance/test_told_of_votes.py``.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from governance.ballots import store as ballots
from governance.ballots.model import Ballot, BallotState, Choice, Support
from governance.power import store as power
from governance.power.model import ChangeKind, ReadTo, TokenChange
from governance.proposals import store as proposals
from governance.proposals.model import Proposal, ProposalKind, ProposalState, Standing
from governance.reminders.model import ReminderKind
from ledger.kernel.transaction import Work, execute
from ledger.kernel.units import TokenUnits
from ledger.wallets import service as wallets
from oracle.contracts.abi import Address
from oracle.indexer import store as indexer_store
from oracle.indexer.model import ChainEvent, ChainIdentity, Checkpoint
from tests.integration.reminders.conftest import DAY, HOUR, Told

NUMBER = 77
NOBODY = "0x" + "00" * 20
WALLETS = {name: "0x" + f"{number}" * 40 for number, name in enumerate(("ann", "bob", "cid"), 1)}
"""Ann and Cid delegated to themselves, Bob to Ann; each has tokens."""


class Votes:
    """One proposal on a chain that is read as far as the test says."""

    def __init__(self, told: Told) -> None:
        self.told = told
        self.opens_at = told.electorate.clock.now() + HOUR
        self.closes_at = self.opens_at + 3 * DAY
        self.logs = 0
        self.key = self._do(self._found)
        for name, wallet in WALLETS.items():
            command = wallets.LinkWallet(told.member(name), wallet, b"\x01" * 32)
            execute(told.database, wallets.link_wallet, command)
            self.said(ChangeKind.TRANSFER, NOBODY, wallet, 10)
            self.delegates(name, "ann" if name == "bob" else name)
        self.said(ChangeKind.VOTES, WALLETS["ann"], None, 20)
        self.said(ChangeKind.VOTES, WALLETS["cid"], None, 10)
        self._do(lambda work: proposals.insert_proposal(work, self.key, self._proposal()))
        self.stands()

    def _do(self, act: Any) -> Any:
        return execute(self.told.database, lambda work, _: act(work), None)

    @staticmethod
    def _found(work: Work) -> int:
        identity = ChainIdentity(1, b"\x07" * 32, Address("0x" + "bb" * 20), bytes(32))
        key = indexer_store.insert_chain(work, identity)
        assert key is not None
        indexer_store.insert_checkpoint(work, key, Checkpoint(1_000, bytes(32), 900))
        return key

    def _proposal(self) -> Proposal:
        return Proposal(
            proposal_id=NUMBER,
            kind=ProposalKind.DIRECT,
            title="A garden",
            body="",
            description="",
            actions=(),
            member_id=None,
            proposer=Address(NOBODY),
            programme_hash=None,
            declared_effective_at=None,
            intent_key="",
            submitted_at=self.opens_at - HOUR,
        )

    def stands(self) -> None:
        standing = Standing(
            state=ProposalState.ACTIVE,
            snapshot_at=self.opens_at,
            deadline_at=self.closes_at,
            executable_at=None,
            against=TokenUnits(0),
            in_favour=TokenUnits(0),
            abstain=TokenUnits(0),
            voters=0,
            quorum=None,
            quorum_voters=1,
            block_number=900,
        )
        self._do(lambda work: proposals.write_standings(work, self.key, [(NUMBER, standing)]))

    def said(self, kind: ChangeKind, account: str, other: str | None, units: int | None) -> None:
        self.logs += 1
        at = self.told.electorate.clock.now()
        change = TokenChange(self.logs, 0, at, kind, account, other, units)
        self._do(lambda work: power.insert_changes(work, self.key, [change]))

    def delegates(self, name: str, to: str) -> None:
        self.said(ChangeKind.DELEGATE, WALLETS[name], WALLETS[to], None)

    def read_until(self, at: datetime) -> None:
        def move(work: Work) -> None:
            old = power.read_to(work, self.key)
            number = 0 if old is None else old.block_number
            assert power.move_checkpoint(work, self.key, old, ReadTo(number + 1, at))

        self._do(move)

    def event(self, name: str, *topics: int, words: tuple[int, ...], block: int = 800) -> None:
        """A log of the Governor's, mined now."""
        self.logs += 1
        found = ChainEvent(
            contract="VklGovernor",
            name=name,
            address=Address("0x" + "cc" * 20),
            topics=(bytes(32), *(each.to_bytes(32, "big") for each in topics)),
            payload=b"".join(each.to_bytes(32, "big") for each in words),
            block_number=block,
            block_hash=b"\x01" * 32,
            block_time=self.told.electorate.clock.now(),
            log_index=self.logs,
            transaction_hash=bytes(32),
        )
        self._do(lambda work: indexer_store.insert_events(work, self.key, [found]))

    def cast(self, name: str, support: int = 1, block: int = 800) -> None:
        voter = int(WALLETS[name], 16)
        self.event("VoteCast", voter, words=(NUMBER, support, 10, 128, 0), block=block)

    def sign(self, name: str) -> None:
        """A ballot that waits for the relayer."""
        ballot = Ballot(
            ballot_id=self.told.database.ids.new(self.told.electorate.clock.now()),
            proposal_id=NUMBER,
            member_id=self.told.member(name),
            voter=Address(WALLETS[name]),
            choice=Choice(Support.FOR),
            reason="",
            nonce=0,
            signature=b"\x01",
            weight=TokenUnits(10),
            received_at=self.told.electorate.clock.now(),
            state=BallotState.RECEIVED,
        )
        assert self._do(lambda work: ballots.insert_ballot(work, self.key, ballot))


@pytest.fixture
def votes(told: Told) -> Votes:
    for name in WALLETS:
        told.wants(name, *ReminderKind)
    return Votes(told)


def _kinds(told: Told) -> dict[str, list[str]]:
    return {name: told.kinds(name) for name in WALLETS}


def test_it_waits_until_the_snapshot_is_final(told: Told, votes: Votes) -> None:
    assert told.forward(2 * HOUR) == 0
    votes.read_until(votes.opens_at - timedelta(seconds=1))
    assert told.forward(HOUR) == 0
    votes.read_until(votes.opens_at)
    assert told.forward(HOUR) == 2
    assert _kinds(told) == {"ann": ["opens"], "bob": [], "cid": ["opens"]}


def test_who_voted_by_any_way_is_left_alone(told: Told, votes: Votes) -> None:
    votes.read_until(votes.opens_at)
    told.electorate.clock.forward(HOUR)
    votes.cast("ann", block=950)
    votes.sign("cid")
    assert told.forward(2 * DAY) == 0


def test_a_delegates_ballot_is_told_to_whom_it_was_for(told: Told, votes: Votes) -> None:
    votes.read_until(votes.opens_at)
    told.electorate.clock.forward(2 * HOUR)
    votes.delegates("cid", "ann")  # After the snapshot: Ann does not vote for Cid here.
    votes.delegates("bob", "bob")
    votes.cast("ann", support=0)
    votes.cast("ann", support=1)
    assert told.forward(timedelta(0)) == 2
    assert _kinds(told) == {"ann": [], "bob": ["ballot"], "cid": ["opens"]}
    (notice,) = told.notices("bob")
    assert (notice.support, notice.subject_id) == (0, str(NUMBER))
    assert told.forward(HOUR) == 0


def test_a_ballot_that_is_not_final_is_not_told(told: Told, votes: Votes) -> None:
    votes.read_until(votes.opens_at)
    told.electorate.clock.forward(2 * HOUR)
    votes.cast("ann", block=901)
    told.forward(timedelta(0))
    assert told.kinds("bob") == []


def test_who_delegated_and_has_nothing_is_not_told(told: Told, votes: Votes) -> None:
    votes.said(ChangeKind.TRANSFER, WALLETS["bob"], WALLETS["cid"], 10)
    votes.read_until(votes.opens_at)
    told.electorate.clock.forward(2 * HOUR)
    votes.cast("ann")
    told.forward(timedelta(0))
    assert told.kinds("bob") == []


def test_a_close_that_moves_is_told_once(told: Told, votes: Votes) -> None:
    votes.read_until(votes.opens_at)
    assert told.forward(HOUR + 2 * DAY) == 4
    votes.event("ProposalExtended", NUMBER, words=(0,))
    votes.closes_at += 2 * DAY
    votes.stands()
    assert told.forward(2 * DAY) == 0
    assert sorted(told.kinds("cid")) == ["closes", "opens"]
    page = told.client("cid").get("/v1/notices").json()["data"]
    moved = {each["at"] for each in page if each["kind"] == "closes"}
    assert moved == {votes.closes_at.isoformat().replace("+00:00", "Z")}


def test_a_close_that_moves_before_it_is_told_is_told_later(told: Told, votes: Votes) -> None:
    votes.read_until(votes.opens_at)
    assert told.forward(HOUR + DAY) == 2
    votes.closes_at += 2 * DAY
    votes.stands()
    assert told.forward(DAY) == 0
    assert told.forward(2 * DAY) == 2


def test_an_outcome_is_told_to_all_and_a_cancelled_one_to_nobody(told: Told, votes: Votes) -> None:
    votes.event("ProposalCanceled", words=(NUMBER + 1,))
    votes.event("ProposalExecuted", words=(NUMBER,))
    assert told.forward(timedelta(0)) == 3
    assert _kinds(told) == {name: ["outcome"] for name in WALLETS}


def test_a_cancelled_vote_reminds_nobody(told: Told, votes: Votes) -> None:
    votes.read_until(votes.opens_at)
    votes.event("ProposalCanceled", words=(NUMBER,))
    assert told.forward(HOUR + 2 * DAY) == 0
